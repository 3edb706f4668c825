import type { UsageFilter } from '../../query/filter.ts';
import type { Day } from '../../units/calendar.ts';
import { type MicroEuros, microEuros, NO_EUROS, NoNumber, plus } from '../../units/money.ts';
import type { Window } from '../../units/time.ts';
import { type Kept, windowPartsOf } from '../parts.ts';
import { numbersOf } from '../rollups/packed/numbers.ts';
import { eachSums } from '../rollups/packed/packed-days.ts';
import type { DaySegment } from '../rollups/segments.ts';
import type { UsageSource } from '../source.ts';
import { askedOf, keyOf } from './read-whole-days.ts';
import type { TopBy } from './story-sums.ts';
import type { CostsByDay } from './whole-days.ts';

/** What some authors or stories cost on each whole day, by their ids; of those before `from` and from `to` on nothing is said. */
export type DayCosts = Pick<DaySegment, 'from' | 'to'> & { of: Map<string, Map<Day, MicroEuros>> };

/** Null where whole days do not tell all of it: by a filter that they do not know, or where there are none. */
export async function readDayCosts(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  by: TopBy,
  ids: string[],
): Promise<DayCosts | null> {
  const { kept, sql } = windowPartsOf(source, window, filter, { days: true });
  const [days, ...more] = kept?.days ?? [];
  if (kept === null || days === undefined || more.length > 0) return null;
  if (sql.some(({ filter }) => filter !== kept.filter)) return null;
  const numbers = await numbersOf(source.backoffice, by, ids);
  const costs = await readByDay(source, kept, by, [...numbers.values()]);
  if (costs === null) return null;
  const of = [...numbers].map(([id, number]) => [id, costs.get(number) ?? new Map()] as const);
  return { from: days.from, to: days.to, of: new Map(of) };
}

/** Null where some of the days are not packed. @throws NoNumber */
function readByDay(source: UsageSource, kept: Kept, by: TopBy, numbers: number[]): Promise<CostsByDay | null> {
  const { backoffice, memory } = source;
  const key = `${by} ${numbers} ${keyOf(memory.days, kept)}`;
  return memory.wholeDays.byDay.read(key, async () => {
    const costs: CostsByDay = new Map(numbers.map((number) => [number, new Map()]));
    // By number, for a look into a map for each of a million elements takes too long.
    const isOne = new Uint8Array(Math.max(0, ...numbers) + 1);
    for (const number of numbers) isOne[number] = 1;
    const asked = askedOf(memory.days, kept.days, kept.filter);
    const unpacked = await eachSums(backoffice, memory.packedDays, asked, (sums, { day }) => {
      const found = by === 'story' ? sums.stories : sums.authors;
      for (let i = 0; i < found.length; i++) {
        const number = found[i] as number;
        if (isOne[number] !== 1) continue;
        const ofDays = costs.get(number) as Map<Day, MicroEuros>;
        const cost = sums.cost[i] as number;
        if (Number.isNaN(cost)) throw new NoNumber('not an amount: NaN');
        ofDays.set(day, plus(ofDays.get(day) ?? NO_EUROS, microEuros(cost)));
      }
    });
    return unpacked.length > 0 ? null : costs;
  });
}
