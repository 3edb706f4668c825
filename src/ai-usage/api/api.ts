import { providerOf } from '../../catalog/models.ts';
import { cursorText } from '../../query/cursor.ts';
import type { PriceList } from '../../stats/pricing/price-list.ts';
import { costOfRecord, isRepriced, type Unpriced } from '../../stats/pricing/repriced.ts';
import type { RecordPage } from '../../stats/records/record-pages.ts';
import { gapText } from '../../stats/records/record-reach.ts';
import { cursorBeside, type UsageRecord } from '../../stats/records/records.ts';
import type { Answer } from '../../stats/source.ts';
import type { UsageStats } from '../../stats/stats.ts';
import type { Sums } from '../../stats/sums.ts';
import { inFile } from '../../tables/table.ts';
import type { Value, ValueKind } from '../../tables/values.ts';
import type { Format } from '../../units/format.ts';
import { averageEuros, eurosNumber, eurosText, type MicroEuros } from '../../units/money.ts';
import { type Instant, isoFromInstant, isoWindow } from '../../units/time.ts';
import type { Compared } from '../breakdowns/compare.ts';
import { RECORD_COLUMNS } from '../records/record-columns.ts';

/** What no price is for; nothing where the costs are those that were recorded. */
const unpricedJson = (value: UsageStats) => (isRepriced(value) ? { unpriced: value.unpriced } : {});

/** The contract of docs/openapi.yaml: existing callers read these fields, so they are only ever added to. */
export function statsJson({ query, coverage, value }: Answer<UsageStats>, timeZone: string) {
  const { total, models, actions, buckets } = value;
  const { window, asOf } = query;
  const tokens = ({ inputTokens, outputTokens }: Sums) => ({
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
  });
  const costs = ({ cost, requests }: Sums) => ({
    totalCost: eurosNumber(cost),
    requests,
    averageCostPerRequest: averageEuros(cost, requests),
  });
  const modelBreakdown = models.map((row) => ({
    model: row.model,
    provider: providerOf(row.model),
    ...tokens(row),
    ...costs(row),
  }));
  return {
    totalCost: eurosNumber(total.cost),
    totalTokens: total.inputTokens + total.outputTokens,
    totalInputTokens: total.inputTokens,
    totalOutputTokens: total.outputTokens,
    totalRequests: total.requests,
    uniqueStories: total.stories,
    requestsWithoutNumber: value.noNumber,
    averageCostPerRequest: averageEuros(total.cost, total.requests),
    modelBreakdown,
    actionBreakdown: actions.map((row) => ({
      action: row.action,
      ...costs(row),
      inputTokens: row.inputTokens,
      outputTokens: row.outputTokens,
      uniqueStories: row.stories,
      averageCostPerStory: averageEuros(row.cost, row.stories),
    })),
    dailyUsage: buckets.map((row) => ({
      date: row.bucket,
      totalCost: eurosNumber(row.cost),
      requests: row.requests,
      ...tokens(row),
    })),
    topModels: modelBreakdown.slice(0, 5),
    ...unpricedJson(value),
    window: isoWindow(window),
    timeZone,
    asOf: isoFromInstant(asOf),
    auditedUntil: coverage.auditedUntil === null ? null : isoFromInstant(coverage.auditedUntil),
  };
}

/** The totals of the window compared with, null where there is none: nothing is before all time, or before the first record. */
export function comparedJson(compared: Compared | null) {
  if (compared === null) return null;
  const { total } = compared.stats;
  return {
    totalCost: eurosNumber(total.cost),
    totalTokens: total.inputTokens + total.outputTokens,
    totalInputTokens: total.inputTokens,
    totalOutputTokens: total.outputTokens,
    totalRequests: total.requests,
    uniqueStories: total.stories,
    averageCostPerRequest: averageEuros(total.cost, total.requests),
    ...unpricedJson(compared.stats),
    window: isoWindow(compared.window),
  };
}

function recordJson(record: UsageRecord): Record<string, unknown> {
  return Object.fromEntries(
    RECORD_COLUMNS.filter(({ api }) => api).map(({ name, kind, value }) => [
      name,
      jsonValue(kind, inFile(kind, value(record, { author: null, story: null }))),
    ]),
  );
}

/** Amounts as text with all six decimals, instants in ISO 8601; a word where one is none. */
function jsonValue(kind: ValueKind, value: Value): Value {
  if (kind === 'euros' && typeof value === 'number') return eurosText(value as MicroEuros);
  return typeof value === 'bigint' ? isoFromInstant(value as Instant) : value;
}

/**
 * A record by the price list: its cost is null where that has none for it, and the recorded one stands beside it.
 */
function repricedRecordJson(record: UsageRecord, prices: PriceList, timeZone: string) {
  const cost = costOfRecord(record, prices, timeZone);
  const { estimatedCostInEuros: recordedCostInEuros, ...others } = recordJson(record);
  return { ...others, estimatedCostInEuros: cost === null ? null : eurosText(cost), recordedCostInEuros };
}

/** A page of records; `after` and `before` are the cursors of its neighbours, null where there is none. */
export function recordsJson(
  { query, value }: Answer<RecordPage>,
  format: Format,
  repriced: { prices: PriceList; unpriced: Unpriced } | null,
) {
  const { page, pageSize, asOf } = query;
  const { records, hasPrevious, hasNext, gap, uncounted, cursorCosts } = value;
  const first = records[0];
  const total = value.total.requests;
  const totalPages = Math.ceil(total / pageSize);
  const last = records.at(-1);
  return {
    records: records.map((record) =>
      repriced === null ? recordJson(record) : repricedRecordJson(record, repriced.prices, format.timeZone),
    ),
    ...(repriced === null ? {} : { unpriced: repriced.unpriced }),
    ...(repriced !== null && query.sortBy === 'estimatedCostInEuros'
      ? { orderedBy: cursorCosts === null ? 'recorded' : 'repriced' }
      : {}),
    total,
    notInTotal: uncounted ?? [],
    page,
    pageSize,
    totalPages,
    after: last && hasNext ? cursorText(cursorBeside(last, 'after', query, cursorCosts)) : null,
    before: first && hasPrevious ? cursorText(cursorBeside(first, 'before', query, cursorCosts)) : null,
    pagesWithoutNumber: gap && { ...gap, message: gapText(gap, format) },
    asOf: isoFromInstant(asOf),
  };
}
