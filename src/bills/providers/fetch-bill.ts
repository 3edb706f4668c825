import { type Days, daysOfMonth } from '../../stats/bills/bill-lines.ts';
import { compareDays, type Month } from '../../units/calendar.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { addDays, dayOf, earliest, type Instant, startOfDay } from '../../units/time.ts';
import type { Bill, LineAt } from '../changes.ts';
import { together } from '../import/read-bill.ts';
import { MOST_LINES } from '../store.ts';
import { type Asking, ask, NotAnswered } from './ask.ts';
import { type Charge, lineOf } from './line-of.ts';
import { type TokensOfItem, withTokens } from './tokens.ts';

/** What an API says of days of UTC, on pages. `read` answers null for what is not as documented. */
export type Pages<Found> = {
  address: (window: Span, page: string | null) => string;
  read: (body: unknown) => { found: Found[]; next: string | null } | null;
};
type Span = { from: Instant; to: Instant };

/** How a provider says what was billed, and of how many tokens. */
export type CostsApi = {
  provider: string;
  /** As the source of its lines. */
  name: string;
  base: string;
  headers: (key: string) => Record<string, string>;
  costs: Pages<Charge>;
  usage: Pages<TokensOfItem>;
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

type Asked = { month: Month; key: string; at: Instant; base?: string };

/** All pages, and what time it was there at the earliest. @throws NotAnswered */
async function askPages<Found>(
  pages: Pages<Found>,
  api: CostsApi,
  window: Span,
  { key, base = api.base }: Asked,
  asking: Asking,
): Promise<{ found: Found[]; theirs: Instant | null }> {
  const found: Found[] = [];
  let theirs: Instant | null = null;
  let page: string | null = null;
  const seen = new Set<string>();
  do {
    const { body, at } = await ask(new URL(pages.address(window, page), base), api.headers(key), asking);
    theirs = theirs === null ? at : earliest(theirs, at);
    const read = pages.read(body);
    if (read === null) throw new NotAnswered('it answers something else than is documented');
    found.push(...read.found);
    if (found.length > MOST_LINES) throw new NotAnswered(`it answers more than ${MOST_LINES} lines of a month`);
    page = read.next;
    if (page !== null && (seen.has(page) || seen.size === MOST_PAGES)) throw new NotAnswered('its pages have no end');
    if (page !== null) seen.add(page);
  } while (page !== null);
  return { found, theirs };
}

/**
 * The bill of a month as its provider says it now: all lines of the days that are over by our clock and by the provider's, for today's may still
 * grow; with the tokens that each is for, where its usage says them. `at` is now.
 * @throws BadInput where no day is over yet; NotAnswered
 */
export async function fetchBill(api: CostsApi, asked: Asked, asking: Asking): Promise<Bill> {
  const { month, at } = asked;
  const days = daysOver(month, at);
  if (days === null) throw NOT_OVER(month);
  const window = { from: startOfDay(days.firstDay, UTC), to: startOfDay(addDays(days.lastDay, 1), UTC) };
  const costs = await askPages(api.costs, api, window, asked, asking);
  const usage = await askPages(api.usage, api, window, asked, asking);
  const over = daysOver(month, [costs.theirs, usage.theirs].flatMap((one) => one ?? []).reduce(earliest, at));
  if (over === null) throw NOT_OVER(month);
  const { firstDay, lastDay } = over;
  const isOver = (line: LineAt) => compareDays(line.firstDay, firstDay) >= 0 && compareDays(line.lastDay, lastDay) <= 0;
  const lines = costs.found.map((charge) => lineOf(api.provider, charge)).filter(isOver);
  return { provider: api.provider, lines: withTokens(together(lines), usage.found), completeFor: over };
}
