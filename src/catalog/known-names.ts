import type { Knex } from 'knex';
import { fold } from './words.ts';

/** What a known name is the name of, and where mythoria_db has it. */
export const NAME_SOURCES = {
  author: { table: 'authors', id: 'author_id', name: 'display_name' },
  story: { table: 'stories', id: 'story_id', name: 'title' },
} as const;

export type NameKind = keyof typeof NAME_SOURCES;
export const NAME_KINDS = Object.keys(NAME_SOURCES) as NameKind[];

export type NameDatabases = { mythoria: Knex | null; backoffice: Knex };
export type NamedId = { id: string; name: string };

/**
 * Which of some thousand blocks an id belongs to, in SQL: even for ids of every kind, also those that begin with the time,
 * and the same on all servers of one byte order.
 */
export const blockOf = (id: string) => `(uuid_hash(${id}) & 4095)`;

/** Enough for every name of a busy day. */
const MOST_REMEMBERED = 20_000;

/** What this process has written to each database, so that showing a name again costs nothing. */
const written = new WeakMap<Knex, Map<string, string>>();

/**
 * Keeps names in backoffice_db as pages show them, for when mythoria_db no longer has them. Never fails: without a kept
 * name a page shows a short id.
 */
export async function keepNames(backoffice: Knex, kind: NameKind, names: Map<string, string>): Promise<void> {
  const before = written.get(backoffice) ?? new Map<string, string>();
  const fresh = [...names]
    .filter(([id, name]) => before.get(`${kind} ${id}`) !== name)
    .map(([id, name]) => ({ id, name }));
  if (fresh.length === 0) return;
  try {
    // A tick may have read something newer meanwhile: what a page changes is read once more at the next one.
    await writeNames(backoffice, kind, fresh, {
      shown: true,
      besides: `DELETE FROM name_blocks WHERE kind = '${kind}' AND block IN (
                  SELECT ${blockOf('fresh.id')} FROM fresh LEFT JOIN known_names AS known ON known.kind = '${kind}' AND known.id = fresh.id
                   WHERE known.name IS DISTINCT FROM fresh.name)`,
    });
  } catch {
    return;
  }
  if (before.size > MOST_REMEMBERED) before.clear();
  for (const { id, name } of fresh) before.set(`${kind} ${id}`, name);
  written.set(backoffice, before);
}

/** Inserts names or replaces older ones; those once shown stay so. `besides` is a statement that sees them as `fresh`. */
export async function writeNames(
  backoffice: Knex,
  kind: NameKind,
  names: NamedId[],
  { shown, besides }: { shown: boolean; besides?: string },
): Promise<void> {
  // In one order, so that two processes never wait for each other.
  const inOrder = [...names].sort((a, b) => (a.id < b.id ? -1 : 1));
  await backoffice.raw(
    `WITH fresh AS (SELECT * FROM unnest(?::uuid[], ?::text[], ?::text[]) AS name (id, name, folded))
          ${besides ? `, besides AS (${besides})` : ''}
     INSERT INTO known_names AS known (kind, id, name, folded, shown)
     SELECT '${kind}', id, name, folded, ? FROM fresh
     ON CONFLICT (kind, id) DO UPDATE
        SET name = excluded.name, folded = excluded.folded, shown = known.shown OR excluded.shown
      WHERE known.name <> excluded.name OR known.folded IS NULL OR known.shown < excluded.shown`,
    [inOrder.map(({ id }) => id), inOrder.map(({ name }) => name), inOrder.map(({ name }) => fold(name)), shown],
  );
}

/** The kept names of ids, as far as there are any; with `onlyShown`, those that stay when the account is gone. Never fails. */
export async function recallNames(
  backoffice: Knex,
  kind: NameKind,
  ids: string[],
  { onlyShown }: { onlyShown: boolean },
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  try {
    const rows = await backoffice<NamedId & { kind: NameKind; shown: boolean }>('known_names')
      .where({ kind, ...(onlyShown ? { shown: true } : {}) })
      .whereIn('id', ids)
      .select('id', 'name');
    return new Map(rows.map(({ id, name }) => [id, name]));
  } catch {
    return new Map();
  }
}
