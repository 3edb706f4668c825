import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'supertest';
import type { GoogleClient } from '../../src/config.ts';
import { type Client, location } from './client.ts';

type GoogleRequest = { method: string; url: string; headers: IncomingHttpHeaders; body: string };
type Answer = (res: ServerResponse) => void;

export type FakeGoogle = {
  client: GoogleClient;
  requests: GoogleRequest[];
  /** What the next requests get. */
  answers: { token: Answer; userinfo: Answer };
  close: () => Promise<void>;
};

export const ACCESS_TOKEN = 'access-token-of-the-fake';

export const json =
  (value: unknown, status = 200): Answer =>
  (res) =>
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));

/** Accepts the request and never answers. */
export const silence: Answer = () => {};

/** Begins an answer and never ends it. */
export const halfAnswer: Answer = (res) => {
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' }).write('{');
};

export const profileOf = (claims: object) =>
  json({ sub: '901', email: 'ines@mythoria.pt', email_verified: true, hd: 'mythoria.pt', name: 'Inês', ...claims });

/** A Google that answers what a test tells it to, and remembers what it was asked; the stand-in only ever behaves. */
export async function startFakeGoogle(): Promise<FakeGoogle> {
  const requests: GoogleRequest[] = [];
  const answers = { token: json({ access_token: ACCESS_TOKEN, token_type: 'Bearer' }), userinfo: profileOf({}) };
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { method = '', url = '', headers } = req;
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      if (url.startsWith('/token')) answers.token(res);
      else answers.userinfo(res);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    client: {
      clientId: 'client-of-the-fake',
      clientSecret: 'secret-of-the-fake',
      authorizationUrl: `${origin}/authorize`,
      tokenUrl: `${origin}/token`,
      userinfoUrl: `${origin}/userinfo`,
    },
    requests,
    answers,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Goes to the fake and comes back with a code; the answer is that of the callback. */
export async function signInAtFake(client: Client, returnTo = '/'): Promise<Response> {
  const away = await client.get(`/auth/google?returnTo=${encodeURIComponent(returnTo)}`);
  const state = new URL(location(away)).searchParams.get('state');
  return client.get(`/auth/google/callback?${new URLSearchParams({ code: 'code-of-the-fake', state: state ?? '' })}`);
}
