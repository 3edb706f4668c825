import type { Knex } from 'knex';
import { keepNames, type NameDatabases, recallNames } from './known-names.ts';

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

type NameIds = { authors: string[]; stories: string[] };

/**
 * Never fails: an account may be gone and a database may be down, and then the page shows the names last seen, or short ids. What a
 * page shows is kept for history; a file, which may hold every name there is, keeps none.
 */
export async function readNames(
  { mythoria, backoffice }: NameDatabases,
  ids: NameIds,
  { keep = true } = {},
): Promise<Names> {
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
      if (keep) await keepNames(backoffice, kind, found);
      const missing = wanted.filter((id) => !found.has(id));
      // Erased since the last tick, and never shown: then it is not shown now.
      for (const [id, name] of await recallNames(backoffice, kind, missing, { onlyShown: current !== null })) {
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
