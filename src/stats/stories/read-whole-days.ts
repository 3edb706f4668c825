import { createHash } from 'node:crypto';
import { rollupPasses, type UsageFilter } from '../../query/filter.ts';
import { compareDays } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { microEuros, plus } from '../../units/money.ts';
import type { Kept } from '../parts.ts';
import { type Days, daysWithin, recordsOf } from '../rollups/days.ts';
import { type Column, columnOf } from '../rollups/packed/columns.ts';
import { eachStories, eachSums, type Wanted } from '../rollups/packed/packed-days.ts';
import type { UsageSource } from '../source.ts';
import { noSums } from '../sums.ts';
import { createTally, type Tally } from './tally.ts';
import type { DistinctOfDays, StoryBits, SumsOfDays } from './whole-days.ts';

/** The same text for the same days, each as it was last written, and the same filter. */
export function keyOf(days: Days, { days: segments, filter }: Kept): string {
  const versions = segments.flatMap((segment) =>
    [...daysWithin(days, segment)].map(({ day, version }) => `${day} ${version}`),
  );
  return createHash('sha256')
    .update(JSON.stringify([versions, filter]))
    .digest('base64');
}

const isUnfiltered = (filter: UsageFilter) => Object.values(filter).every((value) => value === null);

/** What stories had of the actions and models of days that pass; of all of them together without a filter. */
export function wantedOf({ memory }: UsageSource, { filter, days: segments }: Kept): Wanted[] {
  const passes = rollupPasses(filter);
  const days = segments
    .flatMap((segment) => [...daysWithin(memory.days, segment)])
    .sort((a, b) => compareDays(a.day, b.day));
  if (isUnfiltered(filter))
    return days.map((one) => ({
      day: one.day,
      version: one.version,
      action: '',
      model: '',
      requests: recordsOf(one),
    }));
  return days.flatMap(({ day, version, cells }) =>
    cells
      .filter((cell) => passes(cell, null))
      .map(({ action, model, requests }) => ({ day, version, action, model, requests })),
  );
}

/** What stories or authors had of the whole days of a window. @throws NoNumber */
export function readSumsOfDays(source: UsageSource, kept: Kept, by: 'author' | 'story'): Promise<SumsOfDays> {
  const { backoffice, memory } = source;
  const key = `${by} ${keyOf(memory.days, kept)}`;
  return memory.wholeDays.sums.read(key, async () => {
    const tally = createTally();
    const unpacked = await eachSums(backoffice, memory.packedDays, wantedOf(source, kept), (sums) =>
      by === 'story' ? tally.add(sums.stories, sums, sums.authors) : tally.add(sums.authors, sums, null),
    );
    return { ...inColumns(tally.sums()), unpacked, key };
  });
}

function inColumns({ active, columns, authorOf }: Tally): Omit<SumsOfDays, 'unpacked' | 'key'> {
  const numbers = Float64Array.from(active).sort();
  const total = noSums();
  for (const number of active) {
    total.requests += columns.requests[number] as number;
    total.inputTokens += columns.inputTokens[number] as number;
    total.outputTokens += columns.outputTokens[number] as number;
    total.cost = plus(total.cost, microEuros(columns.cost[number] as number));
  }
  const inOrder = (column: Float64Array) => columnOf(numbers.map((number) => column[number] as number));
  return {
    numbers: columnOf(numbers),
    authors: inOrder(authorOf),
    requests: inOrder(columns.requests),
    inputTokens: inOrder(columns.inputTokens),
    outputTokens: inOrder(columns.outputTokens),
    cost: inOrder(columns.cost),
    total,
  };
}

/** Which stories had something of the whole days of a window. */
export function readDistinctOfDays(source: UsageSource, kept: Kept): Promise<DistinctOfDays> {
  const { backoffice, memory } = source;
  return memory.wholeDays.distinct.read(keyOf(memory.days, kept), async () => {
    const all = createBits();
    const byAction = new Map<string, StoryBits>();
    const unpacked: Wanted[] = [];
    for (const [action, ofAction] of groupedBy(wantedOf(source, kept), ({ action }) => action)) {
      const bits = createBits();
      const missing = await eachStories(backoffice, memory.packedDays, ofAction, (stories) => {
        bits.add(stories);
        all.add(stories);
      });
      unpacked.push(...missing);
      byAction.set(action, bits.read());
    }
    return { byAction, all: all.read(), unpacked };
  });
}

const FIRST_BYTES = 1_024;

function createBits() {
  let bits = new Uint8Array(FIRST_BYTES);
  let count = 0;
  return {
    add: (numbers: Column): void => {
      for (let i = 0; i < numbers.length; i++) {
        const number = numbers[i] as number;
        const byte = number >> 3;
        const bit = 1 << (number & 7);
        if (byte >= bits.length) {
          const larger = new Uint8Array(Math.max(byte + 1, 2 * bits.length));
          larger.set(bits);
          bits = larger;
        }
        if (((bits[byte] as number) & bit) !== 0) continue;
        bits[byte] = (bits[byte] as number) | bit;
        count += 1;
      }
    },
    read: (): StoryBits => ({ bits, count }),
  };
}
