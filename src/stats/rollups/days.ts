import type { Knex } from 'knex';
import type { ClockHours } from '../../query/filters/entry.ts';
import { compareDays, type Day, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric } from '../../units/money.ts';
import { endOfDay, type Instant, postgresFromInstant, startOfDay } from '../../units/time.ts';
import type { CachePart, MakePart } from '../memory/cache.ts';
import { type UsageCell, usageCellOf } from '../sums.ts';
import type { DaySegment } from './segments.ts';

export type KeptDay = { day: Day; version: string; cells: UsageCell[] };

/**
 * The rollup of every complete business day, kept in memory: some 40 cells a day (one for each action and model), needed by nearly every
 * statistic. A day changes when records of it come late or go; `contentVersion` is of the rollups that these days were read from, and
 * where the database has another, the days whose version differs are read again.
 */
export type Days = {
  contentVersion: string | null;
  byDay: Map<Day, KeptDay>;
  /** Read for a change that is not complete yet: what has been read once need not be when a reading after it fails. */
  waiting: Map<Day, KeptDay>;
  /** How many records the rollups know from before days were made of whole hours. */
  ancient: number;
};

export const noDays = (): Days => ({ contentVersion: null, byDay: new Map(), waiting: new Map(), ancient: 0 });

/** The columns of a rolled up cell as they come out of the database. */
export type KeptCellRow = {
  action: string;
  model: string;
  requests: string;
  input_tokens: string;
  output_tokens: string;
  cost: string;
  no_number: string;
};

export function keptCell(bucket: string, row: KeptCellRow): UsageCell {
  const sums = {
    requests: exactInteger(row.requests),
    inputTokens: exactInteger(row.input_tokens),
    outputTokens: exactInteger(row.output_tokens),
    cost: microEurosFromNumeric(row.cost),
  };
  return usageCellOf(bucket, row.action, row.model, sums, exactInteger(row.no_number));
}

/** The days that the rollups hold, each with the version at which it was last written. */
async function readDayVersions(backoffice: Knex): Promise<{ day: Day; version: string }[]> {
  const rows = await backoffice('rollup_days').select<{ day: string; version: string }[]>('day', 'version');
  return rows.map(({ day, version }) => ({ day: dayFromPostgres(day), version }));
}

async function readAncient(backoffice: Knex, since: Instant | null): Promise<number> {
  if (since === null) return 0;
  const row = await backoffice('hour_fingerprints')
    .where('hour', '<', postgresFromInstant(since))
    .sum<{ sum: string | null }[]>('requests as sum')
    .first();
  return exactInteger(row?.sum ?? '0');
}

/** Days loaded by one query: some ten thousand rows at ten million records. */
const DAYS_A_LOAD = 50;

/** Loads what has changed since the content these days are of; `since` is when days began to be made of whole hours. */
export async function updateDays(
  backoffice: Knex,
  days: Days,
  contentVersion: string,
  since: Instant | null,
): Promise<void> {
  if (days.contentVersion === contentVersion) return;
  const ancient = await readAncient(backoffice, since);
  const current = await readDayVersions(backoffice);
  const changed = current.filter(({ day, version }) => days.byDay.get(day)?.version !== version);
  const { waiting } = days;
  const unread = changed.filter(({ day, version }) => waiting.get(day)?.version !== version);
  for (let first = 0; first < unread.length; first += DAYS_A_LOAD) {
    const some = unread.slice(first, first + DAYS_A_LOAD);
    const rows = await backoffice('usage_days')
      .whereRaw('day = ANY(?::date[])', [some.map(({ day }) => postgresFromDay(day))])
      .select<(KeptCellRow & { day: string })[]>();
    const ofDays = groupedBy(rows, ({ day }) => day);
    for (const { day, version } of some) {
      const cells = (ofDays.get(postgresFromDay(day)) ?? []).map((row) => keptCell(day, row));
      waiting.set(day, { day, version, cells });
    }
  }
  // At once, so that no reader sees half of a change.
  const still = new Set(current.map(({ day }) => day));
  for (const day of days.byDay.keys()) if (!still.has(day)) days.byDay.delete(day);
  for (const { day } of changed) days.byDay.set(day, waiting.get(day) as KeptDay);
  days.waiting = new Map();
  days.ancient = ancient;
  days.contentVersion = contentVersion;
}

/** Whether a day lies in a segment, and is wanted of it. */
const isWithin = (day: Day, { firstDay, endDay, only }: DaySegment): boolean =>
  compareDays(day, firstDay) >= 0 && compareDays(day, endDay) < 0 && (only?.has(day) ?? true);

/** The days of a segment, in no order, each with all of its hours (`wantedDays` has those that are wanted). */
export function* daysWithin({ byDay }: Days, segment: DaySegment): Generator<KeptDay> {
  for (const [day, one] of byDay) if (isWithin(day, segment)) yield one;
}

/** How many records a day holds. */
export const recordsOf = ({ cells }: KeptDay): number => cells.reduce((sum, { requests }) => sum + requests, 0);

/** What days had in some hours of the clock, by those, day and version: of filters that people look at. */
export type DaysOfHours = CachePart<UsageCell[]>;

const BYTES_A_CELL = 250;

export const noDaysOfHours = (part: MakePart): DaysOfHours =>
  part('days of hours', (cells) => BYTES_A_CELL * (1 + cells.length));

type Reading = { backoffice: Knex; memory: { days: Days; daysOfHours: DaysOfHours }; timeZone: string };

/** The days of a segment with what is wanted of them, in no order. */
export async function wantedDays({ backoffice, memory, timeZone }: Reading, segment: DaySegment): Promise<KeptDay[]> {
  const days = [...daysWithin(memory.days, segment)];
  const { hours } = segment;
  if (hours === undefined) return days;
  const nameOf = ({ day, version }: KeptDay) => `${namedHours(hours)} ${day} ${version}`;
  const known = days.map((one) => memory.daysOfHours.get(nameOf(one)));
  const missing = days.filter((_, i) => known[i] === undefined);
  const loaded: UsageCell[][] = [];
  for (let first = 0; first < missing.length; first += DAYS_A_LOAD)
    loaded.push(...(await loadHoursOfDays(backoffice, missing.slice(first, first + DAYS_A_LOAD), hours, timeZone)));
  missing.forEach((one, i) => {
    memory.daysOfHours.set(nameOf(one), loaded[i] as UsageCell[]);
  });
  let next = 0;
  return days.map((one, i) => ({ ...one, cells: known[i] ?? (loaded[next++] as UsageCell[]) }));
}

/** A text for each set of hours. */
export const namedHours = (hours: ClockHours): string => hours.map(Number).join('');

async function loadHoursOfDays(
  backoffice: Knex,
  days: KeptDay[],
  hours: ClockHours,
  timeZone: string,
): Promise<UsageCell[][]> {
  const { rows } = await backoffice.raw<{ rows: (KeptCellRow & { number: string })[] }>(
    `SELECT number, action, model, sum(requests) AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
            sum(cost) AS cost, sum(no_number) AS no_number
       FROM unnest(?::timestamptz[], ?::timestamptz[]) WITH ORDINALITY AS wanted (day_from, day_to, number)
      CROSS JOIN LATERAL (SELECT * FROM usage_hours WHERE hour >= day_from AND hour < day_to OFFSET 0) AS hours
      WHERE extract(hour FROM hour AT TIME ZONE ?) = ANY(?::int[])
      GROUP BY number, action, model`,
    [
      days.map(({ day }) => postgresFromInstant(startOfDay(day, timeZone))),
      days.map(({ day }) => postgresFromInstant(endOfDay(day, timeZone))),
      timeZone,
      hours.flatMap((isWanted, hour) => (isWanted ? [hour] : [])),
    ],
  );
  const byNumber = groupedBy(rows, ({ number }) => number);
  return days.map(({ day }, i) => (byNumber.get(String(i + 1)) ?? []).map((row) => keptCell(day, row)));
}
