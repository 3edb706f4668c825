import { verifyChain } from '../src/db/audit/verify.ts';
import { requireMigrated } from '../src/db/migrate.ts';
import { command } from './command.ts';
import { withDatabases } from './with-databases.ts';

const VERIFY = {
  name: 'audit:verify',
  does:
    'Walks the audit log, each line of which is chained to the one before by a hash, and says\n' +
    'whether one was changed, removed or put in.',
  example: '',
  options: {},
};

const counted = (count: number) => `${count} ${count === 1 ? 'line' : 'lines'}`;

await command(VERIFY, () =>
  withDatabases(async ({ backoffice }) => {
    await requireMigrated(backoffice);
    const { lines, upTo, hash, forgotten, waiting, problem } = await verifyChain(backoffice);
    const until = upTo === null ? '' : `, up to line ${upTo} (SHA-256 ${hash})`;
    console.log(`${counted(lines)} of the audit log as they were written${until}.`);
    if (forgotten > 0) console.log(`${counted(forgotten)} before them were deleted as older than AUDIT_DAYS.`);
    if (waiting > 0) console.log(`${counted(waiting)} behind them wait to be chained.`);
    if (problem !== null) throw new Error(`the audit log is not as it was written: ${problem}`);
  }),
);
