import { sameUrl, type UsageQuery, usageUrl } from '../../query/query.ts';
import type { RecordPage } from '../../stats/records/record-pages.ts';
import { isInGap } from '../../stats/records/record-reach.ts';
import { cursorBeside } from '../../stats/records/records.ts';
import type { Format } from '../../units/format.ts';
import { type PageLinks, pagesToShow } from '../frame/pages-to-show.ts';

const PAGE_SIZES = [25, 50, 100, 200];

/**
 * Next and previous carry a cursor, so that rows arriving meanwhile neither repeat nor vanish; numbers are for jumping.
 */
export function pageLinks(
  path: string,
  query: UsageQuery,
  { records, hasPrevious, hasNext, gap, cursorCosts }: RecordPage,
  pages: number,
  format: Format,
): PageLinks {
  const { page } = query;
  const first = records[0];
  const last = records.at(-1);
  const numbers: PageLinks['numbers'] = [];
  let shown = 0;
  for (const number of pagesToShow(Math.min(page, pages), pages)) {
    const current = number === page;
    if (isInGap(gap, number) && !current) continue;
    if (number > shown + 1) numbers.push(null);
    numbers.push({
      label: format.integer(number),
      // A page without a number was walked to, and opens by the cursor that it was opened with.
      href: isInGap(gap, number) ? sameUrl(path, query) : usageUrl(path, query, { page: number }),
      current,
    });
    shown = number;
  }
  // Rows that arrive at the front can make the way back longer than the page number says.
  const previousPage = Math.max(1, page - 1);
  return {
    previous:
      hasPrevious && first
        ? usageUrl(path, query, { page: previousPage, cursor: cursorBeside(first, 'before', query, cursorCosts) })
        : null,
    next:
      hasNext && last
        ? usageUrl(path, query, { page: page + 1, cursor: cursorBeside(last, 'after', query, cursorCosts) })
        : null,
    numbers,
    sizes: PAGE_SIZES.map((pageSize) => ({
      label: String(pageSize),
      href: usageUrl(path, query, { pageSize }),
      current: pageSize === query.pageSize,
    })),
  };
}
