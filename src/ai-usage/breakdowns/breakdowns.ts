import { actionInfo } from '../../catalog/actions.ts';
import { providerOf, UNKNOWN_PROVIDER } from '../../catalog/models.ts';
import type { Names } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { MOST_VALUES } from '../../query/filters/registry.ts';
import type { QueryChange, UsageQuery } from '../../query/query.ts';
import type { Rank, RankOrder } from '../../query/view.ts';
import type { UsageStats } from '../../stats/stats.ts';
import type { TopBy } from '../../stats/stories/story-sums.ts';
import type { Top } from '../../stats/stories/top.ts';
import { addTo, type Count, noSums, restOf, type Sums, sumOf, type UsageCell } from '../../stats/sums.ts';
import type { Cell } from '../../tables/cells.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { detailsLink } from '../frame/subjects.ts';

/** What a total is broken down by. */
export type BreakdownBy = 'model' | 'action' | 'provider' | 'author' | 'story';

type BreakdownRow = Sums & {
  key: string;
  /** The same in the window compared with; null when nothing is compared. */
  before: Sums | null;
  /** How many different stories, where that is known. */
  stories: number | null;
  /** How many of its calls the price list has no price for: of authors and stories, where costs are its. */
  unpriced: Count | null;
};

/**
 * A total divided by models, actions, providers, authors or stories: the first of them, a row each, in the order that the address
 * asks for (`rankBy`), and all others added up as one row, so that the table has the total of its page. `count` is how many
 * others have records now: 0 where all of them had some only in the window compared with.
 */
export type Breakdown = {
  by: BreakdownBy;
  rows: BreakdownRow[];
  other: (Sums & { before: Sums | null; count: number; unpriced: Count | null }) | null;
  total: Sums & { before: Sums | null; stories: number | null; unpriced: Count | null };
};

/** As many rows as a table names one by one. */
export const MOST_ROWS = 50;
/** Which rows are named: so many after those that are skipped. */
export type Part = { skipped?: number; most?: number };

/** What the name of a row is made from. */
type Naming = { query: UsageQuery; names: Names; shortId: (id: string) => string; models: string[] };

/** What a total can be broken down by, in words and in links. */
type Entry = {
  title: string;
  label: string;
  /** "1 other model", "12 other models". */
  others: { one: string; many: string };
  /** Which of them a cell of the rollups belongs to; null for authors and stories, which cells do not know: `stats/stories/top.ts` reads those. */
  keyOf: ((cell: Pick<UsageCell, 'action' | 'model'>) => string) | null;
  /** The words for a key in a legend or a heading. */
  labelOf: (key: string) => string;
  name: (key: string, naming: Naming) => Cell;
  /** What narrows a query to it; null where an address cannot say it. */
  only: (key: string, naming: Pick<Naming, 'models'>) => QueryChange | null;
  /** What narrows a query to all but these; null where an address cannot say it. */
  but: (keys: string[], naming: Pick<Naming, 'models' | 'query'>) => QueryChange | null;
};

const itself = (key: string) => key;

/** A repeated filter with more values; null where an address does not take as many. */
function and<Name extends 'notModels' | 'notActions'>(
  name: Name,
  query: UsageQuery,
  more: string[],
): QueryChange | null {
  const values = [...new Set([...query[name], ...more])].sort();
  return values.length > MOST_VALUES ? null : { [name]: values };
}

/** Every breakdown: the one place to add another. */
export const BREAKDOWNS: Record<BreakdownBy, Entry> = {
  model: {
    title: 'Models',
    label: 'Model',
    others: { one: 'model', many: 'models' },
    keyOf: ({ model }) => model,
    labelOf: written,
    name: (model, { query }) => ({ text: written(model), ...detailsLink('model', model, written(model), query) }),
    only: (model) => ({ models: [model] }),
    but: (models, { query }) => and('notModels', query, models),
  },
  action: {
    title: 'Actions',
    label: 'Action',
    others: { one: 'action', many: 'actions' },
    keyOf: ({ action }) => action,
    labelOf: (action) => actionInfo(action).label,
    name: (action, { query }) => {
      const { label, description, kind } = actionInfo(action);
      return {
        text: label,
        note: description,
        icon: kind,
        ...detailsLink('action', action, label, query),
      };
    },
    only: (action) => ({ actions: [action] }),
    but: (actions, { query }) => and('notActions', query, actions),
  },
  provider: {
    title: 'Providers',
    label: 'Provider',
    others: { one: 'provider', many: 'providers' },
    keyOf: ({ model }) => providerOf(model),
    labelOf: itself,
    name: (provider) => (provider === UNKNOWN_PROVIDER ? { text: provider, flag: 'unknown' } : { text: provider }),
    only: (provider, { models }) => {
      const own = models.filter((model) => providerOf(model) === provider).sort();
      return own.length > MOST_VALUES ? null : { models: own };
    },
    but: (providers, { models, query }) => {
      const theirs = models.filter((model) => providers.includes(providerOf(model)));
      return and('notModels', query, theirs);
    },
  },
  author: {
    title: 'Authors',
    label: 'Author',
    others: { one: 'author', many: 'authors' },
    keyOf: null,
    labelOf: itself,
    name: (id, { query, names, shortId }) => nameOfId('author', id, names.authors, { query, shortId }),
    only: (author) => ({ author }),
    but: () => null,
  },
  story: {
    title: 'Stories',
    label: 'Story',
    others: { one: 'story', many: 'stories' },
    keyOf: null,
    labelOf: itself,
    name: (id, { query, names, shortId }) => nameOfId('story', id, names.stories, { query, shortId }),
    only: (story) => ({ story }),
    but: () => null,
  },
};

function nameOfId(
  kind: 'author' | 'story',
  id: string,
  known: Map<string, string>,
  { query, shortId }: Pick<Naming, 'query' | 'shortId'>,
): Cell {
  const text = known.get(id) ?? shortId(id);
  return { text, ...detailsLink(kind, id, text, query) };
}

const rankValue: Record<Rank, (sums: Sums) => number> = {
  cost: ({ cost }) => cost,
  requests: ({ requests }) => requests,
  inputTokens: ({ inputTokens }) => inputTokens,
  outputTokens: ({ outputTokens }) => outputTokens,
};

/** The order of rows: by the rank, then by cost and requests, highest first, then by name. */
function byRank(rankBy: Rank, rankOrder: RankOrder) {
  const value = rankValue[rankBy];
  const sign = rankOrder === 'asc' ? 1 : -1;
  return (a: BreakdownRow, b: BreakdownRow) =>
    sign * (value(a) - value(b)) || b.cost - a.cost || b.requests - a.requests || byCodePoint(a.key, b.key);
}

/** The sums of a window by model, action or provider, which the cells of rollups are told apart by. */
export function sumsOfEach({ models, actions }: UsageStats, by: 'model' | 'action' | 'provider'): Map<string, Sums> {
  if (by === 'action') return new Map(actions.map((sums) => [sums.action, sums]));
  if (by === 'model') return new Map(models.map((sums) => [sums.model, sums]));
  const providers = new Map<string, Sums>();
  for (const { model, ...sums } of models) {
    const provider = providers.get(providerOf(model));
    if (provider) addTo(provider, sums);
    else providers.set(providerOf(model), sums);
  }
  return providers;
}

/**
 * The breakdown by model, action or provider, from the statistics of a window and of the one that it is compared with (null:
 * none); its rows are those after `skipped`, at most `most`.
 */
export function breakdownOf(
  by: 'model' | 'action' | 'provider',
  stats: UsageStats,
  before: UsageStats | null,
  { rankBy, rankOrder }: Pick<UsageQuery, 'rankBy' | 'rankOrder'>,
  { skipped = 0, most = MOST_ROWS }: Part = {},
): Breakdown {
  const now = sumsOfEach(stats, by);
  const then = before === null ? null : sumsOfEach(before, by);
  const stories = new Map(by === 'action' ? stats.actions.map((row) => [row.action, row.stories]) : []);
  // What cost something before and nothing now is a row as well: it is part of the change.
  const rows = [...new Set([...now.keys(), ...(then?.keys() ?? [])])]
    .map(
      (key): BreakdownRow => ({
        key,
        ...(now.get(key) ?? noSums()),
        before: then === null ? null : (then.get(key) ?? noSums()),
        stories: by === 'action' ? (stories.get(key) ?? 0) : null,
        unpriced: null,
      }),
    )
    .sort(byRank(rankBy, rankOrder));
  const shown = rows.slice(skipped, skipped + most);
  const rest = [...rows.slice(0, skipped), ...rows.slice(skipped + most)];
  return {
    by,
    rows: shown,
    other:
      rest.length === 0
        ? null
        : {
            ...sumOf(rest),
            before: before === null ? null : sumOf(rest.map((row) => row.before ?? noSums())),
            count: rest.length,
            unpriced: null,
          },
    total: {
      ...stats.total,
      before: before === null ? null : before.total,
      stories: by === 'action' ? stats.total.stories : null,
      unpriced: null,
    },
  };
}

/**
 * The breakdown by author or story: `top` are those to show, `before` the same ones and the total in the window compared with, `unpriced` how
 * many of their calls and of all have no price, where costs are those of the price list.
 */
export function breakdownOfTop(
  by: TopBy,
  { rows, other, count }: Top,
  before: { rows: Map<string, Sums>; total: Sums } | null,
  unpriced: { ofKey: (key: string, requests: Count) => Count; total: Count } | null = null,
): Breakdown {
  const shown = rows.map(
    (row): BreakdownRow => ({
      ...row,
      before: before === null ? null : (before.rows.get(row.key) ?? noSums()),
      stories: null,
      unpriced: unpriced === null ? null : unpriced.ofKey(row.key, row.requests),
    }),
  );
  const otherUnpriced = unpriced && shown.reduce((left, row) => left - (row.unpriced ?? 0), unpriced.total);
  const otherBefore = before === null ? null : restOf(before.total, [...before.rows.values()]);
  const hidden = count - rows.length;
  return {
    by,
    rows: shown,
    // Those with records before and none now have no row of their own, and are part of the change.
    other:
      hidden > 0 || (otherBefore !== null && otherBefore.requests > 0)
        ? { ...other, before: otherBefore, count: hidden, unpriced: otherUnpriced }
        : null,
    total: {
      ...sumOf([...rows, other]),
      before: before?.total ?? null,
      stories: null,
      unpriced: unpriced?.total ?? null,
    },
  };
}
