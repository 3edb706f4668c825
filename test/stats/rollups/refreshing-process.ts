import { openDatabase } from '../../../src/db/connect.ts';
import { auditAll } from '../../../src/stats/rollups/keep/tick.ts';
import { instantAt } from '../../../src/units/time.ts';

/** One full audit, killed as soon as backoffice_db has answered so many queries. */
const [at = '0', timeZone = 'UTC', answers = '1'] = process.argv.slice(2);
const urls = JSON.parse(process.env.ROLLUP_URLS ?? '{}') as { workflows: string; backoffice: string };
const databases = {
  workflows: openDatabase(urls.workflows, { maxConnections: 2 }),
  backoffice: openDatabase(urls.backoffice, { maxConnections: 2 }),
};
let left = Number(answers);
databases.backoffice.on('query-response', () => {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
});
await auditAll(databases, timeZone, instantAt(BigInt(at)));
process.exit(0);
