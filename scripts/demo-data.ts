import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config.ts';
import { openDatabase } from '../src/db/connect.ts';
import { runningEmbedded, startEmbedded } from '../src/db/embedded.ts';
import { fillDemoData, moreDemoData } from '../src/demo/fill.ts';
import { now } from '../src/units/time.ts';
import { withProgressBar } from './progress-bar.ts';

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
  const embedded = running ? null : await startEmbedded(config.dataDir, console.log);
  const urls = running ?? embedded?.urls;
  if (!urls) throw new Error('the embedded databases did not start');
  const workflows = openDatabase(urls.workflows, { maxConnections: 1 });
  const mythoria = openDatabase(urls.mythoria, { maxConnections: 1 });
  const close = async () => {
    await Promise.all([workflows.destroy(), mythoria.destroy()]);
    await embedded?.stop();
  };
  return { workflows, mythoria, close };
}

/** The rows asked for, or null to fill up to now only. */
function rowsAskedFor(): number | null {
  const { values } = parseArgs({ options: { rows: { type: 'string' } } });
  if (values.rows === undefined) return null;
  const rows = /^\d+$/.test(values.rows) ? Number(values.rows) : 0;
  if (rows >= 1 && rows <= MOST_ROWS) return rows;
  throw new Error(`--rows takes a whole number from 1 to ${MOST_ROWS}, such as 1000000; it was "${values.rows}".`);
}

async function main(): Promise<void> {
  const rows = rowsAskedFor();
  const { close, ...databases } = await openDemoDatabases();
  try {
    const demo = { ...databases, now: now() };
    let written = await withProgressBar('Demo data', 'rows', (onProgress) => fillDemoData({ ...demo, onProgress }));
    if (rows !== null) {
      written += await withProgressBar('More data', 'rows', (onProgress) =>
        moreDemoData({ ...demo, rows, onProgress }),
      );
    }
    console.log(`${written} rows written.`);
  } finally {
    await close();
  }
}

try {
  await main();
} catch (error) {
  console.error(`demo-data: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
