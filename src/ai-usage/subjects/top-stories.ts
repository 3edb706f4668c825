import type { Names } from '../../catalog/names.ts';
import type { UsageQuery } from '../../query/query.ts';
import type { StoryCosts } from '../../stats/stories/story-costs.ts';
import { restOf, type Sums } from '../../stats/sums.ts';
import { shareColumn, sumColumns } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable, type Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { namedColumns, OTHERS } from '../frame/name-columns.ts';
import { subjectUrl } from '../frame/subjects.ts';

export const MOST_TOP_STORIES = 20;

/** The most expensive stories of a view as a table that adds up, and how the cost of all of them is spread. */
export type TopStories = { spread: string; table: Table };

type Row = Sums & { story: string | null; author: string | null; others: number | null };

export function topStoriesOf(costs: StoryCosts, query: UsageQuery, names: Names, format: Format): TopStories {
  return { spread: spreadText(costs, format), table: topStoryTable(costs, query, names, format).page(format) };
}

/** The most expensive stories, and all others as one row. */
export function topStoryTable(
  { stories, total, top }: StoryCosts,
  query: UsageQuery,
  names: Names,
  format: Format,
): DataTable {
  const link = (kind: 'story' | 'author', id: string | null, known: Map<string, string>) =>
    id === null ? {} : { text: known.get(id) ?? format.shortId(id), href: subjectUrl(kind, id, query) };
  const columns: Column<Row>[] = [
    ...namedColumns<Row>('story', ({ story }) => story, names.stories, {
      cell: ({ story, others }) =>
        others === null ? link('story', story, names.stories) : { text: othersText(others, format) },
      total: 'Total',
    }),
    ...namedColumns<Row>('author', ({ author }) => author, names.authors, {
      ...(query.author === null ? {} : { only: 'file' }),
      cell: ({ author }) => link('author', author, names.authors),
    }),
    OTHERS,
    ...sumColumns<Row>(total),
    shareColumn(total.cost),
  ];
  const others = stories - top.length;
  const rest: Row[] = others > 0 ? [{ ...restOf(total, top), story: null, author: null, others }] : [];
  return dataTable(columns, {
    title: 'Top stories',
    rows: [...top.map((row) => ({ ...row, others: null })), ...rest],
    faint: ({ others }) => others !== null,
  });
}

const othersText = (count: number, format: Format) =>
  `${format.integer(count)} other ${count === 1 ? 'story' : 'stories'}`;

function spreadText({ stories, median, p90 }: StoryCosts, format: Format): string {
  if (median === null || p90 === null) return 'No stories.';
  if (stories === 1) return `One story, ${format.euros(median)}.`;
  return `${format.integer(stories)} stories: half of them cost at most ${format.euros(median)}, nine in ten at most ${format.euros(p90)}.`;
}
