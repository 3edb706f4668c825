import { Agent, get } from 'node:http';

export type Answer = { status: number; ms: number; body: string; location: string; cookies: string[] };

/** One GET over kept-alive connections, timed until its last byte. */
export function fetchOnce(agent: Agent, url: string, cookie: string): Promise<Answer> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { cookie, accept: 'text/html' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          ms: performance.now() - begun,
          body: Buffer.concat(chunks).toString(),
          location: response.headers.location ?? '',
          cookies: (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? ''),
        }),
      );
    }).on('error', reject);
  });
}

/** Signs in through the stand-in for Google and returns the session's cookie. */
export async function signIn(agent: Agent, origin: string): Promise<string> {
  const away = await fetchOnce(agent, `${origin}/auth/google`, '');
  const attempt = away.cookies.join('; ');
  const back = await fetchOnce(agent, `${away.location}&as=101`, '');
  const home = await fetchOnce(agent, back.location, attempt);
  const cookie = home.cookies.find((one) => one.startsWith('mythoria-session='));
  if (!cookie) throw new Error(`sign-in failed: ${home.status}`);
  return cookie;
}

/** Requests one address over `connections` connections for some seconds; times of all answers in milliseconds. */
export async function hammer(url: string, cookie: string, connections: number, seconds: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const until = performance.now() + seconds * 1000;
  const times: number[] = [];
  const worker = async () => {
    while (performance.now() < until) {
      const { status, ms } = await fetchOnce(agent, url, cookie);
      if (status !== 200) throw new Error(`${url} answered ${status}`);
      times.push(ms);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return times;
}
