import type { Knex } from 'knex';
import { NAME_KINDS, NAME_SOURCES, type NameDatabases, type NamedId, type NameKind } from './known-names.ts';
import { BETWEEN_PARTS, fold, isOfSigns, isShort, nameHas, withoutMarksAround, wordsOf } from './words.ts';

const MOST_NAME_MATCHES = 200;

/** Among so many the nearest spellings come first: to look at all that a frequent word finds takes too long. */
const MOST_RANKED = 1_000;

export type NameMatches = {
  authors: string[];
  stories: string[];
  /** There are more than those. */
  cut: boolean;
  /** mythoria_db answered, or there is none. */
  available: boolean;
  /** Every name that mythoria_db had at the last tick is known; else it was asked itself, which knows no other spellings. */
  gathered: boolean;
};

export const NO_NAME_MATCHES: NameMatches = { authors: [], stories: [], cut: false, available: true, gathered: true };

/**
 * Ids of authors and stories whose name or title has every word of a text, however they are spelled (`words.ts`): at most
 * 200 of each, the name that is the text and those that have it as it is written first. What mythoria_db no longer has is
 * found where a page has shown it; while it does not answer, by the name last seen.
 * @throws what the driver throws when backoffice_db does not answer
 */
export async function findByName(databases: NameDatabases, text: string): Promise<NameMatches> {
  const words = wordsOf(text);
  if (words.length === 0) return NO_NAME_MATCHES;
  const gathered = databases.mythoria === null || (await allGathered(databases.backoffice));
  const [authors, stories] = await Promise.all(
    (['author', 'story'] as const).map((kind) => findOfKind(databases, kind, text, words, gathered)),
  );
  if (!authors || !stories) throw new Error('no matches');
  return {
    authors: authors.ids.slice(0, MOST_NAME_MATCHES),
    stories: stories.ids.slice(0, MOST_NAME_MATCHES),
    cut: authors.cut || stories.cut,
    available: authors.available && stories.available,
    gathered,
  };
}

async function allGathered(backoffice: Knex): Promise<boolean> {
  const states = await backoffice('name_state').where('unread', 0).pluck('kind');
  return NAME_KINDS.every((kind) => states.includes(kind));
}

type Found = { ids: string[]; cut: boolean; available: boolean };

async function findOfKind(
  { mythoria, backoffice }: NameDatabases,
  kind: NameKind,
  text: string,
  words: string[],
  gathered: boolean,
): Promise<Found> {
  const found = await findKnown(backoffice, kind, text, words);
  // The database takes anything for what stands between the parts of a word.
  const known = found.filter(({ name }) => nameHas(fold(name), words));
  const ids = known.map(({ id }) => id);
  const cut = found.length > MOST_NAME_MATCHES;
  if (mythoria === null) return { ids, cut, available: true };
  try {
    const [current, unread] = await Promise.all([
      readPresent(mythoria, kind, ids),
      gathered ? [] : findPresent(mythoria, kind, text),
    ]);
    // Who is still there is found by the name of today, who is not by the one that was shown.
    const right = known.filter(({ id, shown }) => {
      const name = current.get(id);
      return name === undefined ? shown : nameHas(fold(name), words);
    });
    const all = [...new Set([...right.map(({ id }) => id), ...unread])];
    return { ids: all, cut: cut || all.length > MOST_NAME_MATCHES, available: true };
  } catch {
    return { ids, cut, available: false };
  }
}

type Condition = { sql: string; patterns: string[] };

/** What stands before a word that is not the first of a name, as people write it: João d'Orey, «Ai, ai», ¿Y tú? */
const BEFORE_WORDS = [...' \'"([{¿¡-–—/.,:;#&!*+@'];

/** Names that have a word. Beside a long one the index is not asked for the short ones, which half of all names have. */
function conditionOf(word: string, words: string[]): Condition {
  if (!isShort(word)) return { sql: 'folded LIKE ?', patterns: [`%${withAnyBetween(word)}%`] };
  const column = words.every(isShort) ? 'folded' : `(folded || '')`;
  const patterns = [`${word}%`, ...BEFORE_WORDS.map((before) => `%${before}${word}%`)];
  return { sql: `(${patterns.map(() => `${column} LIKE ?`).join(' OR ')})`, patterns };
}

const ANY = '\0';

const withAnyBetween = (word: string) => {
  if (isOfSigns(word)) return escaped(word);
  return escaped(word.replace(BETWEEN_PARTS, ANY)).replaceAll(ANY, '%');
};

const escaped = (text: string) => text.replace(/[\\%_]/g, '\\$&');

async function findKnown(
  backoffice: Knex,
  kind: NameKind,
  text: string,
  words: string[],
): Promise<(NamedId & { shown: boolean })[]> {
  const typed = text.trim().normalize('NFC');
  const spellings = [...new Set([typed, withoutMarksAround(typed)])];
  const folded = spellings.map(fold);
  const conditions = words.map((word) => conditionOf(word, words));
  // Its part of the table itself: of a table with parts, PostgreSQL plans as if nobody stopped at the first thousand.
  const part = `known_${NAME_SOURCES[kind].table}`;
  const { rows } = await backoffice.raw<{ rows: (NamedId & { shown: boolean })[] }>(
    `WITH same AS (SELECT id, name, folded, shown FROM ${part} WHERE folded = ANY(?) LIMIT ?),
          alike AS (SELECT id, name, folded, shown FROM ${part}
                     WHERE ${conditions.map(({ sql }) => sql).join(' AND ')} LIMIT ?)
     SELECT id, name, shown FROM (SELECT * FROM same UNION SELECT * FROM alike) AS found
      ORDER BY name = ANY(?) DESC, folded = ANY(?) DESC, strpos(name, ?) > 0 DESC, strpos(folded, ?) > 0 DESC, id
      LIMIT ?`,
    [
      folded,
      MOST_RANKED,
      ...conditions.flatMap(({ patterns }) => patterns),
      MOST_RANKED,
      spellings,
      folded,
      spellings.at(-1) as string,
      folded.at(-1) as string,
      MOST_NAME_MATCHES + 1,
    ],
  );
  return rows;
}

async function readPresent(mythoria: Knex, kind: NameKind, ids: string[]): Promise<Map<string, string>> {
  const { table, id, name } = NAME_SOURCES[kind];
  const { rows } = await mythoria.raw<{ rows: NamedId[] }>(
    `SELECT ${id} AS id, ${name} AS name FROM ${table} WHERE ${id} = ANY(?::uuid[])`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row.name]));
}

/** As it was typed but for case, marks around words and their order: all that mythoria_db can be asked. */
async function findPresent(mythoria: Knex, kind: NameKind, text: string): Promise<string[]> {
  const { table, id, name } = NAME_SOURCES[kind];
  const words = text
    .trim()
    .split(/\s+/)
    .map((word) => withoutMarksAround(word));
  const { rows } = await mythoria.raw<{ rows: { id: string }[] }>(
    `SELECT ${id} AS id FROM ${table} WHERE ${words.map(() => `${name} ILIKE ?`).join(' AND ')} ORDER BY ${id} LIMIT ?`,
    [...words.map((word) => `%${escaped(word)}%`), MOST_NAME_MATCHES + 1],
  );
  return rows.map((row) => row.id);
}
