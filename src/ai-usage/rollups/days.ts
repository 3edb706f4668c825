import type { Knex } from 'knex';
import { compareDays, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric } from '../../units/money.ts';
import { type Day, hourNumber, type Instant, instantFromPostgres, postgresFromInstant } from '../../units/time.ts';
import { type Cell, cellOf } from '../sums.ts';
import type { DaySegment } from './segments.ts';

/**
 * How many stories were active in a day or hour, by the number of the hour in which they had last been active before it
 * (-Infinity: never): the hours ascending, and how many stories had theirs up to and including it.
 */
type FirstVisits = { previous: Float64Array; storiesUpTo: Float64Array };

/** Kept by model and action, '' for any. */
export type FirstVisitsByModel = Map<string, Map<string, FirstVisits>>;

type KeptDay = { day: Day; version: string; cells: Cell[]; stories: FirstVisitsByModel };

/**
 * All complete days, kept in memory: they are few (some 40 cells a day), change once a day and when the audit heals one, and
 * every statistic needs most of them. Which have changed is asked of the database whenever its content has.
 */
export type Days = {
  contentVersion: string | null;
  byDay: Map<Day, KeptDay>;
  /** How many records the rollups know from before days were made of whole hours. */
  ancient: number;
};

export const noDays = (): Days => ({ contentVersion: null, byDay: new Map(), ancient: 0 });

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

export function keptCell(bucket: string, row: KeptCellRow): Cell {
  const sums = {
    requests: exactInteger(row.requests),
    inputTokens: exactInteger(row.input_tokens),
    outputTokens: exactInteger(row.output_tokens),
    cost: microEurosFromNumeric(row.cost),
  };
  return cellOf(bucket, row.action, row.model, sums, exactInteger(row.no_number));
}

export type FirstVisitsRow = { action: string; model: string; previous_hour: string; stories: number };

export function firstVisitsOf(rows: FirstVisitsRow[]): FirstVisitsByModel {
  const byModel: FirstVisitsByModel = new Map();
  for (const [model, ofModel] of groupedBy(rows, ({ model }) => model)) {
    const byAction = groupedBy(ofModel, ({ action }) => action);
    byModel.set(model, new Map([...byAction].map(([action, ofAction]) => [action, inOrder(ofAction)])));
  }
  return byModel;
}

function inOrder(rows: FirstVisitsRow[]): FirstVisits {
  const visits = rows
    .map(({ previous_hour, stories }) => ({
      previous:
        previous_hour === '-infinity' ? Number.NEGATIVE_INFINITY : hourNumber(instantFromPostgres(previous_hour)),
      stories,
    }))
    .sort((a, b) => (a.previous < b.previous ? -1 : 1));
  let sum = 0;
  const sums = visits.map(({ stories }) => {
    sum += stories;
    return sum;
  });
  return { previous: Float64Array.from(visits, ({ previous }) => previous), storiesUpTo: Float64Array.from(sums) };
}

/** How many of the stories had not been active between `from` (a whole hour) and then; with null, how many had never been. */
export function storiesNewSince({ previous, storiesUpTo }: FirstVisits, from: Instant | null): number {
  const fromHour = from === null ? null : hourNumber(from);
  // The first hour that is not before `from`.
  let low = 0;
  let high = previous.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const hour = previous[middle] as number;
    if (fromHour === null ? hour === Number.NEGATIVE_INFINITY : hour < fromHour) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : (storiesUpTo[low - 1] as number);
}

/** The days that the rollups hold, each with the version at which it was last written. */
export async function readDayVersions(backoffice: Knex): Promise<{ day: Day; version: string }[]> {
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
  const loaded = new Map<Day, KeptDay>(
    changed.map(({ day, version }) => [day, { day, version, cells: [], stories: new Map() }]),
  );
  if (changed.length > 0) {
    const names = [...loaded.keys()].map(postgresFromDay);
    const [cells, stories] = await Promise.all([
      backoffice('usage_days').whereRaw('day = ANY(?::date[])', [names]).select<(KeptCellRow & { day: string })[]>(),
      backoffice('story_days').whereRaw('day = ANY(?::date[])', [names]).select<(FirstVisitsRow & { day: string })[]>(),
    ]);
    for (const [text, rows] of groupedBy(cells, ({ day }) => day)) {
      const day = dayFromPostgres(text);
      loaded.get(day)?.cells.push(...rows.map((row) => keptCell(day, row)));
    }
    for (const [text, rows] of groupedBy(stories, ({ day }) => day)) {
      const kept = loaded.get(dayFromPostgres(text));
      if (kept) kept.stories = firstVisitsOf(rows);
    }
  }
  // At once, so that no reader sees half of a change.
  const still = new Set(current.map(({ day }) => day));
  for (const day of days.byDay.keys()) if (!still.has(day)) days.byDay.delete(day);
  for (const [day, one] of loaded) days.byDay.set(day, one);
  days.ancient = ancient;
  days.contentVersion = contentVersion;
}

/** Whether a day lies in a segment. */
export const isWithin = (day: Day, { firstDay, endDay }: DaySegment): boolean =>
  compareDays(day, firstDay) >= 0 && compareDays(day, endDay) < 0;

/** The days of a segment, in no order. */
export function* daysWithin({ byDay }: Days, segment: DaySegment): Generator<KeptDay> {
  for (const [day, one] of byDay) if (isWithin(day, segment)) yield one;
}
