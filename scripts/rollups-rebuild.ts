import { rebuild } from '../src/ai-usage/rollups/keep.ts';
import { migrateBackoffice } from '../src/db/migrate.ts';
import { withProgressBar } from './progress-bar.ts';
import { withDatabases } from './with-databases.ts';

/** Computes all rollups again from the source; pages go on reading meanwhile, and a running server may go on keeping them. */
await withDatabases(async ({ workflows, backoffice }, { timeZone }) => {
  await migrateBackoffice(backoffice);
  await withProgressBar('Rollups', 'hours', (onProgress) => rebuild({ workflows, backoffice }, timeZone, onProgress));
});
