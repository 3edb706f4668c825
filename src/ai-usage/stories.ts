import type { Knex } from 'knex';
import { exactInteger } from '../units/integer.ts';
import { isoFromInstant, type Window } from '../units/time.ts';
import { type UsageFilter, whereFilter, whereUsage, whereWithin } from './filter.ts';
import { storiesOf } from './rollups/days.ts';
import { type Segment, segmentsOf } from './rollups/segments.ts';
import { whereSegments } from './rollups/where-segments.ts';
import type { UsageSource } from './source.ts';

/** How many different stories a window's records belong to, over all and by action. */
export type DistinctStories = { total: number; byAction: Map<string, number> };

type CountRow = { action: string; stories: string };

/** Adds up counts by action; the empty action stands for all. */
function distinctOf(rows: CountRow[]): DistinctStories {
  const distinct: DistinctStories = { total: 0, byAction: new Map() };
  for (const { action, stories } of rows) {
    const count = exactInteger(stories);
    if (action === '') distinct.total += count;
    else distinct.byAction.set(action, (distinct.byAction.get(action) ?? 0) + count);
  }
  return distinct;
}

async function readRaw({ workflows }: UsageSource, window: Window, filter: UsageFilter): Promise<CountRow[]> {
  return workflows('token_usage_tracking')
    .select(workflows.raw(`coalesce(action::text, '') AS action, count(DISTINCT story_id) AS stories`))
    .modify(whereUsage, window, filter)
    .groupByRaw('GROUPING SETS ((action), ())');
}

/** The kept counts of one model ('' for any) and one action (null for each and all). */
type Scope = { model: string; action: string | null };

/** Which of the kept counts answer a filter: at most one model and one action, or all; null where they cannot. */
function keptScope({ models, actions, author, story, search }: UsageFilter): Scope | null {
  if (author || story || search || (models && models.length !== 1) || (actions && actions.length !== 1)) return null;
  return { model: models?.[0] ?? '', action: actions?.[0] ?? null };
}

/**
 * Exact, without scanning the window: a story of the covered part counts in the bucket of its first visit there, and the
 * rollups keep how many stories of a bucket had been active in which hour before; those before the window count. Of the
 * raw ends' stories those count that were not in the covered part, which the index on story_id tells.
 */
export async function readDistinctStories(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
): Promise<DistinctStories> {
  const scope = keptScope(filter);
  const segments = scope === null ? [] : segmentsOf(window, source.reach, source.timeZone);
  const covered = segments.filter(({ kind }) => kind !== 'raw');
  const first = covered[0];
  const last = covered.at(-1);
  if (scope === null || !first || !last) return distinctOf(await readRaw(source, window, filter));

  const ends = segments.filter(({ kind }) => kind === 'raw');
  const [kept, rest] = await Promise.all([
    readKept(source, covered, scope),
    ends.length === 0 ? [] : readEnds(source.workflows, window, ends, { from: first.from, to: last.to }, filter),
  ]);
  return distinctOf([...kept, ...rest]);
}

/** The stories of the covered part by their first visit there: of days in memory where they hold the filter, else of hours and days in the database. */
async function readKept(
  { backoffice, days }: UsageSource,
  covered: Segment[],
  { model, action }: Scope,
): Promise<CountRow[]> {
  const from = covered[0]?.from ?? null;
  const inMemory = model === '' ? covered.filter((segment) => segment.kind === 'days') : [];
  const rows: CountRow[] = [...storiesOf(days, inMemory, from)].map(([name, stories]) => ({
    action: name,
    stories: String(stories),
  }));
  const inTables = covered.filter((segment) => !inMemory.some((other) => other === segment));
  const read = await Promise.all(
    inTables.map((segment): Promise<CountRow[]> => {
      const query = backoffice(segment.kind === 'days' ? 'story_days' : 'story_hours')
        .select(backoffice.raw('action, sum(stories) AS stories'))
        .where({ model })
        .groupBy('action');
      // Without a beginning a story counts at its first visit ever.
      if (from === null) query.where('previous_hour', '-infinity');
      else query.where('previous_hour', '<', isoFromInstant(from));
      if (segment.kind !== 'days') return query.modify(whereSegments, [segment]);
      if (segment.firstDay !== null) query.where('day', '>=', segment.firstDay);
      return query.where('day', '<', segment.endDay);
    }),
  );
  rows.push(...read.flat());
  if (action === null) return rows;
  // Of one action alone, its stories are also all stories.
  return rows.filter((row) => row.action === action).flatMap((row) => [row, { ...row, action: '' }]);
}

/**
 * By action the stories of the ends that were not in the covered part, and under '' those that were not there at all. One
 * story at a time by the index on story_id: OFFSET 0 keeps the planner from joining the whole index instead.
 */
async function readEnds(
  workflows: Knex,
  window: Window,
  ends: Segment[],
  covered: Window,
  filter: UsageFilter,
): Promise<CountRow[]> {
  const active = workflows('token_usage_tracking')
    .distinct('story_id')
    .modify(whereWithin, ends)
    .modify(whereFilter, filter);
  const from = covered.from === null ? '-infinity' : isoFromInstant(covered.from);
  const ofStory = workflows('token_usage_tracking')
    .select('action')
    .select(workflows.raw('created_at >= ? AND created_at < ? AS in_covered', [from, isoFromInstant(covered.to)]))
    .whereRaw('token_usage_tracking.story_id = active.story_id')
    .modify(whereUsage, window, filter);
  const { rows } = await workflows.raw<{ rows: CountRow[] }>(
    `WITH active AS (?),
     visits AS (
       SELECT story_id, action::text AS action, bool_or(in_covered) AS in_covered
         FROM active CROSS JOIN LATERAL (? OFFSET 0) AS of_story
        GROUP BY 1, 2
     ),
     unseen AS (
       SELECT action FROM visits WHERE NOT in_covered
       UNION ALL
       SELECT '' FROM visits GROUP BY story_id HAVING NOT bool_or(in_covered)
     )
     SELECT action, count(*) AS stories FROM unseen GROUP BY action`,
    [active, ofStory],
  );
  return rows;
}
