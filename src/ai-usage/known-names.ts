import type { Knex } from 'knex';

/** What a kept name is the name of. */
export type NameKind = 'author' | 'story';

type KnownName = { kind: NameKind; id: string; name: string };

const TABLE = 'known_names';

/** Enough for every name of a busy day. */
const MOST_REMEMBERED = 20_000;

/** What this process has written to each database, so that showing a name again costs nothing. */
const written = new WeakMap<Knex, Map<string, string>>();

/**
 * Keeps names in backoffice_db as they are seen, for when mythoria_db no longer has them. Never fails: without a kept
 * name a page shows a short id.
 */
export async function keepNames(backoffice: Knex, kind: NameKind, names: Map<string, string>): Promise<void> {
  const before = written.get(backoffice) ?? new Map<string, string>();
  const fresh = [...names].filter(([id, name]) => before.get(`${kind} ${id}`) !== name);
  if (fresh.length === 0) return;
  try {
    await backoffice<KnownName>(TABLE)
      // In one order, so that two processes never wait for each other.
      .insert(fresh.map(([id, name]) => ({ kind, id, name })).sort((a, b) => (a.id < b.id ? -1 : 1)))
      .onConflict(['kind', 'id'])
      .merge()
      .whereRaw('known_names.name <> excluded.name');
  } catch {
    return;
  }
  if (before.size > MOST_REMEMBERED) before.clear();
  for (const [id, name] of fresh) before.set(`${kind} ${id}`, name);
  written.set(backoffice, before);
}

/** The kept names of ids, as far as there are any. Never fails. */
export async function recallNames(backoffice: Knex, kind: NameKind, ids: string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  try {
    const rows = await backoffice<KnownName>(TABLE).where({ kind }).whereIn('id', ids).select('id', 'name');
    return new Map(rows.map(({ id, name }) => [id, name]));
  } catch {
    return new Map();
  }
}

/** Ids whose kept name contains what an ILIKE pattern says, at most so many. Never fails. */
export async function findKeptNames(
  backoffice: Knex,
  kind: NameKind,
  pattern: string,
  most: number,
): Promise<string[]> {
  try {
    return await backoffice<KnownName>(TABLE)
      .where({ kind })
      .whereILike('name', pattern)
      .orderBy('id')
      .limit(most)
      .pluck('id');
  } catch {
    return [];
  }
}
