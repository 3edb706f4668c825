import type { Knex } from 'knex';
import { loadConfig } from '../src/config.ts';
import { openDatabase } from '../src/db/connect.ts';
import { runningEmbedded, startEmbedded } from '../src/db/embedded/embedded.ts';
import { fillDemoData, moreDemoData } from '../src/demo/fill.ts';
import { readCoverage } from '../src/stats/rollups/coverage.ts';
import { rebuild } from '../src/stats/rollups/keep/backfill.ts';
import { now } from '../src/units/time.ts';
import { command, UsageError } from './command.ts';
import { sayProgress, withProgressBar } from './progress-bar.ts';

const MOST_ROWS = 100_000_000;

/** The embedded databases: those of a running server where there is one, else opened for this run. Never a real one. */
async function openDemoDatabases() {
  const config = loadConfig();
  if (config.production || config.databaseUrls !== null) {
    throw new Error(
      'demo data goes into the embedded databases only: unset WORKFLOWS_DATABASE_URL and BACKOFFICE_DATABASE_URL',
    );
  }
  const running = await runningEmbedded(config.dataDir);
  const embedded = running ? null : await startEmbedded(config.dataDir, sayProgress);
  const urls = running ?? embedded?.urls;
  if (!urls) throw new Error('the embedded databases did not start');
  const workflows = openDatabase(urls.workflows, { maxConnections: 1 });
  const mythoria = openDatabase(urls.mythoria, { maxConnections: 1 });
  const backoffice = openDatabase(urls.backoffice, { maxConnections: 1 });
  const close = async () => {
    await Promise.all([workflows.destroy(), mythoria.destroy(), backoffice.destroy()]);
    await embedded?.stop();
  };
  return { workflows, mythoria, backoffice, timeZone: config.timeZone, close };
}

/** Before the first start there are none; that one adds them up. */
async function hasRollups(backoffice: Knex): Promise<boolean> {
  return (await backoffice.schema.hasTable('rollup_state')) && (await readCoverage(backoffice)).coveredUntil !== null;
}

const DEMO_DATA = {
  name: 'demo:data',
  does: 'Fills the embedded databases with demo data up to now; the server may be running.',
  example: '--rows 1000000',
  options: { rows: { type: 'string', value: 'NUMBER', help: 'as well, this many rows more' } },
} as const;

/** @throws UsageError when it is no number of rows */
function rowsOf(text: string): number {
  const rows = /^\d+$/.test(text) ? Number(text) : 0;
  if (rows >= 1 && rows <= MOST_ROWS) return rows;
  throw new UsageError(`--rows takes a whole number from 1 to ${MOST_ROWS}, such as 1000000; it was "${text}"`);
}

await command(DEMO_DATA, async (asked) => {
  const rows = asked.rows === undefined ? null : rowsOf(asked.rows);
  const { close, timeZone, ...databases } = await openDemoDatabases();
  try {
    const demo = { ...databases, now: now() };
    let written = (await withProgressBar('Demo data', 'rows', (onProgress) => fillDemoData({ ...demo, onProgress })))
      .rows;
    if (rows !== null) {
      written += await withProgressBar('More data', 'rows', (onProgress) =>
        moreDemoData({ ...demo, rows, onProgress }),
      );
    }
    // The new rows lie in hours that have been added up, where a server would find them within two hours.
    if (written > 0 && (await hasRollups(databases.backoffice))) {
      await withProgressBar('Rollups', 'hours', (onProgress) => rebuild(databases, timeZone, onProgress));
    }
    console.log(`${written} rows written.`);
  } finally {
    await close();
  }
});
