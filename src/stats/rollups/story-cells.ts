import type { Knex } from 'knex';
import type { Day } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { exactInteger } from '../../units/integer.ts';
import { addDays, type Instant, instantFromPostgres, postgresFromInstant, startOfDay } from '../../units/time.ts';
import type { CachePart, MakePart } from '../memory/cache.ts';
import type { UsageKind } from '../sums.ts';
import { hoursOfDays } from './hours.ts';
import { idsOfArrays } from './packed/numbers.ts';
import { inPieces, RECORDS_A_READ } from './pieces.ts';
import type { HourSegment } from './segments.ts';
import {
  addArrays,
  noKnownPairs,
  noPairs,
  type PairArrays,
  type PairLists,
  type PairSums,
  type Pairs,
  packed,
} from './story-pairs.ts';

/** What each story had of an action and model, in an hour; the pairs are those of its numbers. */
export type StoryCell = UsageKind & { pairs: Pairs; sums: PairSums };

type StoryHour = { hour: Instant; cells: StoryCell[] };

/** The hours of single days, whole; those of a day have their pairs in common. */
export type StoryCellsOfHours = CachePart<StoryHour[]>;

const BYTES_A_CELL = 800;
/** Two ids and what finds them. */
const BYTES_A_PAIR = 500;

const bytesOf = (hours: StoryHour[]): number => {
  const cells = hours.flatMap((hour) => hour.cells);
  const pairs = new Set(cells.map(({ pairs }) => pairs));
  return (
    [...pairs].reduce((sum, { stories }) => sum + BYTES_A_PAIR * stories.length, 0) +
    cells.reduce(
      (sum, { sums }) => sum + BYTES_A_CELL + Object.values(sums).reduce((all, { byteLength }) => all + byteLength, 0),
      0,
    )
  );
};

export const noStoryCellsOfHours = (part: MakePart): StoryCellsOfHours => part('stories of hours', bytesOf);

const nameOf = ({ action, model }: UsageKind) => `${action}\0${model}`;

type Row = UsageKind & PairArrays & { hour: string };
type RowByNumber = Omit<Row, 'stories' | 'authors'> & { stories: string; authors: string };

const COLUMNS =
  'stories::text, authors::text, requests::text, input_tokens::text AS input, output_tokens::text AS output, cost::text';

async function loadHours(backoffice: Knex, day: Day, timeZone: string): Promise<StoryHour[]> {
  const pairs = noKnownPairs();
  const range = { from: startOfDay(day, timeZone), to: startOfDay(addDays(day, 1), timeZone) };
  const records = await readRecordsByHour(backoffice, range);
  const cellOf = (row: Row): StoryCell => {
    const lists = noPairs();
    addArrays(lists, pairs, row);
    return { action: row.action, model: row.model, pairs, sums: packed(lists) };
  };
  const hours: StoryHour[] = [];
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

/**
 * Hours of days added up so many records at a time: they are not kept, for they would drive out what every window needs, and those of
 * three months together are more than a process may hold.
 */
export async function* cellsOfHours(
  backoffice: Knex,
  bounds: { from: Instant; to: Instant },
  passes: (kind: UsageKind, hour: Instant) => boolean,
): AsyncGenerator<StoryCell[]> {
  const records = await readRecordsByHour(backoffice, bounds);
  for (const some of inPieces(records, ({ requests }) => requests, RECORDS_A_READ)) {
    const pairs = noKnownPairs();
    const kinds = new Map<string, UsageKind & { lists: PairLists }>();
    for (const row of await readStoryRows(backoffice, some)) {
      const { action, model } = row;
      if (!passes({ action, model }, instantFromPostgres(row.hour))) continue;
      const kind = kinds.get(nameOf(row)) ?? { action, model, lists: noPairs() };
      kinds.set(nameOf(row), kind);
      addArrays(kind.lists, pairs, row);
    }
    yield [...kinds.values()].map(({ action, model, lists }) => ({ action, model, pairs, sums: packed(lists) }));
  }
}

async function readStoryRows(backoffice: Knex, hours: { hour: Instant }[]): Promise<Row[]> {
  const rows = await backoffice('usage_hours_of_stories')
    .whereRaw('hour = ANY(?::timestamptz[])', [hours.map(({ hour }) => postgresFromInstant(hour))])
    .select<RowByNumber[]>('hour', 'action', 'model', backoffice.raw(COLUMNS));
  const stories = await idsOfArrays(
    backoffice,
    'story',
    rows.map(({ stories }) => stories),
  );
  const authors = await idsOfArrays(
    backoffice,
    'author',
    rows.map(({ authors }) => authors),
  );
  return rows.map((row, i) => ({ ...row, stories: stories[i] as string[], authors: authors[i] as string[] }));
}

/** What each story had of the cells of the hours from `from` to `to` (whole UTC hours), in no order. */
export async function storyHoursWithin(
  backoffice: Knex,
  storyHours: StoryCellsOfHours,
  segment: Omit<HourSegment, 'kind'>,
  passes: (kind: UsageKind, hour: Instant) => boolean,
  timeZone: string,
): Promise<StoryCell[]> {
  const hours = await hoursOfDays(storyHours, (day) => loadHours(backoffice, day, timeZone), segment, timeZone);
  return hours.flatMap(({ hour, cells }) => cells.filter((cell) => passes(cell, hour)));
}
