import type { Names } from '../../catalog/names.ts';
import type { UsageQuery } from '../../query/query.ts';
import { howManyPriced } from '../../stats/pricing/priced-calls.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Answer } from '../../stats/source.ts';
import type { Spread, StoryCosts } from '../../stats/stories/story-costs.ts';
import { type Count, restOf, type Sums } from '../../stats/sums.ts';
import { shareColumn, sumColumns } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable, type Table } from '../../tables/table.ts';
import { TooMuchToCount } from '../../units/failures/too-much-to-count.ts';
import type { Format } from '../../units/format.ts';
import { NO_EUROS } from '../../units/money.ts';
import { namedColumns, OTHERS, UNPRICED, withoutPrice } from '../frame/name-columns.ts';
import { subjectUrl } from '../frame/subjects.ts';

const MOST_TOP_STORIES = 20;

/** The most expensive stories of a view as a table that adds up, and how the cost of all of them is spread. */
export type TopStories = { spread: string; table: Table };

/** `unpriced`: how many of its calls the price list has no price for, where costs are its; null where they are recorded ones. */
type Row = Sums & { story: string | null; author: string | null; others: number | null; unpriced: Count | null };

/** The most expensive stories as recorded; by the price list their cost and that of all, and how many of their calls and of all have no price. */
type StoriesOf = StoryCosts & {
  unpriced: { of: ReadonlyMap<string, Count>; total: Count } | null;
  /** By the price list; null where their calls are too many for that, or costs are recorded ones. */
  pricedSpread: Spread | null;
};

export async function readTopStories(reader: UsageReader, query: UsageQuery): Promise<Answer<StoriesOf>> {
  const [answer, repriced, pricedSpread] = await Promise.all([
    reader.storyCosts(query, { most: MOST_TOP_STORIES, besides: null }),
    query.cost === 'repriced' ? reader.repriced(query, 'day') : null,
    query.cost === 'repriced' ? readPricedSpread(reader, query) : null,
  ]);
  const { value } = answer;
  if (repriced === null) return { ...answer, value: { ...value, unpriced: null, pricedSpread: null } };
  const { total, unpriced: all } = repriced.value;
  const few = value.top.slice(0, howManyPriced(value.top.map(({ requests }) => requests)));
  const ids = few.map(({ story }) => story);
  const { value: costs } = await reader.repricedOf(query, 'story', ids);
  const top = few.map((row) => ({ ...row, cost: costs.get(row.story)?.cost ?? NO_EUROS }));
  const unpriced = few.map(
    ({ story, requests }) => [story, Math.max(0, requests - (costs.get(story)?.requests ?? 0))] as const,
  );
  return {
    ...answer,
    value: {
      ...value,
      total,
      top,
      pricedSpread,
      unpriced: { of: new Map(unpriced), total: all.requests },
    },
  };
}

async function readPricedSpread(reader: UsageReader, query: UsageQuery): Promise<Spread | null> {
  try {
    return (await reader.storySpread(query, null)).value;
  } catch (error) {
    if (error instanceof TooMuchToCount) return null;
    throw error;
  }
}

export function topStoriesOf(costs: StoriesOf, query: UsageQuery, names: Names, format: Format): TopStories {
  const spread = spreadText(costs.pricedSpread ?? costs, format);
  const whose = costs.pricedSpread === null ? 'As recorded: ' : '';
  return {
    spread: costs.unpriced === null ? spread : `In the order of their recorded costs. ${whose}${spread}`,
    table: topStoryTable(costs, query, names, format).page(format),
  };
}

/** The most expensive stories, and all others as one row. */
export function topStoryTable(
  { stories, total, top, unpriced }: StoriesOf,
  query: UsageQuery,
  names: Names,
  format: Format,
): DataTable {
  const link = (kind: 'story' | 'author', id: string | null, known: Map<string, string>) =>
    id === null ? {} : { text: known.get(id) ?? format.shortId(id), href: subjectUrl(kind, id, query) };
  const columns: Column<Row>[] = [
    ...namedColumns<Row>('story', ({ story }) => story, names.stories, {
      cell: ({ story, others, ...row }) =>
        others === null
          ? { ...link('story', story, names.stories), ...withoutPrice(row, format) }
          : { text: othersText(others, format) },
      total: 'Total',
    }),
    ...namedColumns<Row>('author', ({ author }) => author, names.authors, {
      ...(query.author === null ? {} : { only: 'file' }),
      cell: ({ author }) => link('author', author, names.authors),
    }),
    OTHERS,
    ...sumColumns<Row>(total, { inputTokens: { onDesk: true }, outputTokens: { onDesk: true } }),
    shareColumn(total.cost),
    ...(unpriced === null ? [] : [UNPRICED]),
  ];
  const named = top.map((row): Row => ({ ...row, others: null, unpriced: unpriced?.of.get(row.story) ?? null }));
  const others = stories - top.length;
  const left = unpriced && named.reduce((sum, row) => sum - (row.unpriced ?? 0), unpriced.total);
  const rest: Row[] = others > 0 ? [{ ...restOf(total, top), story: null, author: null, others, unpriced: left }] : [];
  return dataTable(columns, {
    title: 'Top stories',
    rows: [...named, ...rest],
    faint: ({ others }) => others !== null,
  });
}

const othersText = (count: number, format: Format) =>
  `${format.integer(count)} other ${count === 1 ? 'story' : 'stories'}`;

function spreadText({ stories, median, p90 }: Spread, format: Format): string {
  if (median === null || p90 === null) return 'No stories.';
  if (stories === 1) return `One story, ${format.spokenEuros(median)}.`;
  const { euros } = format.eurosBeside([median, p90]);
  return `${format.integer(stories)} stories: half of them cost at most ${euros(median)}, nine in ten at most ${euros(p90)}.`;
}
