import { daysOfLine, OF_CALLS } from '../../stats/bills/bill-lines.ts';
import type { KeptLine } from '../../stats/bills/read-lines.ts';
import type { PriceList } from '../../stats/pricing/price-list.ts';
import { costOfRow } from '../../stats/pricing/row-price.ts';
import type { Day } from '../../units/calendar.ts';
import { type MicroEuros, microEuros, minus, NO_EUROS, plus } from '../../units/money.ts';

/** From what was recorded to what was billed, in this order; the first is where it begins, and all of them add up to the bill. */
export const RUNGS = [
  'recorded',
  'monthEdges',
  'priceList',
  'exchangeRate',
  'discounts',
  'billedNotRecorded',
  'recordedNotBilled',
  'taxesAndCredits',
  'rest',
] as const;
export type RungName = (typeof RUNGS)[number];

/** What of a rung is of a model and a day; null where it is of none. */
export type Part = { rung: RungName; model: string | null; day: Day; amount: MicroEuros };

/**
 * The calls of a business day and a model: what was recorded, and what the price list makes of them at the writer's rate of dollars and at that
 * of the day. Null where it has no price, or no rate, for them.
 */
export type DayOfCalls = {
  day: Day;
  model: string;
  requests: number;
  recorded: MicroEuros;
  atWritersRate: MicroEuros | null;
  repriced: MicroEuros | null;
};

export type LadderInput = {
  /** Of the business month: what the other pages call that month. */
  ofMonth: { day: Day; model: string; recorded: MicroEuros }[];
  /** Of the provider's month, which is of UTC days. */
  calls: DayOfCalls[];
  lines: readonly KeptLine[];
  modelOf: (item: string) => string | null;
  /** The days of UTC that a business day has hours of. */
  utcDays: (day: Day) => Day[];
  priceOf: PriceList['priceOf'];
};

/** Calls or lines of which a rung cannot be told, and what they come to; that is in the last rung, or left as it was recorded. */
export type Untold = { count: number; amount: MicroEuros; models: string[] };

export type Ladder = {
  parts: Part[];
  billed: MicroEuros;
  /** Calls that no price is for: they stay as recorded. */
  unpriced: Untold;
  /** Calls with a price in dollars and no rate of their day: they stay at the writer's. */
  withoutRate: Untold;
  /** Lines of cached input or batches that do not say what they would have cost: no tokens, or no price of them. */
  withoutDiscount: Untold;
  /** Lines of usage that name no model. */
  withoutModel: Untold;
  /** Lines that are in no sum, for want of an exchange rate. */
  notInEuros: number;
};

const noneUntold = (): Untold => ({ count: 0, amount: NO_EUROS, models: [] });
function untold(one: Untold, count: number, amount: MicroEuros, model: string | null): void {
  one.count += count;
  one.amount = plus(one.amount, amount);
  if (model !== null && !one.models.includes(model)) one.models.push(model);
}

/** What the tokens of a line cost less than the price list says; null where that cannot be told. */
function discountOf(line: KeptLine, model: string, priceOf: PriceList['priceOf']): MicroEuros | null {
  if (line.quantity === null || line.euros === null || !/^\d{1,15}$/.test(line.quantity)) return null;
  const price = priceOf(model, '', line.lastDay);
  const last = 'missing' in price ? undefined : price.tiers.at(-1)?.price;
  if (last === undefined || last.perImage > 0) return null;
  const tokens = Number(line.quantity);
  const full = /\boutput\b/i.test(line.item) ? costOfRow(last, 0, tokens) : costOfRow(last, tokens, 0);
  return minus(line.euros, full);
}

/**
 * Explains a bill by what was recorded. Each call and each line is in as many parts as it takes to come from the one to the other, so that all parts
 * together are the bill, to the micro-euro: whatever no named rung can claim is in the last.
 */
export function ladderOf({ ofMonth, calls, lines, modelOf, utcDays, priceOf }: LadderInput): Ladder {
  const parts: Part[] = [];
  const add = (rung: RungName, model: string | null, day: Day, amount: MicroEuros) => {
    if (amount !== 0) parts.push({ rung, model, day, amount });
  };
  const ladder: Ladder = {
    ...{ parts, billed: NO_EUROS, notInEuros: 0, unpriced: noneUntold(), withoutRate: noneUntold() },
    ...{ withoutDiscount: noneUntold(), withoutModel: noneUntold() },
  };

  const billedDays = new Map<string, Set<Day>>();
  const daysOfAll = new Set<Day>();
  const inEuros = lines.flatMap((line) => {
    if (line.euros === null) {
      ladder.notInEuros += 1;
      return [];
    }
    const model = modelOf(line.item);
    if (OF_CALLS.includes(line.kind) && line.euros !== 0)
      for (const day of daysOfLine(line)) {
        if (model === null) daysOfAll.add(day);
        else billedDays.set(model, (billedDays.get(model) ?? new Set<Day>()).add(day));
      }
    return [{ line, model, euros: line.euros }];
  });
  const recordedDays = new Map<string, Set<Day>>();
  for (const { day, model, requests } of calls) {
    if (requests === 0) continue;
    const days = recordedDays.get(model) ?? new Set<Day>();
    for (const one of utcDays(day)) days.add(one);
    recordedDays.set(model, days);
  }

  for (const { day, model, recorded } of ofMonth) {
    add('recorded', model, day, recorded);
    add('monthEdges', model, day, microEuros(0 - recorded));
  }
  for (const { day, model, requests, recorded, atWritersRate, repriced } of calls) {
    add('monthEdges', model, day, recorded);
    if (atWritersRate === null) untold(ladder.unpriced, requests, recorded, model);
    else add('priceList', model, day, minus(atWritersRate, recorded));
    if (atWritersRate !== null && repriced === null) untold(ladder.withoutRate, requests, atWritersRate, model);
    if (atWritersRate !== null && repriced !== null) add('exchangeRate', model, day, minus(repriced, atWritersRate));
    const cost = repriced ?? atWritersRate ?? recorded;
    const isBilled = utcDays(day).some((one) => billedDays.get(model)?.has(one) || daysOfAll.has(one));
    add(isBilled || inEuros.length === 0 ? 'rest' : 'recordedNotBilled', model, day, microEuros(0 - cost));
  }
  for (const { line, model, euros } of inEuros) {
    ladder.billed = plus(ladder.billed, euros);
    const { kind, lastDay: day } = line;
    if (kind === 'tax' || kind === 'credit') add('taxesAndCredits', model, day, euros);
    else if (kind === 'other') add('rest', model, day, euros);
    else if (model === null) {
      untold(ladder.withoutModel, 1, euros, null);
      add('rest', null, day, euros);
    } else if (!daysOfLine(line).some((one) => recordedDays.get(model)?.has(one)))
      add('billedNotRecorded', model, day, euros);
    else {
      const discount = kind === 'usage' ? NO_EUROS : discountOf(line, model, priceOf);
      if (discount === null) untold(ladder.withoutDiscount, 1, euros, model);
      add('discounts', model, day, discount ?? NO_EUROS);
      add('rest', model, day, minus(euros, discount ?? NO_EUROS));
    }
  }
  return ladder;
}

/** Amounts of parts by rung. */
export type Rungs = Record<RungName, MicroEuros>;

const noRungs = (): Rungs => Object.fromEntries(RUNGS.map((name) => [name, NO_EUROS])) as Rungs;

/** The parts added up by what tells them apart; what adds up to nothing on every rung is left out. */
export function rungsBy(parts: readonly Part[], keyOf: (part: Part) => string): Map<string, Rungs> {
  const found = new Map<string, Rungs>();
  for (const part of parts) {
    const rungs = found.get(keyOf(part)) ?? noRungs();
    rungs[part.rung] = plus(rungs[part.rung], part.amount);
    found.set(keyOf(part), rungs);
  }
  for (const [key, rungs] of found) if (RUNGS.every((name) => rungs[name] === 0)) found.delete(key);
  return found;
}

/** All parts by rung. */
export const rungsOf = (parts: readonly Part[]): Rungs => rungsBy(parts, () => '').get('') ?? noRungs();

export const sumOfRungs = (rungs: Rungs): MicroEuros => RUNGS.reduce((sum, name) => plus(sum, rungs[name]), NO_EUROS);
