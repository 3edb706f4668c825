import { rollupPasses, type UsageFilter } from '../../query/filter.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';
import {
  dayOf,
  endOfDay,
  hourNumber,
  isOfNoTime,
  isTime,
  NO_TIME,
  startOfDay,
  startOfHourNumber,
  type Window,
} from '../../units/time.ts';
import { type Kept, windowPartsOf } from '../parts.ts';
import type { UsageRecord } from '../records/records.ts';
import { recordsOf, wantedDays } from '../rollups/days.ts';
import { type BucketSize, bucketFromPostgres, bucketSql } from '../rollups/source-buckets.ts';
import type { UsageSource } from '../source.ts';
import { bucketOf, group, readStats, statsOf, type UsageStats } from '../stats.ts';
import { addTo, type Count, sumOf, type UsageCell, usageCellOf } from '../sums.ts';
import type { CellOfDay } from './day-tokens.ts';
import type { PriceList } from './price-list.ts';
import { eachRepriced, RECORDS_FROM_SOURCE } from './repriced-days.ts';
import { eachRepricedHour } from './repriced-hours.ts';
import { costOfRow, costOfRows, tierPrice } from './row-price.ts';
import { readRowTokens } from './row-tokens.ts';

/** Calls that no price is for: no cost has them. Their models, those of the most calls first. */
export type Unpriced = { requests: Count; models: string[] };

/**
 * Statistics in which each call costs what the price list says, to the micro-euro; beside them what was recorded of the same calls, and the
 * recorded cells that no price is for.
 */
export type RepricedStats = UsageStats & {
  unpriced: Unpriced;
  recorded: UsageStats;
  unpricedCells: UsageCell[];
  /** How many of the unpriced have a price in dollars, and no exchange rate. */
  withoutRate: Count;
};

type PricedRecord = Pick<UsageRecord, 'action' | 'aiModel' | 'inputTokens' | 'outputTokens' | 'createdAt'>;

export const isRepriced = (stats: UsageStats | RepricedStats): stats is RepricedStats => 'unpriced' in stats;

/** The same calls as they were recorded. */
export const recordedOf = (stats: UsageStats | RepricedStats): UsageStats =>
  isRepriced(stats) ? stats.recorded : stats;

/** What one record costs by the price list; null where that has no price for it. */
export function costOfRecord(
  { action, aiModel, inputTokens, outputTokens, createdAt }: PricedRecord,
  { priceOf }: PriceList,
  timeZone: string,
): MicroEuros | null {
  const price = isTime(createdAt) ? priceOf(aiModel, action, dayOf(createdAt, timeZone)) : null;
  if (price === null || 'missing' in price) return null;
  return costOfRow(tierPrice(price.tiers, inputTokens), inputTokens, outputTokens);
}

const nameOf = (bucket: string, { action, model }: { action: string; model: string }) =>
  `${bucket}\0${action}\0${model}`;

/** The statistics of a window and filter by a price list: the price of each call, halves up, and then their sum. */
export async function readRepricedStats(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  size: BucketSize,
  list: PriceList,
): Promise<RepricedStats> {
  // A month has days of different prices.
  const by = size === 'hour' ? 'hour' : 'day';
  const [recorded, costs] = await Promise.all([
    readStats(source, window, filter, by),
    readCosts(source, window, filter, by, list),
  ]);
  const ofDays: UsageCell[] = [];
  const cells = new Map<string, UsageCell>();
  const unpricedCells: UsageCell[] = [];
  let withoutRate = 0;
  for (const cell of recorded.cells) {
    const costOfDay = costs.ofDays.get(cell);
    if (costOfDay !== undefined) {
      const priced = usageCellOf(cell.bucket, cell.action, cell.model, cell, 0);
      priced.cost = costOfDay;
      ofDays.push(priced);
      continue;
    }
    const bucket = bucketOf[by](cell);
    const name = nameOf(bucket, cell);
    const price = bucket === NO_TIME ? null : list.priceOf(cell.model, cell.action, dayOfBucket(bucket, by, source));
    const isUnpriced = price === null || 'missing' in price;
    if (isUnpriced) unpricedCells.push(cell);
    const unpriced = isUnpriced ? cell.requests : 0;
    if (price !== null && 'missing' in price && price.missing === 'exchange rate') withoutRate += cell.requests;
    const known = cells.get(name);
    if (known) {
      addTo(known, { ...cell, cost: NO_EUROS });
      known.noNumber += unpriced;
    } else {
      const cost = costs.ofOthers.get(name) ?? NO_EUROS;
      cells.set(name, usageCellOf(bucket, cell.action, cell.model, { ...cell, cost }, unpriced));
    }
  }
  const byAction = new Map(recorded.actions.map(({ action, stories }) => [action, stories]));
  const stories = { total: recorded.total.stories, ofAction: (action: string) => byAction.get(action) ?? 0 };
  return {
    ...statsOf(ofDays.concat([...cells.values()]), stories, size),
    unpriced: unpricedOf(unpricedCells),
    recorded,
    unpricedCells,
    withoutRate,
  };
}

/** Recorded cells without a price, in words. */
export function unpricedOf(cells: UsageCell[]): Unpriced {
  const models = [...group(cells, ({ model }) => model)].sort(
    ([a, some], [b, others]) => others.requests - some.requests || byCodePoint(a, b),
  );
  return { requests: sumOf(cells).requests, models: models.map(([model]) => model) };
}

const dayOfBucket = (bucket: string, by: 'hour' | 'day', { timeZone }: UsageSource): Day =>
  by === 'day' ? (bucket as Day) : dayOf(startOfHourNumber(Number(bucket)), timeZone);

/** What calls cost: of a cell of a whole day by the cell, of all others by bucket, action and model; those without a price are left out. */
type Costs = { ofDays: Map<UsageCell, MicroEuros>; ofOthers: Map<string, MicroEuros> };

async function readCosts(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  by: 'hour' | 'day',
  list: PriceList,
): Promise<Costs> {
  const ofDays: Costs['ofDays'] = new Map();
  const ofOthers: Costs['ofOthers'] = new Map();
  if (isOfNoTime(window) || list.isEmpty) return { ofDays, ofOthers };
  const { sql, kept } = windowPartsOf(source, window, filter, { days: by === 'day' });
  const add = (name: string, cost: MicroEuros) => ofOthers.set(name, plus(ofOthers.get(name) ?? NO_EUROS, cost));
  const { timeZone, workflows } = source;
  const readDays = async ({ days, filter }: Kept) => {
    const passes = rollupPasses(filter);
    const repricing = { ...source, repricedDays: source.memory.repricedDays };
    for (const segment of days) {
      const cells: CellOfDay[] = [];
      for (const { day, version, cells: ofDay } of await wantedDays(source, segment))
        for (const cell of ofDay) if (passes(cell, null)) cells.push({ day, version, cell });
      const hours = segment.hours ?? null;
      // Cells of some hours of a day are others each time that they are read.
      await eachRepriced(repricing, { cells, hours }, filter, list, ({ cell }, cost) =>
        hours === null ? ofDays.set(cell, cost) : add(nameOf(cell.bucket, cell), cost),
      );
    }
  };
  const readHours = ({ hours, filter }: Kept) =>
    eachRepricedHour(source, hours, filter, list, ({ hour, cell }, cost) =>
      add(nameOf(by === 'day' ? cell.bucket : String(hourNumber(hour)), cell), cost),
    );
  const readRaw = async (windows: Window[], filter: UsageFilter) => {
    const tokens = await readRowTokens(workflows, windows, filter, bucketSql(by, timeZone));
    for (const { bucket, inputs, outputs, ...kind } of tokens) {
      const name = bucketFromPostgres(bucket, by);
      const price = list.priceOf(kind.model, kind.action, dayOfBucket(name, by, source));
      if (!('missing' in price)) add(nameOf(name, kind), costOfRows(price.tiers, inputs, outputs));
    }
  };
  const readEnds = async ({ ends, filter }: Kept) => {
    if (ends.length > 0) await readRaw(ends, filter);
  };
  if (kept !== null) await Promise.all([readDays(kept), readHours(kept), readEnds(kept)]);
  for (const part of sql) for (const piece of piecesOf(source, part.window)) await readRaw([piece], part.filter);
  return { ofDays, ofOthers };
}

/** A window in pieces of so many records as the rollups know, cut where business days begin. */
export function piecesOf({ memory, timeZone }: UsageSource, window: Window): Window[] {
  const pieces: Window[] = [];
  let { from } = window;
  let records = 0;
  for (const [day, kept] of [...memory.days.byDay].sort(([a], [b]) => compareDays(a, b))) {
    const begin = startOfDay(day, timeZone);
    if (begin >= window.to) break;
    if (from !== null && endOfDay(day, timeZone) <= from) continue;
    const more = recordsOf(kept);
    if (records > 0 && records + more > RECORDS_FROM_SOURCE && (from === null || begin > from)) {
      pieces.push({ from, to: begin });
      from = begin;
      records = 0;
    }
    records += more;
  }
  return [...pieces, { from, to: window.to }];
}
