import type { Knex } from 'knex';
import { findKeptNames, keepNames, recallNames } from './known-names.ts';

/**
 * Names by id, as far as they are known; `available` is false when mythoria_db did not answer. `gone` are ids that it no
 * longer has and whose name is the one last seen.
 */
export type Names = {
  authors: Map<string, string>;
  stories: Map<string, string>;
  gone: Set<string>;
  available: boolean;
};

/** For what has no names. */
export const NO_NAMES: Names = { authors: new Map(), stories: new Map(), gone: new Set(), available: true };

export const MOST_NAME_MATCHES = 200;

export type NameDatabases = { mythoria: Knex | null; backoffice: Knex };
type NameIds = { authors: string[]; stories: string[] };

/** Never fails: an account may be gone and a database may be down, and then the page shows the names last seen, or short ids. */
export async function readNames({ mythoria, backoffice }: NameDatabases, ids: NameIds): Promise<Names> {
  const current = await readCurrent(mythoria, ids);
  const names: Names = {
    authors: current?.authors ?? new Map(),
    stories: current?.stories ?? new Map(),
    gone: new Set(),
    available: mythoria === null || current !== null,
  };
  await Promise.all(
    (
      [
        ['author', names.authors, ids.authors],
        ['story', names.stories, ids.stories],
      ] as const
    ).map(async ([kind, found, wanted]) => {
      await keepNames(backoffice, kind, found);
      const missing = wanted.filter((id) => !found.has(id));
      for (const [id, name] of await recallNames(backoffice, kind, missing)) {
        found.set(id, name);
        if (current !== null) names.gone.add(id);
      }
    }),
  );
  return names;
}

/** What mythoria_db says now; null when it does not answer or there is none. */
async function readCurrent(mythoria: Knex | null, ids: NameIds): Promise<Pick<Names, 'authors' | 'stories'> | null> {
  if (mythoria === null) return null;
  const names = { authors: new Map<string, string>(), stories: new Map<string, string>() };
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
    return null;
  }
}

export type NameMatches = { authors: string[]; stories: string[]; cut: boolean; available: boolean };

/**
 * Ids of authors and stories whose name or title contains a text (any case), at most 200 of each; `cut` says if more.
 * Names that mythoria_db no longer has are found as they were last seen, and all of them while it does not answer.
 */
export async function findByName({ mythoria, backoffice }: NameDatabases, text: string): Promise<NameMatches> {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  const most = MOST_NAME_MATCHES + 1;
  const [keptAuthors, keptStories] = await Promise.all([
    findKeptNames(backoffice, 'author', pattern, most),
    findKeptNames(backoffice, 'story', pattern, most),
  ]);
  if (mythoria === null) return matchesOf(keptAuthors, keptStories, true);
  try {
    const [authors, stories, presentAuthors, presentStories] = await Promise.all([
      mythoria('authors').whereILike('display_name', pattern).orderBy('author_id').limit(most).pluck('author_id'),
      mythoria('stories').whereILike('title', pattern).orderBy('story_id').limit(most).pluck('story_id'),
      // Whoever is still there is found by the name of today only.
      mythoria('authors').whereIn('author_id', keptAuthors).pluck('author_id'),
      mythoria('stories').whereIn('story_id', keptStories).pluck('story_id'),
    ]);
    return matchesOf(
      [...authors, ...keptAuthors.filter((id) => !presentAuthors.includes(id))],
      [...stories, ...keptStories.filter((id) => !presentStories.includes(id))],
      true,
    );
  } catch {
    return matchesOf(keptAuthors, keptStories, false);
  }
}

function matchesOf(authors: string[], stories: string[], available: boolean): NameMatches {
  return {
    authors: authors.slice(0, MOST_NAME_MATCHES),
    stories: stories.slice(0, MOST_NAME_MATCHES),
    cut: authors.length > MOST_NAME_MATCHES || stories.length > MOST_NAME_MATCHES,
    available,
  };
}
