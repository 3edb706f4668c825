import { z } from 'zod';
import type { GoogleClient } from '../config.ts';

/** A sign-in waits for both answers together, so that whoever waits has a page within five seconds. */
const GOOGLE_ANSWERS_WITHIN_MS = 4_500;
/** Google's answers have a few kilobytes; a person's name may be long. */
const MOST_BYTES = 512_000;

/** What may stand in a header (RFC 6749, appendix A.12); Google's have up to two kilobytes. */
const token = z.object({ access_token: z.string().regex(/^[\x21-\x7e]{1,8000}$/) });
/** How it says no (RFC 6749, section 5.2). */
const refusal = z.object({
  error: z.enum(['invalid_client', 'unauthorized_client', 'redirect_uri_mismatch', 'invalid_grant']),
});
const ADVICE = {
  invalid_client:
    ' invalid_client: check GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, a copied line break or quotation mark among them',
  unauthorized_client: ' unauthorized_client: check that the client at Google is of type “Web application”',
  redirect_uri_mismatch:
    ' redirect_uri_mismatch: check APP_URL and the authorised redirect URIs of the client at Google',
  invalid_grant: ' invalid_grant: the code is none, or was used before',
};
const person = z.record(z.string(), z.unknown());

/**
 * Exchanges a code for what Google says of the person (RFC 6749, section 4.1.3, then OpenID Connect's user-info endpoint).
 * `form` is the form of the token request but for the client's secret.
 * @throws Error in words of ours, whatever came: what Google's addresses answer may hold anything
 */
export async function askGoogle(
  { tokenUrl, userinfoUrl, clientId, clientSecret }: GoogleClient,
  form: Record<string, string>,
): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(GOOGLE_ANSWERS_WITHIN_MS);
  const body = new URLSearchParams({ ...form, client_id: clientId, client_secret: clientSecret });
  const granted = await answerOf('token', token, tokenUrl, { method: 'POST', body, signal });
  const headers = { Authorization: `Bearer ${granted.access_token}` };
  return answerOf('user-info', person, userinfoUrl, { headers, signal });
}

async function answerOf<T>(endpoint: string, shape: z.ZodType<T>, url: string, request: RequestInit): Promise<T> {
  const failed = (how: string) => new Error(`Google's ${endpoint} endpoint ${how}`);
  try {
    const response = await fetch(url, { ...request, redirect: 'manual' });
    if (!response.ok) {
      const { error } = refusal.safeParse(jsonOf(await textOf(response, MOST_BYTES))).data ?? {};
      throw failed(`answered ${response.status}${(error && ADVICE[error]) ?? ''}`);
    }
    const answer = shape.safeParse(jsonOf(await textOf(response, MOST_BYTES)));
    if (!answer.success) throw failed('answered what is no answer to our question');
    return answer.data;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("Google's ")) throw error;
    const { name, cause } = error as Error & { cause?: NodeJS.ErrnoException };
    throw failed(name === 'TimeoutError' ? 'did not answer in time' : `broke off: ${cause?.code ?? name}`);
  }
}

function jsonOf(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of an answer, or null when it is longer than any that we would read. */
async function textOf({ body }: Response, mostBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
