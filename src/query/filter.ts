import type { Knex } from 'knex';
import { actionInfo } from '../catalog/actions.ts';
import type { NameMatches } from '../catalog/find-names.ts';
import { fold, keyHas, withoutMarksAround, wordsOf } from '../catalog/words.ts';
import { IS_NO_NUMBER } from '../db/cost-sql.ts';
import { columns } from '../db/tables.ts';
import { isOfNoTime, postgresFromInstant, type Window } from '../units/time.ts';
import type { Dimensions } from './dimensions.ts';
import type { UsageQuery, Without } from './query.ts';

/** What a search text stands for, in terms that indexes can serve; a record matches when any of them does. */
export type SearchMatches = {
  models: string[];
  actions: string[];
  /** The first and last uuid that begin with the text. */
  idRange: [string, string] | null;
  authors: string[];
  stories: string[];
  /** Records of these models and actions are left out: they are counted elsewhere. */
  without?: { models: string[]; actions: string[] };
};

/** Which records a query means, besides its window. Actions are only those the database knows: others match nothing. */
export type UsageFilter = {
  models: string[] | null;
  actions: string[] | null;
  author: string | null;
  story: string | null;
  search: SearchMatches | null;
  without: Without | null;
};

export const SHORTEST_ID_PREFIX = 4;
const UUID_GROUPS = [8, 12, 16, 20];

/** The range of uuids that begin with a text, or null when it is not the beginning of one (or too short to be meant so). */
export function idRangeOf(text: string): [string, string] | null {
  const digits = text.replaceAll('-', '').toLowerCase();
  if (digits.length < SHORTEST_ID_PREFIX || !/^[0-9a-f]{1,32}$/.test(digits)) return null;
  const dashed = (filled: string) =>
    [...filled].map((digit, i) => (UUID_GROUPS.includes(i) ? `-${digit}` : digit)).join('');
  const low = dashed(digits.padEnd(32, '0'));
  const high = dashed(digits.padEnd(32, 'f'));
  const asWritten = text.toLowerCase();
  return asWritten === digits || low.startsWith(asWritten.replace(/-$/, '')) ? [low, high] : null;
}

/** Every word in the names and labels of the few models and actions; ids by their beginning; people and titles by name. */
export function matchesOf(
  search: string,
  { models, actions }: Dimensions,
  names: Pick<NameMatches, 'authors' | 'stories'>,
): SearchMatches {
  const words = wordsOf(search);
  return {
    models: models.filter((model) => keyHas(fold(model), words)),
    actions: actions.filter((action) => keyHas(fold(`${action} ${actionInfo(action).label}`), words)),
    idRange: idRangeOf(withoutMarksAround(fold(search))),
    authors: names.authors,
    stories: names.stories,
  };
}

export function filterOf(
  query: UsageQuery,
  { actions }: Pick<Dimensions, 'actions'>,
  search: SearchMatches | null,
): UsageFilter {
  return {
    models: query.models.length === 0 ? null : query.models,
    // The column is an enum, and PostgreSQL refuses a comparison with a label that it does not have.
    actions: query.actions.length === 0 ? null : query.actions.filter((action) => actions.includes(action)),
    author: query.author,
    story: query.story,
    search,
    without: query.without,
  };
}

const UUID_COLUMNS = columns('token_usage_tracking', 'token_usage_id', 'author_id', 'story_id');

/** Adds a window and a filter to a query on token_usage_tracking. */
export function whereUsage(builder: Knex.QueryBuilder, window: Window, filter: UsageFilter): void {
  whereWithin(builder, [window]);
  whereFilter(builder, filter);
}

/** Rows of any of some stretches of time; those of no time are in none, but for the window of their own. */
export function whereWithin(builder: Knex.QueryBuilder, windows: Window[]): void {
  builder.where((any) => {
    for (const { from, to } of windows) {
      any.orWhere((one) => {
        if (isOfNoTime({ from })) return one.whereRaw(`created_at IN ('-infinity', 'infinity')`);
        if (from === null) one.whereRaw(`created_at > '-infinity'`);
        else one.where('created_at', '>=', postgresFromInstant(from));
        one.where('created_at', '<', postgresFromInstant(to));
      });
    }
  });
}

const WITHOUT_SQL: Record<Without, string> = { cost: IS_NO_NUMBER };

/** The only place where a filter becomes SQL on raw rows. */
export function whereFilter(builder: Knex.QueryBuilder, filter: UsageFilter): void {
  const { models, actions, author, story, search, without } = filter;
  if (models) builder.whereRaw('ai_model = ANY(?)', [models]);
  if (actions) builder.whereRaw('action = ANY(?::ai_action_type[])', [actions]);
  if (author) builder.where('author_id', author);
  if (story) builder.where('story_id', story);
  if (without) builder.whereRaw(WITHOUT_SQL[without]);
  if (search) builder.where((either) => whereSearch(either, search));
}

/** The same filter on a rollup in memory. */
export function rollupPasses({
  models,
  actions,
  search,
}: UsageFilter): (cell: { model: string; action: string }) => boolean {
  return ({ model, action }) =>
    (models === null || models.includes(model)) &&
    (actions === null || actions.includes(action)) &&
    (search === null || search.models.includes(model) || search.actions.includes(action));
}

/**
 * A filter as two that share no record: what the rollups can answer (models and actions), and what only raw rows can
 * (authors, stories, ids, costs). Null: no part of that kind.
 */
export function splitFilter(filter: UsageFilter): { rollup: UsageFilter | null; raw: UsageFilter | null } {
  const { author, story, search, without } = filter;
  if (author || story || without) return { rollup: null, raw: filter };
  if (search === null) return { rollup: filter, raw: null };
  const { models, actions, idRange, authors, stories } = search;
  const named = models.length > 0 || actions.length > 0;
  const ids = idRange !== null || authors.length > 0 || stories.length > 0;
  return {
    rollup: named ? { ...filter, search: { ...search, idRange: null, authors: [], stories: [] } } : null,
    raw: ids ? { ...filter, search: { ...search, models: [], actions: [], without: { models, actions } } } : null,
  };
}

function whereSearch(builder: Knex.QueryBuilder, search: SearchMatches): void {
  const { without } = search;
  builder.where((either) => whereAnyOf(either, search));
  if (without)
    builder.whereRaw('NOT (ai_model = ANY(?) OR action = ANY(?::ai_action_type[]))', [without.models, without.actions]);
}

function whereAnyOf(either: Knex.QueryBuilder, { models, actions, idRange, authors, stories }: SearchMatches): void {
  either.whereRaw('false');
  if (models.length > 0) either.orWhereRaw('ai_model = ANY(?)', [models]);
  if (actions.length > 0) either.orWhereRaw('action = ANY(?::ai_action_type[])', [actions]);
  if (idRange) for (const column of UUID_COLUMNS) either.orWhereBetween(column, idRange);
  if (authors.length > 0) either.orWhereRaw('author_id = ANY(?::uuid[])', [authors]);
  if (stories.length > 0) either.orWhereRaw('story_id = ANY(?::uuid[])', [stories]);
}
