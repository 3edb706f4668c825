import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type FileReport, syncSchema } from './sync-workflows-schema/sync.ts';

const USAGE = `Usage: npm run sync-workflows-schema [-- [--from DIR] [--check] [--database]]
  (nothing)    copy the workflows schema from the checkout of story-generation-workflow beside this project
  --from DIR   copy it from this folder instead
  --check      change nothing; exit 1 when the copy differs from its source
  --database   compare the copy with the database at WORKFLOWS_DATABASE_URL instead of copying (with --check: as well);
               exit 1 when they differ`;

// Relative to the project's root, where npm runs every script.
const COPY = resolve('src/db/schema/workflows');
const SOURCE = '../story-generation-workflow/src/db/workflows-schema';

const WORD_FOR = {
  done: { copied: 'copied', skipped: 'skipped', removed: 'removed at the source', failed: 'failed' },
  dryRun: { copied: 'differs', skipped: 'same', removed: 'removed at the source', failed: 'failed' },
};

/** Runs the command, prints what came of it, and returns the exit code. */
async function main(commandLine: string[]): Promise<number> {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(commandLine);
  } catch (error) {
    // Node adds advice on passing such words as arguments, of which this command takes none.
    const [what] = (error as Error).message.split(/\.\s/);
    console.error(`${what}\n${USAGE}`);
    return 1;
  }
  const copyIsWanted = options.check || !options.database;
  const inSync = !copyIsWanted || (await syncFiles(resolve(options.from ?? SOURCE), options.check));
  const matches = !options.database || (await matchesDatabase(databaseUrl()));
  return inSync && matches ? 0 : 1;
}

function parseOptions(commandLine: string[]) {
  const { values } = parseArgs({
    args: commandLine,
    options: { from: { type: 'string' }, check: { type: 'boolean' }, database: { type: 'boolean' } },
  });
  const { from, check = false, database = false } = values;
  if (from !== undefined && database && !check) throw new Error('--database copies nothing, so --from has no effect');
  return { from, check, database };
}

async function syncFiles(source: string, dryRun: boolean): Promise<boolean> {
  let reports: FileReport[];
  try {
    reports = await syncSchema({ source, copy: COPY, dryRun });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const hint =
      code === 'ENOENT' ? '; check story-generation-workflow out beside this project, or pass --from DIR' : '';
    console.error(`The workflows schema cannot be copied from ${source}: ${message}${hint}`);
    return false;
  }
  const words = dryRun ? WORD_FOR.dryRun : WORD_FOR.done;
  for (const report of reports) {
    const reason = report.outcome === 'failed' ? `: ${report.reason}` : '';
    console.log(`${words[report.outcome]}: ${report.name}${reason}`);
  }
  const failed = reports.some(({ outcome }) => outcome === 'failed');
  if (!dryRun) return !failed;
  const drift = reports.some(({ outcome }) => outcome !== 'skipped');
  console.log(drift ? `${COPY} differs from ${source}.` : `${COPY} is the same as ${source}.`);
  return !drift;
}

async function matchesDatabase(url: string | undefined): Promise<boolean> {
  if (!url) {
    console.error('WORKFLOWS_DATABASE_URL is not set: --database has nothing to compare the copy with');
    return false;
  }
  try {
    // Only here, because copying needs neither Knex nor Drizzle and takes half the time without loading them.
    const { compareDatabase } = await import('./sync-workflows-schema/compare-database.ts');
    const differences = await compareDatabase(join(COPY, 'index.ts'), url);
    console.log(differences.length > 0 ? differences.join('\n') : 'The copy matches the database.');
    return differences.length === 0;
  } catch (error) {
    // A connection refused by every address of a name has a code and no message.
    const { message, code } = error as NodeJS.ErrnoException;
    console.error(`The copy cannot be compared with the database: ${message || code}`);
    return false;
  }
}

function databaseUrl(): string | undefined {
  // biome-ignore lint/style/noProcessEnv: this command needs one setting, not the server's whole configuration
  return process.env.WORKFLOWS_DATABASE_URL;
}

process.exitCode = await main(process.argv.slice(2));
