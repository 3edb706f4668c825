import type { Knex } from 'knex';
import type { ClockHours } from '../../../query/filters/entry.ts';
import { type Day, postgresFromDay } from '../../../units/calendar.ts';
import type { CachePart, MakePart } from '../../memory/cache.ts';
import type { Sums, UsageKind } from '../../sums.ts';
import { inPieces } from '../pieces.ts';
import { type Column, columnsIn, stretchesOf } from './columns.ts';

/**
 * What stories had: columns of one length, whose n-th elements belong together. A story of several authors comes once for each, and of an
 * action and model once for each hour of the clock.
 */
export type PackedSums = Record<keyof Sums, Column> & { stories: Column; authors: Column };

/** What is wanted of a day: what its stories had of an action and model; of all of them where both are empty. It has as many elements as requests at most. */
export type Wanted = UsageKind & { day: Day; version: string; requests: number };

/** How many elements the hours of the clock up to each have; of no length where they are not told apart. */
type ClockEnds = { clockEnds: Column };
type Stories = { stories: Column };

/** What has been asked for of days, by day, version, action and model: as much as fits. */
export type PackedDays = { stories: CachePart<Stories & ClockEnds>; sums: CachePart<PackedSums & ClockEnds> };

/** Besides its elements. */
const BYTES_A_COLUMN = 200;

const bytesOf = (columns: Column[]): number =>
  columns.reduce((sum, { byteLength }) => sum + byteLength + BYTES_A_COLUMN, 0);

export const noPackedDays = (part: MakePart): PackedDays => ({
  stories: part('stories of days', (columns) => bytesOf(Object.values(columns))),
  sums: part('sums of days', (sums) => bytesOf(Object.values(sums))),
});

/** One statement reads what so many records are packed as, and at least a day's of an action and model: some two million bytes. */
const RECORDS_A_READ = 100_000;

const nameOf = ({ day, version, action, model }: Wanted) => `${day} ${version} ${action}\0${model}`;

const STORIES = ['stories', 'clock_ends'] as const;
const SUMS = ['stories', 'authors', 'requests', 'input_tokens', 'output_tokens', 'cost', 'clock_ends'] as const;

/** The columns of what is wanted, n-th by n-th; null for what is not there, or of another version of its day. */
async function read(
  backoffice: Knex,
  wanted: Wanted[],
  names: readonly string[],
): Promise<(Record<string, Column> | null)[]> {
  const found: (Record<string, Column> | null)[] = wanted.map(() => null);
  // Together by action and model, for a row costs more than what is in it. OFFSET 0 has each looked up in the index.
  const { rows } = await backoffice.raw<{ rows: (Record<string, Uint8Array> & { numbers: string })[] }>(
    `SELECT array_agg(number)::text AS numbers, ${names.map((name) => `string_agg(${name}, ''::bytea) AS ${name}`).join(', ')}
       FROM (SELECT number, packed.*
               FROM unnest(?::date[], ?::bigint[], ?::text[], ?::text[]) WITH ORDINALITY AS wanted (day, version, action, model, number)
              CROSS JOIN LATERAL (SELECT action, model, ${names.join(', ')} FROM packed_days
                                   WHERE day = wanted.day AND action = wanted.action AND model = wanted.model
                                     AND version = wanted.version OFFSET 0) AS packed
             OFFSET 0) AS packed
      GROUP BY action, model`,
    [
      wanted.map(({ day }) => postgresFromDay(day)),
      wanted.map(({ version }) => version),
      wanted.map(({ action }) => action),
      wanted.map(({ model }) => model),
    ],
  );
  for (const { numbers, ...bytes } of rows) {
    const columns = names.map((name) => columnsIn(bytes[name] as Uint8Array));
    numbers
      .slice(1, -1)
      .split(',')
      .forEach((number, i) => {
        found[Number(number) - 1] = Object.fromEntries(names.map((name, j) => [name, columns[j]?.[i] as Column]));
      });
  }
  return found;
}

/** Hands out some columns, or what they have of wanted hours of the clock. */
function eachStretch<T extends Record<string, Column>>(
  { clockEnds, ...columns }: T & ClockEnds,
  wanted: ClockHours | null,
  each: (columns: Omit<T, 'clockEnds'>) => void,
): void {
  if (wanted === null) {
    each(columns);
    return;
  }
  for (const [begin, end] of stretchesOf(clockEnds, wanted))
    each(
      Object.fromEntries(
        Object.entries(columns).map(([name, column]: [string, Column]) => [name, column.subarray(begin, end)]),
      ) as Omit<T, 'clockEnds'>,
    );
}

/** `hours`: of which hours of the clock; null for whole days. */
export type Asked = { wanted: Wanted[]; hours: ClockHours | null };

/**
 * Hands out what is wanted, one by one and in its order, from memory or from the database. Returns those that are not packed, or not of
 * their day's version, or not by the hours that are asked for: a version of ours that knows none of it has written them.
 */
async function eachOf<T extends Record<string, Column>>(
  cache: CachePart<T & ClockEnds>,
  { wanted, hours }: Asked,
  load: (missing: Wanted[]) => Promise<((T & ClockEnds) | null)[]>,
  each: (packed: Omit<T, 'clockEnds'>, of: Wanted) => void,
): Promise<Wanted[]> {
  const unpacked: Wanted[] = [];
  /** A day may have been packed by hours since it was kept without them. */
  const tellsHours = ({ clockEnds }: ClockEnds) => hours === null || clockEnds.length > 0;
  const knownOf = (one: Wanted) => {
    const packed = cache.get(nameOf(one));
    return packed !== undefined && tellsHours(packed) ? packed : undefined;
  };
  for (const some of inPieces(wanted, ({ requests }) => requests, RECORDS_A_READ)) {
    const known = some.map(knownOf);
    const missing = some.filter((_, i) => known[i] === undefined);
    const loaded = missing.length > 0 ? await load(missing) : [];
    let next = 0;
    some.forEach((one, i) => {
      const packed = known[i] ?? loaded[next++];
      if (packed === null || packed === undefined || !tellsHours(packed)) {
        unpacked.push(one);
        return;
      }
      if (known[i] === undefined) cache.set(nameOf(one), packed);
      eachStretch(packed, hours, (columns) => each(columns, one));
    });
  }
  return unpacked;
}

/** The numbers of the stories of what is wanted (eachOf). */
export const eachStories = (
  backoffice: Knex,
  { stories }: PackedDays,
  asked: Asked,
  each: (stories: Column, of: Wanted) => void,
): Promise<Wanted[]> =>
  eachOf<Stories>(
    stories,
    asked,
    async (missing) =>
      (await read(backoffice, missing, STORIES)).map(
        (columns) => columns && { stories: columns.stories as Column, clockEnds: columns.clock_ends as Column },
      ),
    (columns, of) => each(columns.stories, of),
  );

/** What the stories of what is wanted had (eachOf). */
export const eachSums = (
  backoffice: Knex,
  { sums }: PackedDays,
  asked: Asked,
  each: (sums: PackedSums, of: Wanted) => void,
): Promise<Wanted[]> =>
  eachOf<PackedSums>(
    sums,
    asked,
    async (missing) =>
      (await read(backoffice, missing, SUMS)).map((columns) => {
        if (columns === null) return null;
        const { input_tokens: inputTokens, output_tokens: outputTokens, clock_ends: clockEnds, ...others } = columns;
        return { ...others, inputTokens, outputTokens, clockEnds } as PackedSums & ClockEnds;
      }),
    each,
  );

/** What each action and model cost in the 24 hours of the business clock, n-th by n-th; null as eachOf says of what is not packed. */
export const readClockCosts = async (backoffice: Knex, wanted: Wanted[]): Promise<(Column | null)[]> => {
  const costs: (Column | null)[] = [];
  for (const some of inPieces(wanted, () => 1, COSTS_A_READ))
    for (const columns of await read(backoffice, some, ['clock_cost'])) costs.push(columns?.clock_cost ?? null);
  return costs;
};

/** A hundred bytes each. */
const COSTS_A_READ = 20_000;
