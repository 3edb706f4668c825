import type { Knex } from 'knex';
import { businessTime } from '../../query/business-time.ts';
import { rollupPasses, type UsageFilter } from '../../query/filter.ts';
import type { Day } from '../../units/calendar.ts';
import { clockOf } from '../../units/local-time.ts';
import { endOfDay, isOfNoTime, startOfDay, type Window } from '../../units/time.ts';
import { windowPartsOf } from '../parts.ts';
import { daysWithin } from '../rollups/days.ts';
import type { Column } from '../rollups/packed/columns.ts';
import { inPieces } from '../rollups/pieces.ts';
import { bucketFromPostgres, bucketSql } from '../rollups/source-buckets.ts';
import type { UsageSource } from '../source.ts';
import type { UsageKind } from '../sums.ts';
import { type CellOfDay, eachTokens } from './day-tokens.ts';
import type { PriceList } from './price-list.ts';
import { piecesOf } from './repriced.ts';
import { assertReadInTime, type CallsOfHour, RECORDS_FROM_SOURCE } from './repriced-days.ts';
import { eachRepricedHour } from './repriced-hours.ts';
import { costOfRows, type Tier } from './row-price.ts';
import { readRowTokens } from './row-tokens.ts';

type PricedCell = CellOfDay & { price: string; tiers: Tier[] };
/** Of an hour of the clock, 0 to 23, of a business day: only where there are calls with a price. */
type AddCalls = (of: UsageKind & { day: Day; hour: number }, calls: CallsOfHour) => void;

const CLOCK_HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** Tells what the hours of a window's days cost by a price list, by action and model, each call by itself; those without a price are in none. @throws TooMuchToCount */
export async function addRepricedHours(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  list: PriceList,
  add: AddCalls,
): Promise<void> {
  if (isOfNoTime(window) || list.isEmpty) return;
  const { workflows, timeZone } = source;
  const { sql, kept } = windowPartsOf(source, window, filter, { days: true });
  if (kept !== null) {
    const passes = rollupPasses(kept.filter);
    for (const segment of kept.days) {
      const cells: CellOfDay[] = [];
      for (const { day, version, cells: ofDay } of daysWithin(source.memory.days, segment))
        for (const cell of ofDay) if (passes(cell, null)) cells.push({ day, version, cell });
      const isWanted = (hour: number) => segment.hours?.[hour] ?? true;
      await addDays(source, cells, kept.filter, list, (of, calls) => isWanted(of.hour) && add(of, calls));
    }
    await eachRepricedHour(source, kept.hours, kept.filter, list, ({ hour, cell }, cost) =>
      add(
        { action: cell.action, model: cell.model, day: cell.bucket as Day, hour: clockOf(hour, timeZone).hour },
        { cost, calls: cell.requests },
      ),
    );
    if (kept.ends.length > 0) await addRaw(workflows, kept.ends, kept.filter, timeZone, list, add);
  }
  for (const part of sql)
    for (const piece of piecesOf(source, part.window))
      await addRaw(workflows, [piece], part.filter, timeZone, list, add);
}

/** From the tokens that are kept of whole days, and from the source where those are not kept by the hours of the clock. */
async function addDays(
  { workflows, backoffice, memory, timeZone }: UsageSource,
  cells: CellOfDay[],
  filter: UsageFilter,
  list: PriceList,
  add: AddCalls,
): Promise<void> {
  const wanted: PricedCell[] = [];
  const addAll = ({ day, cell: { action, model } }: CellOfDay, hours: CallsOfHour[]) => {
    for (const [hour, calls] of hours.entries()) if (calls.calls > 0) add({ action, model, day, hour }, calls);
  };
  for (const one of cells) {
    const price = list.priceOf(one.cell.model, one.cell.action, one.day);
    if ('missing' in price) continue;
    const known = memory.repricedClock.get(kindOf(one))?.get(one.day);
    if (known?.version === one.version && known.price === price.key) addAll(one, known.hours);
    else wanted.push({ ...one, price: price.key, tiers: price.tiers });
  }
  const unkept: PricedCell[] = [];
  const missing = await eachTokens(backoffice, { cells: wanted, hours: null }, (inputs, outputs, of, clockEnds) => {
    const one = of as PricedCell;
    if (clockEnds.length === 0) {
      unkept.push(one);
      return;
    }
    const hours = CLOCK_HOURS.map((hour) => callsOfHour(one.tiers, inputs, outputs, clockEnds, hour));
    const days = memory.repricedClock.get(kindOf(one)) ?? new Map();
    days.set(one.day, { version: one.version, price: one.price, hours });
    memory.repricedClock.set(kindOf(one), days);
    addAll(one, hours);
  });
  unkept.push(...(missing as PricedCell[]));
  assertReadInTime(unkept);
  for (const some of inPieces(unkept, ({ cell }) => cell.requests, RECORDS_FROM_SOURCE)) {
    const names = new Set(some.map((one) => `${one.day}\0${kindOf(one)}`));
    const windows = [...new Set(some.map(({ day }) => day))].map((day) => ({
      from: startOfDay(day, timeZone),
      to: endOfDay(day, timeZone),
    }));
    await addRaw(workflows, windows, filter, timeZone, list, add, (day, kind) => names.has(`${day}\0${kind}`));
  }
}

const kindOf = ({ cell }: { cell: { action: string; model: string } }) => `${cell.action}\0${cell.model}`;

function callsOfHour(tiers: Tier[], inputs: Column, outputs: Column, clockEnds: Column, hour: number): CallsOfHour {
  const [begin, end] = [clockEnds[hour - 1] ?? 0, clockEnds[hour]];
  const ofHour = inputs.subarray(begin, end);
  return { cost: costOfRows(tiers, ofHour, outputs.subarray(begin, end)), calls: ofHour.length };
}

/** By the business day and the hour of the clock, from the source. */
async function addRaw(
  workflows: Knex,
  windows: Window[],
  filter: UsageFilter,
  timeZone: string,
  list: PriceList,
  add: AddCalls,
  isWanted: (day: Day, kind: string) => boolean = () => true,
): Promise<void> {
  const day = bucketSql('day', timeZone);
  const local = businessTime(timeZone);
  const bucket = {
    sql: `extract(hour FROM ${local.sql})::int || ' ' || ${day.sql}`,
    bindings: [...local.bindings, ...day.bindings],
  };
  for (const { bucket: text, inputs, outputs, ...kind } of await readRowTokens(workflows, windows, filter, bucket)) {
    const space = text.indexOf(' ');
    const of = bucketFromPostgres(text.slice(space + 1), 'day') as Day;
    const price = list.priceOf(kind.model, kind.action, of);
    if ('missing' in price || !isWanted(of, kindOf({ cell: kind }))) continue;
    const calls = { cost: costOfRows(price.tiers, inputs, outputs), calls: inputs.length };
    add({ ...kind, day: of, hour: Number(text.slice(0, space)) }, calls);
  }
}
