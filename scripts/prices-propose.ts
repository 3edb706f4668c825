import { requireMigrated } from '../src/db/migrate.ts';
import { requireSource } from '../src/db/source-check.ts';
import { followSourceClock } from '../src/db/source-clock.ts';
import { proposeFromList } from '../src/prices/proposals/from-list.ts';
import { proposedInWords } from '../src/prices/proposals/proposal-tables.ts';
import { createUsageReader } from '../src/stats/reader.ts';
import { createReuse } from '../src/stats/reuse.ts';
import { createOrigin } from '../src/stats/rollups/keep/origin.ts';
import { createFormat } from '../src/units/format.ts';
import { now } from '../src/units/time.ts';
import { account } from './account.ts';
import { command } from './command.ts';
import { withDatabases } from './with-databases.ts';

const LOG = { info: () => {}, warn: (line: string) => console.error(line) };

const PROPOSE = {
  name: 'prices:propose',
  does:
    'Compares the prices of the models that have calls with a list that comes with this program, and proposes what differs, with\n' +
    'what it would have changed last month. Nothing changes until an admin accepts it on /prices.',
  example: '',
  options: {},
} as const;

await command(PROPOSE, () =>
  withDatabases(async (databases, { timeZone, locale, memoryBytes }) => {
    await followSourceClock(databases.workflows, LOG);
    await requireMigrated(databases.backoffice);
    await requireSource(databases.workflows);
    const origin = createOrigin(databases, LOG);
    const reuse = createReuse(0, () => {});
    // What it meets that the rollups do not know is left to their audit.
    const reader = createUsageReader({ databases, timeZone, memoryBytes, reuse, mend: () => {}, origin, log: LOG });
    const format = createFormat(locale, timeZone);
    const who = { sub: `shell ${account()}`, email: account() };
    const proposed = await proposeFromList({ backoffice: databases.backoffice, reader, format }, who, now());
    console.log(proposedInWords(proposed, format));
  }),
);
