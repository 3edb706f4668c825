import { businessTime } from '../../query/business-time.ts';
import { rollupPasses, type UsageFilter, whereUsage } from '../../query/filter.ts';
import { isoDateFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import { exactInteger } from '../../units/integer.ts';
import { clockOf } from '../../units/local-time.ts';
import { dayOf, type Instant, isOfNoTime, NO_TIME, postgresFromInstant, type Window } from '../../units/time.ts';
import { readEnds, type WindowParts, windowPartsOf } from '../parts.ts';
import { daysWithin } from '../rollups/days.ts';
import { hoursWithin } from '../rollups/hours.ts';
import { clockInstant, type DaySegment } from '../rollups/segments.ts';
import type { UsageSource } from '../source.ts';
import { readCells } from '../stats.ts';
import { NO_NUMBER_RAW, SUM_RAW, type SumRow, type Sums, sumsOf, type UsageKind } from '../sums.ts';
import type { Grain, Place } from './places.ts';

type Add = (place: Place, sums: Sums, noNumber: number) => void;
type Sql = { sql: string; bindings: string[] };
type Row = SumRow & UsageKind & { day: string; hour: number; no_number: string };

/** A day of the weekday, month or day that a business time in SQL lies in. */
export function daySql({ time }: Grain, { sql, bindings }: Sql): Sql {
  if (time === 'whole') return { sql: `''`, bindings: [] };
  if (time === 'month') return { sql: `to_char(${sql}, 'YYYY-MM-"01" BC')`, bindings };
  // 1 January 2024 was a Monday.
  const day = time === 'weekday' ? `date '2024-01-01' + (extract(isodow FROM ${sql})::int - 1)` : sql;
  return { sql: `to_char(${day}, 'YYYY-MM-DD BC')`, bindings };
}

export const dayFromSql = (text: string) => (text === '' || text === NO_TIME ? text : isoDateFromPostgres(text));

/** The sums of a window's records by place, each of them perhaps several times. */
export async function readSumsByPlace(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  grain: Grain,
  add: Add,
): Promise<void> {
  if (grain.hours && !isOfNoTime(window)) return readByHour(source, window, filter, grain, add);
  const size = grain.time === 'weekday' ? 'day' : grain.time;
  for (const cell of await readCells(source, window, filter, size))
    add({ action: cell.action, model: cell.model, day: cell.bucket, hour: null }, cell, cell.noNumber);
}

/** With the hour of the business clock: hours of whole days are added up by the rollups' database, those around them are few. */
async function readByHour(source: UsageSource, window: Window, filter: UsageFilter, grain: Grain, add: Add) {
  const { backoffice, memory, timeZone } = source;
  const parts = windowPartsOf(source, window, filter, { days: true });
  const { kept } = parts;
  const passes = rollupPasses(kept?.filter ?? filter);
  const placeAt = createClock(timeZone);
  const addRows = (rows: Row[]) => {
    for (const { action, model, day, hour, no_number, ...sums } of rows)
      add({ action, model, day: dayFromSql(day), hour }, sumsOf(sums), exactInteger(no_number));
  };
  const addHours = async (segment: NonNullable<typeof kept>['hours'][number]) => {
    for (const { hour, cells } of await hoursWithin(backoffice, memory.hours, segment, timeZone))
      for (const cell of cells) if (passes(cell, hour)) add({ ...cell, ...placeAt(hour) }, cell, cell.noNumber);
  };
  const addEnds = async () => {
    for (const row of await readEnds(source, parts))
      if (passes(row.kind, row.at)) add({ ...row.kind, ...placeAt(row.at) }, row, row.noNumber);
  };
  await Promise.all([
    ...parts.sql.map(async (part) => addRows(await readRaw(source, part, grain))),
    ...(kept?.days ?? []).map(async (segment) =>
      addRows(await readHoursOfDays(source, segment, kept?.filter ?? filter, grain)),
    ),
    ...(kept?.hours ?? []).map(addHours),
    addEnds(),
  ]);
}

/** The business day and hour of instants; most of them are of few hours. */
export function createClock(timeZone: string): (at: Instant) => { day: string; hour: number } {
  const known = new Map<Instant, { day: string; hour: number }>();
  return (at) => {
    const start = clockInstant(at, timeZone);
    let place = known.get(start);
    if (place === undefined) {
      place = { day: dayOf(start, timeZone), hour: clockOf(start, timeZone).hour };
      known.set(start, place);
    }
    return place;
  };
}

async function readRaw(
  { workflows, timeZone }: UsageSource,
  { window, filter }: WindowParts['sql'][number],
  grain: Grain,
) {
  const local = businessTime(timeZone);
  const day = daySql(grain, local);
  const rows: Row[] = await workflows('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .select(workflows.raw(`${day.sql} AS day`, day.bindings))
    .select(workflows.raw(`extract(hour FROM ${local.sql})::int AS hour`, local.bindings))
    .select({ action: 'action', model: 'ai_model' })
    .select(workflows.raw(`${SUM_RAW}, ${NO_NUMBER_RAW}`))
    .groupByRaw('1, 2, 3, 4');
  return rows;
}

/** Which actions and models a filter leaves of the days of a segment; null for all. */
function kindsWithin({ memory }: UsageSource, segment: DaySegment, filter: UsageFilter): UsageKind[] | null {
  if (Object.values(filter).every((value) => value === null)) return null;
  const passes = rollupPasses(filter);
  const kinds = new Map<string, UsageKind>();
  for (const { cells } of daysWithin(memory.days, segment))
    for (const { action, model } of cells) kinds.set(`${action}\0${model}`, { action, model });
  return [...kinds.values()].filter((kind) => passes(kind, null));
}

async function readHoursOfDays(
  source: UsageSource,
  segment: DaySegment,
  filter: UsageFilter,
  grain: Grain,
): Promise<Row[]> {
  const { backoffice, timeZone } = source;
  const kinds = kindsWithin(source, segment, filter);
  const days = segment.only ? [...segment.only].map(postgresFromDay) : null;
  const hours = segment.hours ? segment.hours.flatMap((isWanted, hour) => (isWanted ? [hour] : [])) : null;
  const local = { sql: 'hour AT TIME ZONE ?', bindings: [timeZone] };
  const day = daySql(grain, local);
  const { rows } = await backoffice.raw<{ rows: Row[] }>(
    `SELECT ${day.sql} AS day, extract(hour FROM hour AT TIME ZONE ?)::int AS hour, ${grain.kinds ? 'action, model' : `'' AS action, '' AS model`},
            sum(requests) AS requests, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cost) AS cost, sum(no_number) AS no_number
       FROM usage_hours
      WHERE hour >= ? AND hour < ?
            ${days === null ? '' : 'AND (hour AT TIME ZONE ?)::date = ANY(?::date[])'}
            ${hours === null ? '' : 'AND extract(hour FROM hour AT TIME ZONE ?) = ANY(?::int[])'}
            ${kinds === null ? '' : 'AND (action, model) IN (SELECT * FROM unnest(?::text[], ?::text[]))'}
      GROUP BY 1, 2, 3, 4`,
    [
      ...day.bindings,
      timeZone,
      postgresFromInstant(segment.from),
      postgresFromInstant(segment.to),
      ...(days === null ? [] : [timeZone, days]),
      ...(hours === null ? [] : [timeZone, hours]),
      ...(kinds === null ? [] : [kinds.map(({ action }) => action), kinds.map(({ model }) => model)]),
    ],
  );
  return rows;
}
