import type { Knex } from 'knex';
import { type Day, dayFromPostgres, type Month, monthOf, postgresFromDay } from '../../units/calendar.ts';
import { exactInteger } from '../../units/integer.ts';
import { type MicroEuros, microEuros } from '../../units/money.ts';
import { type Instant, timeFromPostgres } from '../../units/time.ts';
import { type BillLine, type Currency, type Days, type Kind, OF_CALLS, shortestDecimal } from './bill-lines.ts';

/** A line as it is kept; `euros` are null where there is no exchange rate of its last day or of any before. */
export type KeptLine = BillLine & {
  id: string;
  euros: MicroEuros | null;
  source: string;
  importedAt: Instant;
  importedBy: string;
  /** The lines that this one corrects, the newest first. */
  before: KeptLine[];
};

type KeptLineRow = {
  id: string;
  first_day: string;
  last_day: string;
  item: string;
  project: string;
  kind: Kind;
  quantity: string | null;
  amount: string;
  currency: Currency;
  euros: string | null;
  source: string;
  imported_at: string;
  imported_by: string;
};

/**
 * SQL of lines with how many of their currency a euro was on their last day, or on the last one before that has a rate: looked up once for each
 * day and currency, of which there are few.
 */
const priced = (lines: string) => `
  WITH lines AS MATERIALIZED (${lines}),
       rates AS MATERIALIZED (
         SELECT last_day, currency, CASE WHEN currency = 'EUR' THEN 1 ELSE (
                  SELECT per_euro FROM exchange_rates WHERE exchange_rates.currency = days.currency AND day <= days.last_day ORDER BY day DESC LIMIT 1) END AS per_euro
           FROM (SELECT DISTINCT last_day, currency FROM lines) AS days)
  SELECT lines.*, per_euro FROM lines JOIN rates USING (last_day, currency)`;
/** Whole micro-euros, halves away from zero, so that a charge and what is given back of it are nothing. */
const IN_MICRO_EUROS = 'sign(amount) * div(2 * abs(amount) * 1000000 + per_euro, 2 * per_euro)';
/** What tells lines apart, in the order of bytes: no other is as quick. */
const SAME = 'provider, first_day, last_day, item COLLATE "C", project COLLATE "C", kind';

const lineOf = (row: KeptLineRow): KeptLine => ({
  ...{ id: row.id, firstDay: dayFromPostgres(row.first_day), lastDay: dayFromPostgres(row.last_day) },
  ...{ item: row.item, project: row.project, kind: row.kind, currency: row.currency },
  quantity: row.quantity === null ? null : shortestDecimal(row.quantity),
  amount: shortestDecimal(row.amount),
  euros: row.euros === null ? null : microEuros(exactInteger(row.euros)),
  ...{ source: row.source, importedAt: timeFromPostgres(row.imported_at), importedBy: row.imported_by },
  before: [],
});

/** The lines that count of some days of a provider, each with those that it corrects; by day, item, project and kind. */
export async function readLines(backoffice: Knex, provider: string, { firstDay, lastDay }: Days): Promise<KeptLine[]> {
  const { rows } = await backoffice.raw<{ rows: KeptLineRow[] }>(
    `SELECT priced.id, first_day, last_day, item, project, kind, quantity, amount, currency, (${IN_MICRO_EUROS})::text AS euros,
            source, imported_at, imported_by
       FROM (${priced('SELECT * FROM bill_lines WHERE provider = ? AND first_day BETWEEN ? AND ?')}) AS priced
       JOIN bill_imports ON bill_imports.id = import_id
      ORDER BY first_day, last_day, item COLLATE "C", project COLLATE "C", kind, priced.id DESC`,
    [provider, postgresFromDay(firstDay), postgresFromDay(lastDay)],
  );
  const lines: KeptLine[] = [];
  for (const line of rows.map(lineOf)) {
    const newer = lines.at(-1);
    if (newer !== undefined && isOfSame(newer, line)) newer.before.push(line);
    else lines.push(line);
  }
  return lines;
}

const isOfSame = (one: BillLine, other: BillLine): boolean =>
  one.firstDay === other.firstDay &&
  one.lastDay === other.lastDay &&
  one.item === other.item &&
  one.project === other.project &&
  one.kind === other.kind;

/** The bill of a month as one figure; `withoutRate` lines are in no sum, for want of an exchange rate. */
export type BillSum = { provider: string; month: Month; billed: MicroEuros; lines: number; withoutRate: number };

/** What was billed, by provider and month, from a day on. */
export async function readBillSums(backoffice: Knex, from: Day): Promise<BillSum[]> {
  const { rows } = await backoffice.raw<{
    rows: { provider: string; month: string; billed: string; lines: string; without_rate: string }[];
  }>(
    `SELECT provider, date_trunc('month', first_day::timestamp)::date AS month, coalesce(sum(${IN_MICRO_EUROS}), 0)::text AS billed,
            count(*) AS lines, count(*) FILTER (WHERE per_euro IS NULL) AS without_rate
       FROM (${priced(`SELECT DISTINCT ON (${SAME}) provider, first_day, last_day, amount, currency FROM bill_lines WHERE first_day >= ? ORDER BY ${SAME}, id DESC`)}) AS priced
      GROUP BY 1, 2`,
    [postgresFromDay(from)],
  );
  return rows.map(({ provider, month, billed, lines, without_rate }) => ({
    ...{ provider, month: monthOf(dayFromPostgres(month)), billed: microEuros(exactInteger(billed)) },
    ...{ lines: exactInteger(lines), withoutRate: exactInteger(without_rate) },
  }));
}

/** What was billed for calls of some days as one item; `euros` are null where there is no exchange rate. */
export type BilledCalls = Days & { provider: string; item: string; euros: MicroEuros | null };

/** What was billed for calls, from a day on. */
export async function readBilledCalls(backoffice: Knex, from: Day): Promise<BilledCalls[]> {
  const lines = `SELECT DISTINCT ON (${SAME}) provider, first_day, last_day, item, quantity, amount, currency
                   FROM bill_lines WHERE first_day >= ? AND kind = ANY(?) ORDER BY ${SAME}, id DESC`;
  const { rows } = await backoffice.raw<{
    rows: { provider: string; item: string; first_day: string; last_day: string; euros: string | null }[];
  }>(
    `SELECT provider, item, first_day, last_day, sum(${IN_MICRO_EUROS})::text AS euros
       FROM (${priced(lines)}) AS priced
      WHERE amount <> 0 OR quantity > 0
      GROUP BY 1, 2, 3, 4`,
    [postgresFromDay(from), [...OF_CALLS]],
  );
  return rows.map(({ provider, item, first_day, last_day, euros }) => ({
    ...{ provider, item, firstDay: dayFromPostgres(first_day), lastDay: dayFromPostgres(last_day) },
    euros: euros === null ? null : microEuros(exactInteger(euros)),
  }));
}
