import { inTurn } from '../../db/in-turn.ts';
import { rollupPasses, storyScopeOf, type UsageFilter, whereUsage } from '../../query/filter.ts';
import type { StoryScope } from '../../query/filters/entry.ts';
import { exactInteger } from '../../units/integer.ts';
import { earliest, hourNumber, type Instant, latest, startOfHourNumber, type Window } from '../../units/time.ts';
import type { EndRow } from '../ends.ts';
import { atContent } from '../memory/memory.ts';
import type { Kept, WindowParts } from '../parts.ts';
import { RollupsChanged, readCoverage } from '../rollups/coverage.ts';
import type { Scope, Visits } from '../rollups/keep/story-hours.ts';
import { lookUpNumbers } from '../rollups/packed/numbers.ts';
import type { StoryCell } from '../rollups/story-cells.ts';
import { countStories } from '../rollups/story-counts.ts';
import { daysFromOf, type UsageSource } from '../source.ts';
import type { UsageKind } from '../sums.ts';
import { readDistinctOfDays } from './read-whole-days.ts';
import { readHourCells, unpackedCells } from './story-sums.ts';
import { lookUpVisits } from './story-visits.ts';
import { hasBit, type StoryBits } from './whole-days.ts';

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
 * How many different stories a window holds, exactly and without reading its records. Of every hour and day the rollups keep how many
 * of its stories had last been active in which hour before. A story of the covered part is counted once, where it comes for
 * the first time since the window began: where the hour before lies in front of the window. To these come the stories at the
 * window's ends that were not active in the covered part. Of several models or actions such counts do not add up, for a
 * story may be of both: then the stories are told apart one by one.
 */
export async function readDistinctStories(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  parts: WindowParts,
  ends: Promise<EndRow[]>,
): Promise<DistinctStories> {
  const { sql, kept } = parts;
  if (kept === null) return readRaw(source, window, filter);
  const scope = storyScopeOf(filter);
  const covered = coveredPart(kept);
  // Of a scope of the rollups only what they do not cover is read raw at length.
  if (sql.length > 0 && covered === null) return readRaw(source, window, filter);
  const raw = await readRawStories(source, sql);
  if (scope === null) return countUnion(source, kept, await ends, raw);
  const actionsOf = async () => actionsByStory(raw, await ends, rollupPasses(kept.filter));
  if (raw.length === 0) return countKept(source, kept, scope, covered, actionsOf);
  const outside = await actionsOf();
  return inOneState(source, (one) => countKept(one, kept, scope, covered, async () => outside));
}

/** Which actions each story had outside the covered part. */
type ActionsOf = Map<string, Set<string>>;

async function countKept(
  source: UsageSource,
  kept: Kept,
  scope: StoryScope,
  covered: Covered | null,
  actionsOf: () => Promise<ActionsOf>,
): Promise<DistinctStories> {
  const [inside, outside] = await Promise.all([
    covered === null ? noStories() : countCovered(source, kept, covered.from, scope),
    countOutside(source, kept, actionsOf, covered),
  ]);
  for (const [action, stories] of outside.byAction) addStories(inside, action, stories);
  inside.total += outside.total;
  return inside;
}

/**
 * Counts in a snapshot of the rollups that covers at least what the source has for covered. What is added behind that meanwhile, by
 * a backfill several times a second, changes no count: nobody need begin again for it.
 * @throws RollupsChanged when something of it is gone
 */
async function inOneState<T>(source: UsageSource, count: (source: UsageSource) => Promise<T>): Promise<T> {
  return source.backoffice.transaction(
    async (transaction) => {
      const backoffice = inTurn(transaction);
      const coverage = await readCoverage(backoffice);
      const { contentVersion, coveredUntil } = coverage;
      if (
        coveredUntil === null ||
        coveredUntil < (source.coveredUntil as Instant) ||
        daysFromOf(coverage, source.timeZone) > source.daysFrom
      )
        throw new RollupsChanged('the rollups were begun again while they were read');
      return count({ ...source, backoffice, memory: atContent(source.memory, contentVersion) });
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

type RawStory = { story: string; actions: string[] };

async function readRawStories({ workflows }: UsageSource, sql: WindowParts['sql']): Promise<RawStory[]> {
  const read = await Promise.all(
    sql.map(
      async ({ window, filter }): Promise<RawStory[]> =>
        workflows('token_usage_tracking')
          .select(workflows.raw('story_id AS story, array_agg(DISTINCT action)::text[] AS actions'))
          .modify(whereUsage, window, filter)
          .groupBy('story_id'),
    ),
  );
  return read.flat();
}

/** Of whole days it is kept which stories there were; the few others are added to them. */
async function countUnion(source: UsageSource, kept: Kept, ends: EndRow[], raw: RawStory[]): Promise<DistinctStories> {
  const { backoffice, memory } = source;
  const passes = rollupPasses(kept.filter);
  const { byAction, all, unpacked } = await readDistinctOfDays(source, kept);
  const others = new Map<string, Set<string>>();
  const add = (action: string, story: string) => {
    const known = others.get(action);
    if (known) known.add(story);
    else others.set(action, new Set([story]));
  };
  const addAll = (cells: StoryCell[]) => {
    for (const { action, pairs, sums } of cells)
      for (const pair of sums.pair) add(action, pairs.stories[pair] as string);
  };
  addAll(await readHourCells(source, kept));
  for await (const cells of unpackedCells(source, kept.filter, unpacked)) addAll(cells);
  for (const { story, kind, at } of ends) if (passes(kind, at)) add(kind.action, story);
  for (const { story, actions } of raw) for (const action of actions) add(action, story);

  const ids = new Set([...others.values()].flatMap((stories) => [...stories]));
  const numbers = await lookUpNumbers(backoffice, memory.numbers, 'story', ids);
  const isNew = (known: StoryBits | undefined) => (story: string) =>
    known === undefined || !hasBit(known, numbers.get(story) ?? -1);
  const distinct = noStories();
  for (const action of new Set([...byAction.keys(), ...others.keys()])) {
    const known = byAction.get(action);
    const count = (known?.count ?? 0) + [...(others.get(action) ?? [])].filter(isNew(known)).length;
    if (count > 0) distinct.byAction.set(action, count);
  }
  distinct.total = all.count + [...ids].filter(isNew(all)).length;
  return distinct;
}

const noStories = (): DistinctStories => ({ total: 0, byAction: new Map() });

function addStories({ byAction }: DistinctStories, action: string, stories: number): void {
  byAction.set(action, (byAction.get(action) ?? 0) + stories);
}

type Covered = { from: Instant; to: Instant };

/** The part of a window that the rollups cover, from whole hour to whole hour; null without any. */
function coveredPart({ hours, days }: Kept): Covered | null {
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
  from: Instant,
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

function actionsByStory(raw: RawStory[], ends: EndRow[], passes: ReturnType<typeof rollupPasses>): ActionsOf {
  const actionsOf: ActionsOf = new Map();
  const add = (story: string, action: string) => {
    const actions = actionsOf.get(story);
    if (actions) actions.add(action);
    else actionsOf.set(story, new Set([action]));
  };
  for (const { story, actions } of raw) for (const action of actions) add(story, action);
  for (const { story, kind, at } of ends) if (passes(kind, at)) add(story, kind.action);
  return actionsOf;
}

/** The stories outside the covered part that were not active in it: by action, and not at all. */
async function countOutside(
  { backoffice, memory }: UsageSource,
  { filter }: Kept,
  actionsOf: () => Promise<ActionsOf>,
  covered: Covered | null,
): Promise<DistinctStories> {
  const distinct = noStories();
  const passes = rollupPasses(filter);
  const outside = await actionsOf();
  const from = covered === null ? 0 : hourNumber(covered.from);
  const to = covered === null ? 0 : hourNumber(covered.to);
  const count = (story: string, { hours, kinds }: Visits) => {
    const active = new Set<string>();
    hours.forEach((hour, i) => {
      const kind = kinds[i] as UsageKind;
      if (hour >= from && hour < to && passes(kind, startOfHourNumber(hour))) active.add(kind.action);
    });
    if (active.size === 0) distinct.total += 1;
    for (const action of outside.get(story) ?? []) if (!active.has(action)) addStories(distinct, action, 1);
  };
  if (covered === null) for (const story of outside.keys()) count(story, { hours: [], kinds: [] });
  else await lookUpVisits(backoffice, memory, outside.keys(), count);
  return distinct;
}
