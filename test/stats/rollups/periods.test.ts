import assert from 'node:assert/strict';
import { parseUsageQuery } from '../../../src/query/query.ts';
import { noMemory } from '../../../src/stats/memory/memory.ts';
import { auditAll } from '../../../src/stats/rollups/keep/tick.ts';
import { openSource } from '../../../src/stats/source.ts';
import { readStats } from '../../../src/stats/stats.ts';
import { addTime, HOUR, type Instant, parseInstant } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';
import { bruteForce, NO_FILTER } from './brute-force.ts';

const ZONE = 'Europe/Lisbon';
const AT = parseInstant('2026-11-20T10:20:30Z') as Instant;

describe('a period of the calendar that is over', () => {
  before(async () => {
    await resetUsage();
    await insertUsage(Array.from({ length: 200 }, (_, i) => ({ at: addTime(AT, -BigInt(i) * 17n * HOUR), cost: i })));
    await auditAll(databases(), ZONE, AT);
  });
  after(resetUsage);

  it('is whole days: it asks the source for no row, as a window until now does', async () => {
    const { source } = await openSource(databases(), ZONE, noMemory());
    const asked = async (period: string) => {
      const { window } = parseUsageQuery({ period }, { maxPageSize: 1, timeZone: ZONE }, AT);
      let statements = 0;
      const count = () => {
        statements += 1;
      };
      databases().workflows.on('query', count);
      const { total } = await readStats(source, window, NO_FILTER, 'day');
      databases().workflows.off('query', count);
      assert.deepEqual(total, (await bruteForce(databases().workflows, window, NO_FILTER, ZONE)).total);
      assert.ok(total.requests > 0);
      return statements;
    };
    for (const period of ['yesterday', 'last-week', 'last-month', 'last-quarter', '2026-10-25', '2026-W44', '2026-10'])
      assert.equal(await asked(period), 0, period);
    for (const period of ['7d', 'this-month', '2026']) assert.ok((await asked(period)) > 0, period);
  });
});
