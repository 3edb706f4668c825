import type { Knex } from 'knex';
import { elementsOf } from '../../db/arrays.ts';
import { compareDays } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric } from '../../units/money.ts';
import {
  addDays,
  type Day,
  dayOf,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
  startOfDay,
} from '../../units/time.ts';
import { type Days, daysWithin } from './days.ts';
import { hoursOfDays } from './hours.ts';
import type { DaySegment } from './segments.ts';
import { addPair, noPairs, numberOfPair, type PairLists, type PairSums, type Pairs, packed } from './story-pairs.ts';

type Kind = { action: string; model: string };

/** What each story had of an action and model, in a day or an hour. */
export type StoryCell = Kind & { sums: PairSums };

/** What has been asked for of days, by action and model, kept in memory with the version of its day: 20 bytes for each story of a cell. */
export type StoryCells = Map<Day, { version: string; cells: Map<string, StoryCell> }>;

export const noStoryCells = (): StoryCells => new Map();

/** The hours of single days, whole. */
export type StoryHours = Map<Day, Promise<{ hour: Instant; cells: StoryCell[] }[]>>;

export const noStoryHours = (): StoryHours => new Map();

const nameOf = ({ action, model }: Kind) => `${action}\0${model}`;

type Row = Kind & {
  hour: string;
  stories: string;
  authors: string;
  requests: string;
  input: string;
  output: string;
  cost: string;
};

/** Adds the n-th elements of a row's arrays, for each n. */
function addElements(lists: PairLists, pairs: Pairs, row: Row): void {
  const stories = elementsOf(row.stories);
  const authors = elementsOf(row.authors);
  const requests = elementsOf(row.requests);
  const input = elementsOf(row.input);
  const output = elementsOf(row.output);
  const cost = elementsOf(row.cost);
  stories.forEach((story, i) => {
    addPair(lists, numberOfPair(pairs, story, authors[i] as string), {
      requests: exactInteger(requests[i] as string),
      inputTokens: exactInteger(input[i] as string),
      outputTokens: exactInteger(output[i] as string),
      cost: microEurosFromNumeric(cost[i] as string),
    });
  });
}

/** Arrays come as text: the driver's own reading of them takes several times as long. */
function readHours(backoffice: Knex, firstDay: Day, lastDay: Day, timeZone: string) {
  return backoffice('usage_hours_by_story')
    .where('hour', '>=', postgresFromInstant(startOfDay(firstDay, timeZone)))
    .where('hour', '<', postgresFromInstant(startOfDay(addDays(lastDay, 1), timeZone)))
    .select<Row[]>(
      'hour',
      'action',
      'model',
      backoffice.raw(
        'story_ids::text AS stories, author_ids::text AS authors, requests::text, input_tokens::text AS input, output_tokens::text AS output, cost::text',
      ),
    );
}

/** Days loaded by one query: at ten million records more of them would keep everybody else waiting while they are read. */
const DAYS_A_LOAD = 5;

type Memory = { pairs: Pairs; days: Days; storyCells: StoryCells };

/** The cells of some days that are not in memory; whoever asked for them has them, whatever becomes of the memory meanwhile. */
async function load(
  backoffice: Knex,
  { pairs, storyCells }: Pick<Memory, 'pairs' | 'storyCells'>,
  missing: { day: Day; version: string; kinds: Kind[] }[],
  timeZone: string,
): Promise<StoryCell[]> {
  const loaded: StoryCell[] = [];
  for (let first = 0; first < missing.length; first += DAYS_A_LOAD) {
    const some = missing.slice(first, first + DAYS_A_LOAD);
    const kinds = [...new Map(some.flatMap(({ kinds }) => kinds.map((kind) => [nameOf(kind), kind]))).values()];
    const rows = await readHours(
      backoffice,
      (some[0] as { day: Day }).day,
      (some.at(-1) as { day: Day }).day,
      timeZone,
    ).whereRaw('(action, model) IN (SELECT * FROM unnest(?::text[], ?::text[]))', [
      kinds.map(({ action }) => action),
      kinds.map(({ model }) => model),
    ]);
    const dayOfHour = new Map<string, Day>();
    const found = new Map<string, PairLists>();
    for (const row of rows) {
      const day = dayOfHour.get(row.hour) ?? dayOf(instantFromPostgres(row.hour), timeZone);
      dayOfHour.set(row.hour, day);
      const name = `${day} ${nameOf(row)}`;
      const lists = found.get(name) ?? noPairs();
      found.set(name, lists);
      addElements(lists, pairs, row);
    }
    for (const { day, version, kinds } of some) {
      const cells = kinds.map(({ action, model }): StoryCell => {
        const sums = packed(found.get(`${day} ${nameOf({ action, model })}`) ?? noPairs());
        return { action, model, sums };
      });
      loaded.push(...cells);
      keep(storyCells, day, version, cells);
    }
  }
  return loaded;
}

/** Beside what is known of the same version of a day, instead of that of an older one. */
function keep(storyCells: StoryCells, day: Day, version: string, cells: StoryCell[]): void {
  const kept = storyCells.get(day);
  if (kept !== undefined && BigInt(kept.version) > BigInt(version)) return;
  const known = kept?.version === version ? kept.cells : new Map<string, StoryCell>();
  for (const cell of cells) known.set(nameOf(cell), cell);
  storyCells.set(day, { version, cells: known });
}

/** What each story had of the cells of a segment's days that pass, in no order. Loads those that are not in memory, or have changed. */
export async function storyCellsWithin(
  backoffice: Knex,
  { pairs, days, storyCells }: Memory,
  segment: DaySegment,
  passes: (kind: Kind) => boolean,
  timeZone: string,
): Promise<StoryCell[]> {
  const wanted = [...daysWithin(days, segment)]
    .map(({ day, version, cells }) => ({ day, version, kinds: cells.filter(passes) }))
    .sort((a, b) => compareDays(a.day, b.day));
  const cells: StoryCell[] = [];
  const missing: { day: Day; version: string; kinds: Kind[] }[] = [];
  for (const { day, version, kinds } of wanted) {
    const kept = storyCells.get(day);
    const known = kept?.version === version ? kept.cells : new Map<string, StoryCell>();
    const unknown = kinds.filter((kind) => !known.has(nameOf(kind)));
    cells.push(...kinds.flatMap((kind) => known.get(nameOf(kind)) ?? []));
    if (unknown.length > 0) missing.push({ day, version, kinds: unknown });
  }
  const loaded = await load(backoffice, { pairs, storyCells }, missing, timeZone);
  return [...cells, ...loaded];
}

async function loadHours(backoffice: Knex, pairs: Pairs, day: Day, timeZone: string) {
  const rows = await readHours(backoffice, day, day, timeZone);
  const cellOf = (row: Row): StoryCell => {
    const lists = noPairs();
    addElements(lists, pairs, row);
    return { action: row.action, model: row.model, sums: packed(lists) };
  };
  return [...groupedBy(rows, ({ hour }) => hour)].map(([hour, ofHour]) => ({
    hour: instantFromPostgres(hour),
    cells: ofHour.map(cellOf),
  }));
}

/** What each story had of the cells of the hours from `from` to `to` (whole UTC hours), in no order. */
export async function storyHoursWithin(
  backoffice: Knex,
  { pairs, storyHours }: { pairs: Pairs; storyHours: StoryHours },
  segment: { from: Instant; to: Instant },
  passes: (kind: Kind, hour: Instant) => boolean,
  timeZone: string,
): Promise<StoryCell[]> {
  const hours = await hoursOfDays(storyHours, (day) => loadHours(backoffice, pairs, day, timeZone), segment, timeZone);
  return hours.flatMap(({ hour, cells }) => cells.filter((cell) => passes(cell, hour)));
}
