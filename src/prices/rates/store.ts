import type { Knex } from 'knex';
import { type Day, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import { type Instant, timeFromPostgres } from '../../units/time.ts';

/** How many dollars a euro was on a day: a decimal as text ("1.13607"), exact. */
export type DayRate = { day: Day; perEuro: string };

/** The same as it is kept. */
export type KeptRate = DayRate & { source: string | null; importedAt: Instant; importedBy: string };

/** Eighty years of weekdays. */
export const MOST_RATES = 20_000;
const CURRENCY = 'USD';
const A_BATCH = 1_000;

type Row = { day: string; per_euro: string; source: string | null; imported_at: string; imported_by: string };

/** All there are, the newest first. */
export async function readRates(backoffice: Knex): Promise<KeptRate[]> {
  const rows = await backoffice('exchange_rates')
    .where('currency', CURRENCY)
    .orderBy('day', 'desc')
    .limit(MOST_RATES)
    .select<Row[]>('day', 'per_euro', 'source', 'imported_at', 'imported_by');
  return rows.map(({ day, per_euro, source, imported_at, imported_by }) => ({
    ...{ day: dayFromPostgres(day), perEuro: per_euro.replace(/\.?0+$/, ''), source },
    ...{ importedAt: timeFromPostgres(imported_at), importedBy: imported_by },
  }));
}

/** Whoever imports some at the same time does so after this transaction. */
export async function lockRates(transaction: Knex): Promise<void> {
  await transaction.raw('LOCK TABLE exchange_rates IN SHARE ROW EXCLUSIVE MODE');
}

/** In place of those that there are of these days. */
export async function writeRates(
  transaction: Knex,
  rates: DayRate[],
  { source, by }: { source: string; by: string },
): Promise<void> {
  for (let i = 0; i < rates.length; i += A_BATCH)
    await transaction('exchange_rates')
      .insert(
        rates.slice(i, i + A_BATCH).map(({ day, perEuro }) => ({
          ...{ day: postgresFromDay(day), currency: CURRENCY, per_euro: perEuro, source },
          ...{ imported_at: transaction.fn.now(), imported_by: by },
        })),
      )
      .onConflict(['day', 'currency'])
      .merge();
}
