import { requireMigrated } from '../src/db/migrate.ts';
import { requireSource } from '../src/db/source-check.ts';
import { rebuild } from '../src/stats/rollups/keep/backfill.ts';
import { command } from './command.ts';
import { withProgressBar } from './progress-bar.ts';
import { withDatabases } from './with-databases.ts';

const REBUILD = {
  name: 'rollups:rebuild',
  does: 'Computes all rollups again from the records. Pages go on reading meanwhile, and a server that runs may go on keeping them.',
  example: '',
  options: {},
};

await command(REBUILD, () =>
  withDatabases(async ({ workflows, backoffice }, { timeZone }) => {
    await requireMigrated(backoffice);
    await requireSource(workflows);
    await withProgressBar('Rollups', 'hours', (onProgress) => rebuild({ workflows, backoffice }, timeZone, onProgress));
    console.log('The rollups are computed anew.');
  }),
);
