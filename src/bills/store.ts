import type { Knex } from 'knex';
import { type BillLine, type Days, daysOfMonth } from '../stats/bills/bill-lines.ts';
import { type Day, dayFromPostgres, monthOf, postgresFromDay } from '../units/calendar.ts';
import { exactInteger } from '../units/integer.ts';

/** Of one import, and of all that are kept. */
export const MOST_LINES = 20_000;
const MOST_KEPT = 2_000_000;

const A_BATCH = 500;

/** The first day of which there is an exchange rate of dollars; null without any. */
export async function firstRate(backoffice: Knex): Promise<Day | null> {
  const row = await backoffice('exchange_rates').where('currency', 'USD').orderBy('day').first<{ day: string }>('day');
  return row ? dayFromPostgres(row.day) : null;
}

/** Whoever imports at the same time does so after this transaction. */
export async function lockBills(transaction: Knex): Promise<void> {
  await transaction.raw('LOCK TABLE bill_lines IN SHARE ROW EXCLUSIVE MODE');
}

/** How many more lines there may be; lockBills() goes before. */
export async function roomForLines(transaction: Knex): Promise<number> {
  const row = await transaction('bill_lines').count<{ count: string }>('* AS count').first();
  return Math.max(0, MOST_KEPT - exactInteger(row?.count ?? '0'));
}

export async function insertLines(
  transaction: Knex,
  { provider, source, by }: { provider: string; source: string; by: string },
  lines: readonly BillLine[],
): Promise<void> {
  const [made] = await transaction('bill_imports')
    .insert({ provider, source, imported_by: by })
    .returning<{ id: string }[]>('id');
  const rows = lines.map(({ firstDay, lastDay, ...line }) => ({
    ...{ ...line, import_id: made?.id, provider },
    ...{ first_day: postgresFromDay(firstDay), last_day: postgresFromDay(lastDay) },
  }));
  for (let i = 0; i < rows.length; i += A_BATCH) await transaction('bill_lines').insert(rows.slice(i, i + A_BATCH));
}

/** All days of the months that some days are of. */
export const monthsAround = ({ firstDay, lastDay }: Days): Days => ({
  firstDay: daysOfMonth(monthOf(firstDay)).firstDay,
  lastDay: daysOfMonth(monthOf(lastDay)).lastDay,
});

/** Which column of a provider's CSV is which, by its heading. */
export async function readColumns(backoffice: Knex, provider: string): Promise<Record<string, string> | null> {
  const row = await backoffice('bill_mappings')
    .where({ provider })
    .first<{ columns: Record<string, string> }>('columns');
  return row?.columns ?? null;
}

/** In place of those that were kept of this provider. */
export async function writeColumns(
  transaction: Knex,
  provider: string,
  columns: Record<string, string>,
): Promise<void> {
  await transaction('bill_mappings')
    .insert({ provider, columns: JSON.stringify(columns) })
    .onConflict('provider')
    .merge();
}
