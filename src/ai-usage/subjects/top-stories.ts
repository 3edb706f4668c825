import type { Names } from '../../catalog/names.ts';
import type { UsageQuery } from '../../query/query.ts';
import type { StoryCosts } from '../../stats/stories/story-costs.ts';
import { restOf, type Sums } from '../../stats/sums.ts';
import { cellsOf } from '../../tables/cells.ts';
import { type Cell, type Column, type Table, tableOf } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { subjectUrl } from '../frame/subjects.ts';

export const MOST_TOP_STORIES = 20;

/** The most expensive stories of a view as a table that adds up, and how the cost of all of them is spread. */
export type TopStories = { spread: string; table: Table };

type Row = Sums & { name: Cell; author: Cell; faint: boolean };

export function topStoriesOf(costs: StoryCosts, query: UsageQuery, names: Names, format: Format): TopStories {
  const { stories, total, top } = costs;
  const { integer, euros, share } = cellsOf(format);
  const columns: Column<Row>[] = [
    { label: 'Story', cell: ({ name }) => name, total: { text: 'Total' } },
    ...(query.author === null ? [{ label: 'Author', cell: ({ author }: Row) => author }] : []),
    { label: 'Requests', numeric: true, cell: (row) => integer(row.requests), total: integer(total.requests) },
    { label: 'Tokens in', numeric: true, cell: (row) => integer(row.inputTokens), total: integer(total.inputTokens) },
    {
      label: 'Tokens out',
      numeric: true,
      cell: (row) => integer(row.outputTokens),
      total: integer(total.outputTokens),
    },
    { label: 'Cost', numeric: true, cell: (row) => euros(row.cost), total: euros(total.cost) },
    {
      label: 'Share',
      numeric: true,
      cell: (row) => share(row.cost, total.cost),
      total: share(total.cost, total.cost),
    },
  ];
  const link = (kind: 'story' | 'author', id: string): Cell => {
    const known = kind === 'story' ? names.stories : names.authors;
    return { text: known.get(id) ?? format.shortId(id), href: subjectUrl(kind, id, query) };
  };
  const rows: Row[] = top.map((row) => ({
    ...row,
    name: link('story', row.story),
    author: link('author', row.author),
    faint: false,
  }));
  if (stories > top.length) rows.push({ ...restOf(total, top), ...restNames(stories - top.length, format) });
  return {
    spread: spreadText(costs, format),
    table: tableOf(columns, { caption: 'Top stories', rows, faint: ({ faint }) => faint }),
  };
}

function restNames(count: number, format: Format): Pick<Row, 'name' | 'author' | 'faint'> {
  const text = `${format.integer(count)} other ${count === 1 ? 'story' : 'stories'}`;
  return { name: { text }, author: { text: '' }, faint: true };
}

function spreadText({ stories, median, p90 }: StoryCosts, format: Format): string {
  if (median === null || p90 === null) return 'No stories.';
  if (stories === 1) return `One story, ${format.euros(median)}.`;
  return `${format.integer(stories)} stories: half of them cost at most ${format.euros(median)}, nine in ten at most ${format.euros(p90)}.`;
}
