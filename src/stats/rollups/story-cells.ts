import type { Knex } from 'knex';
import { compareDays, type Day } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { exactInteger } from '../../units/integer.ts';
import { addDays, type Instant, instantFromPostgres, postgresFromInstant, startOfDay } from '../../units/time.ts';
import type { UsageKind } from '../sums.ts';
import { type Days, daysWithin } from './days.ts';
import { hoursOfDays } from './hours.ts';
import { inPieces, RECORDS_A_READ } from './pieces.ts';
import type { DaySegment, HourSegment } from './segments.ts';
import {
  addArrays,
  noPairs,
  type PairArrays,
  type PairLists,
  type PairSums,
  type Pairs,
  packed,
} from './story-pairs.ts';

/** What each story had of an action and model, in a day or an hour. */
export type StoryCell = UsageKind & { sums: PairSums };

/** What has been asked for of days, by action and model, kept in memory with the version of its day: 20 bytes for each story of a cell. */
export type StoryCells = Map<Day, { version: string; cells: Map<string, StoryCell> }>;

export const noStoryCells = (): StoryCells => new Map();

/** The hours of single days, whole. */
export type StoryCellsOfHours = Map<Day, Promise<{ hour: Instant; cells: StoryCell[] }[]>>;

export const noStoryCellsOfHours = (): StoryCellsOfHours => new Map();

const nameOf = ({ action, model }: UsageKind) => `${action}\0${model}`;

type Row = UsageKind & PairArrays & { hour: string };

const COLUMNS =
  'story_ids::text AS stories, author_ids::text AS authors, requests::text, input_tokens::text AS input, output_tokens::text AS output, cost::text';

type CellsMemory = { pairs: Pairs; days: Days; storyCells: StoryCells };

/** What is wanted of a day: of one kind, with as many elements as it has requests at most. */
type Wanted = UsageKind & { day: Day; version: string; requests: number };

/** The cells of some days that are not in memory; whoever asked for them has them, whatever becomes of the memory meanwhile. */
async function load(
  backoffice: Knex,
  { pairs, storyCells }: Pick<CellsMemory, 'pairs' | 'storyCells'>,
  missing: Wanted[],
  timeZone: string,
): Promise<StoryCell[]> {
  const loaded: StoryCell[] = [];
  for (const some of inPieces(missing, ({ requests }) => requests, RECORDS_A_READ)) {
    const found = some.map(noPairs);
    for (const row of await readCells(backoffice, some, timeZone))
      addArrays(found[Number(row.number) - 1] as PairLists, pairs, row);
    some.forEach(({ day, version, action, model }, i) => {
      const cell: StoryCell = { action, model, sums: packed(found[i] as PairLists) };
      loaded.push(cell);
      keep(storyCells, day, version, cell);
    });
  }
  return loaded;
}

/** Just what is wanted, with its number: OFFSET 0 has each looked up in the index, where the planner might read the table. */
async function readCells(backoffice: Knex, wanted: Wanted[], timeZone: string) {
  const { rows } = await backoffice.raw<{ rows: (Row & { number: string })[] }>(
    `SELECT number, hours.*
       FROM unnest(?::timestamptz[], ?::timestamptz[], ?::text[], ?::text[]) WITH ORDINALITY
         AS wanted (day_from, day_to, action, model, number)
      CROSS JOIN LATERAL (SELECT hour, action, model, ${COLUMNS} FROM usage_hours_by_story
                           WHERE hour >= day_from AND hour < day_to AND action = wanted.action AND model = wanted.model
                          OFFSET 0) AS hours`,
    [
      wanted.map(({ day }) => postgresFromInstant(startOfDay(day, timeZone))),
      wanted.map(({ day }) => postgresFromInstant(startOfDay(addDays(day, 1), timeZone))),
      wanted.map(({ action }) => action),
      wanted.map(({ model }) => model),
    ],
  );
  return rows;
}

/** Beside what is known of the same version of a day, instead of that of an older one. */
function keep(storyCells: StoryCells, day: Day, version: string, cell: StoryCell): void {
  const kept = storyCells.get(day);
  if (kept !== undefined && BigInt(kept.version) > BigInt(version)) return;
  const known = kept?.version === version ? kept.cells : new Map<string, StoryCell>();
  known.set(nameOf(cell), cell);
  storyCells.set(day, { version, cells: known });
}

/** What each story had of the cells of a segment's days that pass, in no order. Loads those that are not in memory, or have changed. */
export async function storyCellsWithin(
  backoffice: Knex,
  { pairs, days, storyCells }: CellsMemory,
  segment: DaySegment,
  passes: (kind: UsageKind) => boolean,
  timeZone: string,
): Promise<StoryCell[]> {
  const wanted = [...daysWithin(days, segment)]
    .map(({ day, version, cells }) => ({ day, version, kinds: cells.filter(passes) }))
    .sort((a, b) => compareDays(a.day, b.day));
  const cells: StoryCell[] = [];
  const missing: Wanted[] = [];
  for (const { day, version, kinds } of wanted) {
    const kept = storyCells.get(day);
    const known = kept?.version === version ? kept.cells : new Map<string, StoryCell>();
    for (const { action, model, requests } of kinds) {
      const cell = known.get(nameOf({ action, model }));
      if (cell) cells.push(cell);
      else missing.push({ day, version, action, model, requests });
    }
  }
  const loaded = await load(backoffice, { pairs, storyCells }, missing, timeZone);
  return [...cells, ...loaded];
}

async function loadHours(backoffice: Knex, pairs: Pairs, day: Day, timeZone: string) {
  const range = { from: startOfDay(day, timeZone), to: startOfDay(addDays(day, 1), timeZone) };
  const records = await readRecordsByHour(backoffice, range);
  const cellOf = (row: Row): StoryCell => {
    const lists = noPairs();
    addArrays(lists, pairs, row);
    return { action: row.action, model: row.model, sums: packed(lists) };
  };
  const hours: { hour: Instant; cells: StoryCell[] }[] = [];
  for (const some of inPieces(records, ({ requests }) => requests, RECORDS_A_READ)) {
    const rows = await readStoryRows(backoffice, some);
    for (const [hour, ofHour] of groupedBy(rows, ({ hour }) => hour))
      hours.push({ hour: instantFromPostgres(hour), cells: ofHour.map(cellOf) });
  }
  return hours;
}

async function readRecordsByHour(backoffice: Knex, { from, to }: { from: Instant; to: Instant }) {
  const rows = await backoffice('hour_fingerprints')
    .whereRaw('hour >= ? AND hour < ?', [postgresFromInstant(from), postgresFromInstant(to)])
    .orderBy('hour')
    .select<{ hour: string; requests: string }[]>('hour', 'requests');
  return rows.map(({ hour, requests }) => ({ hour: instantFromPostgres(hour), requests: exactInteger(requests) }));
}

/** Hours here and there of many days, added up: they are not kept, for they would drive out what every window needs. */
async function readCellsOfHours(
  backoffice: Knex,
  pairs: Pairs,
  { from, to, only }: { from: Instant; to: Instant; only: Instant[] },
  passes: (kind: UsageKind, hour: Instant) => boolean,
): Promise<StoryCell[]> {
  const wanted = new Set(only);
  const records = (await readRecordsByHour(backoffice, { from, to })).filter(({ hour }) => wanted.has(hour));
  const cells: StoryCell[] = [];
  for (const some of inPieces(records, ({ requests }) => requests, RECORDS_A_READ)) {
    const kinds = new Map<string, UsageKind & { lists: PairLists }>();
    for (const row of await readStoryRows(backoffice, some)) {
      const { action, model } = row;
      if (!passes({ action, model }, instantFromPostgres(row.hour))) continue;
      const kind = kinds.get(nameOf(row)) ?? { action, model, lists: noPairs() };
      kinds.set(nameOf(row), kind);
      addArrays(kind.lists, pairs, row);
    }
    for (const { action, model, lists } of kinds.values()) cells.push({ action, model, sums: packed(lists) });
  }
  return cells;
}

const readStoryRows = (backoffice: Knex, hours: { hour: Instant }[]) =>
  backoffice('usage_hours_by_story')
    .whereRaw('hour = ANY(?::timestamptz[])', [hours.map(({ hour }) => postgresFromInstant(hour))])
    .select<Row[]>('hour', 'action', 'model', backoffice.raw(COLUMNS));

/** What each story had of the cells of the hours from `from` to `to` (whole UTC hours), in no order. */
export async function storyHoursWithin(
  backoffice: Knex,
  { pairs, storyHours }: { pairs: Pairs; storyHours: StoryCellsOfHours },
  segment: HourSegment,
  passes: (kind: UsageKind, hour: Instant) => boolean,
  timeZone: string,
): Promise<StoryCell[]> {
  if (segment.only) return readCellsOfHours(backoffice, pairs, { ...segment, only: segment.only }, passes);
  const hours = await hoursOfDays(storyHours, (day) => loadHours(backoffice, pairs, day, timeZone), segment, timeZone);
  return hours.flatMap(({ hour, cells }) => cells.filter((cell) => passes(cell, hour)));
}
