import { createHash } from 'node:crypto';
import { clockHoursOf, kindTestOf, type UsageFilter } from '../../query/filter.ts';
import { compareDays } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { microEuros, plus } from '../../units/money.ts';
import { endOfDay, startOfDay } from '../../units/time.ts';
import type { Kept } from '../parts.ts';
import { type Days, daysWithin, recordsOf } from '../rollups/days.ts';
import { type Column, columnOf } from '../rollups/packed/columns.ts';
import { type Asked, eachStories, eachSums, type Wanted } from '../rollups/packed/packed-days.ts';
import type { DaySegment } from '../rollups/segments.ts';
import type { UsageSource } from '../source.ts';
import { noSums, type UsageKind } from '../sums.ts';
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

/**
 * What stories had of the actions and models of days that a filter leaves; of all of them together where it leaves all, unless `kinds` or the
 * hours of the clock are told apart.
 */
export function askedOf(days: Days, segments: DaySegment[], filter: UsageFilter, kinds = false): Asked {
  const isWanted = kindTestOf(filter);
  const hours = clockHoursOf(filter);
  const within = segments
    .flatMap((segment) => [...daysWithin(days, segment)])
    .sort((a, b) => compareDays(a.day, b.day));
  if (!kinds && isWanted === null && hours === null)
    return {
      hours,
      wanted: within.map((one) => ({
        day: one.day,
        version: one.version,
        action: '',
        model: '',
        requests: recordsOf(one),
      })),
    };
  return {
    hours,
    wanted: within.flatMap(({ day, version, cells }) =>
      cells
        .filter((cell) => isWanted?.(cell) ?? true)
        .map(({ action, model, requests }) => ({ day, version, action, model, requests })),
    ),
  };
}

/** The days of what is not packed, and what is wanted of each. */
export const unpackedDays = (unpacked: Wanted[], timeZone: string) =>
  [...groupedBy(unpacked, ({ day }) => day)].map(([day, ofDay]) => {
    const kinds = new Set(ofDay.map(({ action, model }) => `${action}\0${model}`));
    return {
      bounds: { from: startOfDay(day, timeZone), to: endOfDay(day, timeZone) },
      isWanted: ({ action, model }: UsageKind) => kinds.has('\0') || kinds.has(`${action}\0${model}`),
    };
  });

/** What stories or authors had of the whole days of a window. @throws NoNumber */
export function readSumsOfDays(source: UsageSource, kept: Kept, by: 'author' | 'story'): Promise<SumsOfDays> {
  const { backoffice, memory } = source;
  const key = `${by} ${keyOf(memory.days, kept)}`;
  return memory.wholeDays.sums.read(key, async () => {
    const tally = createTally();
    const asked = askedOf(memory.days, kept.days, kept.filter);
    const unpacked = await eachSums(backoffice, memory.packedDays, asked, (sums) =>
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
    const { wanted, hours } = askedOf(memory.days, kept.days, kept.filter, true);
    for (const [action, ofAction] of groupedBy(wanted, (one) => one.action)) {
      const bits = createBits();
      const missing = await eachStories(backoffice, memory.packedDays, { wanted: ofAction, hours }, (stories) => {
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
