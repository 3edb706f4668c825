import { SingleBar } from 'cli-progress';
import { rebuild } from '../src/ai-usage/rollups/keep.ts';
import { migrateBackoffice } from '../src/db/migrate.ts';
import { withDatabases } from './with-databases.ts';

/** Computes all rollups again from the source; pages go on reading meanwhile, and a running server may go on keeping them. */
await withDatabases(async ({ workflows, backoffice }, { timeZone }) => {
  await migrateBackoffice(backoffice);
  const bar = new SingleBar({
    format: 'Rollups {bar} {percentage}% · {value} of {total} hours · {eta_formatted} left',
  });
  bar.start(0, 0);
  try {
    await rebuild({ workflows, backoffice }, timeZone, ({ done, total }) => {
      bar.setTotal(total);
      bar.update(done);
    });
  } finally {
    bar.stop();
  }
});
