import type { Knex } from 'knex';

/** A page that somebody has given a name. `place` is where it stands among the starred ones of who asks, null where it does not. */
export type SavedView = {
  id: string;
  name: string;
  address: string;
  shared: boolean;
  /** The address of whoever made it, and whether that is who asks. */
  owner: string;
  own: boolean;
  place: number | null;
};

/** What somebody asks a view to be. */
export type ViewTerms = Pick<SavedView, 'name' | 'address' | 'shared'>;

/** Of one person, and of everybody's: what a page lists. */
export const MOST_VIEWS = 100;
export const MOST_SHARED = 200;
export const MOST_STARRED = 20;

type Row = Omit<SavedView, 'id'> & { view_id: string };
const viewOf = ({ view_id, ...view }: Row): SavedView => ({ id: view_id, ...view });

/** Those that a person may use: their own, and everybody's. */
const usableBy = (database: Knex, person: string) =>
  database('saved_views AS view')
    .leftJoin('starred_views AS star', (join) =>
      join.on('star.view_id', 'view.view_id').andOn('star.person', database.raw('?', [person])),
    )
    .where((either) => either.where('view.person', person).orWhere('view.shared', true))
    .select<Row[]>(
      ...['view.view_id', 'name', 'address', 'shared', 'owner', 'place'],
      database.raw('view.person = ? AS own', [person]),
    );

/** All that a person may use: the starred ones in their order, then the others by name. */
export async function readViews(database: Knex, person: string): Promise<SavedView[]> {
  const rows = await usableBy(database, person)
    .orderByRaw('place NULLS LAST, lower(name), view.view_id')
    .limit(MOST_VIEWS + MOST_SHARED);
  return rows.map(viewOf);
}

/** The first of a person's starred views, in their order. */
export async function readStarred(database: Knex, person: string, most = MOST_STARRED): Promise<SavedView[]> {
  const rows = await usableBy(database, person)
    .whereNotNull('place')
    .orderByRaw('place, lower(name), view.view_id')
    .limit(most);
  return rows.map(viewOf);
}

/** Null where there is none that the person may use. */
export async function readView(database: Knex, person: string, id: string): Promise<SavedView | null> {
  const [row] = await usableBy(database, person).where('view.view_id', id);
  return row ? viewOf(row) : null;
}

/** Why there may be no further one. */
export type Full = 'own' | 'shared';

/** Its id; or of which there are as many as there may be. */
export async function makeView(
  transaction: Knex,
  { sub, email }: { sub: string; email: string },
  terms: ViewTerms,
): Promise<{ id: string } | { full: Full }> {
  // Whoever makes one at the same time counts after this one.
  await transaction.raw('LOCK TABLE saved_views IN SHARE ROW EXCLUSIVE MODE');
  if ((await countOf(transaction, { person: sub })) >= MOST_VIEWS) return { full: 'own' };
  if (terms.shared && (await countOf(transaction, { shared: true })) >= MOST_SHARED) return { full: 'shared' };
  const [made] = await transaction('saved_views')
    .insert({ ...terms, person: sub, owner: email })
    .returning<{ view_id: string }[]>('view_id');
  return { id: made?.view_id as string };
}

async function countOf(transaction: Knex, which: object): Promise<number> {
  const count = await transaction('saved_views').where(which).count('* AS count').first();
  return Number(count?.count);
}

/**
 * What the view was, and whether it stays so because as many as may be are everybody's. One that is no longer everybody's is
 * starred by its owner alone. Null where there is none any more.
 */
export async function changeView(
  transaction: Knex,
  id: string,
  terms: ViewTerms,
): Promise<{ before: ViewTerms; full: boolean } | null> {
  await transaction.raw('LOCK TABLE saved_views IN SHARE ROW EXCLUSIVE MODE');
  const before = await transaction('saved_views')
    .where('view_id', id)
    .first<ViewTerms | undefined>('name', 'address', 'shared');
  if (before === undefined) return null;
  const isFull = terms.shared && !before.shared && (await countOf(transaction, { shared: true })) >= MOST_SHARED;
  if (isFull) return { before, full: true };
  await transaction('saved_views').where('view_id', id).update(terms);
  if (!terms.shared)
    await transaction('starred_views')
      .where('view_id', id)
      .whereNotIn('person', transaction('saved_views').where('view_id', id).select('person'))
      .delete();
  return { before, full: false };
}

/** False where there is none any more. */
export async function deleteView(transaction: Knex, id: string): Promise<boolean> {
  return (await transaction('saved_views').where('view_id', id).delete()) > 0;
}

/** Puts a view behind the starred ones of a person; false where they have as many as there may be, null where it is gone. */
export async function starView(transaction: Knex, person: string, id: string): Promise<boolean | null> {
  await inOrderOf(transaction, person);
  // Whoever deletes it at the same time does so after this, or has done so.
  if (!(await transaction('saved_views').where('view_id', id).forShare().first('view_id'))) return null;
  const starred = await readStarred(transaction, person, MOST_STARRED + 1);
  if (starred.some((one) => one.id === id)) return true;
  if (starred.length >= MOST_STARRED) return false;
  const place = (starred.at(-1)?.place ?? 0) + 1;
  await transaction('starred_views').insert({ person, view_id: id, place });
  return true;
}

export async function unstarView(transaction: Knex, person: string, id: string): Promise<void> {
  await transaction('starred_views').where({ person, view_id: id }).delete();
}

/** Moves a starred view of a person by one place; at an end it stays. */
export async function moveView(transaction: Knex, person: string, id: string, to: 'up' | 'down'): Promise<void> {
  await inOrderOf(transaction, person);
  const ids = (await readStarred(transaction, person)).map((one) => one.id);
  const from = ids.indexOf(id);
  const other = from + (to === 'up' ? -1 : 1);
  if (from < 0 || other < 0 || other >= ids.length) return;
  [ids[from], ids[other]] = [ids[other] as string, ids[from] as string];
  for (const [place, one] of ids.entries())
    await transaction('starred_views')
      .where({ person, view_id: one })
      .update({ place: place + 1 });
}

/** Whoever changes the same order at the same time, in another process too, does so after this one. */
const inOrderOf = (transaction: Knex, person: string) =>
  transaction.raw('SELECT pg_advisory_xact_lock(hashtext(?))', [`starred views ${person}`]);

/** Whether a person begins with the first of their starred views. */
export async function readStarts(database: Knex, person: string): Promise<boolean> {
  return (await database('start_pages').where({ person }).first('person')) !== undefined;
}

export async function saveStarts(transaction: Knex, person: string, starts: boolean): Promise<void> {
  if (starts) await transaction('start_pages').insert({ person }).onConflict('person').ignore();
  else await transaction('start_pages').where({ person }).delete();
}

/** The view that a person begins with, or null. */
export async function readStart(database: Knex, person: string): Promise<SavedView | null> {
  if (!(await readStarts(database, person))) return null;
  return (await readStarred(database, person, 1))[0] ?? null;
}
