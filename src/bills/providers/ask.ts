import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { addressProblem, guardedLookup, type TargetRules } from '../../delivery/targets.ts';
import { retryAfterMs } from '../../delivery/webhook.ts';
import { type Instant, instantFromMilliseconds, now } from '../../units/time.ts';

/** For one answer: looking up, connecting, sending, answering. */
const WITHIN_MS = 30_000;
const MOST_BYTES = 20_000_000;
const MOST_TRIES = 5;
const FIRST_WAIT_MS = 1_000;
/** Who is to wait longer is asked again by the next run. */
const LONGEST_WAIT_MS = 120_000;

/** How providers are asked: as webhooks are sent, to public addresses and over https only, but for hosts that the rules name. */
export type Asking = { rules: TargetRules; wait: (ms: number) => Promise<void> };

/** A provider has not said what was asked: in words, without the key and without what it said. */
export class NotAnswered extends Error {}

/** What a provider says, as JSON, and what time it has. */
export type Said = { body: unknown; at: Instant };

/**
 * Asks a provider; again where it is asked too often or fails, as much later as it says.
 * @throws NotAnswered
 */
export async function ask(url: URL, headers: Record<string, string>, { rules, wait }: Asking): Promise<Said> {
  const problem = addressProblem(url.href, rules);
  if (problem !== null) throw new NotAnswered(`the address ${problem}`);
  for (let tries = 1; ; tries++) {
    const answer = await get(url, headers, rules).catch((error: NodeJS.ErrnoException) => ({
      failed: `no answer (${error.code ?? error.name})`,
    }));
    if ('body' in answer && answer.status === 200) return said(answer);
    const failed = 'failed' in answer ? answer.failed : `it answers ${answer.status}`;
    const mayChange = 'failed' in answer || answer.status === 429 || answer.status >= 500;
    if (!mayChange || tries === MOST_TRIES) throw new NotAnswered(failed);
    const after = 'failed' in answer ? null : retryAfterMs(answer.retryAfter, now());
    const ms = after ?? FIRST_WAIT_MS * 2 ** (tries - 1);
    if (ms > LONGEST_WAIT_MS) throw new NotAnswered(`${failed}, and asks to wait ${Math.ceil(ms / 1_000)} seconds`);
    await wait(ms);
  }
}

type Answer = { status: number; body: string; date: string | undefined; retryAfter: string | undefined };

function said({ body, date }: Answer): Said {
  const time = Date.parse(date ?? '');
  try {
    return { body: JSON.parse(body), at: Number.isNaN(time) ? now() : instantFromMilliseconds(time) };
  } catch {
    throw new NotAnswered('it answers what is no JSON');
  }
}

async function get(url: URL, headers: Record<string, string>, rules: TargetRules): Promise<Answer> {
  const secure = url.protocol === 'https:';
  const request = secure ? httpsRequest : httpRequest;
  const agent = secure ? new HttpsAgent() : new HttpAgent();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { agent, lookup: guardedLookup(url, rules), signal: AbortSignal.timeout(WITHIN_MS) };
    request(url, { ...options, headers: { ...headers, Accept: 'application/json', 'User-Agent': 'Mythoria-Admin' } })
      .on('error', reject)
      .on('response', resolve)
      .end();
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new NotAnswered(`it answers more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { statusCode: status = 0, headers: answered } = response;
  const body = Buffer.concat(chunks).toString('utf8');
  return { status, body, date: answered.date, retryAfter: answered['retry-after'] };
}
