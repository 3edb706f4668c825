import type { Knex } from 'knex';
import { rollupPasses, type UsageFilter } from '../../query/filter.ts';
import type { Day } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { clockOf } from '../../units/local-time.ts';
import type { MicroEuros } from '../../units/money.ts';
import {
  addDays,
  addTime,
  dayOf,
  HOUR,
  hourNumber,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
  startOfDay,
} from '../../units/time.ts';
import type { CachePart, MakePart } from '../memory/cache.ts';
import type { Days, KeptDay } from '../rollups/days.ts';
import { type Hours, hoursOfDays, hoursWithin } from '../rollups/hours.ts';
import type { Column } from '../rollups/packed/columns.ts';
import { inPieces } from '../rollups/pieces.ts';
import type { HourSegment } from '../rollups/segments.ts';
import { bucketFromPostgres, bucketSql } from '../rollups/source-buckets.ts';
import type { UsageCell, UsageKind } from '../sums.ts';
import { areOf, type CellOfDay, eachTokens } from './day-tokens.ts';
import type { PriceList } from './price-list.ts';
import { RECORDS_FROM_SOURCE } from './repriced-days.ts';
import { costOfRows, costOfSums, type Tier } from './row-price.ts';
import { readRowTokens } from './row-tokens.ts';

/** What each action and model cost in an hour of a fingerprint, and by which price. */
export type RepricedHours = CachePart<Map<string, { price: string; cost: MicroEuros }>>;
/** The fingerprints of the records of the hours of a day. */
export type Fingerprints = CachePart<{ hour: Instant; fingerprint: string }[]>;

const BYTES_A_CELL = 150;
const BYTES_A_FINGERPRINT = 100;

export const noRepricedHours = (part: MakePart): RepricedHours =>
  part('re-priced hours', (cells) => cells.size * BYTES_A_CELL);
export const noFingerprints = (part: MakePart): Fingerprints =>
  part('fingerprints', (hours) => hours.length * BYTES_A_FINGERPRINT);

type Repricing = {
  workflows: Knex;
  backoffice: Knex;
  timeZone: string;
  memory: { days: Days; hours: Hours; fingerprints: Fingerprints; repricedHours: RepricedHours };
};
type CellOfHour = { hour: Instant; cell: UsageCell };
type PricedCell = CellOfHour & { key: string | null; price: string; tiers: Tier[] };

/**
 * What each cell of covered hours that passes a filter costs by a price list, told one by one; those without a price are told nothing. Of
 * days that a window cuts the tokens are kept by the hours of the clock; of days that have not ended they are read from the source once, for
 * as long as the fingerprint of the hour stays the same.
 */
export async function eachRepricedHour(
  { workflows, backoffice, memory, timeZone }: Repricing,
  segments: HourSegment[],
  filter: UsageFilter,
  { priceOf }: PriceList,
  told: (of: CellOfHour, cost: MicroEuros) => void,
): Promise<void> {
  if (segments.length === 0) return;
  const passes = rollupPasses(filter);
  const read = await Promise.all(
    segments.map(async (segment) => ({
      hours: await hoursWithin(backoffice, memory.hours, segment, timeZone),
      fingerprints: await fingerprintsWithin(backoffice, memory.fingerprints, segment, timeZone),
    })),
  );
  const wanted: PricedCell[] = [];
  for (const { hours, fingerprints } of read) {
    for (const { hour, cells } of hours) {
      const key = keyOf(hour, memory.days.byDay.get(dayOf(hour, timeZone)), fingerprints.get(hour));
      const known = key === null ? undefined : memory.repricedHours.get(key);
      for (const cell of cells) {
        if (!passes(cell, hour)) continue;
        const price = priceOf(cell.model, cell.action, cell.bucket as Day);
        if ('missing' in price) continue;
        const kept = known?.get(kindOf(cell));
        const cost = costOfSums(price.tiers, cell) ?? (kept?.price === price.key ? kept.cost : null);
        if (cost !== null) told({ hour, cell }, cost);
        else wanted.push({ hour, cell, key, price: price.key, tiers: price.tiers });
      }
    }
  }

  const keep = (one: PricedCell, cost: MicroEuros) => {
    if (one.key !== null) {
      const cells = memory.repricedHours.get(one.key) ?? new Map();
      cells.set(kindOf(one.cell), { price: one.price, cost });
      memory.repricedHours.set(one.key, cells);
    }
    told(one, cost);
  };
  const missing = await eachOfKeptDays({ backoffice, days: memory.days, timeZone }, wanted, keep);
  const bucket = bucketSql('hour', timeZone);
  for (const some of inPieces(missing, ({ cell }) => cell.requests, RECORDS_FROM_SOURCE)) {
    const byName = new Map(some.map((one) => [`${hourNumber(one.hour)}\0${kindOf(one.cell)}`, one]));
    const stretches = stretchesOf(some.map(({ hour }) => hour));
    for (const rows of await readRowTokens(workflows, stretches, filter, bucket)) {
      const one = byName.get(`${bucketFromPostgres(rows.bucket, 'hour')}\0${kindOf(rows)}`);
      if (one === undefined) continue;
      const cost = costOfRows(one.tiers, rows.inputs, rows.outputs);
      // The source may know more by now than the rollups.
      if (areOf(rows.inputs, rows.outputs, one.cell)) keep(one, cost);
      else told(one, cost);
    }
  }
}

/** Names what the rollups hold of an hour: by its day, where that has ended; null where neither is known. */
const keyOf = (hour: Instant, day: KeptDay | undefined, fingerprint: string | undefined): string | null =>
  day !== undefined ? `${hour} of ${day.version}` : fingerprint !== undefined ? `${hour} ${fingerprint}` : null;

/**
 * Tells the cost of the hours of days whose tokens are kept. Returns the others, and those of which the tokens are not those that the rollups
 * know: where the clock has an hour twice, they are of both.
 */
async function eachOfKeptDays(
  { backoffice, days, timeZone }: Pick<Repricing, 'backoffice' | 'timeZone'> & { days: Days },
  wanted: PricedCell[],
  keep: (one: PricedCell, cost: MicroEuros) => void,
): Promise<PricedCell[]> {
  const byCell = groupedBy(wanted, ({ cell }) => `${cell.bucket}\0${kindOf(cell)}`);
  const cells = [...byCell.values()].flatMap(([one]): CellOfDay[] => {
    if (one === undefined) return [];
    const day = days.byDay.get(one.cell.bucket as Day);
    const cell = day?.cells.find((cell) => kindOf(cell) === kindOf(one.cell));
    return day && cell ? [{ day: day.day, version: day.version, cell }] : [];
  });
  const missing = new Set(wanted);
  await eachTokens(backoffice, { cells, hours: null }, (inputs, outputs, { day, cell }, clockEnds) => {
    for (const one of byCell.get(`${day}\0${kindOf(cell)}`) ?? []) {
      const { hour } = clockOf(one.hour, timeZone);
      const ofHour = (column: Column) => column.subarray(clockEnds[hour - 1] ?? 0, clockEnds[hour] ?? 0);
      if (!areOf(ofHour(inputs), ofHour(outputs), one.cell)) continue;
      missing.delete(one);
      keep(one, costOfRows(one.tiers, ofHour(inputs), ofHour(outputs)));
    }
  });
  return [...missing];
}

const kindOf = ({ action, model }: UsageKind) => `${action}\0${model}`;

/** Hours as few windows, one for those that follow each other. */
function stretchesOf(hours: Instant[]): { from: Instant; to: Instant }[] {
  const stretches: { from: Instant; to: Instant }[] = [];
  for (const from of [...new Set(hours)].sort((a, b) => (a < b ? -1 : 1))) {
    const last = stretches.at(-1);
    const to = addTime(from, HOUR);
    if (last?.to === from) last.to = to;
    else stretches.push({ from, to });
  }
  return stretches;
}

type FingerprintRow = { hour: string; fingerprint: string };

const read = ({ hour, fingerprint }: FingerprintRow) => ({ hour: instantFromPostgres(hour), fingerprint });

async function fingerprintsWithin(
  backoffice: Knex,
  kept: Fingerprints,
  segment: HourSegment,
  timeZone: string,
): Promise<Map<Instant, string>> {
  const ofDay = async (day: Day) => {
    const bounds = [startOfDay(day, timeZone), startOfDay(addDays(day, 1), timeZone)].map(postgresFromInstant);
    const rows = await backoffice('hour_fingerprints')
      .whereRaw('hour >= ? AND hour < ?', bounds)
      .select<FingerprintRow[]>('hour', 'fingerprint');
    return rows.map(read);
  };
  const found = await hoursOfDays(kept, ofDay, segment, timeZone);
  return new Map(found.map(({ hour, fingerprint }) => [hour, fingerprint]));
}
