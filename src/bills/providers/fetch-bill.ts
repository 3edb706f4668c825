import { type Days, daysOfMonth } from '../../stats/bills/bill-lines.ts';
import { compareDays, type Month } from '../../units/calendar.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { addDays, dayOf, earliest, type Instant, startOfDay } from '../../units/time.ts';
import type { Bill, LineAt } from '../changes.ts';
import { together } from '../import/read-bill.ts';
import { MOST_LINES } from '../store.ts';
import { type Asking, ask, NotAnswered } from './ask.ts';
import { type Charge, lineOf } from './line-of.ts';

/** How an API says what was billed: days of UTC, on pages. `read` answers null for what is not as documented. */
export type CostsApi = {
  provider: string;
  /** As the source of its lines. */
  name: string;
  base: string;
  headers: (key: string) => Record<string, string>;
  address: (window: { from: Instant; to: Instant }, page: string | null) => string;
  read: (body: unknown) => { charges: Charge[]; next: string | null } | null;
};

/** A month is on one page of most accounts. */
const MOST_PAGES = 200;
const UTC = 'UTC';

/** The days of a month that are over; null where none is. */
function daysOver(month: Month, at: Instant): Days | null {
  const { firstDay, lastDay } = daysOfMonth(month);
  const yesterday = addDays(dayOf(at, UTC), -1);
  const last = compareDays(yesterday, lastDay) < 0 ? yesterday : lastDay;
  return compareDays(last, firstDay) < 0 ? null : { firstDay, lastDay: last };
}

const NOT_OVER = (month: Month) =>
  new BadInput([{ parameter: 'month', message: `takes one with a day that is over, of UTC: none of ${month} is` }]);

/**
 * The bill of a month as its provider says it now: all lines of the days that are over by our clock and by the provider's, for today's may still
 * grow. `at` is now.
 * @throws BadInput where no day is over yet; NotAnswered
 */
export async function fetchBill(
  api: CostsApi,
  { month, key, at, base = api.base }: { month: Month; key: string; at: Instant; base?: string },
  asking: Asking,
): Promise<Bill> {
  const days = daysOver(month, at);
  if (days === null) throw NOT_OVER(month);
  const window = { from: startOfDay(days.firstDay, UTC), to: startOfDay(addDays(days.lastDay, 1), UTC) };
  const lines: LineAt[] = [];
  let over: Days | null = days;
  let page: string | null = null;
  const seen = new Set<string>();
  do {
    const { body, at: theirs } = await ask(new URL(api.address(window, page), base), api.headers(key), asking);
    over = daysOver(month, earliest(theirs, at));
    const read = api.read(body);
    if (read === null) throw new NotAnswered('it answers something else than is documented');
    lines.push(...read.charges.map((charge) => lineOf(api.provider, charge)));
    if (lines.length > MOST_LINES) throw new NotAnswered(`it answers more than ${MOST_LINES} charges of a month`);
    page = read.next;
    if (page !== null && (seen.has(page) || seen.size === MOST_PAGES)) throw new NotAnswered('its pages have no end');
    if (page !== null) seen.add(page);
  } while (page !== null);
  if (over === null) throw NOT_OVER(month);
  const { firstDay, lastDay } = over;
  const isOver = (line: LineAt) => compareDays(line.firstDay, firstDay) >= 0 && compareDays(line.lastDay, lastDay) <= 0;
  return { provider: api.provider, lines: together(lines.filter(isOver)), completeFor: over };
}
