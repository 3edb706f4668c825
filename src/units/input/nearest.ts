/** What the same thing is called elsewhere. */
const ELSEWHERE: Record<string, string[]> = {
  pageSize: ['limit', 'perpage', 'count', 'rows', 'top', 'take', 'n'],
  page: ['offset', 'skip', 'p'],
  sortBy: ['order', 'orderby'],
  sortOrder: ['dir', 'direction', 'desc', 'asc', 'ascending', 'descending'],
  search: ['q', 'query', 'text', 'term', 'filter', 'find'],
  from: ['since', 'start', 'begin', 'startdate', 'after', 'date', 'day'],
  to: ['until', 'end', 'till', 'enddate', 'before'],
  period: ['range', 'days', 'window', 'last', 'time', 'interval', 'month', 'week', 'quarter', 'year'],
  author: ['user', 'customer', 'writer', 'person', 'account'],
  story: ['book', 'title'],
  asOf: ['at', 'snapshot', 'version'],
  model: ['llm', 'engine'],
  action: ['step', 'operation', 'task'],
  kind: ['action', 'type'],
  person: ['email', 'user', 'who', 'author'],
  table: ['sheet', 'tab'],
  month: ['period', 'from', 'to', 'date'],
  returnTo: ['next', 'redirect', 'continue'],
};

const plain = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/**
 * The known name that somebody most likely meant: the same but for case and punctuation ("Model", "model[]"), what another
 * program calls it ("limit"), a part of it or more than it ("sort", "models"), or a slip or two ("perod"). Null when none is near.
 */
export function nearest(name: string, known: readonly string[]): string | null {
  const asked = plain(name).slice(0, 40);
  if (asked === '') return null;
  const same = known.find((one) => plain(one) === asked);
  if (same) return same;
  const elsewhere = known.find((one) => ELSEWHERE[one]?.includes(asked));
  if (elsewhere) return elsewhere;
  const by = (candidates: readonly string[]) =>
    candidates
      .map((one) => ({ one, slips: slips(asked, plain(one)) }))
      .sort((a, b) => a.slips - b.slips || a.one.length - b.one.length)[0];
  const part = by(known.filter((one) => contains(plain(one), asked) || contains(asked, plain(one))));
  if (part) return part.one;
  const near = by(known);
  return near && near.slips <= (asked.length < 4 ? 1 : asked.length < 9 ? 2 : 3) ? near.one : null;
}

const contains = (text: string, part: string) => part.length > 2 && text.includes(part);

/** Letters to add, drop, change or swap with the next one to make one word of another (optimal string alignment). */
function slips(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? (before[j - 2] as number) + 1 : Infinity,
      );
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}
