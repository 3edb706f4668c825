import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXTENSIONS } from '../../src/export/formats.ts';
import { BREAKDOWNS_BESIDE } from '../../src/query/view.ts';
import { addTime, DAY_OF_24_HOURS, HOUR, isoFromInstant, now } from '../../src/units/time.ts';
import { ANA, type Client, RUI, signedIn } from '../support/client.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls, NAMES, onServer } from '../support/databases.ts';
import { held } from '../support/held.ts';
import { freePort } from '../support/ports.ts';
import { type Program, startProgram } from '../support/program.ts';
import { needsServer } from '../support/skip.ts';
import { THOROUGH } from '../support/thorough.ts';
import { coverUsage, insertUsage, resetUsage, usageRow } from '../support/usage.ts';

/** The programs' connections are told from those of the tests by it. */
const PROGRAM = 'program-under-kills';
// Files and JSON are asked for without a pause: more than a person may in a minute, and it is not the limit that is tried.
const SETTINGS = { NODE_ENV: 'test', PORT: '0', LOG_LEVEL: 'warn', API_PER_MINUTE: '0' };
/** Each asks every page so many times, and of each page one file. The long run (THOROUGH=1) takes 200: a thousand of every page. */
const ROUNDS = THOROUGH ? 200 : 3;
const OF_EACH_PAGE = 5;
/** A process answers with one core, so the long run takes two. */
const PROCESSES = ROUNDS > 10 ? 2 : 1;
/** At each process: while one waits for a connection, others go on. */
const PEOPLE = 6;
/** A connection that is ended costs a new backend, which takes PostgreSQL longer than a page: with one an answer, most of the time. */
const ANSWERS_A_KILL = 5;

const RECORD = usageRow({ at: addTime(now(), -2n * HOUR) });
const SUBJECTS = [
  `/ai-usage/authors/${RECORD.author}`,
  `/ai-usage/stories/${RECORD.story}`,
  '/ai-usage/models/gpt-5',
  '/ai-usage/actions/chapter_writing',
];
const STATEMENT = `/ai-usage/statement?month=${isoFromInstant(now()).slice(0, 7)}`;
/** Every page, with the views of it that are asked for in turn. */
const PAGES = [
  ['/'],
  [
    ...['', '?model=gpt-5&model=gpt-image-1', '?search=chapter', `?author=${RECORD.author}`, '?period=7d'],
    ...BREAKDOWNS_BESIDE.map((breakdown) => `?breakdown=${breakdown}`),
    ...['?compare=year&by=model&show=table', '?period=all'],
  ].map((query) => `/ai-usage${query}`),
  [
    ...['', '?search=gpt', '?sortBy=aiModel&page=2&pageSize=25', '?sortBy=estimatedCostInEuros', '?period=all'],
    ...['?search=chapter&sortBy=totalTokens', `?story=${RECORD.story}`, '?page=9'],
  ].map((query) => `/ai-usage/records${query}`),
  [`/ai-usage/records/${RECORD.id}`],
  [`/ai-usage/records/${RECORD.id}/prompt`],
  ['/ai-usage/tie-out', '/ai-usage/tie-out?model=gpt-5'],
  ...SUBJECTS.map((path) => [path, `${path}?period=90d`, `${path}?compare=year`]),
  [STATEMENT],
  ['/audit'],
  ['/account/sessions'],
  ['/readyz'],
  ['/api/ai-usage/stats', '/api/ai-usage/stats?model=gpt-5'],
  ['', '?search=gpt', '?sortBy=outputTokens'].map((query) => `/api/ai-usage/records${query}`),
];
const WITH_FILES = ['/ai-usage', '/ai-usage/records', STATEMENT, ...SUBJECTS];

/** Two of three ask for what nobody has asked for: that is answered from the databases and not from memory. */
function anew(path: string, turn: number): string {
  const takesAWindow = /^\/(api\/)?ai-usage(?!\/records\/)/.test(path) && !path.includes('period=');
  if (!takesAWindow || turn % 3 === 0) return path;
  const window = path.includes('/statement')
    ? `asOf=${isoFromInstant(now())}`
    : `from=${isoFromInstant(addTime(now(), -40n * DAY_OF_24_HOURS))}`;
  return `${path}${path.includes('?') ? '&' : '?'}${window}`;
}

/** The requests of all rounds: whoever is free takes the next, and nobody waits for a round to end. */
function* pagesInTurn(): Generator<string> {
  for (let turn = 0; turn < ROUNDS * OF_EACH_PAGE; turn++)
    for (const views of PAGES) yield anew(views[turn % views.length] ?? '', turn);
}

/** Of each page one file a round, every time in another format. */
function* filesInTurn(): Generator<string> {
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, page] of WITH_FILES.entries())
      yield anew(fileOf(page, EXTENSIONS[(round + i) % EXTENSIONS.length] ?? ''), round);
}

const fileOf = (page: string, extension: string) => page.replace(/\?|$/, `.${extension}$&`);

type Answer = { status: number | 'broken off'; text: string };

/** What a page answers; a download may break off in the middle, and then looks so. */
function answerOf(origin: string, client: Client, path: string): Promise<Answer> {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    const brokenOff = () => done({ status: 'broken off', text: '' });
    get(new URL(path, origin), { headers: { cookie, accept: 'text/html,*/*' } }, (response) => {
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', brokenOff);
      response.on('end', () => done({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    }).on('error', brokenOff);
  });
}

const connections = async (): Promise<{ datname: string; state: string; query: string }[]> => {
  const { rows } = await databases().backoffice.raw(
    'SELECT datname, state, query FROM pg_stat_activity WHERE application_name = ?',
    [PROGRAM],
  );
  return rows;
};

/**
 * Ends one connection of a database: three times in four one that is at work, if one is within a moment, else any. Returns
 * how many that were: one or none.
 */
async function endOne(database: string): Promise<number> {
  const end = async (which: string): Promise<number> => {
    const { rows } = await databases().backoffice.raw(
      `SELECT pg_terminate_backend(pid) FROM (
         SELECT pid FROM pg_stat_activity
          WHERE application_name = ? AND datname = ? AND ${which} ORDER BY random() LIMIT 1) AS chosen`,
      [PROGRAM, database],
    );
    return rows.length;
  };
  const looks = Math.random() < 0.75 ? 20 : 0;
  for (let look = 0; look < looks; look++) {
    if ((await end("state <> 'idle'")) > 0) return 1;
    await sleep(1);
  }
  return end('true');
}

/** Waits until something holds. @throws Error with what it was at last, when it does not in time */
async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean, withinMs = 120_000): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(value)}`);
    await sleep(50);
  }
}

/** A process, and where it tells of itself. */
type Started = { program: Program; metrics: string };

async function start(folder: string): Promise<Started> {
  const port = await freePort();
  const urls = Object.fromEntries(
    NAMES.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, `${databaseUrls()[name]}?application_name=${PROGRAM}`]),
  );
  const program = startProgram(process.execPath, await commandLine('src/server.ts'), {
    settings: { ...SETTINGS, ...urls, DATA_DIR: folder, METRICS_PORT: String(port) },
  });
  return { program, metrics: `http://localhost:${port}/metrics` };
}

/** How many connections of each pool are in use. */
async function inUse(metrics: string): Promise<string[]> {
  const text = await (await fetch(metrics)).text();
  return text.split('\n').filter((line) => /^db_pool_connections\{.*state="used".*\} [1-9]/.test(line));
}

/** Where a program answers, and two people who have signed in to it. */
async function enter({ program, metrics }: Started): Promise<Started & { origin: string; people: Client[] }> {
  const said = await program.line(/^Mythoria Admin/);
  const origin = said.split(': ')[1] ?? '';
  return { program, metrics, origin, people: [await signedIn(origin, ANA), await signedIn(origin, RUI)] };
}

describe('while connections of every database are ended at random', function () {
  this.timeout(300_000 + ROUNDS * 10_000);

  before(async function () {
    needsServer(this);
    await resetUsage();
    const rows = Array.from({ length: 1_500 }, (_, i) => ({
      at: addTime(now(), -BigInt(i) * HOUR),
      ...(i % 7 === 0 ? { author: RECORD.author, story: RECORD.story } : {}),
      model: ['gpt-5', 'gpt-image-1', 'gemini-2.5-pro'][i % 3] ?? '',
      action: ['chapter_writing', 'image_generation', 'story_outline'][i % 3] ?? '',
    }));
    await insertUsage([RECORD, ...rows]);
    await coverUsage();
  });
  after(async () => {
    if (onServer()) await resetUsage();
  });

  it('the program lives, no promise of it is left alone, and no connection stays behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-kills-'));
    const programs = await Promise.all(Array.from({ length: PROCESSES }, () => start(folder)));
    try {
      const processes = await Promise.all(programs.map(enter));

      const names = NAMES.map((name) => new URL(databaseUrls()[name]).pathname.slice(1));
      const killed = new Map(names.map((name) => [name, 0]));
      let killing = Promise.resolve();
      let answered = 0;
      // One after the other, each at a moment of its own: a query gets to its second half now and then.
      const kill = async () => {
        await sleep(Math.random() * 40);
        const name = names[Math.floor(Math.random() * names.length)] ?? '';
        killed.set(name, (killed.get(name) ?? 0) + (await endOne(name)));
      };

      const statuses = new Map<string, number>();
      const wrong: string[] = [];
      const ask = async (at: (typeof processes)[number], client: Client, path: string, also: unknown[]) => {
        const { status } = await answerOf(at.origin, client, path);
        answered += 1;
        // As often as there are answers, however long these take: else a busy machine would never give a whole one.
        if (answered % ANSWERS_A_KILL === 0) killing = killing.then(kill);
        statuses.set(String(status), (statuses.get(String(status)) ?? 0) + 1);
        if (![200, 503, ...also].includes(status)) wrong.push(`${status} ${path}`);
        assert.equal(at.program.child.exitCode, null, at.program.lines.err.join('\n'));
      };
      // A third window recomputed at once has to wait.
      const alsoFor = (path: string) => (path === '/' ? [302] : path.startsWith('/ai-usage/tie-out') ? [429] : []);
      const pages = pagesInTurn();
      const files = filesInTurn();
      await Promise.all(
        processes.flatMap((at) => [
          ...Array.from({ length: PEOPLE }, async (_, i) => {
            for (const path of pages) await ask(at, at.people[i % 2] as Client, path, alsoFor(path));
          }),
          ...at.people.map(async (client) => {
            for (const path of files) await ask(at, client, path, ['broken off']);
          }),
        ]),
      );
      await killing;
      const log = processes.flatMap(({ program }) => program.lines.out);
      assert.deepEqual(wrong, [], log.filter((line) => line.includes('Something went wrong')).join('\n'));
      const seen = `${[...killed]}; ${[...statuses]}`;
      assert.ok(
        [...killed.values()].every((times) => times >= ROUNDS) && statuses.has('200') && statuses.has('503'),
        seen,
      );

      const killedAt = performance.now();
      await until(connections, (all) => all.every(({ state }) => state === 'idle'));
      const everything = [...PAGES.flat(), ...WITH_FILES.flatMap((page) => EXTENSIONS.map((one) => fileOf(page, one)))];
      for (const { program, metrics, origin, people } of processes) {
        await until(
          () => inUse(metrics),
          (pools) => pools.length === 0,
        );
        for (const path of everything) {
          // On a busy machine the program hears of the last connection's end a little later than the server tells of it.
          await until(
            async () => {
              const { status, text } = await answerOf(origin, people[0] as Client, path);
              return { status, failed: text.match(/class="panel failed".*?<\/section>/gs) };
            },
            ({ status, failed }) => [200, 302].includes(Number(status)) && failed === null,
          ).catch((error) => {
            throw new Error(`${path}: ${error.message}\n${program.lines.out.slice(-20).join('\n')}`);
          });
        }
        assert.deepEqual(
          program.lines.err.filter((line) => !line.startsWith('{')),
          [],
        );
        program.signal('SIGTERM');
        assert.equal(await program.exitCode, 0);
      }
      const times = [...killed.values()].reduce((sum, one) => sum + one, 0);
      held(import.meta.filename, {
        fault: `connections of every database are ended at random, ${times} of them`,
        ...{ requests: answered, errors: answered - (statuses.get('200') ?? 0) - (statuses.get('302') ?? 0) },
        ...{ healedMs: performance.now() - killedAt, losses: 0 },
      });
      await until(connections, (all) => all.length === 0);
    } finally {
      for (const { program } of programs) {
        program.signal('SIGKILL');
        await program.exitCode;
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
