import type { Knex } from 'knex';
import { actionInfo } from '../../catalog/actions.ts';
import type { NameMatches } from '../../catalog/find-names.ts';
import { fold, keyHas, withoutMarksAround, wordsOf } from '../../catalog/words.ts';
import { columns } from '../../db/tables.ts';
import type { Dimensions } from '../dimensions.ts';
import type { Filter } from './entry.ts';
import { text } from './values.ts';

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

const SHORTEST_ID_PREFIX = 4;
const UUID_GROUPS = [8, 12, 16, 20];

/** The range of uuids that begin with a text, or null when it is not the beginning of one (or too short to be meant so). */
function idRangeOf(text: string): [string, string] | null {
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
function matchesOf(
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

const UUID_COLUMNS = columns('token_usage_tracking', 'token_usage_id', 'author_id', 'story_id');

function whereSearch(rows: Knex.QueryBuilder, search: SearchMatches): void {
  const { without } = search;
  rows.where((either) => whereAnyOf(either, search));
  if (without)
    rows.whereRaw('NOT (ai_model = ANY(?) OR action = ANY(?::ai_action_type[]))', [without.models, without.actions]);
}

function whereAnyOf(either: Knex.QueryBuilder, { models, actions, idRange, authors, stories }: SearchMatches): void {
  either.whereRaw('false');
  if (models.length > 0) either.orWhereRaw('ai_model = ANY(?)', [models]);
  if (actions.length > 0) either.orWhereRaw('action = ANY(?::ai_action_type[])', [actions]);
  if (idRange) for (const column of UUID_COLUMNS) either.orWhereBetween(column, idRange);
  if (authors.length > 0) either.orWhereRaw('author_id = ANY(?::uuid[])', [authors]);
  if (stories.length > 0) either.orWhereRaw('story_id = ANY(?::uuid[])', [stories]);
}

const MOST_CHARACTERS = 200;

export const SEARCH: Filter<string, SearchMatches> = {
  parameter: 'search',
  many: false,
  schema: text(MOST_CHARACTERS, 'takes a text of at most 200 characters'),
  written: (search) => search,

  meant: async (search, { dimensions, findByName }) => {
    const [known, names] = await Promise.all([dimensions(), findByName(search)]);
    return matchesOf(search, known, names);
  },
  where: whereSearch,
  rollups: {
    from: 'days',
    passes:
      ({ models, actions }) =>
      ({ model, action }) =>
        models.includes(model) || actions.includes(action),
    // Models and actions are told by rollups; authors, stories and ids by raw rows, which leave out what the former have.
    split: (search) => {
      const { models, actions, idRange, authors, stories } = search;
      const named = models.length > 0 || actions.length > 0;
      const ids = idRange !== null || authors.length > 0 || stories.length > 0;
      return {
        rollup: named ? { ...search, idRange: null, authors: [], stories: [] } : null,
        raw: ids ? { ...search, models: [], actions: [], without: { models, actions } } : null,
      };
    },
  },

  whose: 'whose name or id',
  label: 'matches',
  also: 'or',
  said: (search) => `“${search}”`,
  field: (search) => ({
    place: 'bar',
    label: 'Search',
    kind: 'search',
    value: search ?? '',
    most: MOST_CHARACTERS,
    placeholder: 'Model, action, id, story or author',
    title:
      'Part of a model, action, story title or author name, or the beginning (4 characters or more) of an id. Press / to come here',
  }),

  option: { value: 'TEXT', help: 'what the search of the page finds' },
  openapi: {
    description:
      "Only records that match: every word is part of a model's name, of an action's name and label, of a story's title or of " +
      'an author\'s name, in any order, whatever the case, accents and Unicode form ("conceicao joao", "gpt 5"); or the text is ' +
      'the beginning of the id of a record, author or story (four characters or more). In titles and names, words of one or ' +
      'two letters begin a word. At most 200 titles and 200 authors are included, exact spellings first.',
    schema: { type: 'string', maxLength: MOST_CHARACTERS },
  },
};
