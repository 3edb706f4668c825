import { join, resolve } from 'node:path';
import { reasonOf } from '../src/units/failures/reason.ts';
import { command, UsageError } from './command.ts';
import { type FileReport, syncSchema } from './sync-workflows-schema/sync.ts';

const SYNC = {
  name: 'sync-workflows-schema',
  does: `Copies the workflows schema from the checkout of story-generation-workflow beside this project. Exits with 1 when a copy
fails, or a comparison finds a difference.`,
  example: '--from ../elsewhere/src/db/workflows-schema --check',
  options: {
    from: { type: 'string', value: 'DIR', help: 'the folder to copy from instead' },
    check: { type: 'boolean', help: 'change nothing, and say what differs' },
    database: {
      type: 'boolean',
      help: 'compare the copy with the database at WORKFLOWS_DATABASE_URL instead of copying; with --check: as well',
    },
  },
} as const;

// Relative to the project's root, where npm runs every script.
const COPY = resolve('src/db/schema/workflows');
const SOURCE = '../story-generation-workflow/src/db/workflows-schema';

const WORD_FOR = {
  done: { copied: 'copied', skipped: 'skipped', removed: 'removed at the source', failed: 'failed' },
  dryRun: { copied: 'differs', skipped: 'same', removed: 'removed at the source', failed: 'failed' },
};

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
    console.error(`The copy cannot be compared with the database: ${reasonOf(error)}`);
    return false;
  }
}

function databaseUrl(): string | undefined {
  // biome-ignore lint/style/noProcessEnv: this command needs one setting, not the server's whole configuration
  return process.env.WORKFLOWS_DATABASE_URL;
}

await command(SYNC, async ({ from, check = false, database = false }) => {
  if (from !== undefined && database && !check) {
    throw new UsageError('--database copies nothing, so --from has no effect');
  }
  const copyIsWanted = check || !database;
  const inSync = !copyIsWanted || (await syncFiles(resolve(from ?? SOURCE), check));
  const matches = !database || (await matchesDatabase(databaseUrl()));
  if (!inSync || !matches) process.exitCode = 1;
});
