import type { Knex } from 'knex';
import { parseUsageQuery } from '../query/query.ts';
import { readBillSums } from '../stats/bills/read-lines.ts';
import type { UsageReader } from '../stats/reader.ts';
import { type Day, firstDayOf, monthOf } from '../units/calendar.ts';
import { periodBefore, periodOf } from '../units/calendar-period.ts';
import { dayOf, type Instant } from '../units/time.ts';
import { type BillRow, billRows } from './bills-table.ts';

/** How many months are listed, the one under way among them. */
export const MONTHS_LISTED = 24;

/** What was recorded and billed, by month and provider, as of an instant. */
export async function readBills(
  { backoffice, reader, timeZone }: { backoffice: Knex; reader: UsageReader; timeZone: string },
  at: Instant,
): Promise<BillRow[]> {
  const from = firstMonth(dayOf(at, timeZone));
  const query = await reader.recent(parseUsageQuery({ from }, { maxPageSize: 1, timeZone }, at));
  const [stats, bills] = await Promise.all([reader.stats(query, 'day'), readBillSums(backoffice, from)]);
  return billRows(stats.value.cells, bills);
}

function firstMonth(today: Day): Day {
  let month = periodOf(firstDayOf(monthOf(today)), 'month');
  for (let i = 1; i < MONTHS_LISTED; i++) month = periodBefore(month, 'month');
  return month.first;
}
