import type { Knex } from 'knex';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric } from '../../units/money.ts';
import { type Day, type Instant, instantFromPostgres } from '../../units/time.ts';
import { type Cell, cellOf } from '../sums.ts';
import type { DaySegment } from './segments.ts';

/**
 * Stories active in a day or hour that were last active in the hour `previous` before it (-Infinity: never), within an
 * action ('' for any). Kept by model, '' for any.
 */
export type FirstVisits = { action: string; previous: Instant; stories: number };
export type FirstVisitsByModel = Map<string, FirstVisits[]>;

type KeptDay = { day: Day; version: string; cells: Cell[]; stories: FirstVisitsByModel };

/**
 * All complete days, kept in memory: they are few (some 40 cells a day), change once a day and when the audit heals one, and
 * every statistic needs most of them. Which have changed is asked of the database whenever its content has.
 */
export type Days = { contentVersion: string | null; byDay: Map<Day, KeptDay> };

export const noDays = (): Days => ({ contentVersion: null, byDay: new Map() });

/** The columns of a rolled up cell as they come out of the database. */
export type KeptCellRow = {
  action: string;
  model: string;
  requests: string;
  input_tokens: string;
  output_tokens: string;
  cost: string;
};

export function keptCell(bucket: string, row: KeptCellRow): Cell {
  return cellOf(bucket, row.action, row.model, {
    requests: exactInteger(row.requests),
    inputTokens: exactInteger(row.input_tokens),
    outputTokens: exactInteger(row.output_tokens),
    cost: microEurosFromNumeric(row.cost),
  });
}

export type FirstVisitsRow = { action: string; model: string; previous_hour: string; stories: number };

export function addFirstVisits(byModel: FirstVisitsByModel, row: FirstVisitsRow): void {
  const { action, model, previous_hour: previous, stories } = row;
  const visits = {
    action,
    previous: previous === '-infinity' ? Number.NEGATIVE_INFINITY : instantFromPostgres(previous),
    stories,
  };
  const others = byModel.get(model);
  if (others) others.push(visits);
  else byModel.set(model, [visits]);
}

/** Loads what has changed since the content these days are of. */
export async function updateDays(backoffice: Knex, days: Days, contentVersion: string): Promise<void> {
  if (days.contentVersion === contentVersion) return;
  const current = await backoffice('rollup_days').select<{ day: Day; version: string }[]>('day', 'version');
  const changed = current.filter(({ day, version }) => days.byDay.get(day)?.version !== version);
  const loaded = new Map<Day, KeptDay>(
    changed.map(({ day, version }) => [day, { day, version, cells: [], stories: new Map() }]),
  );
  if (changed.length > 0) {
    const names = [...loaded.keys()];
    const [cells, stories] = await Promise.all([
      backoffice('usage_days').whereRaw('day = ANY(?::date[])', [names]).select<(KeptCellRow & { day: Day })[]>(),
      backoffice('story_days').whereRaw('day = ANY(?::date[])', [names]).select<(FirstVisitsRow & { day: Day })[]>(),
    ]);
    for (const row of cells) loaded.get(row.day)?.cells.push(keptCell(row.day, row));
    for (const row of stories) {
      const day = loaded.get(row.day);
      if (day) addFirstVisits(day.stories, row);
    }
  }
  // At once, so that no reader sees half of a change.
  const still = new Set(current.map(({ day }) => day));
  for (const day of days.byDay.keys()) if (!still.has(day)) days.byDay.delete(day);
  for (const [day, one] of loaded) days.byDay.set(day, one);
  days.contentVersion = contentVersion;
}

/** The days of a segment, in no order. */
export function* daysWithin({ byDay }: Days, { firstDay, endDay }: DaySegment): Generator<KeptDay> {
  for (const [day, one] of byDay) if ((firstDay === null || day >= firstDay) && day < endDay) yield one;
}
