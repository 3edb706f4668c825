import { DEFAULT_PAGE_SIZE, type UsageQuery, usageUrl } from '../../query/query.ts';
import type { Sums } from '../../stats/sums.ts';
import type { Format } from '../../units/format.ts';
import { eurosText, microEurosFromNumeric, minus } from '../../units/money.ts';

type Total = Pick<Sums, 'requests' | 'cost'>;

/**
 * The address of a view as it was at its instant, page by page or with an extension. That of the page carries what it
 * counted, so that whoever opens it is told of what has changed since.
 */
export function frozenUrl(path: string, query: UsageQuery, { requests, cost }: Total): (extension: string) => string {
  const counted = `${requests}~${eurosText(cost)}`;
  return (extension) => {
    const ofPage = { pinned: query.asOf, counted };
    // A file has no pages.
    const ofFile = { pinned: query.asOf, counted: null, pageSize: DEFAULT_PAGE_SIZE };
    return usageUrl(path + extension, query, extension === '' ? ofPage : ofFile);
  };
}

/** By how much a frozen view counts something else than when its link was made: see docs/decisions/frozen-links.md. */
export function frozenNotes({ pinned, counted }: UsageQuery, { requests, cost }: Total, format: Format): string[] {
  if (pinned === null || counted === null) return [];
  const [requestsThen = '', costThen = ''] = counted.split('~');
  const more = requests - Number(requestsThen);
  const before = microEurosFromNumeric(costThen);
  const dearer = minus(cost, before);
  if (more === 0 && dearer === 0) return [];
  const records = `${format.integerChange(more)} ${Math.abs(more) === 1 ? 'record' : 'records'}`;
  return [
    `These numbers have changed since the link was made: ${records}, ${format.eurosCompared(cost, before).change(dearer)}. Records of before ` +
      `${format.instant(pinned)} were written after it, or deleted.`,
  ];
}
