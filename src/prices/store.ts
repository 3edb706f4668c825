import type { Knex } from 'knex';
import { type Day, dayFromPostgres, postgresFromDay } from '../units/calendar.ts';
import { type Instant, timeFromPostgres } from '../units/time.ts';

export const CURRENCIES = ['EUR', 'USD'] as const;
type Currency = (typeof CURRENCIES)[number];

/** What may be paid for: its names in JSON and in the table, as people read it of a price and as the heading of a column. */
export const RATES = [
  rateOf('inputPerMillion', 'input_per_million', 'per million input tokens', 'Input per million'),
  rateOf(
    'cachedInputPerMillion',
    'cached_input_per_million',
    'per million cached input tokens',
    'Cached input per million',
  ),
  rateOf('outputPerMillion', 'output_per_million', 'per million output tokens', 'Output per million'),
  rateOf('reasoningPerMillion', 'reasoning_per_million', 'per million reasoning tokens', 'Reasoning per million'),
  rateOf('perImage', 'per_image', 'per image', 'Per image'),
  rateOf('perThousandCharacters', 'per_thousand_characters', 'per thousand characters', 'Per 1,000 characters'),
] as const;
function rateOf<const Name extends string, const Column extends string>(
  name: Name,
  column: Column,
  words: string,
  label: string,
) {
  return { name, column, words, label };
}
type RateName = (typeof RATES)[number]['name'];

/** What somebody says that a model costs from a business day on; rates are decimals as text ("1.25"), exact. */
export type PriceTerms = Record<RateName, string | null> & {
  model: string;
  action: string | null;
  from: Day;
  /** For requests of more input tokens than that. */
  aboveInputTokens: number;
  currency: Currency;
  outputTokensPerImage: number | null;
  source: string | null;
};

/** Whether two say the same of what calls cost. */
export const isEqualTerms = (one: PriceTerms, other: PriceTerms): boolean =>
  one.currency === other.currency &&
  one.outputTokensPerImage === other.outputTokensPerImage &&
  RATES.every(({ name }) => one[name] === other[name]);

export type Price = PriceTerms & {
  id: string;
  createdAt: Instant;
  createdBy: string;
  withdrawn: { at: Instant; by: string } | null;
};

/** In force at once. */
export const MOST_PRICES = 5_000;
/** With those that were withdrawn, which stay. */
const MOST_KEPT = 20_000;

/** What a page lists. */
const MOST_OF_A_HISTORY = 200;

/** There is one of the same model, action, day and tier. */
export class PriceExists extends Error {
  readonly price: Price;
  constructor(price: Price) {
    super('there is such a price already');
    this.price = price;
  }
}

/** What a table holds of the terms of a price. */
export type TermsRow = Record<(typeof RATES)[number]['column'], string | null> & {
  model: string;
  action: string | null;
  from_day: string;
  above_input_tokens: number;
  currency: Currency;
  output_tokens_per_image: number | null;
  source: string | null;
};
export const TERMS_COLUMNS = [
  ...(['model', 'action', 'from_day', 'above_input_tokens', 'currency', 'output_tokens_per_image', 'source'] as const),
  ...RATES.map(({ column }) => column),
];
type Row = TermsRow & {
  id: string;
  created_at: string;
  created_by: string;
  withdrawn_at: string | null;
  withdrawn_by: string | null;
};
const COLUMNS = [...TERMS_COLUMNS, 'id', 'created_at', 'created_by', 'withdrawn_at', 'withdrawn_by'] as const;

const ratesOf = (row: TermsRow) =>
  Object.fromEntries(RATES.map(({ name, column }) => [name, row[column]?.replace(/\.?0+$/, '') ?? null])) as Record<
    RateName,
    string | null
  >;

export const termsOf = (row: TermsRow): PriceTerms => ({
  ...{ model: row.model, action: row.action, from: dayFromPostgres(row.from_day) },
  ...{ aboveInputTokens: row.above_input_tokens, currency: row.currency, ...ratesOf(row) },
  ...{ outputTokensPerImage: row.output_tokens_per_image, source: row.source },
});

const priceOf = (row: Row): Price => ({
  ...{ id: row.id, ...termsOf(row) },
  ...{ createdAt: timeFromPostgres(row.created_at), createdBy: row.created_by },
  withdrawn: row.withdrawn_at === null ? null : { at: timeFromPostgres(row.withdrawn_at), by: row.withdrawn_by ?? '' },
});

/** By model, action and tier, the newest day first; those that were withdrawn too, where they are asked for. */
export async function readPrices(backoffice: Knex, { withdrawn }: { withdrawn: boolean }): Promise<Price[]> {
  const rows = await backoffice('prices')
    .modify((prices) => (withdrawn ? prices : prices.whereNull('withdrawn_at')))
    .orderByRaw(`lower(model), model, coalesce(action, ''), above_input_tokens, from_day DESC, created_at DESC, id`)
    .limit(MOST_KEPT)
    .select<Row[]>(...COLUMNS);
  return rows.map(priceOf);
}

/** Null where there is none; one that was withdrawn says so. */
export async function readPrice(backoffice: Knex, id: string): Promise<Price | null> {
  const row = await backoffice('prices')
    .where({ id })
    .first<Row | undefined>(...COLUMNS);
  return row ? priceOf(row) : null;
}

/** Whoever adds or withdraws one at the same time does so after this transaction. */
export async function lockPrices(transaction: Knex): Promise<void> {
  await transaction.raw('LOCK TABLE prices IN SHARE ROW EXCLUSIVE MODE');
}

/** All of one model, action and tier, in whatever state, the newest day first. */
export async function readHistory(backoffice: Knex, { model, action, aboveInputTokens }: Price): Promise<Price[]> {
  const rows = await backoffice('prices')
    .where({ model, above_input_tokens: aboveInputTokens })
    .whereRaw(`coalesce(action, '') = ?`, [action ?? ''])
    .orderByRaw('from_day DESC, created_at DESC, id')
    .limit(MOST_OF_A_HISTORY)
    .select<Row[]>(...COLUMNS);
  return rows.map(priceOf);
}

/** How many more there may be; lockPrices() goes before. */
export async function roomForPrices(transaction: Knex): Promise<number> {
  const { rows } = await transaction.raw<{ rows: { kept: number; in_force: number }[] }>(
    'SELECT count(*)::integer AS kept, (count(*) FILTER (WHERE withdrawn_at IS NULL))::integer AS in_force FROM prices',
  );
  const { kept = 0, in_force = 0 } = rows[0] ?? {};
  return Math.max(0, Math.min(MOST_PRICES - in_force, MOST_KEPT - kept));
}

/** The one in force of the same model, action, day and tier. */
export async function readSame(transaction: Knex, terms: PriceTerms): Promise<Price | null> {
  const { model, action, from, aboveInputTokens } = terms;
  const row = await transaction('prices')
    .whereNull('withdrawn_at')
    .where({ model, from_day: postgresFromDay(from), above_input_tokens: aboveInputTokens })
    .whereRaw(`coalesce(action, '') = ?`, [action ?? ''])
    .first<Row | undefined>(...COLUMNS);
  return row ? priceOf(row) : null;
}

export const termsRowOf = (terms: PriceTerms) => ({
  ...{ model: terms.model, action: terms.action, from_day: postgresFromDay(terms.from), currency: terms.currency },
  ...Object.fromEntries(RATES.map(({ name, column }) => [column, terms[name]])),
  ...{ above_input_tokens: terms.aboveInputTokens, output_tokens_per_image: terms.outputTokensPerImage },
  source: terms.source,
});
const rowOf = (terms: PriceTerms, by: string) => ({ ...termsRowOf(terms), created_by: by });

/** Returns its id; lockPrices() goes before. @throws PriceExists */
export async function insertPrice(transaction: Knex, terms: PriceTerms, by: string): Promise<string> {
  const same = await readSame(transaction, terms);
  if (same !== null) throw new PriceExists(same);
  const [made] = await transaction('prices').insert(rowOf(terms, by)).returning<{ id: string }[]>('id');
  return made?.id as string;
}

const A_BATCH = 500;

/** Many at once, of which none is there yet. */
export async function insertPrices(transaction: Knex, all: PriceTerms[], by: string): Promise<void> {
  for (let i = 0; i < all.length; i += A_BATCH)
    await transaction('prices').insert(all.slice(i, i + A_BATCH).map((terms) => rowOf(terms, by)));
}

/** Whether it was in force: it is withdrawn once. */
export async function withdrawPrice(transaction: Knex, id: string, by: string): Promise<boolean> {
  const count = await transaction('prices')
    .where({ id })
    .whereNull('withdrawn_at')
    .update({ withdrawn_at: transaction.fn.now(), withdrawn_by: by });
  return count === 1;
}
