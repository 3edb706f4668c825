import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXTENSIONS } from '../../src/export/formats.ts';
import { HOUR, isoFromInstant, now } from '../../src/units/time.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases, databaseUrls, NAMES, onServer } from '../support/databases.ts';
import { startProgram } from '../support/program.ts';
import { coverUsage, insertUsage, resetUsage, usageRow } from '../support/usage.ts';

/** The program's connections are told from those of the tests by it. */
const PROGRAM = 'program-under-kills';
const SETTINGS = { NODE_ENV: 'test', PORT: '0', LOG_LEVEL: 'error' };
/** Of all pages at once. The long run of .ci/run takes 200. */
const ROUNDS = Number(process.env.KILL_ROUNDS || 3);

const RECORD = usageRow({ at: now() - 2n * HOUR });
const FILTERS = ['', '?period=7d', '?model=gpt-5&model=gpt-image-1', '?search=chapter', `?author=${RECORD.author}`];
const SUBJECTS = [
  `/ai-usage/authors/${RECORD.author}`,
  `/ai-usage/stories/${RECORD.story}`,
  '/ai-usage/models/gpt-5',
  '/ai-usage/actions/chapter_writing',
];
const PAGES = [
  '/',
  ...FILTERS.map((filter) => `/ai-usage${filter}`),
  ...['provider', 'author', 'story', 'hour'].map((breakdown) => `/ai-usage?breakdown=${breakdown}`),
  '/ai-usage?compare=year&by=model&show=table',
  ...['', '?search=gpt', '?sortBy=aiModel&page=2&pageSize=25', '?sortBy=estimatedCostInEuros', '?period=all'].map(
    (query) => `/ai-usage/records${query}`,
  ),
  ...[`/ai-usage/records/${RECORD.id}`, `/ai-usage/records/${RECORD.id}/prompt`, '/ai-usage/tie-out'],
  ...SUBJECTS,
  ...[`/ai-usage/statement?month=${isoFromInstant(now()).slice(0, 7)}`, '/audit', '/sessions', '/readyz'],
  ...['/api/ai-usage/stats', '/api/ai-usage/records', '/api/ai-usage/records?search=gpt'],
];
/** Two at once for a person. */
const DOWNLOADS = ['/ai-usage', '/ai-usage/records', '/ai-usage/statement', ...SUBJECTS].flatMap((path) =>
  EXTENSIONS.map((extension) => `${path}.${extension}`),
);

type Answer = { path: string; status: number | 'broken off'; text: string };

/** What a page answers; a download may break off in the middle, and then looks so. */
function answerOf(origin: string, client: Client, path: string): Promise<Answer> {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    const brokenOff = () => done({ path, status: 'broken off', text: '' });
    get(new URL(path, origin), { headers: { cookie, accept: 'text/html,*/*' } }, (response) => {
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', brokenOff);
      response.on('end', () =>
        done({ path, status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
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

describe('while connections of every database are ended at random', function () {
  this.timeout(120_000 + ROUNDS * 30_000);

  before(async function () {
    if (!onServer()) this.skip();
    await resetUsage();
    const rows = Array.from({ length: 1_500 }, (_, i) => ({
      at: now() - BigInt(i) * HOUR,
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
    const urls = Object.fromEntries(
      NAMES.map((name) => [
        `${name.toUpperCase()}_DATABASE_URL`,
        `${databaseUrls()[name]}?application_name=${PROGRAM}`,
      ]),
    );
    const program = startProgram(process.execPath, ['--import', import.meta.resolve('tsx'), resolve('src/server.ts')], {
      settings: { ...SETTINGS, ...urls, DATA_DIR: folder },
    });
    try {
      const said = await program.line(/^Mythoria Admin/);
      const origin = said.split(': ')[1] ?? '';
      const ana = await signedIn(origin);

      let killing = true;
      let killed = 0;
      let answered = 0;
      const kill = async () => {
        let before = -1;
        while (killing) {
          // As often as there are answers, however long these take: else a busy machine would never give a whole one.
          if (answered === before) {
            await sleep(5);
            continue;
          }
          before = answered;
          // One of each database, then a moment without: a query gets to its second half now and then.
          const { rows } = await databases().backoffice.raw(
            `SELECT pg_terminate_backend(pid) FROM (
               SELECT DISTINCT ON (datname) pid FROM pg_stat_activity
                WHERE application_name = ? AND random() < 0.7 ORDER BY datname, (state = 'active') DESC, random()) AS chosen`,
            [PROGRAM],
          );
          killed += rows.length;
          await sleep(Math.random() * 40);
        }
      };
      const killer = kill();
      const statuses = new Map<string, number>();
      const wrong: Answer[] = [];
      const all = async () => {
        const inTurn = async (paths: string[]) => {
          const answers: Answer[] = [];
          for (const path of paths) {
            answers.push(await answerOf(origin, ana, path));
            answered += 1;
          }
          return answers;
        };
        const answers = await Promise.all([...PAGES.map((path) => inTurn([path])), inTurn(DOWNLOADS)]);
        return answers.flat();
      };
      try {
        for (let round = 0; round < ROUNDS; round++) {
          for (const answer of await all()) {
            const { path, status } = answer;
            statuses.set(String(status), (statuses.get(String(status)) ?? 0) + 1);
            const also = path === '/' ? 302 : DOWNLOADS.includes(path) ? 'broken off' : 200;
            if (![200, 503, also].includes(status)) wrong.push(answer);
          }
          assert.equal(program.child.exitCode, null, program.lines.err.join('\n'));
        }
      } finally {
        killing = false;
        await killer;
      }
      assert.deepEqual(
        wrong.map(({ path, status }) => `${status} ${path}`),
        [],
        program.lines.out.filter((line) => line.includes('Something went wrong')).join('\n'),
      );
      assert.ok(killed >= ROUNDS && statuses.has('200') && statuses.has('503'), `${killed} killed, ${[...statuses]}`);

      await until(connections, (all) => all.every(({ state }) => state === 'idle'));
      for (const path of [...PAGES, ...DOWNLOADS]) {
        // On a busy machine the program hears of the last connection's end a little later than the server tells of it.
        await until(
          () => answerOf(origin, ana, path),
          ({ status, text }) => [200, 302].includes(Number(status)) && !text.includes('class="panel failed"'),
        );
      }
      assert.deepEqual(
        program.lines.err.filter((line) => !line.startsWith('{')),
        [],
      );
      program.signal('SIGTERM');
      assert.equal(await program.exitCode, 0);
      await until(connections, (all) => all.length === 0);
    } finally {
      program.signal('SIGKILL');
      await program.exitCode;
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
