import type { Knex } from 'knex';
import { elementsOf } from '../../../db/arrays.ts';
import type { CachePart, MakePart } from '../../memory/cache.ts';

/** Stories and authors are counted through in the rollups: what is read by the hundred thousand holds numbers in place of ids. */
export type Numbered = 'story' | 'author';

const TABLES = { story: 'story_numbers', author: 'author_numbers' } as const;

const IDS_A_READ = 20_000;

/** The numbers of ids; of those that the rollups hold no days of there is none. */
export async function numbersOf(backoffice: Knex, of: Numbered, ids: string[]): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for (let first = 0; first < ids.length; first += IDS_A_READ) {
    const rows = await backoffice(TABLES[of])
      .whereRaw(`${of}_id = ANY(?::uuid[])`, [ids.slice(first, first + IDS_A_READ)])
      .select<{ id: string; number: number }[]>(`${of}_id as id`, 'number');
    for (const { id, number } of rows) numbers.set(id, number);
  }
  return numbers;
}

/** The same, with a number for each that has none yet. In a transaction that only one process has at a time. */
export async function assignNumbers(transaction: Knex, of: Numbered, ids: string[]): Promise<Map<string, number>> {
  // Not left to ON CONFLICT, which takes a number for each that it does not need.
  for (let first = 0; first < ids.length; first += IDS_A_READ)
    await transaction.raw(
      `INSERT INTO ${TABLES[of]} (${of}_id)
       SELECT id FROM unnest(?::uuid[]) AS one (id)
        WHERE NOT EXISTS (SELECT FROM ${TABLES[of]} WHERE ${of}_id = id)`,
      [ids.slice(first, first + IDS_A_READ)],
    );
  return numbersOf(transaction, of, ids);
}

/** The same for arrays of ids, which PostgreSQL has printed and is to read. */
export async function assignNumbersOfArrays(transaction: Knex, of: Numbered, arrays: string[]): Promise<string[]> {
  const ids = new Set<string>();
  for (const array of arrays) for (const id of elementsOf(array)) ids.add(id);
  const numbers = await assignNumbers(transaction, of, [...ids].sort());
  return arrays.map((array) => `{${elementsOf(array).map((id) => numbers.get(id))}}`);
}

/** The ids of the numbers in some arrays that PostgreSQL has printed. */
export async function idsOfArrays(backoffice: Knex, of: Numbered, arrays: string[]): Promise<string[][]> {
  const lists = arrays.map((array) => elementsOf(array).map(Number));
  const numbers = [...new Set(lists.flat())];
  const ids = new Map<number, string>();
  for (let first = 0; first < numbers.length; first += IDS_A_READ) {
    const rows = await backoffice(TABLES[of])
      .whereRaw('number = ANY(?::int[])', [numbers.slice(first, first + IDS_A_READ)])
      .select<{ id: string; number: number }[]>(`${of}_id as id`, 'number');
    for (const { id, number } of rows) ids.set(number, id);
  }
  return lists.map((list) => list.map((number) => ids.get(number) as string));
}

/** The ids of some numbers: the first `most` in the order of the ids. */
export async function firstIds(
  backoffice: Knex,
  of: Numbered,
  numbers: number[],
  most: number,
): Promise<{ id: string; number: number }[]> {
  if (numbers.length === 0 || most === 0) return [];
  return backoffice(TABLES[of])
    .whereRaw('number = ANY(?::int[])', [numbers])
    .orderBy(`${of}_id`)
    .limit(most)
    .select<{ id: string; number: number }[]>(`${of}_id as id`, 'number');
}

/** Numbers that have been looked up while the content of the rollups stays the same; null where an id has none. */
export type KnownNumbers = Record<Numbered, CachePart<number | null>>;

export const noKnownNumbers = (part: MakePart): KnownNumbers => ({
  story: part('numbers of stories', () => 100),
  author: part('numbers of authors', () => 100),
});

/** The numbers of ids as numbersOf gives them, each looked up once. */
export async function lookUpNumbers(
  backoffice: Knex,
  known: KnownNumbers,
  of: Numbered,
  ids: Iterable<string>,
): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  const unknown: string[] = [];
  for (const id of new Set(ids)) {
    const number = known[of].get(id);
    if (number === undefined) unknown.push(id);
    else if (number !== null) numbers.set(id, number);
  }
  if (unknown.length === 0) return numbers;
  const read = await numbersOf(backoffice, of, unknown);
  for (const id of unknown) {
    const number = read.get(id);
    if (number !== undefined) numbers.set(id, number);
    known[of].set(id, number ?? null);
  }
  return numbers;
}
