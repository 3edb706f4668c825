import { actionInfo } from '../catalog/actions.ts';
import { retirementInWords } from '../catalog/models.ts';
import { written } from '../catalog/written.ts';
import type { Sums } from '../stats/sums.ts';
import { type Column, type DataTable, dataTable } from '../tables/table.ts';
import { compareDays, type Day } from '../units/calendar.ts';
import type { Format } from '../units/format.ts';
import { type Price, type PriceTerms, RATES } from './store.ts';
import { pricePath } from './terms.ts';
import type { Missing, Unpriced } from './unpriced.ts';

/** What a page lists of models without a price. */
const MOST_ROWS = 500;

/** A file has every column, a page those in which a row has something. */
const rateColumns = <Row>(priceOf: (row: Row) => Price, shown: readonly Row[], format: Format): Column<Row>[] =>
  RATES.map(({ name, label }) => ({
    ...{ name, label, kind: 'decimal' as const },
    value: (row) => (priceOf(row)[name] === null ? null : Number(priceOf(row)[name])),
    cell: (row) => {
      const { currency, [name]: rate } = priceOf(row);
      return rate === null ? {} : { text: format.rate(Number(rate), currency) };
    },
    ...(shown.some((row) => priceOf(row)[name] !== null) ? {} : { only: 'file' as const }),
  }));

/** "for Image edit, above 200,000 input tokens"; empty for every call of a model. */
export function whichCalls({ action, aboveInputTokens }: PriceTerms, format: Format): string {
  const ofAction = action === null ? [] : [`for ${actionInfo(action).label}`];
  const ofTier = aboveInputTokens === 0 ? [] : [`above ${format.integer(aboveInputTokens)} input tokens`];
  return [...ofAction, ...ofTier].join(', ');
}

/** Which calls of a model, and from when on there are none. */
export const callsAndEnd = (terms: PriceTerms, format: Format): string =>
  [whichCalls(terms, format), retirementInWords(terms.model, format)].filter(Boolean).join('; ');

/** What a model costs on a day, with how many prices it had before and the next that is known. */
export type PriceLine = { price: Price; isToCome: boolean; before: number; next: Price | null };

/** One line for each model, action and tier; `prices` in force, in the order of readPrices(). */
export function linesOf(prices: readonly Price[], today: Day): PriceLine[] {
  const groups = new Map<string, Price[]>();
  for (const price of prices) {
    const key = JSON.stringify([price.model, price.action, price.aboveInputTokens]);
    groups.set(key, [...(groups.get(key) ?? []), price]);
  }
  return [...groups.values()].map((group) => {
    const begun = group.filter(({ from }) => compareDays(from, today) <= 0);
    const toCome = group.filter(({ from }) => compareDays(from, today) > 0);
    const [current] = begun;
    const next = toCome.at(-1) ?? null;
    return current
      ? { price: current, isToCome: false, before: begun.length - 1, next }
      : { price: next as Price, isToCome: true, before: 0, next: toCome.at(-2) ?? null };
  });
}

const oneOr = (count: number, one: string, many: string, format: Format) =>
  `${format.integer(count)} ${count === 1 ? one : many}`;

const cutNote = (shown: number, all: number, what: string, format: Format) =>
  all > shown ? `The first ${format.integer(shown)} of ${format.integer(all)} ${what}.` : undefined;

/** What models cost now: some of `count` lines, from one on. */
export function currentTable(
  { lines: rows, from, count }: { lines: PriceLine[]; from: number; count: number },
  format: Format,
): DataTable {
  const columns: Column<PriceLine>[] = [
    {
      ...{ name: 'model', label: 'Model', kind: 'text', value: ({ price }) => price.model },
      cell: ({ price, isToCome }) => ({
        ...{ text: written(price.model), href: pricePath(price.id), note: callsAndEnd(price, format) },
        ...(isToCome ? { flag: 'to come' } : {}),
      }),
      note: () =>
        count > rows.length
          ? `${format.integer(from)}–${format.integer(from + rows.length - 1)} of ${format.integer(count)} prices; all are in the file.`
          : undefined,
    },
    ...rateColumns<PriceLine>(({ price }) => price, rows, format),
    {
      ...{ name: 'from', label: 'From', kind: 'day', value: ({ price }) => price.from },
      cell: ({ price, before, next }) => ({
        text: format.mediumDay(price.from),
        note: [
          ...(next === null ? [] : [`another from ${format.mediumDay(next.from)}`]),
          ...(before === 0 ? [] : [oneOr(before, 'before it', 'before it', format)]),
        ].join('; '),
      }),
    },
  ];
  return dataTable(columns, { title: 'What models cost now', rows, inLines: true });
}

/** All prices that a model has had, the newest day first, each with a page that says where it is from and who added it; `shown` is the one whose page it is. */
export function historyTable(prices: Price[], shown: Price, today: Day, format: Format): DataTable {
  const columns: Column<Price>[] = [
    {
      ...{ name: 'from', label: 'From', kind: 'day', value: ({ from }) => from },
      cell: ({ id, from, withdrawn }) => ({
        text: format.mediumDay(from),
        ...(id === shown.id ? {} : { href: pricePath(id) }),
        ...(withdrawn !== null ? { flag: 'withdrawn' } : compareDays(from, today) > 0 ? { flag: 'to come' } : {}),
      }),
    },
    ...rateColumns<Price>((price) => price, prices, format),
    { name: 'addedAt', label: 'Added', kind: 'instant', value: ({ createdAt }) => createdAt },
    ...(prices.some(({ withdrawn }) => withdrawn !== null)
      ? [
          {
            ...{ name: 'withdrawnAt', label: 'Withdrawn', kind: 'instant' as const },
            value: ({ withdrawn }: Price) => withdrawn?.at ?? null,
          },
        ]
      : []),
  ];
  return dataTable(columns, {
    ...{ title: 'Every price it has had', rows: prices, inLines: true as const },
    faint: ({ withdrawn }) => withdrawn !== null,
  });
}

/** As a file: every price there ever was. */
export function pricesTable(prices: Price[], format: Format): DataTable {
  const columns: Column<Price>[] = [
    { name: 'model', label: 'Model', kind: 'text', value: ({ model }) => model },
    { name: 'action', label: 'Action id', kind: 'text', value: ({ action }) => action },
    { name: 'from', label: 'From', kind: 'day', value: ({ from }) => from },
    {
      ...{ name: 'aboveInputTokens', label: 'Above input tokens', kind: 'integer' },
      value: ({ aboveInputTokens }) => aboveInputTokens,
    },
    { name: 'currency', label: 'Currency', kind: 'text', value: ({ currency }) => currency },
    ...rateColumns<Price>((price) => price, prices, format).map(({ only, ...column }) => column),
    {
      ...{ name: 'outputTokensPerImage', label: 'Output tokens per image', kind: 'integer' },
      value: ({ outputTokensPerImage }) => outputTokensPerImage,
    },
    { name: 'source', label: 'Source', kind: 'text', value: ({ source }) => source },
    { name: 'addedAt', label: 'Added', kind: 'instant', value: ({ createdAt }) => createdAt },
    { name: 'addedBy', label: 'Added by', kind: 'text', value: ({ createdBy }) => createdBy },
    { name: 'withdrawnAt', label: 'Withdrawn', kind: 'instant', value: ({ withdrawn }) => withdrawn?.at ?? null },
    { name: 'withdrawnBy', label: 'Withdrawn by', kind: 'text', value: ({ withdrawn }) => withdrawn?.by ?? null },
    { name: 'priceId', label: 'Price id', kind: 'uuid', value: ({ id }) => id },
  ];
  return dataTable(columns, { title: 'Prices', rows: prices });
}

/** Where a model with calls that have no price leads: to them, and for whoever may add it to a form that is filled with it. */
type Ways = { calls: (model: string) => string; adds: ((one: Unpriced) => string) | null };

function unpricedTable(unpriced: Unpriced[], { calls, adds }: Ways, format: Format): DataTable {
  const rows = unpriced.slice(0, MOST_ROWS);
  const count = (name: keyof Sums, label: string): Column<Unpriced> => ({
    ...{ name, label, kind: 'integer', value: (one) => one[name] },
  });
  const columns: Column<Unpriced>[] = [
    {
      ...{ name: 'model', label: 'Model', kind: 'text', value: ({ model }) => model },
      cell: ({ model, isPartly }) => ({
        ...{ text: written(model), href: calls(model) },
        ...(isPartly ? { note: 'other calls of it have one' } : {}),
      }),
      note: () => cutNote(rows.length, unpriced.length, 'models', format),
    },
    ...(adds === null
      ? []
      : [
          {
            ...{ name: 'price', label: 'Price', kind: 'text' as const, value: () => 'Add its price' },
            cell: (one: Unpriced) => ({ href: adds(one) }),
          },
        ]),
    count('requests', 'Requests'),
    count('inputTokens', 'Tokens in'),
    count('outputTokens', 'Tokens out'),
    { name: 'cost', label: 'Recorded cost', kind: 'euros', value: ({ cost }) => cost },
    {
      ...{ name: 'since', label: 'First of them', kind: 'day', value: ({ since }) => since },
      cell: ({ since }) => ({ text: format.mediumDay(since) }),
    },
  ];
  return dataTable(columns, { title: 'Models without a price', rows });
}

/** What has no price, ready to print. */
export function missingView({ models, withoutRate }: Missing, ways: Ways, format: Format) {
  return {
    count: models.length,
    table: models.length === 0 ? null : unpricedTable(models, ways, format).page(format),
    withoutRate: withoutRate && {
      requests: oneOr(withoutRate.requests, 'call has', 'calls have', format),
      since: format.mediumDay(withoutRate.since),
    },
  };
}
