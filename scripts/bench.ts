import { Agent } from 'node:http';
import { cpus, totalmem } from 'node:os';
import { addressesOf } from './bench/addresses.ts';
import { measureCold } from './bench/cold.ts';
import { direct } from './bench/direct.ts';
import { deleteOne, tableSizes } from './bench/growth.ts';
import { fetchOnce, hammer, signIn } from './bench/http.ts';
import { measureExports } from './bench/measure-exports.ts';
import { measureRules } from './bench/measure-rules.ts';
import { line, ms, quantile } from './bench/print.ts';
import { writeOneRow } from './bench/rows.ts';
import { ask, type Served, type Size, withServer } from './bench/served.ts';
import { command, UsageError } from './command.ts';

const NEEDS_SERVER = `BENCH_DATABASE_URL is not set. Start a PostgreSQL server, for example:
  initdb -D /tmp/bench -A trust -U postgres && pg_ctl -D /tmp/bench -o '-p 5499 -c shared_buffers=4GB' -w start
  BENCH_DATABASE_URL=postgres://postgres@localhost:5499/postgres npm run bench -- --rows 1000000`;

const DIRECT_ROUNDS = 3;
const ROUNDS = 40;

const BENCH = {
  name: 'bench',
  does: 'Measures pages, exports, the keeping of rollups and the evaluation of rules on the PostgreSQL server at BENCH_DATABASE_URL.',
  example: '--rows 10000000,1000000',
  options: {
    rows: {
      type: 'string',
      value: 'NUMBERS',
      help: 'the size to measure, and others to set its 90 days against; 1000000',
    },
    stories: {
      type: 'string',
      value: 'hours|year',
      help: 'how long stories live: two hours, or taken up again all through a year; hours',
    },
    cold: {
      type: 'boolean',
      help: 'only what processes take that have just started, and how much memory one comes to hold',
    },
  },
} as const;

/** The size to measure, and others whose 90 days are set against it. @throws UsageError when one is none */
function sizesOf(text: string): [number, ...number[]] {
  const sizes = text.split(',').map(Number);
  if (sizes.some((rows) => !Number.isInteger(rows) || rows < 1000)) {
    throw new UsageError('--rows takes whole numbers from 1000, such as 1000000 or 10000000,1000000');
  }
  return sizes as [number, ...number[]];
}

const TICKS = 5;
const CHANGED_HOURS_AGO = 20;

/** What the rollups take, and what a tick takes with and without something to correct. */
async function measureGrowth(server: string, size: Size): Promise<void> {
  await withServer(server, size, async ({ child, workflows, url, backoffice }) => {
    console.log('\nTables above a megabyte, with their indexes\n');
    line(['table', 'rows', 'MB']);
    line(['---', '---:', '---:']);
    for (const database of [url, backoffice])
      for (const { name, rows, mb } of await tableSizes(database))
        line([name, Math.round(rows).toLocaleString('en'), mb.toFixed(0)]);
    const idle: number[] = [];
    const changed: number[] = [];
    for (let i = 0; i < TICKS; i++) idle.push((await ask(child, 'tick')).ms);
    for (let i = 0; i < TICKS; i++) {
      await deleteOne(workflows, CHANGED_HOURS_AGO + i);
      changed.push((await ask(child, 'tick')).ms);
    }
    console.log(
      `\nA tick of ${TICKS}, median: ${ms(quantile(idle, 0.5))} ms with nothing to correct, ${ms(quantile(changed, 0.5))} ms where a record has gone`,
    );
  });
}

async function newestRecord(agent: Agent, origin: string, cookie: string) {
  const { body } = await fetchOnce(agent, `${origin}/api/ai-usage/records?period=all&pageSize=1`, cookie);
  const newest = (JSON.parse(body) as { records: { storyId: string; authorId: string }[] }).records[0];
  if (!newest) throw new Error('there are no records');
  return newest;
}

/** The statistics of 90 days at two sizes, in turn. */
async function compareSizes(one: Served, other: Served): Promise<void> {
  for (const { child } of [one, other]) await ask(child, 'backfill');
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const sides = [];
  for (const { origin, size } of [one, other]) {
    sides.push({ rows: size.rows, origin, cookie: await signIn(agent, origin), times: [] as number[] });
  }
  for (let round = 0; round < 2 * ROUNDS; round++) {
    for (const { origin, cookie, times } of sides) {
      times.push((await fetchOnce(agent, `${origin}/api/ai-usage/stats?period=90d`, cookie)).ms);
    }
  }
  const [a, b] = sides.map(({ rows, times }) => ({ rows: rows.toLocaleString('en'), p50: quantile(times, 0.5) }));
  if (a && b)
    console.log(
      `Stats JSON, 90d, p50: ${ms(a.p50)} ms at ${a.rows} rows, ${ms(b.p50)} ms at ${b.rows}: ${(a.p50 / b.p50).toFixed(2)} ×`,
    );
  agent.destroy();
}

async function measure({ child, origin, size, workflows }: Served): Promise<void> {
  const { rows: version } = await workflows.raw('SHOW server_version');
  console.log(
    `${size.rows.toLocaleString('en')} rows of stories that live ${size.stories === 'year' ? 'a year' : 'two hours'}, PostgreSQL ${version[0].server_version}, Node ${process.version}`,
  );
  console.log(`${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB\n`);

  const built = await ask(child, 'backfill');
  const memoryAfterBackfill = await ask(child, 'memory');
  await ask(child, 'prices');
  const ticks: number[] = [];
  for (let i = 0; i < 12; i++) ticks.push((await ask(child, 'tick')).source ?? Number.NaN);
  await ask(child, 'keep');

  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const cookie = await signIn(agent, origin);
  const { total } = JSON.parse((await fetchOnce(agent, `${origin}/api/ai-usage/records?period=all`, cookie)).body) as {
    total: number;
  };
  const newest = await newestRecord(agent, origin, cookie);
  const addresses = addressesOf(newest, Math.ceil(total / 50));

  const times = new Map<string, number[]>();
  const note = (name: string, value: number) => times.set(name, [...(times.get(name) ?? []), value]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, path] of addresses) {
      // Rows arrive meanwhile, as they do.
      if (Math.random() < 0.1) await writeOneRow(workflows);
      const answer = await fetchOnce(agent, origin + path, cookie);
      if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.body.slice(0, 200)}`);
      note(name, answer.ms);
    }
    if (round % Math.floor(ROUNDS / DIRECT_ROUNDS) === 0) {
      for (const days of [1, 7, 30, 90]) note(`direct, ${days}d`, await direct(workflows, days));
    }
  }

  line(['what', 'p50 ms', 'p95 ms', 'p99 ms', 'direct ÷ ours']);
  line(['---', '---:', '---:', '---:', '---:']);
  for (const [name, values] of times) {
    const [, days] = /^(?:stats JSON|overview page), (\d+)d$/.exec(name) ?? [];
    const ratio = days ? quantile(times.get(`direct, ${days}d`) ?? [], 0.5) / quantile(values, 0.5) : null;
    line([
      name,
      ms(quantile(values, 0.5)),
      ms(quantile(values, 0.95)),
      ms(quantile(values, 0.99)),
      ratio === null ? '' : `${ratio.toFixed(0)} ×`,
    ]);
  }

  await ask(child, 'reuse');
  const loaded = await hammer(`${origin}/api/ai-usage/stats?period=90d`, cookie, 50, 10);
  const memory = await ask(child, 'memory');
  console.log(
    `\nThroughput, stats JSON 90d, 50 connections, 10 s: ${Math.round(loaded.length / 10)} requests a second, p99 ${ms(quantile(loaded, 0.99))} ms`,
  );
  if (built.ms > 1_000)
    console.log(
      `Backfill: ${(built.ms / 1000).toFixed(1)} s; peak memory of the server after it: ${memoryAfterBackfill.peakMb} MB`,
    );
  console.log(
    `One tick (26 hours and an audit slice): ${ms(quantile(ticks, 0.5))} ms of source time at the median, ${ms(quantile(ticks, 0.95))} ms at p95`,
  );
  console.log(`Peak memory of the server: ${memory.peakMb} MB`);
  agent.destroy();
}

await command(BENCH, async ({ rows = '1000000', stories = 'hours', cold = false }) => {
  if (stories !== 'hours' && stories !== 'year') throw new UsageError('--stories takes hours or year');
  const [size, ...others] = sizesOf(rows).map((number): Size => ({ rows: number, stories })) as [Size, ...Size[]];
  // biome-ignore lint/style/noProcessEnv: the benchmark has one setting of its own
  const server = process.env.BENCH_DATABASE_URL;
  if (!server) throw new Error(NEEDS_SERVER);
  if (cold) return measureCold(server, size);
  await withServer(server, size, measure);
  await measureGrowth(server, size);
  await measureCold(server, size);
  // In processes just started: what the first has been asked meanwhile would count against them.
  await withServer(server, size, measureExports);
  await withServer(server, size, measureRules);
  for (const other of others)
    await withServer(server, size, (one) => withServer(server, other, (another) => compareSizes(one, another)));
});
