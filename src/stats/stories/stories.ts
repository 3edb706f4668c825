import { rollupPasses, storyScopeOf, type UsageFilter, whereUsage } from '../../query/filter.ts';
import type { StoryScope } from '../../query/filters/entry.ts';
import { exactInteger } from '../../units/integer.ts';
import { earliest, hourNumber, latest, startOfHourNumber, type Window } from '../../units/time.ts';
import type { EndRow } from '../ends.ts';
import type { Kept, Parts } from '../parts.ts';
import type { Kind, Scope } from '../rollups/keep/story-hours.ts';
import { countStories } from '../rollups/story-counts.ts';
import type { UsageSource } from '../source.ts';
import { readStoryCells } from './story-sums.ts';
import { lookUpVisits, NO_VISITS } from './story-visits.ts';

/** How many different stories a window's records belong to, over all and by action. */
export type DistinctStories = { total: number; byAction: Map<string, number> };

async function readRaw({ workflows }: UsageSource, window: Window, filter: UsageFilter): Promise<DistinctStories> {
  const rows = await workflows('token_usage_tracking')
    .select(workflows.raw(`action::text AS action, count(DISTINCT story_id) AS stories`))
    .modify(whereUsage, window, filter)
    .groupByRaw('GROUPING SETS ((action), ())');
  const distinct: DistinctStories = { total: 0, byAction: new Map() };
  for (const { action, stories } of rows as { action: string | null; stories: string }[]) {
    if (action === null) distinct.total = exactInteger(stories);
    else distinct.byAction.set(action, exactInteger(stories));
  }
  return distinct;
}

/**
 * Exact, without scanning the window: a story of the covered part counts in the bucket of its first visit there, and the
 * rollups keep how many stories of a bucket had been active in which hour before; those before the window count. Of the
 * ragged ends' stories those count that were not active in the covered part. Where a filter takes several models or actions,
 * such counts do not add up to a union, and the stories themselves are told apart.
 */
export async function readDistinctStories(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  parts: Parts,
  ends: Promise<EndRow[]>,
): Promise<DistinctStories> {
  const { sql, kept } = parts;
  if (kept === null || sql.some((part) => part.filter === kept.filter)) return readRaw(source, window, filter);
  const scope = storyScopeOf(filter);
  if (scope === null) return countUnion(source, kept, await ends, await readRawStories(source, sql));
  const covered = coveredPart(kept);
  const [inside, outside] = await Promise.all([
    covered === null ? noStories() : countCovered(source, kept, covered.from, scope),
    countEnds(source, kept, ends, covered),
  ]);
  for (const [action, stories] of outside.byAction) addStories(inside, action, stories);
  inside.total += outside.total;
  return inside;
}

type StoriesOfAction = { action: string; stories: string[] };

async function readRawStories({ workflows }: UsageSource, sql: Parts['sql']): Promise<StoriesOfAction[]> {
  const read = await Promise.all(
    sql.map(
      async ({ window, filter }): Promise<StoriesOfAction[]> =>
        workflows('token_usage_tracking')
          .select(workflows.raw('action::text AS action, array_agg(DISTINCT story_id)::text[] AS stories'))
          .modify(whereUsage, window, filter)
          .groupBy('action'),
    ),
  );
  return read.flat();
}

/** Marks every story of every action: a few milliseconds for a million visits. */
async function countUnion(
  source: UsageSource,
  kept: Kept,
  ends: EndRow[],
  raw: StoriesOfAction[],
): Promise<DistinctStories> {
  const { firstOfStory, storyOf } = source.memory.storyDays.pairs;
  const passes = rollupPasses(kept.filter);
  const cells = await readStoryCells(source, kept);
  const visits = new Map<string, { cells: Int32Array[]; ids: Set<string> }>();
  const of = (action: string) => {
    const found = visits.get(action) ?? { cells: [], ids: new Set() };
    visits.set(action, found);
    return found;
  };
  for (const { action, sums } of cells) of(action).cells.push(sums.pair);
  for (const { story, kind, at } of ends) if (passes(kind, at)) of(kind.action).ids.add(story);
  for (const { action, stories } of raw) for (const story of stories) of(action).ids.add(story);

  const distinct = noStories();
  const isSeen = new Uint8Array(storyOf.length);
  const lastAction = new Int32Array(storyOf.length);
  // Stories that the rollups do not know yet.
  const others = new Set<string>();
  let number = 0;
  for (const [action, { cells, ids }] of visits) {
    number += 1;
    let count = 0;
    const mark = (story: number) => {
      if (lastAction[story] !== number) count += 1;
      lastAction[story] = number;
      if (isSeen[story] === 0) distinct.total += 1;
      isSeen[story] = 1;
    };
    for (const pairs of cells) for (const pair of pairs) mark(storyOf[pair] as number);
    for (const id of ids) {
      const story = firstOfStory.get(id);
      if (story !== undefined) {
        mark(story);
      } else {
        others.add(id);
        count += 1;
      }
    }
    if (count > 0) distinct.byAction.set(action, count);
  }
  distinct.total += others.size;
  return distinct;
}

const noStories = (): DistinctStories => ({ total: 0, byAction: new Map() });

function addStories({ byAction }: DistinctStories, action: string, stories: number): void {
  byAction.set(action, (byAction.get(action) ?? 0) + stories);
}

/** The part of a window that the rollups cover, from whole hour to whole hour; null without any. */
function coveredPart({ hours, days }: Kept): Window | null {
  const segments = [...hours, ...days];
  if (segments.length === 0) return null;
  return {
    from: segments.map(({ from }) => from).reduce(earliest),
    to: segments.map(({ to }) => to).reduce(latest),
  };
}

/** The stories of the covered part, by their first visit there. */
async function countCovered(
  { backoffice, memory }: UsageSource,
  { hours, days }: Kept,
  from: Window['from'],
  { model, action }: StoryScope,
): Promise<DistinctStories> {
  const count = (within: Scope['within']) =>
    countStories(backoffice, memory, { hours, days, from }, { within, model: model ?? '', action });
  const [byAction, all] = await Promise.all([
    count(model === null ? 'action' : 'both'),
    action === null ? count(model === null ? 'all' : 'model') : null,
  ]);
  return {
    total: all === null ? (byAction.get(action ?? '') ?? 0) : (all.get('') ?? 0),
    byAction: new Map([...byAction].filter(([, stories]) => stories > 0)),
  };
}

/** The stories of the ragged ends that were not active in the covered part: by action, and not at all. */
async function countEnds(
  source: UsageSource,
  { filter }: Kept,
  ends: Promise<EndRow[]>,
  covered: Window | null,
): Promise<DistinctStories> {
  const distinct = noStories();
  const passes = rollupPasses(filter);
  const actionsOf = new Map<string, Set<string>>();
  for (const { story, kind, at } of await ends) {
    if (!passes(kind, at)) continue;
    const actions = actionsOf.get(story);
    if (actions) actions.add(kind.action);
    else actionsOf.set(story, new Set([kind.action]));
  }
  const { backoffice, memory } = source;
  const visits = covered === null ? null : await lookUpVisits(backoffice, memory, actionsOf.keys());
  const from = covered?.from == null ? Number.NEGATIVE_INFINITY : hourNumber(covered.from);
  const to = covered === null ? from : hourNumber(covered.to);
  for (const [story, actions] of actionsOf) {
    let active = false;
    const { hours, kinds } = visits?.get(story) ?? NO_VISITS;
    hours.forEach((hour, i) => {
      const kind = kinds[i] as Kind;
      if (hour < from || hour >= to || !passes(kind, startOfHourNumber(hour))) return;
      active = true;
      actions.delete(kind.action);
    });
    if (!active) distinct.total += 1;
    for (const action of actions) addStories(distinct, action, 1);
  }
  return distinct;
}
