import type { Names } from '../../catalog/names.ts';
import { type UsageQuery, usageUrl } from '../../query/query.ts';
import { MOST_CALLS_PRICED } from '../../stats/pricing/priced-calls.ts';
import type { RecordPage } from '../../stats/records/record-pages.ts';
import { gapText } from '../../stats/records/record-reach.ts';
import type { Sums } from '../../stats/sums.ts';
import type { Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import type { PageLinks } from '../frame/pages-to-show.ts';
import { pageLinks } from './page-links.ts';
import type { RecordColumn } from './record-columns.ts';
import { recordTable, sortLabel } from './record-table.ts';

/**
 * The records page's table and pager, ready to print. `lastPage` is set where the page asked for lies beyond it, `gap`
 * where some pages have no number in this order, and its links where the page asked for is one of them.
 */
export type RecordsList = {
  table: Table;
  pager: PageLinks;
  total: Sums;
  /** What a screen reader says when this list takes the place of another. */
  announce: string;
  namesAvailable: boolean;
  lastPage: { href: string; number: string } | null;
  gap: { text: string; links: { text: string; href: string }[] } | null;
  /** Why they are in the order of what was recorded, where that of the price list was asked for. */
  inRecordedOrder: string | null;
  /** What the sum does not count yet. */
  uncounted: string | null;
};

function announcement({ total }: RecordPage, query: UsageQuery, besides: RecordColumn[], format: Format): string {
  const order = query.sortOrder === 'desc' ? 'descending' : 'ascending';
  const count = `${format.integer(total.requests)} ${total.requests === 1 ? 'record' : 'records'}, ${format.euros(total.cost)}`;
  return `${count}, page ${format.integer(query.page)}, sorted by ${sortLabel(query, besides)}, ${order}`;
}

const inRecordedOrder = (format: Format) =>
  `In the order of recorded costs: each call is priced for that of the price list, and more than ${format.integer(MOST_CALLS_PRICED)} are too many. A shorter period or a filter has it.`;

const NOT_COUNTED = 'not in the sum yet';

function uncountedText(count: number, format: Format): string | null {
  if (count === 0) return null;
  const [records, are, their] =
    count === 1 ? ['1 record', 'is', 'its hour'] : [`${format.integer(count)} records`, 'are', 'their hours'];
  return `${records} of this page ${are} younger than the sum above, which does not count ${count === 1 ? 'it' : 'them'} yet: written after ${their} had been counted. In a few seconds it will.`;
}

export function recordsList(
  path: string,
  query: UsageQuery,
  page: RecordPage,
  names: Names,
  format: Format,
  besides: RecordColumn[],
): RecordsList {
  const { records, total, gap, inGap, cursorCosts } = page;
  const isInRecordedOrder = besides.some(({ sortBy }) => sortBy === query.sortBy) && cursorCosts === null;
  const sorted = isInRecordedOrder ? besides.map((column) => ({ ...column, sortBy: undefined })) : besides;
  const uncounted = new Set(page.uncounted);
  const pages = Math.max(1, Math.ceil(total.requests / query.pageSize));
  const beyond = records.length === 0 && (query.page > pages || total.requests > 0);
  const toPage = (number: number) => ({
    text: `Go to page ${format.integer(number)}`,
    href: usageUrl(path, query, { page: number }),
  });
  return {
    table: recordTable(
      records,
      {
        path,
        query,
        names,
        format,
        open: (id) => usageUrl(`${path}/${id}`, query, { page: query.page, cursor: query.cursor }),
      },
      {
        sorted: true,
        besides: sorted,
        flagOf: ({ tokenUsageId }) => (uncounted.has(tokenUsageId) ? NOT_COUNTED : undefined),
      },
    ),
    pager: pageLinks(path, query, page, pages, format),
    total,
    announce: announcement(page, query, sorted, format),
    inRecordedOrder: isInRecordedOrder ? inRecordedOrder(format) : null,
    namesAvailable: names.available,
    uncounted: uncountedText(uncounted.size, format),
    lastPage: beyond && !inGap ? { href: usageUrl(path, query, { page: pages }), number: format.integer(pages) } : null,
    gap: gap && {
      text: gapText(gap, format),
      links: inGap
        ? [
            toPage(gap.from - 1),
            toPage(gap.to + 1),
            { text: 'Sort by time', href: usageUrl(path, query, { sortBy: 'createdAt', sortOrder: 'desc' }) },
          ]
        : [],
    },
  };
}
