import { elementsOf } from '../../db/arrays.ts';
import { businessTime } from '../../query/business-time.ts';
import { rollupPasses, type UsageFilter, whereUsage } from '../../query/filter.ts';
import { TooMuchToCount } from '../../units/failures/too-much-to-count.ts';
import {
  addTime,
  earliest,
  HOUR,
  type Instant,
  instantFromPostgres,
  isOfNoTime,
  NO_TIME,
  postgresFromInstant,
  type Window,
} from '../../units/time.ts';
import { readEnds, type WindowParts, windowPartsOf } from '../parts.ts';
import { daysWithin, recordsOf } from '../rollups/days.ts';
import { lookUpNumbers } from '../rollups/packed/numbers.ts';
import { eachStories } from '../rollups/packed/packed-days.ts';
import type { DaySegment, HourSegment } from '../rollups/segments.ts';
import type { UsageSource } from '../source.ts';
import { askedOf, unpackedDays } from '../stories/read-whole-days.ts';
import type { UsageKind } from '../sums.ts';
import type { Grain, Place } from './places.ts';
import { createClock, dayFromSql, daySql } from './sums-by-place.ts';

/** How many different stories each cell, row and column has, and all of them together. */
export type StoriesByLine = { cells: number[][]; rows: number[]; columns: number[]; total: number };

type Size = { rows: number; columns: number };
type LineOf = (place: Place) => { row: number; column: number };

/** Stories of hours and raw rows, which are told apart one by one: beyond them a page would take seconds, and its process hundreds of megabytes. */
const MOST_KNOWN = 500_000;
/** Of hours of whole days, which are looked at before anything is read. */
const MOST_RECORDS = 500_000;
const HOURS_A_READ = 24;

const tooMany = () =>
  new TooMuchToCount(
    'Stories of these records are told apart one by one, and in this period there are too many. Choose a shorter period, ' +
      'another measure, or days in place of hours.',
  );

/**
 * Different stories are no sum: each line tells its own apart. The rollups have them as numbers, by action and model; of the raw rows
 * around them they are ids.
 */
export async function countStoriesByLine(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  grain: Grain,
  lineOf: LineOf,
  size: Size,
): Promise<StoriesByLine> {
  const { backoffice, memory, timeZone } = source;
  const parts = windowPartsOf(source, window, filter, { days: true });
  const { kept } = parts;
  const passes = rollupPasses(kept?.filter ?? filter);
  const placeAt = createClock(timeZone);
  const numbers = Array.from({ length: size.rows * size.columns }, (): ArrayLike<number>[] => []);
  const ids = numbers.map((): string[] => []);
  const cellOf = (place: Place): number => {
    const { row, column } = lineOf(place);
    return row * size.columns + column;
  };
  let known = 0;
  const know = (more: number) => {
    known += more;
    if (known > MOST_KNOWN) throw tooMany();
  };
  const addId = (place: Place, story: string) => {
    know(1);
    ids[cellOf(place)]?.push(story);
  };
  const addNumbers = (place: Place, stories: ArrayLike<number>) => {
    know(stories.length);
    numbers[cellOf(place)]?.push(stories);
  };
  const addHours = async (hours: Omit<HourSegment, 'kind'>, isWanted: (kind: UsageKind, hour: Instant) => boolean) => {
    for await (const { hour, action, model, stories } of storiesOfHours(source, hours))
      if (isWanted({ action, model }, hour)) addNumbers({ action, model, ...placeAt(hour) }, stories);
  };
  const addDaysOf = async (segment: DaySegment) => {
    if (grain.hours) {
      const records = [...daysWithin(memory.days, segment)].reduce((sum, day) => sum + recordsOf(day), 0);
      if (records > MOST_RECORDS) throw tooMany();
      return addHours({ from: segment.from, to: segment.to }, passes);
    }
    const asked = askedOf(memory.days, [segment], kept?.filter ?? filter, grain.kinds);
    const unpacked = await eachStories(backoffice, memory.packedDays, asked, (stories, { action, model, day }) =>
      numbers[cellOf({ action, model, day, hour: null })]?.push(stories),
    );
    for (const { bounds, isWanted } of unpackedDays(unpacked, timeZone))
      await addHours(bounds, (kind, hour) => isWanted(kind) && passes(kind, hour));
  };
  const addEnds = async () => {
    for (const { kind, at, story } of await readEnds(source, parts))
      if (passes(kind, at)) addId({ ...kind, ...placeAt(at) }, story);
  };
  await Promise.all([
    ...parts.sql.map(async (part) => {
      for (const { story, day, ...place } of await readRaw(source, part, grain))
        addId({ ...place, day: dayFromSql(day) }, story);
    }),
    ...(kept?.days ?? []).map(addDaysOf),
    ...(kept?.hours ?? []).map((segment) => addHours(segment, passes)),
    addEnds(),
  ]);
  await numberIds(source, numbers, ids);
  return counted(numbers, size);
}

type HourRow = UsageKind & { hour: string; stories: string };

/** The stories of rolled up hours, some hours at a time. */
async function* storiesOfHours({ backoffice }: UsageSource, { from, to }: Omit<HourSegment, 'kind'>) {
  const pieces: Instant[][] = [];
  const every = hoursOf(from, to);
  for (let first = 0; first < every.length; first += HOURS_A_READ)
    pieces.push(every.slice(first, first + HOURS_A_READ));
  for (const piece of pieces) {
    const rows = await backoffice('usage_hours_of_stories')
      .whereRaw('hour = ANY(?::timestamptz[])', [piece.map(postgresFromInstant)])
      .select<HourRow[]>('hour', 'action', 'model', backoffice.raw('stories::text'));
    for (const { hour, action, model, stories } of rows)
      yield {
        hour: instantFromPostgres(hour),
        action,
        model,
        stories: Uint32Array.from(elementsOf(stories), Number),
      };
  }
}

function hoursOf(from: Instant, to: Instant): Instant[] {
  const hours: Instant[] = [];
  for (let hour = from; hour < to; hour = earliest(addTime(hour, HOUR), to)) hours.push(hour);
  return hours;
}

type RawRow = UsageKind & { story: string; day: string; hour: number | null };

async function readRaw(
  { workflows, timeZone }: UsageSource,
  { window, filter }: WindowParts['sql'][number],
  grain: Grain,
): Promise<RawRow[]> {
  const local = businessTime(timeZone);
  const none = isOfNoTime(window);
  const day = none ? { sql: `'${NO_TIME}'`, bindings: [] } : daySql(grain, local);
  const hour =
    grain.hours && !none
      ? { sql: `extract(hour FROM ${local.sql})::int`, bindings: local.bindings }
      : { sql: 'null::int', bindings: [] };
  const rows: RawRow[] = await workflows('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .distinct({ story: 'story_id', action: 'action', model: 'ai_model' })
    .select(workflows.raw(`${day.sql} AS day`, day.bindings), workflows.raw(`${hour.sql} AS hour`, hour.bindings))
    .limit(MOST_KNOWN / 2 + 1);
  if (rows.length > MOST_KNOWN / 2) throw tooMany();
  return rows;
}

/** Puts numbers in the place of ids: those that the rollups know them by, and others where they know none. */
async function numberIds(
  { backoffice, memory }: UsageSource,
  numbers: ArrayLike<number>[][],
  ids: string[][],
): Promise<void> {
  const all = new Set(ids.flat());
  if (all.size === 0) return;
  const isKept = numbers.some((lists) => lists.length > 0);
  const found = isKept ? await lookUpNumbers(backoffice, memory.numbers, 'story', all) : new Map<string, number>();
  let next = largestOf([...numbers.flat(), [...found.values()]]) + 1;
  for (const id of all) if (!found.has(id)) found.set(id, next++);
  ids.forEach((cell, i) => {
    if (cell.length > 0) numbers[i]?.push(Uint32Array.from(cell, (id) => found.get(id) as number));
  });
}

function largestOf(lists: ArrayLike<number>[]): number {
  let largest = 0;
  for (const list of lists) for (let i = 0; i < list.length; i++) largest = Math.max(largest, list[i] as number);
  return largest;
}

function counted(numbers: ArrayLike<number>[][], { rows, columns }: Size): StoriesByLine {
  /** The last count that a number came in; 0 is none. */
  const marks = new Uint32Array(largestOf(numbers.flat()) + 1);
  let round = 0;
  const count = (cells: number[]): number => {
    round += 1;
    let different = 0;
    for (const cell of cells) {
      for (const list of numbers[cell] ?? []) {
        for (let i = 0; i < list.length; i++) {
          const number = list[i] as number;
          if (marks[number] === round) continue;
          marks[number] = round;
          different += 1;
        }
      }
    }
    return different;
  };
  const row = (i: number) => Array.from({ length: columns }, (_, j) => i * columns + j);
  const column = (j: number) => Array.from({ length: rows }, (_, i) => i * columns + j);
  const each = (length: number, of: (i: number) => number[]) => Array.from({ length }, (_, i) => count(of(i)));
  return {
    cells: Array.from({ length: rows }, (_, i) => row(i).map((cell) => count([cell]))),
    rows: each(rows, row),
    columns: each(columns, column),
    total: count(numbers.map((_, i) => i)),
  };
}
