import { Agent } from 'node:http';
import request, { type Response } from 'supertest';
import { PEOPLE } from '../../src/auth/stand-in.ts';

export type Headers = Record<string, string>;

/** A browser without a screen: keeps cookies, follows no redirect by itself. */
export type Client = {
  cookies: Map<string, string>;
  get: (path: string, headers?: Headers) => Promise<Response>;
  post: (path: string, headers?: Headers) => Promise<Response>;
  /** A form as this site's own page sends it. */
  submit: (path: string, fields: Record<string, string> | [name: string, value: string][]) => Promise<Response>;
  /** JSON as a program of this origin sends it. */
  json: (method: 'get' | 'post' | 'put' | 'delete', path: string, body?: unknown) => Promise<Response>;
};

export const ANA = 'ana.sousa@mythoria.pt';
export const RUI = 'rui.costa@caravanconcierge.com';

export const HTMX_FRAGMENT = { 'HX-Request': 'true', 'HX-Request-Type': 'partial' };
export const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' };

type Method = 'get' | 'post' | 'put' | 'delete';
const FORM_TYPE = 'application/x-www-form-urlencoded';

// Of one process. supertest would look the host up and connect anew for every request.
const connections = new Agent({ keepAlive: true });

/** Asks for answers as they are: that they come compressed, and whole, to who takes that is tested where bytes are. */
export function createClient(origin: string): Client {
  const cookies = new Map<string, string>();
  const send = async (method: Method, path: string, headers: Headers = {}, body?: object | string) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await request(origin)
      [method](path.replace(origin, ''))
      .redirects(0)
      .ok(() => true)
      .agent(connections)
      .set({ Accept: 'text/html', 'Accept-Encoding': 'identity', ...(cookie ? { Cookie: cookie } : {}), ...headers })
      .send(body);
    for (const line of (response.headers['set-cookie'] ?? []) as unknown as string[]) {
      const [pair = ''] = line.split(';');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(name.length + 1);
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    get: (path, headers) => send('get', path, headers),
    post: (path, headers) => send('post', path, headers),
    submit: (path, fields) =>
      send('post', path, { ...SAME_ORIGIN, 'Content-Type': FORM_TYPE }, new URLSearchParams(fields).toString()),
    json: (method, path, body) =>
      send(
        method,
        path,
        { ...SAME_ORIGIN, Accept: 'application/json', 'Content-Type': 'application/json' },
        body === undefined ? undefined : JSON.stringify(body),
      ),
  };
}

/** Where a redirect leads. */
export function location(response: Response): string {
  return response.headers.location ?? '';
}

/** Goes to Google and to the choice of a person, and returns the address that Google sends back to. */
export async function untilCallback(client: Client, email: string, returnTo = '/'): Promise<string> {
  const away = await client.get(`/auth/google?returnTo=${encodeURIComponent(returnTo)}`);
  const person = PEOPLE.find((one) => one.email === email);
  const chosen = await client.get(`${location(away)}&as=${person?.sub}`);
  return location(chosen);
}

/** The whole round trip through the real strategy; the answer is that of the callback. */
export async function signIn(client: Client, email = ANA, returnTo = '/'): Promise<Response> {
  return client.get(await untilCallback(client, email, returnTo));
}

export async function signedIn(origin: string, email = ANA): Promise<Client> {
  const client = createClient(origin);
  await signIn(client, email);
  return client;
}

/** Somebody's session in another browser, or at another replica, whose requests wait for none of the first. */
export function sameSession({ cookies }: Client, origin: string): Client {
  const client = createClient(origin);
  for (const [name, value] of cookies) client.cookies.set(name, value);
  return client;
}
