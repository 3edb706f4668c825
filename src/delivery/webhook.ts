import { createHmac } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Instant, isoFromInstant, SECOND } from '../units/time.ts';
import type { WebhookChannel } from './channels.ts';
import type { Answer, Delivery } from './message.ts';
import { addressProblem, guardedLookup, NotPublic, type TargetRules } from './targets.ts';
import { cut, oneLine } from './text.ts';
import { webhookBody } from './webhook-bodies.ts';

/** For everything: looking up, connecting, sending, answering. */
const WITHIN_MS = 5_000;
const MOST_READ = 4_096;
const MOST_SAID = 500;

/** The key of a signature is text: its bytes are those of the text, as in `openssl dgst -hmac`. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** Posts a message to a webhook, follows no redirect, and reads no more of its answer than is worth telling. */
export async function sendWebhook(
  channel: WebhookChannel,
  delivery: Delivery,
  rules: TargetRules,
  at: Instant,
): Promise<Answer> {
  const problem = addressProblem(channel.url, rules);
  if (problem !== null) return { outcome: 'never', text: `Its address ${problem}.` };
  const { url, body } = webhookBody(channel, delivery);
  const timestamp = String(at / SECOND);
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'User-Agent': 'Mythoria-Admin',
    'Idempotency-Key': delivery.id,
    'X-Mythoria-Timestamp': timestamp,
    'X-Mythoria-Signature': signatureOf(channel.secret, timestamp, body),
  };
  try {
    const response = await post(url, headers, body, rules);
    return await answerOf(response, at);
  } catch (error) {
    return failureOf(error);
  }
}

function post(url: URL, headers: object, body: string, rules: TargetRules): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const request = secure ? httpsRequest : httpRequest;
  // One of its own: no connection is kept, and none goes by way of a proxy, which would look the name up itself.
  const agent = secure ? new HttpsAgent() : new HttpAgent();
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent,
      lookup: guardedLookup(url, rules),
      signal: AbortSignal.timeout(WITHIN_MS),
    };
    request(url, { ...options, headers: { ...headers } })
      .on('error', reject)
      .on('response', resolve)
      .end(body);
  });
}

/** Timeouts, too early and too many: the only refusals that ask to be asked again. */
const ASK_AGAIN = [408, 425, 429];

async function answerOf(response: IncomingMessage, at: Instant): Promise<Answer> {
  const { statusCode: status = 0, statusMessage = '', headers } = response;
  const said = await readSome(response);
  const text = oneLine(`${status} ${statusMessage}${said === '' ? '' : `: ${said}`}`);
  if (status >= 200 && status < 300) return { outcome: 'taken', text };
  if (status >= 300 && status < 400) {
    const target = headers.location ? ` to ${cut(oneLine(headers.location), MOST_SAID)}` : '';
    return { outcome: 'never', text: `${status}: it redirects${target}, and redirects are not followed` };
  }
  if (status >= 500 || ASK_AGAIN.includes(status)) {
    const afterMs = retryAfterMs(headers['retry-after'], at);
    return { outcome: 'later', text, ...(afterMs === null ? {} : { afterMs }) };
  }
  return { outcome: 'never', text };
}

/** The beginning of what was said. Its status counts already, so that it comes late, without an end or not at all changes nothing. */
async function readSome(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_READ) break;
    }
  } catch {
    // What came until then is what there is.
  }
  response.destroy();
  const said = oneLine(Buffer.concat(chunks).subarray(0, MOST_READ).toString('utf8'));
  return cut(said, MOST_SAID);
}

/** Milliseconds of a Retry-After header (RFC 9110, section 10.2.3: seconds or a date); null where it says neither. */
export function retryAfterMs(value: string | undefined, at: Instant): number | null {
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const date = /^[A-Z][a-z]{2}, \d/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - Date.parse(isoFromInstant(at)));
}

const IN_WORDS: Record<string, string> = {
  ENOTFOUND: 'its name is not known to DNS',
  EAI_AGAIN: 'DNS does not answer',
  ETIMEOUT: 'DNS does not answer',
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'it closed the connection without an answer',
  ENETUNREACH: 'no way leads there from here',
  EHOSTUNREACH: 'no way leads there from here',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

function failureOf(error: unknown): Answer {
  if (error instanceof NotPublic) return { outcome: 'never', text: `Not sent: its address ${error.message}.` };
  const { name, message, code = '' } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError')
    return { outcome: 'later', text: `No answer within ${WITHIN_MS / 1000} seconds` };
  const what = IN_WORDS[code] ?? cut(oneLine(message), MOST_SAID);
  return { outcome: 'later', text: `No answer: ${what}${code ? ` (${code})` : ''}` };
}
