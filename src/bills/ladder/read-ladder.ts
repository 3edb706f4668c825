import type { Knex } from 'knex';
import { parseUsageQuery, type UsageQuery } from '../../query/query.ts';
import { daysMeeting, daysOfMonth } from '../../stats/bills/bill-lines.ts';
import { billedName, itemModels } from '../../stats/bills/item-models.ts';
import { type KeptLine, readLines } from '../../stats/bills/read-lines.ts';
import type { RepricedStats } from '../../stats/pricing/repriced.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { type Day, firstDayOf, type Month } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { type MicroEuros, plus } from '../../units/money.ts';
import { type Instant, isoFromInstant, startOfDay } from '../../units/time.ts';
import { type DayOfCalls, type Ladder, ladderOf } from './ladder.ts';

const UTC = 'UTC';

/** A bill and what explains it, with the calls of its month, of UTC days. */
export type Bill = {
  provider: string;
  month: Month;
  lines: KeptLine[];
  ladder: Ladder;
  query: UsageQuery;
  /** The names under which the calls of each model were recorded. */
  recordedAs: Map<string, string[]>;
  isOver: boolean;
};

/** What stands behind a ladder: a bill is compared with the calls of its provider's models. */
type LadderSources = { backoffice: Knex; reader: UsageReader; timeZone: string };

/** The bill of a provider and month, explained. */
export function readBill(
  { backoffice, reader, timeZone }: LadderSources,
  { provider, month }: { provider: string; month: Month },
  at: Instant,
): Promise<Bill> {
  return reader.ofOneState(async (reader) => {
    const limits = { maxPageSize: 1, timeZone };
    const { first, next } = periodOf(firstDayOf(month), 'month');
    const ofMonth = await reader.recent(parseUsageQuery({ period: month, provider }, limits, at));
    const bounds = { from: isoFromInstant(startOfDay(first, UTC)), to: isoFromInstant(startOfDay(next, UTC)) };
    const parsed = parseUsageQuery({ ...bounds, provider }, limits, at);
    const query = await reader.recent(parsed);
    const days = daysOfMonth(month);
    const [recorded, repriced, atWritersRate, list, lines] = await Promise.all([
      reader.stats(ofMonth, 'day'),
      reader.repriced(query, 'day'),
      reader.repriced(query, 'day', (list) => list.atWritersRate()),
      reader.prices(),
      readLines(backoffice, provider, days),
    ]);
    const { models } = await reader.dimensions();
    const recordedAs = new Map<string, string[]>();
    for (const { model } of repriced.value.recorded.cells) {
      const names = recordedAs.get(billedName(model)) ?? [];
      if (!names.includes(model)) recordedAs.set(billedName(model), [...names, model]);
    }
    const ladder = ladderOf({
      ofMonth: recorded.value.cells.map(({ bucket, model, cost }) => ({
        ...{ day: bucket as Day, model: billedName(model), recorded: cost },
      })),
      calls: callsOf(repriced.value, atWritersRate.value),
      lines,
      modelOf: itemModels(provider, [...models, ...list.models]),
      utcDays: (day) => daysMeeting(day, timeZone, UTC),
      priceOf: list.priceOf,
    });
    return { provider, month, lines, ladder, query, recordedAs, isOver: at >= startOfDay(next, UTC) };
  });
}

/** The calls of each day, model and action, which have a price or have none together. */
function callsOf(repriced: RepricedStats, atWritersRate: RepricedStats): DayOfCalls[] {
  const keyOf = ({ bucket, model, action }: { bucket: string; model: string; action: string }) =>
    JSON.stringify([bucket, model, action]);
  const costs = ({ cells, unpricedCells }: RepricedStats): Map<string, MicroEuros> => {
    const without = new Set(unpricedCells.map(keyOf));
    const found = new Map<string, MicroEuros>();
    for (const cell of cells) {
      if (without.has(keyOf(cell))) continue;
      const known = found.get(keyOf(cell));
      found.set(keyOf(cell), known === undefined ? cell.cost : plus(known, cell.cost));
    }
    return found;
  };
  const [byDay, byWriter] = [costs(repriced), costs(atWritersRate)];
  const calls = new Map<string, DayOfCalls>();
  for (const cell of repriced.recorded.cells) {
    const key = keyOf(cell);
    const known = calls.get(key);
    if (known) {
      known.requests += cell.requests;
      known.recorded = plus(known.recorded, cell.cost);
    } else
      calls.set(key, {
        ...{ day: cell.bucket as Day, model: billedName(cell.model), requests: cell.requests, recorded: cell.cost },
        ...{ atWritersRate: byWriter.get(key) ?? null, repriced: byDay.get(key) ?? null },
      });
  }
  return [...calls.values()];
}
