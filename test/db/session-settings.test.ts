import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import type { DatabaseUrls } from '../../src/db/connect.ts';
import { backfill } from '../../src/stats/rollups/keep/backfill.ts';
import { addTime, DAY_OF_24_HOURS, HOUR, isoFromInstant, now } from '../../src/units/time.ts';
import { startApp } from '../support/app.ts';
import { signedIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls, NAMES, onServer } from '../support/databases.ts';
import { keepRollups } from '../support/keeping.ts';
import { memoryLog } from '../support/log.ts';
import { pgBouncerPath, startPgBouncer } from '../support/pgbouncer.ts';
import { startProgram } from '../support/program.ts';
import { missing, needsServer, skip } from '../support/skip.ts';
import { coverUsage, insertUsage, resetRollups, resetUsage, usageRow } from '../support/usage.ts';

const server = () => process.env.TEST_DATABASE_URL ?? '';
const nameOf = (url: string) => new URL(url).pathname.slice(1);

/** What a database may prefer; each is legal, and none of it may show. */
const PREFERRED = ['ISO, MDY', 'SQL, DMY', 'German'].map((DateStyle) => ({
  DateStyle,
  ...(DateStyle.startsWith('ISO')
    ? {}
    : {
        IntervalStyle: 'sql_standard',
        TimeZone: 'Asia/Kathmandu',
        extra_float_digits: '-5',
        bytea_output: 'escape',
        search_path: 'nowhere',
        default_transaction_isolation: 'serializable',
      }),
}));

const ways = ['straight', 'through PgBouncer in session mode', 'through PgBouncer in transaction mode', 'embedded'];

const ASKED = [
  '/api/ai-usage/stats?period=all',
  '/api/ai-usage/records?period=all&sortBy=aiModel&pageSize=7',
  '/api/ai-usage/records?period=30d&search=chapter',
  '/ai-usage/records.csv?period=all',
  '/ai-usage.csv?table=usage',
];
const PAGES = ['/ai-usage', '/ai-usage/records', '/ai-usage/tie-out', '/ai-usage/statement?month=2026-10', '/audit'];

/** Everything that a person sees of the numbers, as of one instant. */
async function shown(urls: Partial<DatabaseUrls>, asOf: string): Promise<string[]> {
  const app = await startApp({ urls });
  try {
    const ana = await signedIn(app.origin);
    const texts: string[] = [];
    for (const path of ASKED) {
      const answer = await ana.get(`${path}&asOf=${asOf}`, { Accept: '*/*' });
      assert.equal(answer.status, 200, `${path} ${answer.text}`);
      // Until when older records were audited is another matter in each cell.
      texts.push(answer.text.replace(/"auditedUntil":("[^"]*"|null)/, ''));
    }
    for (const path of PAGES) {
      const page = await ana.get(path);
      assert.equal(page.status, 200, path);
      assert.doesNotMatch(page.text, /class="panel failed"/, path);
    }
    return texts;
  } finally {
    await app.close();
  }
}

describe('what a server, a database or a role prefers', function () {
  this.timeout(120_000);
  const opened = closing();
  const asOf = encodeURIComponent(isoFromInstant(addTime(now(), -HOUR)));
  let expected: string[];

  before(async () => {
    await resetUsage();
    const at = addTime(now(), -2n * HOUR);
    await insertUsage(
      Array.from({ length: 60 }, (_, i) =>
        usageRow({
          at: at - BigInt(i) * DAY_OF_24_HOURS + BigInt(i),
          model: i % 2 ? 'gpt-5' : 'tts-1',
          cost: 1 + i * 1_000_003,
        }),
      ),
    );
    await coverUsage();
    expected = await shown({}, asOf);
  });
  after(resetUsage);

  /** The statements on every database; on the embedded ones to their one session. */
  const prefer = async (preferred: Record<string, string>) => {
    for (const name of NAMES) {
      for (const [setting, value] of Object.entries(preferred)) {
        const where = onServer() ? `ALTER DATABASE "${nameOf(databaseUrls()[name])}" SET` : 'SET';
        await databases()[name].raw(`${where} ${setting} = '${value}'`);
      }
    }
  };
  const reset = async (name: (typeof NAMES)[number], database: Knex) => {
    const quoted = `"${nameOf(databaseUrls()[name])}"`;
    await database.raw(`ALTER DATABASE ${quoted} RESET ALL; ALTER ROLE CURRENT_USER IN DATABASE ${quoted} RESET ALL`);
  };
  afterEach(async () => {
    if (onServer()) for (const name of NAMES) await reset(name, databases()[name]);
  });

  /** Asks what has to be set, as the program says it at start, and sets it. */
  const setAsTold = async (urls: DatabaseUrls) => {
    const program = startProgram(process.execPath, await commandLine('src/server.ts'), {
      settings: {
        PORT: '0',
        ...Object.fromEntries(NAMES.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, urls[name] ?? ''])),
      },
    });
    assert.equal(await program.exitCode, 1);
    const { err } = program.lines;
    assert.equal(err.length, 3, err.join('\n'));
    for (const line of err) {
      assert.match(line, /^(workflows|backoffice|mythoria)_db: A connection pooler stands before/);
      await databases().backoffice.raw(line.slice(line.indexOf('ALTER ROLE')));
    }
  };

  for (const way of ways) {
    for (const preferred of PREFERRED) {
      it(`does not matter: ${way}, ${preferred.DateStyle}`, async function () {
        if (way !== 'embedded') needsServer(this);
        else if (onServer()) skip(this, 'no embedded database in this run');
        await prefer(preferred);
        let urls: DatabaseUrls = databaseUrls();
        if (way.includes('PgBouncer')) {
          if (!pgBouncerPath()) missing(this, 'PgBouncer');
          const mode = way.includes('session') ? 'session' : 'transaction';
          const through = async () => {
            const { urlOf, close } = await opened(startPgBouncer(server(), mode));
            const [workflows = '', backoffice = '', mythoria = ''] = NAMES.map((n) => urlOf(nameOf(databaseUrls()[n])));
            return { urls: { workflows, backoffice, mythoria }, close };
          };
          const before = await through();
          await setAsTold(before.urls);
          urls = (await through()).urls;
        }
        assert.deepEqual(await shown(way === 'embedded' ? {} : urls, asOf), expected);
        if (way === 'embedded') return;

        const app = await opened(startApp({ urls }));
        const { workflows, backoffice, exports } = app.databases;
        await resetRollups();
        await backfill(app.databases, 'Europe/Lisbon', now());
        const { log, entries } = memoryLog();
        const keeping = keepRollups(app.databases, 'Europe/Lisbon', log, { replicas: true });
        await keeping.stop();
        assert.deepEqual(entries(), []);

        // More at once than a pooler has connections, and again after they have been used for other things.
        for (const database of [workflows, backoffice, exports]) {
          const limits = await Promise.all(
            Array.from({ length: 6 }, async () => {
              const { rows } = await database.raw(
                `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
                        current_setting('idle_in_transaction_session_timeout') AS idle,
                        current_setting('TimeZone') AS zone, current_setting('IntervalStyle') AS interval,
                        current_setting('extra_float_digits') AS digits, current_setting('bytea_output') AS bytes`,
              );
              return rows[0];
            }),
          );
          const form = { zone: 'UTC', interval: 'postgres', digits: '1', bytes: 'hex' };
          for (const limit of limits) assert.deepEqual(limit, { statement: '5s', lock: '2s', idle: '15s', ...form });
        }
        await assert.rejects(workflows('token_usage_tracking').delete(), { code: '25006' });
        const { rows } = await backoffice.raw(`SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
        assert.equal(rows[0].locks, '0', 'a pooler’s connection keeps no lock of ours');
      });
    }
  }
});
