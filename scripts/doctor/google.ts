import { askGoogle } from '../../src/auth/ask-google.ts';
import { CALLBACK_PATH } from '../../src/auth/google.ts';
import type { GoogleClient } from '../../src/config.ts';
import { reasonOf } from '../../src/units/failures/reason.ts';

const ANSWERS_WITHIN_MS = 4_500;

/** What keeps people from signing in, a line each: asked as a browser asks, and with a code that is none. */
export async function googleProblems(client: GoogleClient, appUrl: URL): Promise<string[]> {
  const callback = new URL(CALLBACK_PATH, appUrl).href;
  const found = await Promise.all([authorizationProblem(client, callback), tokenProblem(client, callback)]);
  return found.filter((problem) => problem !== null);
}

async function authorizationProblem(
  { authorizationUrl, clientId }: GoogleClient,
  callback: string,
): Promise<string | null> {
  const asked = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callback,
    scope: 'openid',
    state: 'doctor',
  };
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  try {
    const { status, headers } = await fetch(`${authorizationUrl}?${new URLSearchParams(asked)}`, {
      ...{ redirect: 'manual', signal },
    });
    // Google sends on to a page of errors as it does to one of accounts.
    const refuses = status >= 400 || /\/error\b/.test(headers.get('location') ?? '');
    if (!refuses) return null;
    return `${hostOf(authorizationUrl)} refuses the client (${status}): check GOOGLE_CLIENT_ID, and that ${callback} is one of its authorised redirect URIs`;
  } catch (error) {
    const { name, cause } = error as Error & { cause?: NodeJS.ErrnoException };
    const how = name === 'TimeoutError' ? 'does not answer in time' : `cannot be reached (${cause?.code ?? name})`;
    return `${hostOf(authorizationUrl)} ${how}: nobody can sign in, unless their browsers reach it; let connections by https out to it`;
  }
}

async function tokenProblem(client: GoogleClient, callback: string): Promise<string | null> {
  const form = { grant_type: 'authorization_code', code: 'doctor', redirect_uri: callback };
  try {
    await askGoogle(client, form);
    return `${hostOf(client.tokenUrl)} takes a code that it has not given: check GOOGLE_TOKEN_URL`;
  } catch (error) {
    const reason = reasonOf(error);
    // It knows the client, and not the code.
    if (reason.includes(' invalid_grant')) return null;
    const advice = /broke off|in time/.test(reason)
      ? 'nobody can sign in until connections by https are let out to it'
      : 'nobody can sign in until it takes the client';
    return `${reason} (${hostOf(client.tokenUrl)}): ${advice}`;
  }
}

const hostOf = (url: string) => new URL(url).host;
