import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RANKS } from '../../src/query/view.ts';
import { noMemory } from '../../src/stats/memory/memory.ts';
import { columnOf } from '../../src/stats/rollups/packed/columns.ts';
import { assignNumbers } from '../../src/stats/rollups/packed/numbers.ts';
import type { UsageSource } from '../../src/stats/source.ts';
import { firstOf } from '../../src/stats/stories/ranking.ts';
import type { SumsBy } from '../../src/stats/stories/story-sums.ts';
import { firstPlaces, type SumsOfDays } from '../../src/stats/stories/whole-days.ts';
import { type Sums, sumOf } from '../../src/stats/sums.ts';
import { microEuros } from '../../src/units/money.ts';
import { BEGIN_OF_TIME } from '../../src/units/time.ts';
import { databases } from '../support/databases.ts';
import { resetUsage } from '../support/usage.ts';

const orders = fc.record({ rankBy: fc.constantFrom(...RANKS), rankOrder: fc.constantFrom('asc', 'desc') });

/** What these have of whole days, by their places. */
const ofDays = (all: (Sums & { number: number })[], key: string): SumsOfDays => {
  const column = (of: (one: Sums & { number: number }) => number) => columnOf(all.map(of));
  return {
    numbers: column(({ number }) => number),
    authors: column(() => 0),
    requests: column(({ requests }) => requests),
    inputTokens: column(({ inputTokens }) => inputTokens),
    outputTokens: column(({ outputTokens }) => outputTokens),
    cost: column(({ cost }) => cost),
    total: sumOf(all),
    unpacked: [],
    key,
  };
};

describe('the first of many stories or authors', () => {
  after(resetUsage);

  it('are those by their rank, then by cost and requests, highest first, then by id, wherever their records are', async () => {
    const { backoffice, workflows } = databases();
    const ids = Array.from(
      { length: 30 },
      (_, i) => `${String((i * 7) % 31).padStart(8, '0')}-0000-4000-8000-000000000000`,
    );
    const numbers = await assignNumbers(backoffice, 'story', ids);
    const memory = noMemory();
    const source: UsageSource = {
      ...{ workflows, backoffice, memory, version: '0', coveredUntil: null, daysFrom: BEGIN_OF_TIME, timeZone: 'UTC' },
    };
    // So few values that most are alike in some of them, and many in all.
    const few = fc.integer({ min: -1, max: 1 });
    const some = fc.record({
      requests: fc.constant(1),
      inputTokens: few,
      outputTokens: few,
      cost: few.map(microEuros),
    });
    const story = fc.record({ id: fc.constantFrom(...ids), days: fc.option(some), besides: fc.option(some) });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(story, { selector: ({ id }) => id, maxLength: 30 }),
        fc.nat(8),
        orders,
        async (stories, most, order) => {
          const kept = stories
            .flatMap(({ id, days }) => (days === null ? [] : [{ number: numbers.get(id) as number, ...days }]))
            .sort((a, b) => a.number - b.number);
          const placeOf = (id: string) => kept.findIndex(({ number }) => number === numbers.get(id));
          const all = stories.flatMap(({ id, days, besides }) => {
            const parts = [days, besides].filter((part) => part !== null);
            return parts.length === 0 ? [] : [{ id, ...sumOf(parts) }];
          });
          const changed = all
            .filter(({ id }) => stories.some((one) => one.id === id && one.besides !== null))
            .map((one) => ({ ...one, place: placeOf(one.id), author: 'somebody' }));
          const sums: SumsBy = {
            by: 'story',
            ofDays: ofDays(kept, String(run++)),
            changed: new Map(changed.map((one) => [one.id, one])),
            total: sumOf(all),
            count: all.length,
          };
          const { rankBy, rankOrder } = order;
          const first = await firstOf(source, sums, most, { rankBy, rankOrder });
          const sign = rankOrder === 'asc' ? 1 : -1;
          const wanted = all.sort(
            (a, b) =>
              sign * (a[rankBy] - b[rankBy]) || b.cost - a.cost || b.requests - a.requests || (a.id < b.id ? -1 : 1),
          );
          assert.deepEqual(
            first.map(({ place: _, author: __, ...one }) => one),
            wanted.slice(0, most),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of more than are looked at, are among those that are, with all that are alike', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -5_000, max: 5_000 }));
    let run = 0;
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1_500, maxLength: 3_000, size: 'max' }),
        fc.integer({ min: 1, max: 3_000 }),
        orders,
        (values, most, order) => {
          const all = values.map((value, number) => ({
            ...{ number, requests: value, inputTokens: value, outputTokens: value, cost: microEuros(value) },
          }));
          const { wholeDays } = noMemory();
          const sums = ofDays(all, String(run++));
          const { rankBy, rankOrder } = order;
          const look = () => firstPlaces(wholeDays, sums, { rankBy, rankOrder }, most);
          // Somebody has asked for fewer.
          firstPlaces(wholeDays, sums, { rankBy, rankOrder }, 1);
          const places = new Set(look());
          assert.deepEqual(new Set(look()), places);
          assert.ok(places.size >= Math.min(most, values.length));
          const sign = rankOrder === 'asc' ? 1 : -1;
          const last = [...places]
            .map((place) => values[place] as number)
            .sort((a, b) => sign * (a - b))
            .at(-1) as number;
          for (const [place, one] of values.entries())
            assert.equal(places.has(place), sign * (one - last) <= 0, `${one} where the last is ${last}`);
        },
      ),
      // Making thousands of values fewer takes minutes, and tells no more.
      { numRuns: 60, endOnFailure: true },
    );
  });
});
