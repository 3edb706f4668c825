import type { Knex } from 'knex';

/** Names by id, as far as mythoria_db knows them; `available` is false when it did not answer. */
export type Names = { authors: Map<string, string>; stories: Map<string, string>; available: boolean };

export const MOST_NAME_MATCHES = 200;

/** Never fails: an account may be gone and the database may be down, and then the page shows short ids. */
export async function readNames(mythoria: Knex | null, ids: { authors: string[]; stories: string[] }): Promise<Names> {
  const names: Names = { authors: new Map(), stories: new Map(), available: true };
  if (mythoria === null) return names;
  try {
    const [authors, stories] = await Promise.all([
      ids.authors.length === 0
        ? []
        : mythoria('authors').whereIn('author_id', ids.authors).select('author_id', 'display_name'),
      ids.stories.length === 0 ? [] : mythoria('stories').whereIn('story_id', ids.stories).select('story_id', 'title'),
    ]);
    // A blank name would be a link without text.
    for (const { author_id, display_name } of authors)
      if (display_name.trim() !== '') names.authors.set(author_id, display_name);
    for (const { story_id, title } of stories) if (title.trim() !== '') names.stories.set(story_id, title);
    return names;
  } catch {
    return { ...names, available: false };
  }
}

export type NameMatches = { authors: string[]; stories: string[]; cut: boolean; available: boolean };

/** Ids of authors and stories whose name or title contains a text (any case), at most 200 of each; `cut` says if more. */
export async function findByName(mythoria: Knex | null, text: string): Promise<NameMatches> {
  if (mythoria === null) return { authors: [], stories: [], cut: false, available: true };
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  const most = MOST_NAME_MATCHES + 1;
  try {
    const [authors, stories] = await Promise.all([
      mythoria('authors').whereILike('display_name', pattern).orderBy('author_id').limit(most).pluck('author_id'),
      mythoria('stories').whereILike('title', pattern).orderBy('story_id').limit(most).pluck('story_id'),
    ]);
    return {
      authors: authors.slice(0, MOST_NAME_MATCHES),
      stories: stories.slice(0, MOST_NAME_MATCHES),
      cut: authors.length === most || stories.length === most,
      available: true,
    };
  } catch {
    return { authors: [], stories: [], cut: false, available: false };
  }
}
