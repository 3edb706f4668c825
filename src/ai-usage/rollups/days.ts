import type { Knex } from 'knex';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric } from '../../units/money.ts';
import { type Day, type Instant, instantFromPostgres } from '../../units/time.ts';
import { type Cell, cellOf } from '../sums.ts';
import type { DaySegment } from './segments.ts';

/** Stories active on a day that were last active in the hour `previous` before it (-Infinity: never); '' is any action. */
export type DayStories = { action: string; previous: Instant; stories: number };

type OneDay = { version: string; cells: Cell[]; stories: DayStories[] };

/**
 * All complete days, kept in memory: they are few (some 40 cells a day), change once a day and when the audit heals one, and
 * every statistic needs most of them. Which have changed is asked of the database whenever its version has.
 */
export type Days = { version: string | null; byDay: Map<Day, OneDay> };

export const noDays = (): Days => ({ version: null, byDay: new Map() });

type CellRow = {
  day: Day;
  action: string;
  model: string;
  requests: string;
  input_tokens: string;
  output_tokens: string;
  cost: string;
};

/** Loads what has changed since the version these days are of. */
export async function updateDays(backoffice: Knex, days: Days, version: string): Promise<void> {
  if (days.version === version) return;
  const current = await backoffice('rollup_days').select<{ day: Day; version: string }[]>('day', 'version');
  const changed = current.filter(({ day, version }) => days.byDay.get(day)?.version !== version);
  const loaded = new Map<Day, OneDay>(changed.map(({ day, version }) => [day, { version, cells: [], stories: [] }]));
  if (changed.length > 0) {
    const names = [...loaded.keys()];
    const [cells, stories] = await Promise.all([
      backoffice('usage_days').whereRaw('day = ANY(?::date[])', [names]).select<CellRow[]>(),
      backoffice('story_days')
        .whereRaw(`model = '' AND day = ANY(?::date[])`, [names])
        .select<{ day: Day; action: string; previous_hour: string; stories: number }[]>(
          'day',
          'action',
          'previous_hour',
          'stories',
        ),
    ]);
    for (const { day, action, model, requests, input_tokens, output_tokens, cost } of cells) {
      const sums = {
        requests: exactInteger(requests),
        inputTokens: exactInteger(input_tokens),
        outputTokens: exactInteger(output_tokens),
        cost: microEurosFromNumeric(cost),
      };
      loaded.get(day)?.cells.push(cellOf(day, action, model, sums));
    }
    for (const { day, action, previous_hour: previous, stories: count } of stories) {
      const instant = previous === '-infinity' ? Number.NEGATIVE_INFINITY : instantFromPostgres(previous);
      loaded.get(day)?.stories.push({ action, previous: instant, stories: count });
    }
  }
  // At once, so that no reader sees half of a change.
  const still = new Set(current.map(({ day }) => day));
  for (const day of days.byDay.keys()) if (!still.has(day)) days.byDay.delete(day);
  for (const [day, one] of loaded) days.byDay.set(day, one);
  days.version = version;
}

function* within({ byDay }: Days, segments: DaySegment[]): Generator<OneDay> {
  for (const { firstDay, endDay } of segments) {
    for (const [day, one] of byDay) if ((firstDay === null || day >= firstDay) && day < endDay) yield one;
  }
}

/** The cells of some stretches of days that pass a filter; their bucket is the day. */
export function cellsOf(days: Days, segments: DaySegment[], passes: (cell: Cell) => boolean): Cell[] {
  const cells: Cell[] = [];
  for (const one of within(days, segments)) for (const cell of one.cells) if (passes(cell)) cells.push(cell);
  return cells;
}

/** By action ('' for any) the stories of some days that had not been active between `since` and their day there. */
export function storiesOf(days: Days, segments: DaySegment[], since: Instant | null): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of within(days, segments)) {
    for (const { action, previous, stories } of one.stories) {
      const isFirst = since === null ? previous === Number.NEGATIVE_INFINITY : previous < since;
      if (isFirst) counts.set(action, (counts.get(action) ?? 0) + stories);
    }
  }
  return counts;
}
