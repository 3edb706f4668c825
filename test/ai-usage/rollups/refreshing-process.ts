import { auditAll } from '../../../src/ai-usage/rollups/keep.ts';
import { openDatabase } from '../../../src/db/connect.ts';

/** Refreshes over and over until it is killed; its first output says that it has begun. */
const [at = '0', timeZone = 'UTC'] = process.argv.slice(2);
const urls = JSON.parse(process.env.ROLLUP_URLS ?? '{}') as { workflows: string; backoffice: string };
const databases = {
  workflows: openDatabase(urls.workflows, { maxConnections: 2 }),
  backoffice: openDatabase(urls.backoffice, { maxConnections: 2 }),
};
await databases.backoffice.raw('SELECT 1');
console.log('refreshing');
for (;;) await auditAll(databases, timeZone, Number(at));
