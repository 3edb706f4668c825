import { Agent } from 'node:http';
import { addressesOf, firstAddressesOf } from './addresses.ts';
import { fetchOnce, signIn } from './http.ts';
import { line, ms, quantile } from './print.ts';
import { ask, type Served, type Size, withServer } from './served.ts';

type Asking = { agent: Agent; origin: string; cookie: string };

async function timeOf({ agent, origin, cookie }: Asking, path: string): Promise<number> {
  const answer = await fetchOnce(agent, origin + path, cookie);
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.body.slice(0, 200)}`);
  return answer.ms;
}

/** Until a process says that it is: on a machine with other work the rollups may take longer to open than /readyz waits. */
async function ready(agent: Agent, origin: string): Promise<void> {
  while ((await fetchOnce(agent, `${origin}/readyz`, '')).status !== 200);
}

/** A process that has just started, and is ready. */
async function withFresh(server: string, size: Size, work: (asking: Asking, served: Served) => Promise<void>) {
  await withServer(server, size, async (served) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { origin } = served;
    await ready(agent, origin);
    await work({ agent, origin, cookie: await signIn(agent, origin) }, served);
    agent.destroy();
  });
}

const NEXT = 9;
const ROUNDS = 4;

/** What processes take that have just started: to be ready, to answer first, at once and after they have warmed up; and the memory of one that has been asked everything. */
export async function measureCold(server: string, size: Size): Promise<void> {
  let addresses: [name: string, path: string][] = [];
  let first: [name: string, path: string][] = [];
  await withServer(server, size, async ({ origin, child, startedAt }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await ready(agent, origin);
    const readyAfter = performance.now() - startedAt;
    const cookie = await signIn(agent, origin);
    const asking = { agent, origin, cookie };
    const overview = await timeOf(asking, '/ai-usage');
    console.log(`\nFrom the start to /readyz: ${ms(readyAfter)} ms; then the first overview: ${ms(overview)} ms`);
    const warm = await ask(child, 'warm up');
    console.log(
      `Warming up, beside what is asked meanwhile: ${ms(warm.ms)} ms, and ${(await ask(child, 'memory')).peakMb} MB at its peak`,
    );
    const { body } = await fetchOnce(agent, `${origin}/api/ai-usage/records?period=all&pageSize=1`, cookie);
    const { records, total } = JSON.parse(body) as { records: { storyId: string; authorId: string }[]; total: number };
    const [newest] = records;
    if (!newest) throw new Error('there are no records');
    first = firstAddressesOf(newest);
    addresses = [...addressesOf(newest, Math.ceil(total / 50)), ...first];
    agent.destroy();
  });

  console.log(
    '\nThe first answer of a process, each of another one: at once, and after it has warmed up; and the next nine\n',
  );
  line(['what', 'at once ms', 'warmed up ms', 'next p50 ms', 'p95 ms']);
  line(['---', '---:', '---:', '---:', '---:']);
  for (const [name, path] of first) {
    const times: number[] = [];
    let atOnce = Number.NaN;
    let warmedUp = Number.NaN;
    await withFresh(server, size, async (asking) => {
      atOnce = await timeOf(asking, path);
      for (let i = 0; i < NEXT; i++) times.push(await timeOf(asking, path));
    });
    await withFresh(server, size, async (asking, { child }) => {
      await ask(child, 'warm up');
      warmedUp = await timeOf(asking, path);
    });
    line([name, ms(atOnce), ms(warmedUp), ms(quantile(times, 0.5)), ms(quantile(times, 0.95))]);
  }

  await withFresh(server, size, async (asking, { child }) => {
    const started = await ask(child, 'resident');
    await ask(child, 'warm up');
    for (let round = 0; round < ROUNDS; round++) for (const [, path] of addresses) await timeOf(asking, path);
    const after = await ask(child, 'resident');
    console.log(
      `\nMemory: ${started.nowMb} MB when it is ready; after ${ROUNDS} rounds of all ${addresses.length} addresses ${after.peakMb} MB at its peak, ${after.nowMb} MB once collected`,
    );
  });
}
