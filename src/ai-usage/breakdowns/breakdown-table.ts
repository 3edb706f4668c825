import { providerOf, UNKNOWN_PROVIDER } from '../../catalog/models.ts';
import type { Names } from '../../catalog/names.ts';
import type { QueryChange, UsageQuery, ViewLinks } from '../../query/query.ts';
import type { Rank } from '../../query/view.ts';
import { type Sums, totalTokens } from '../../stats/sums.ts';
import { average, cellsOf, costPerMillionTokens } from '../../tables/cells.ts';
import { type Cell, type Column, type Heading, type Table, tableOf } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import type { MicroEuros } from '../../units/money.ts';
import { BREAKDOWNS, type Breakdown } from './breakdowns.ts';

export type BreakdownTableOptions = {
  links: ViewLinks;
  query: UsageQuery;
  names: Names;
  /** The models of the window: what a provider stands for. */
  models: string[];
  format: Format;
};

/** A row as it is printed: one of the breakdown's, or all others in one (`key` is null). */
type Row = Sums & {
  key: string | null;
  before: Sums | null;
  stories: number | null;
  name: Cell;
  /** Where the records behind it are. */
  records?: string;
};

/** A breakdown as a table: each name narrows the view to it, each count leads to the records behind it. */
export function breakdownTable(breakdown: Breakdown, options: BreakdownTableOptions): Table {
  return tableOf(columnsOf(breakdown, options), {
    caption: BREAKDOWNS[breakdown.by].title,
    rows: rowsOf(breakdown, options),
    faint: ({ key, requests }) => key === null || requests === 0,
  });
}

function rowsOf({ by, rows, other }: Breakdown, options: BreakdownTableOptions): Row[] {
  const { links, query, format } = options;
  const { name, only, others, keyOf } = BREAKDOWNS[by];
  const isCounted = keyOf !== null;
  const naming = { ...options, shortId: format.shortId };
  const printed = rows.map((row): Row => {
    const change = only(row.key, options);
    const narrows = change !== null && !isNarrowed(query, change);
    return {
      ...row,
      name: {
        ...name(row.key, naming),
        ...(narrows ? { href: links.here(change), narrows } : {}),
        ...(by === 'model' && row.cost === 0 && row.requests > 0 ? { flag: 'no price' } : {}),
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
  return [...printed, { ...other, key: null, stories: null, name: { text, note } }];
}

function columnsOf({ by, total }: Breakdown, { links, query, format }: BreakdownTableOptions): Column<Row>[] {
  const { integer, euros, share } = cellsOf(format);
  const sum = (label: string, rank: Rank, cell: (sums: Sums & { records?: string }) => Cell): Column<Row> => ({
    label,
    numeric: true,
    sort: sortOf(rank, links, query),
    cell,
    total: cell(total),
  });
  const count = (label: string, rank: Rank, value: (sums: Sums) => number) =>
    sum(label, rank, (sums) => integer(value(sums)));
  const perTokens = (sums: Sums) => euros(costPerMillionTokens(sums.cost, totalTokens(sums)));
  const perRequest = ({ cost, requests }: Sums) => euros(average(cost, requests));
  const ofModels = by === 'model' || by === 'provider';
  const columns: (Column<Row> | null)[] = [
    { label: BREAKDOWNS[by].label, cell: (row) => row.name, total: totalName(by) },
    by === 'model' ? PROVIDER : null,
    sum('Requests', 'requests', ({ requests, records }) => ({ ...integer(requests), href: records })),
    by === 'action' ? storiesColumn(total.stories ?? 0, format) : null,
    count('Tokens in', 'inputTokens', ({ inputTokens }) => inputTokens),
    count('Tokens out', 'outputTokens', ({ outputTokens }) => outputTokens),
    by === 'model' ? tokensColumn(total, format) : null,
    sum('Cost', 'cost', ({ cost }) => euros(cost)),
    total.before === null ? null : changeColumn(total, total.before, format),
    {
      label: 'Share',
      numeric: true,
      cell: ({ cost }) => share(cost, total.cost),
      total: share(total.cost, total.cost),
    },
    { label: 'Per request', numeric: true, cell: perRequest, total: perRequest(total) },
    ofModels ? { label: '€ per million tokens', numeric: true, cell: perTokens, total: perTokens(total) } : null,
    by === 'action' ? perStoryColumn(total.cost, total.stories ?? 0, format) : null,
  ];
  return columns.filter((column) => column !== null);
}

function tokensColumn(total: Sums, format: Format): Column<Row> {
  const { integer } = cellsOf(format);
  return {
    label: 'Tokens',
    numeric: true,
    cell: (row) => integer(totalTokens(row)),
    total: integer(totalTokens(total)),
  };
}

/** The stories of all other actions together are not the sum of theirs: that cell stays empty. */
function storiesColumn(total: number, format: Format): Column<Row> {
  const { integer } = cellsOf(format);
  return {
    label: 'Stories',
    numeric: true,
    cell: ({ stories }) => (stories === null ? { text: '' } : integer(stories)),
    total: integer(total),
  };
}

function perStoryColumn(cost: MicroEuros, total: number, format: Format): Column<Row> {
  const { euros } = cellsOf(format);
  return {
    label: 'Per story',
    numeric: true,
    cell: (row) => (row.stories === null ? { text: '' } : euros(average(row.cost, row.stories))),
    total: euros(average(cost, total)),
  };
}

const PROVIDER: Column<Row> = {
  label: 'Provider',
  cell: ({ key }) => {
    if (key === null) return { text: '' };
    const provider = providerOf(key);
    return provider === UNKNOWN_PROVIDER ? { text: '', flag: provider } : { text: provider };
  },
};

function totalName(by: Breakdown['by']): Cell {
  return by === 'action' ? { text: 'Total', note: 'each story counted once' } : { text: 'Total' };
}

function changeColumn(total: Sums, before: Sums, format: Format): Column<Row> {
  const cells = cellsOf(format);
  const change = (now: Sums, then: Sums) => cells.change(now.cost, then.cost, then.requests === 0 && now.requests > 0);
  return {
    label: 'Change',
    numeric: true,
    cell: (row) => (row.before === null ? { text: '' } : change(row, row.before)),
    total: change(total, before),
  };
}

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
