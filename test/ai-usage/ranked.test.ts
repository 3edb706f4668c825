import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RANKS } from '../../src/query/view.ts';
import { pairSumColumns } from '../../src/stats/rollups/story-pairs.ts';
import { ranked } from '../../src/stats/stories/story-sums.ts';

describe('the first of many stories or authors', () => {
  it('are those by their rank, then by cost and requests, highest first, then by id, and the total is of all', async () => {
    // So few values that most are alike in some of them, and many in all.
    const few = fc.integer({ min: -1, max: 1 });
    const sums = fc.record({ requests: fc.nat(1), inputTokens: few, outputTokens: few, cost: few });
    await fc.assert(
      fc.asyncProperty(
        fc.array(sums, { maxLength: 30 }),
        fc.nat(8),
        fc.constantFrom(...RANKS),
        fc.constantFrom('asc' as const, 'desc' as const),
        async (all, most, rankBy, rankOrder) => {
          const columns = pairSumColumns(all.length);
          for (const [i, one] of all.entries())
            for (const name of ['requests', 'inputTokens', 'outputTokens', 'cost'] as const)
              columns[name][i] = one[name];
          // The order of the numbers says nothing of that of the ids.
          const idOf = (number: number) => String((number * 7) % 31).padStart(2, '0');
          const names = {
            first: async (numbers: number[], many: number) =>
              numbers
                .map((number) => ({ id: idOf(number), number }))
                .sort((a, b) => (a.id < b.id ? -1 : 1))
                .slice(0, many),
            authorsOf: async () => new Map(),
            numbersOf: async () => new Map(),
          };
          const sums = { active: all.map((_, i) => i), columns, authorOf: new Float64Array(all.length), names };
          const { top, total } = await ranked(sums, most, { rankBy, rankOrder });
          const sign = rankOrder === 'asc' ? 1 : -1;
          const wanted = all
            .map((one, i) => ({ id: idOf(i), number: i, ...one }))
            .sort(
              (a, b) =>
                sign * (a[rankBy] - b[rankBy]) || b.cost - a.cost || b.requests - a.requests || (a.id < b.id ? -1 : 1),
            );
          assert.deepEqual(top, wanted.slice(0, most));
          assert.equal(
            total.cost,
            all.reduce((sum, { cost }) => sum + cost, 0),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
