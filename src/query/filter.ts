import type { Knex } from 'knex';
import { TooMuchToCount } from '../units/failures/too-much-to-count.ts';
import { isOfNoTime, postgresFromInstant, type Window } from '../units/time.ts';
import type { CellTest, ClockHours, HourTest, KindTest, Knowledge, StoryScope } from './filters/entry.ts';
import {
  FILTER_NAMES,
  type FilterName,
  filterOfName,
  type GivenFilters,
  givenOf,
  type UsageFilter,
} from './filters/registry.ts';

export type { UsageFilter };

type Meanings = [name: FilterName, meant: unknown];
const meaningsOf = (filter: UsageFilter): Meanings[] =>
  FILTER_NAMES.flatMap((name): Meanings[] => (filter[name] === null ? [] : [[name, filter[name]]]));

/** What the filters of a query mean in terms of the databases. */
export async function filterOf(given: GivenFilters, knowledge: Knowledge): Promise<UsageFilter> {
  const meant = await Promise.all(
    FILTER_NAMES.map(async (name) => {
      const value = givenOf(given, name);
      return [name, value === null ? null : await filterOfName(name).meant(value, knowledge)];
    }),
  );
  return Object.fromEntries(meant) as UsageFilter;
}

/** Adds a window and a filter to a query on token_usage_tracking. */
export function whereUsage(builder: Knex.QueryBuilder, window: Window, filter: UsageFilter): void {
  whereWithin(builder, [window]);
  whereFilter(builder, filter);
}

/** Rows of any of some stretches of time; those of no time are in none, but for the window of their own. */
export function whereWithin(builder: Knex.QueryBuilder, windows: Window[]): void {
  builder.where((any) => {
    for (const { from, to } of windows) {
      any.orWhere((one) => {
        if (isOfNoTime({ from })) return one.whereRaw(`created_at IN ('-infinity', 'infinity')`);
        if (from === null) one.whereRaw(`created_at > '-infinity'`);
        else one.where('created_at', '>=', postgresFromInstant(from));
        one.where('created_at', '<', postgresFromInstant(to));
      });
    }
  });
}

/** The only place where a filter becomes SQL on raw rows. */
export function whereFilter(builder: Knex.QueryBuilder, filter: UsageFilter): void {
  for (const [name, meant] of meaningsOf(filter)) filterOfName(name).where(builder, meant);
}

/** The same filter on a rollup in memory. Days of it are those that dayTestOf leaves, with what they had in clockHoursOf. */
export function rollupPasses(filter: UsageFilter): CellTest {
  const tests = meaningsOf(filter).map(([name, meant]): CellTest => {
    const { rollups } = filterOfName(name);
    if (rollups.from === 'raw rows')
      return () => {
        throw new Error(`${name} is not told by rollups`);
      };
    if (rollups.from === 'days') return rollups.passes(meant);
    const isIn = rollups.isIn(meant);
    return (_cell, at) => at === null || isIn(at);
  });
  const [first, ...others] = tests;
  if (first === undefined) return () => true;
  // It is asked of every cell of a window, for each of which more than one test would make a function.
  return others.length === 0 ? first : (cell, at) => tests.every((passes) => passes(cell, at));
}

/** Which actions and models can have records of a filter, on whatever days and in whatever hours; null for all. */
export function kindTestOf(filter: UsageFilter): KindTest | null {
  const tests = meaningsOf(filter).flatMap(([name, meant]) => {
    const { rollups } = filterOfName(name);
    return rollups.from === 'days' ? [rollups.passes(meant)] : [];
  });
  return tests.length === 0 ? null : (kind) => tests.every((passes) => passes(kind));
}

/** Which days, by an instant of theirs, can hold records of a filter; null for all. */
export function dayTestOf(filter: UsageFilter): HourTest | null {
  const tests = meaningsOf(filter).flatMap(([name, meant]) => {
    const { rollups } = filterOfName(name);
    return rollups.from === 'dates' ? [rollups.isIn(meant)] : [];
  });
  return tests.length === 0 ? null : (at) => tests.every((isIn) => isIn(at));
}

const CLOCK_HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** In which hours of the clock a day can hold records of a filter; null for all. */
export function clockHoursOf(filter: UsageFilter): ClockHours | null {
  const tests = meaningsOf(filter).flatMap(([name, meant]) => {
    const { rollups } = filterOfName(name);
    return rollups.from === 'hours' ? [(hour: number) => rollups.isClockHour(meant, hour)] : [];
  });
  return tests.length === 0 ? null : CLOCK_HOURS.map((hour) => tests.every((isIn) => isIn(hour)));
}

/** A filter as several that share no record: what the rollups can answer, null for nothing, and what only raw rows can. */
export function splitFilter(filter: UsageFilter): { rollup: UsageFilter | null; raw: UsageFilter[] } {
  const meanings = meaningsOf(filter);
  if (meanings.some(([name]) => filterOfName(name).rollups.from === 'raw rows')) return { rollup: null, raw: [filter] };
  let rollup: UsageFilter | null = filter;
  const raw: UsageFilter[] = [];
  for (const [name, meant] of meanings) {
    const { rollups } = filterOfName(name);
    if (rollup === null || rollups.from !== 'days' || !rollups.split) continue;
    const parts = rollups.split(meant);
    if (parts.raw !== null) raw.push({ ...rollup, [name]: parts.raw });
    rollup = parts.rollup === null ? null : { ...rollup, [name]: parts.rollup };
  }
  return { rollup, raw };
}

/** What of a filter is looked for in every record of a window, in words; null for nothing. */
function countedRaw(filter: UsageFilter): string | null {
  const counts = meaningsOf(filter).flatMap(([name]) => {
    const { rollups } = filterOfName(name);
    return rollups.from === 'raw rows' && rollups.counts !== undefined ? [rollups.counts] : [];
  });
  return counts.length === 0 ? null : counts.join(' and ');
}

/** What ended for want of time, where that lies in what is asked: PostgreSQL's code for it is that of whatever is cancelled. */
export function inWords(error: unknown, filter: UsageFilter): unknown {
  const counts = countedRaw(filter);
  if (counts === null || (error as { code?: unknown } | null)?.code !== '57014') return error;
  return new TooMuchToCount(
    `${counts.charAt(0).toUpperCase()}${counts.slice(1)} are counted from the records themselves, and in this period there are too ` +
      'many to be counted in time. Choose a shorter period, or take that filter away.',
  );
}

/** Which of the kept counts of stories answer a filter; null where none do. */
export function storyScopeOf(filter: UsageFilter): StoryScope | null {
  let scope: StoryScope = { model: null, action: null };
  for (const [name, meant] of meaningsOf(filter)) {
    const { rollups } = filterOfName(name);
    const own = rollups.from === 'days' ? (rollups.scope?.(meant) ?? null) : null;
    if (own === null) return null;
    scope = { ...scope, ...own };
  }
  return scope;
}
