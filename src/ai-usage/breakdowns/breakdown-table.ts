import type { Names } from '../../catalog/names.ts';
import type { QueryChange, UsageQuery, ViewLinks } from '../../query/query.ts';
import type { Rank } from '../../query/view.ts';
import { type Count, type Sums, totalTokens } from '../../stats/sums.ts';
import type { Cell, MenuLink } from '../../tables/cells.ts';
import { besideChange, costPerMillionTokens } from '../../tables/cells.ts';
import { averageColumn, changeColumns, shareColumn, sumColumns } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable, type Heading } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, minus } from '../../units/money.ts';
import {
  actionColumns,
  hasNoPrice,
  modelColumn,
  namedColumns,
  noPriceColumn,
  OTHERS,
  providerColumn,
  UNPRICED,
  withoutPrice,
} from '../frame/name-columns.ts';
import { BREAKDOWNS, type Breakdown, type BreakdownBy } from './breakdowns.ts';
import type { Courses } from './courses.ts';

export type BreakdownTableOptions = {
  links: ViewLinks;
  query: UsageQuery;
  names: Names;
  /** The models of the window: what a provider stands for. */
  models: string[];
  /** How the cost of each went; null where that is not drawn. */
  courses: Courses | null;
  /** Where the others are, whose sums are one row; null where it leads nowhere. */
  rest: string | null;
  /** Whether a telephone shows the first of them only, and the way to all. */
  few?: true;
  format: Format;
};

/** A row as it is printed: one of the breakdown's, or all others in one (`key` is null). */
type Row = Sums & {
  key: string | null;
  before: Sums | null;
  stories: number | null;
  unpriced: Count | null;
  /** How many it stands for, where it is of all others. */
  others: number | null;
  name: Cell;
  /** Where the records behind it are. */
  records?: string;
};

/** A breakdown as a table: each name narrows the view to it, each count leads to the records behind it. */
export function breakdownTable(breakdown: Breakdown, options: BreakdownTableOptions): DataTable {
  return dataTable(columnsOf(breakdown, options), {
    title: BREAKDOWNS[breakdown.by].title,
    rows: rowsOf(breakdown, options),
    faint: ({ key, requests }) => key === null || requests === 0,
    few: fewOf(breakdown, options),
  });
}

/** As many rows as a telephone shows of a table beside others. */
const FEW = 6;

function fewOf({ by, rows, other }: Breakdown, { few, rest, format }: BreakdownTableOptions): MenuLink | undefined {
  const count = rows.length + (other?.count ?? 0);
  return few && rest !== null && rows.length > FEW
    ? { label: `All ${format.integer(count)} ${BREAKDOWNS[by].others.many}`, href: rest }
    : undefined;
}

function rowsOf({ by, rows, other }: Breakdown, options: BreakdownTableOptions): Row[] {
  const { links, query, rest, format } = options;
  const { name, only, others, keyOf } = BREAKDOWNS[by];
  const isCounted = keyOf !== null;
  const naming = { ...options, shortId: format.shortId };
  const printed = rows.map((row): Row => {
    const change = only(row.key, options);
    const narrows = change !== null && !isNarrowed(query, change);
    return {
      ...row,
      others: null,
      name: {
        ...name(row.key, naming),
        ...(narrows ? { href: links.here(change), narrows } : {}),
        ...flagOf(by, row, format),
      },
      // Of an author or a story the arrow leads to a page that has them: three addresses a row with an id in each weigh too much.
      records: change !== null && row.requests > 0 && isCounted ? links.records(change) : undefined,
    };
  });
  if (other === null) return printed;
  const text =
    other.count === 0
      ? `Other ${others.many}, before only`
      : `${format.integer(other.count)} other ${other.count === 1 ? others.one : others.many}`;
  // Of models and the like each that is gone has its own row; authors and stories are too many to ask for.
  const note = keyOf === null && other.count > 0 && other.before?.requests ? 'and those of before' : undefined;
  return [
    ...printed,
    { ...other, key: null, others: other.count, stories: null, name: { text, note, href: rest ?? undefined } },
  ];
}

/** What has no price, wholly or in part: a cost without it says less than it seems. */
function flagOf(by: BreakdownBy, row: Sums & { unpriced: Count | null }, format: Format): Pick<Cell, 'flag'> {
  if (row.unpriced) return withoutPrice(row, format);
  return by === 'model' && hasNoPrice(row) ? { flag: 'no price' } : {};
}

function columnsOf(
  { by, total }: Breakdown,
  { links, query, courses, format, names }: BreakdownTableOptions,
): Column<Row>[] {
  const sort = (rank: Rank) => ({ sort: sortOf(rank, links, query) });
  const onDesk = (rank: Rank) => ({ ...sort(rank), onDesk: query.rankBy !== rank });
  const { before } = total;
  const ofModels = by === 'model' || by === 'provider';
  return [
    ...nameColumns(by, names),
    OTHERS,
    ...sumColumns<Row>(total, {
      requests: { ...sort('requests'), cell: ({ records }) => ({ href: records }) },
      inputTokens: onDesk('inputTokens'),
      outputTokens: onDesk('outputTokens'),
      totalTokens: by === 'model' ? { only: undefined, onDesk: true } : {},
      cost: sort('cost'),
    }),
    ...(courses === null ? [] : [courseColumn(courses)]),
    ...changeColumns<Row>(
      (row) => row.before?.cost ?? null,
      before === null
        ? { only: 'file' }
        : {
            cell: (row) => (row.before === null ? {} : changed(row, row.before, format)),
            total: minus(total.cost, before.cost),
            totalCell: changed(total, before, format),
          },
    ),
    { ...shareColumn<Row>(total.cost), onDesk: before !== null },
    {
      ...averageColumn<Row>('costPerRequest', 'Per request', ({ requests }) => requests, {
        cost: total.cost,
        count: total.requests,
      }),
      onDesk: true,
    },
    ...(ofModels
      ? [
          {
            name: 'costPerMillionTokens',
            label: '€ per million tokens',
            kind: 'euros' as const,
            onDesk: true,
            value: (row: Row) => costPerMillionTokens(row.cost, totalTokens(row)),
            total: costPerMillionTokens(total.cost, totalTokens(total)),
          },
        ]
      : []),
    ...(by === 'action' ? storyColumns(total.cost, total.stories ?? 0) : []),
    ...(total.unpriced === null ? [] : [UNPRICED]),
  ];
}

/** What names a row: on the page one cell with all that leads on from it, in files keys and names. */
function nameColumns(by: BreakdownBy, names: Names): Column<Row>[] {
  const key = (row: Row) => row.key;
  const shown: Partial<Column<Row>> = { cell: ({ name }) => name, total: 'Total' };
  const columns: Record<BreakdownBy, () => Column<Row>[]> = {
    model: () => [modelColumn(key, shown), providerColumn(key, { onDesk: true }), noPriceColumn(key)],
    action: () => actionColumns(key, { ...shown, totalCell: { note: 'each story counted once' } }),
    provider: () => [{ name: 'provider', label: 'Provider', kind: 'text', value: key, ...shown }],
    author: () => namedColumns('author', key, names.authors, shown),
    story: () => namedColumns('story', key, names.stories, shown),
  };
  return columns[by]();
}

/** All others together have none. */
const courseColumn = ({ of, total }: Courses): Column<Row> => ({
  ...{ name: 'course', label: 'Trend', kind: 'text', only: 'page', value: () => null },
  cell: ({ key }) => ({ course: key === null ? undefined : of(key) }),
  total: '',
  totalCell: { course: total },
});

/** The stories of all other actions together are not the sum of theirs: that cell stays empty. */
const storyColumns = (cost: MicroEuros, stories: number): Column<Row>[] => [
  { name: 'stories', label: 'Stories', kind: 'integer', onDesk: true, value: (row) => row.stories, total: stories },
  { ...averageColumn<Row>('costPerStory', 'Per story', (row) => row.stories, { cost, count: stories }), onDesk: true },
];

/** Its arrow says what it is, also where a telephone has no heads. */
const changed = (now: Sums, then: Sums, format: Format): Partial<Cell> => ({
  ...besideChange(now.cost, then.cost, then.requests === 0 && now.requests > 0, format),
  label: '',
});

/** Whether a query is already as narrow as a change would make it. */
function isNarrowed(query: UsageQuery, change: QueryChange): boolean {
  return Object.entries(change).every(
    ([name, value]) => JSON.stringify(query[name as keyof UsageQuery]) === JSON.stringify(value),
  );
}

function sortOf(rank: Rank, { here }: ViewLinks, query: UsageQuery): Heading['sort'] {
  const active = query.rankBy === rank;
  const rankOrder = active && query.rankOrder === 'desc' ? 'asc' : 'desc';
  const state = !active ? 'none' : query.rankOrder === 'desc' ? 'descending' : 'ascending';
  return { href: here({ rankBy: rank, rankOrder }), state };
}
