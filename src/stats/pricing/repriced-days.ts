import type { Knex } from 'knex';
import type { UsageFilter } from '../../query/filter.ts';
import type { Day } from '../../units/calendar.ts';
import { TooMuchToCount } from '../../units/failures/too-much-to-count.ts';
import type { MicroEuros } from '../../units/money.ts';
import { endOfDay, startOfDay } from '../../units/time.ts';
import type { CachePart, MakePart } from '../memory/cache.ts';
import { namedHours } from '../rollups/days.ts';
import { inPieces } from '../rollups/pieces.ts';
import { bucketFromPostgres, bucketSql } from '../rollups/source-buckets.ts';
import { areOf, type CellOfDay, type CellsOfDays, eachTokens } from './day-tokens.ts';
import type { PriceList } from './price-list.ts';
import { costOfRows, costOfSums, type Tier } from './row-price.ts';
import { readRowTokens } from './row-tokens.ts';

/** What an action and model cost in days, by their versions and prices: a few numbers for what is added up from every call. */
export type RepricedDays = CachePart<Map<Day, { version: string; price: string; cost: MicroEuros }>>;

const BYTES_A_DAY = 150;

export const noRepricedDays = (part: MakePart): RepricedDays =>
  part('re-priced days', (days) => days.size * BYTES_A_DAY);

/** The same in the 24 hours of the clock. */
export type RepricedClock = CachePart<Map<Day, { version: string; price: string; hours: CallsOfHour[] }>>;
/** What the calls of an hour cost, and how many they are. */
export type CallsOfHour = { cost: MicroEuros; calls: number };

const BYTES_A_CLOCK = 1_000;

export const noRepricedClock = (part: MakePart): RepricedClock =>
  part('re-priced hours of the clock', (days) => days.size * BYTES_A_CLOCK);

type Repricing = { workflows: Knex; backoffice: Knex; repricedDays: RepricedDays; timeZone: string };
type PricedCell = CellOfDay & { price: string; tiers: Tier[] };

/** The calls of so many records are read from the source at once, eight bytes each. */
export const RECORDS_FROM_SOURCE = 200_000;

/** For one answer: some ten seconds. That more are not kept is so for minutes only: after the first price, or an update that keeps more of them. */
const MOST_FROM_SOURCE = 1_000_000;

/** @throws TooMuchToCount where the calls of cells are too many to be read from the source for one answer */
export function assertReadInTime(cells: CellOfDay[]): void {
  if (cells.reduce((sum, { cell }) => sum + cell.requests, 0) <= MOST_FROM_SOURCE) return;
  throw new TooMuchToCount(
    'Costs by the price list are told from what is kept of each call, and of too many calls of this period that is not kept yet. ' +
      'It is being kept, the newest days first: choose a shorter period, or ask again in some minutes.',
  );
}

/**
 * What each cell of days costs by a price list, told one by one; those without a price are told nothing. From sums where they tell it,
 * from what is remembered, from the tokens of the day's calls, and from the source where none are kept. @throws TooMuchToCount
 */
export async function eachRepriced(
  { workflows, backoffice, repricedDays, timeZone }: Repricing,
  { cells, hours }: CellsOfDays,
  filter: UsageFilter,
  { priceOf }: PriceList,
  told: (of: CellOfDay, cost: MicroEuros) => void,
): Promise<void> {
  const wanted: PricedCell[] = [];
  const keyOf = (of: CellOfDay) => (hours === null ? kindOf(of) : `${namedHours(hours)} ${kindOf(of)}`);
  for (const one of cells) {
    const { day, version, cell } = one;
    const price = priceOf(cell.model, cell.action, day);
    if ('missing' in price) continue;
    const known = repricedDays.get(keyOf(one))?.get(day);
    const cost =
      costOfSums(price.tiers, cell) ?? (known?.version === version && known.price === price.key ? known.cost : null);
    if (cost === null) wanted.push({ ...one, price: price.key, tiers: price.tiers });
    else told(one, cost);
  }

  const keep = (of: PricedCell, cost: MicroEuros) => {
    const days = repricedDays.get(keyOf(of)) ?? new Map();
    days.set(of.day, { version: of.version, price: of.price, cost });
    repricedDays.set(keyOf(of), days);
    told(of, cost);
  };
  const missing = await eachTokens(backoffice, { cells: wanted, hours }, (inputs, outputs, of) => {
    const one = of as PricedCell;
    keep(one, costOfRows(one.tiers, inputs, outputs));
  });
  assertReadInTime(missing);
  const bucket = bucketSql('day', timeZone);
  for (const some of inPieces(missing as PricedCell[], ({ cell }) => cell.requests, RECORDS_FROM_SOURCE)) {
    const byName = new Map(some.map((one) => [`${one.day}\0${kindOf(one)}`, one]));
    const days = [...new Set(some.map(({ day }) => day))];
    const windows = days.map((day) => ({ from: startOfDay(day, timeZone), to: endOfDay(day, timeZone) }));
    for (const rows of await readRowTokens(workflows, windows, filter, bucket)) {
      const one = byName.get(`${bucketFromPostgres(rows.bucket, 'day')}\0${kindOf({ cell: rows })}`);
      if (one === undefined) continue;
      const cost = costOfRows(one.tiers, rows.inputs, rows.outputs);
      // The source may know more by now than the rollups.
      if (areOf(rows.inputs, rows.outputs, one.cell)) keep(one, cost);
      else told(one, cost);
    }
  }
}

const kindOf = ({ cell }: { cell: { action: string; model: string } }) => `${cell.action}\0${cell.model}`;
