import type { Knex } from 'knex';
import { type Day, postgresFromDay } from '../../../units/calendar.ts';
import type { CachePart, MakePart } from '../../memory/cache.ts';
import type { Sums, UsageKind } from '../../sums.ts';
import { inPieces } from '../pieces.ts';
import { type Column, columnsIn } from './columns.ts';

/** What stories had: columns of one length, whose n-th elements belong together. A story of several authors comes once for each. */
export type PackedSums = Record<keyof Sums, Column> & { stories: Column; authors: Column };

/** What is wanted of a day: what its stories had of an action and model; of all of them where both are empty. It has as many elements as requests at most. */
export type Wanted = UsageKind & { day: Day; version: string; requests: number };

/** What has been asked for of days, by day, version, action and model: as much as fits. */
export type PackedDays = { stories: CachePart<Column>; sums: CachePart<PackedSums> };

/** Besides its elements. */
const BYTES_A_COLUMN = 200;

const bytesOf = (columns: Column[]): number =>
  columns.reduce((sum, { byteLength }) => sum + byteLength + BYTES_A_COLUMN, 0);

export const noPackedDays = (part: MakePart): PackedDays => ({
  stories: part('stories of days', (column) => bytesOf([column])),
  sums: part('sums of days', (sums) => bytesOf(Object.values(sums))),
});

/** One statement reads what so many records are packed as, and at least a day's of an action and model: some two million bytes. */
const RECORDS_A_READ = 100_000;

const nameOf = ({ day, version, action, model }: Wanted) => `${day} ${version} ${action}\0${model}`;

const STORIES = ['stories'] as const;
const SUMS = ['stories', 'authors', 'requests', 'input_tokens', 'output_tokens', 'cost'] as const;

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

/**
 * Hands out what is wanted, one by one and in its order, from memory or from the database. Returns those that are not packed, or not of
 * their day's version: a version of ours that knows no packed days has written them.
 */
async function eachOf<T extends object>(
  cache: CachePart<T>,
  wanted: Wanted[],
  load: (missing: Wanted[]) => Promise<(T | null)[]>,
  each: (packed: T, of: Wanted) => void,
): Promise<Wanted[]> {
  const unpacked: Wanted[] = [];
  for (const some of inPieces(wanted, ({ requests }) => requests, RECORDS_A_READ)) {
    const known = some.map((one) => cache.get(nameOf(one)));
    const missing = some.filter((_, i) => known[i] === undefined);
    const loaded = missing.length > 0 ? await load(missing) : [];
    let next = 0;
    some.forEach((one, i) => {
      const packed = known[i] ?? loaded[next++];
      if (packed === null || packed === undefined) unpacked.push(one);
      else {
        if (known[i] === undefined) cache.set(nameOf(one), packed);
        each(packed, one);
      }
    });
  }
  return unpacked;
}

/** The numbers of the stories of what is wanted (eachOf). */
export const eachStories = (
  backoffice: Knex,
  { stories }: PackedDays,
  wanted: Wanted[],
  each: (stories: Column, of: Wanted) => void,
): Promise<Wanted[]> =>
  eachOf(
    stories,
    wanted,
    async (missing) => (await read(backoffice, missing, STORIES)).map((columns) => columns?.stories ?? null),
    each,
  );

/** What the stories of what is wanted had (eachOf). */
export const eachSums = (
  backoffice: Knex,
  { sums }: PackedDays,
  wanted: Wanted[],
  each: (sums: PackedSums, of: Wanted) => void,
): Promise<Wanted[]> =>
  eachOf(
    sums,
    wanted,
    async (missing) =>
      (await read(backoffice, missing, SUMS)).map((columns) => {
        if (columns === null) return null;
        const { input_tokens: inputTokens, output_tokens: outputTokens, ...others } = columns;
        return { ...others, inputTokens, outputTokens } as PackedSums;
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
