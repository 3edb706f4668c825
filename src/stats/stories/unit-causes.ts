import type { UsageFilter } from '../../query/filter.ts';
import type { Month } from '../../units/calendar.ts';
import { type MicroEuros, microEuros, minus, plus } from '../../units/money.ts';
import type { Window } from '../../units/time.ts';
import type { UsageSource } from '../source.ts';
import { group, readCells } from '../stats.ts';
import type { UsageKind } from '../sums.ts';
import { eachStoryKind } from './each-story-kind.ts';
import type { Begun, UnitKey } from './each-unit.ts';

/** What calls of an action and model cost a story, on average; `calls`: that a story has more or fewer of them, `price`: that one costs more or less. */
export type UnitCause = Record<'before' | 'now' | 'calls' | 'price', MicroEuros> & {
  /** Null for all that are not named. */
  action: string | null;
  model: string | null;
};

/** Why a story of a month cost something else than one of the month before: the rows add up to the two averages, and to what lies between them. */
export type UnitCauses = { monthBefore: Month; month: Month; before: MicroEuros; now: MicroEuros; rows: UnitCause[] };

/** So many actions and models, the most expensive ones, are told one by one. */
const MOST_KINDS = 60;

type Part = { action: string | null; model: string | null; cost: [bigint, bigint]; requests: [bigint, bigint] };

/** part ÷ whole, halves up. */
const divided = (part: bigint, whole: bigint): bigint => {
  const [doubled, by] = [2n * part + whole, 2n * whole];
  const quotient = doubled / by;
  return doubled < 0n && doubled % by !== 0n ? quotient - 1n : quotient;
};
const micro = (amount: bigint): MicroEuros => microEuros(Number(amount));

/** Parts of costs, as what each is of an average: rounded so that they add up to it. */
function causesOf(parts: readonly Part[], stories: readonly [number, number]): UnitCause[] {
  const sums: [bigint, bigint] = [0n, 0n];
  const share = (part: Part, of: 0 | 1): MicroEuros => {
    const before = divided(sums[of], BigInt(stories[of]));
    sums[of] += part.cost[of];
    return micro(divided(sums[of], BigInt(stories[of])) - before);
  };
  return parts.map((part) => {
    const { action, model, cost, requests } = part;
    const [before, now] = [share(part, 0), share(part, 1)];
    // As many calls a story as now, each at what it cost before; what is new has no price before.
    const asMany = requests[0] === 0n ? now : micro(divided(cost[0] * requests[1], requests[0] * BigInt(stories[1])));
    return { action, model, before, now, calls: minus(asMany, before), price: minus(now, asMany) };
  });
}

type MonthOfStories = { month: Month; stories: { count: number; cost: MicroEuros } };
export type MonthsCompared = { begun: Begun; before: MonthOfStories; now: MonthOfStories; places: [number, number] };
export type UsageKindCost = UsageKind & { cost: MicroEuros };
type EachStoryKind = (tell: (of: UsageKind, story: UnitKey, cost: number, requests: number) => void) => Promise<void>;

/** Compares the stories that began in two months, with all their calls of a window. */
export async function readUnitCauses(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  months: MonthsCompared,
): Promise<UnitCauses> {
  const kinds = [...group(await readCells(source, window, filter, 'whole'), kindOf)].map(([key, { cost }]) => {
    const [action, model] = JSON.parse(key) as [string, string];
    return { action, model, cost };
  });
  return unitCausesOf(months, kinds, (tell) => eachStoryKind(source, window, filter, tell));
}

/** From what each action and model cost, and what each story had of them. */
export async function unitCausesOf(
  { begun, before, now, places }: MonthsCompared,
  costs: UsageKindCost[],
  eachStory: EachStoryKind,
): Promise<UnitCauses> {
  // Whole numbers that a double holds: bigints take ten times as long to add, and a month has tens of thousands of stories.
  type Kind = UsageKind & { cost: [number, number]; requests: [number, number] };
  const kinds = new Map<string, Kind>();
  for (const { action, model } of costs
    .toSorted((a, b) => b.cost - a.cost || (kindOf(a) < kindOf(b) ? -1 : 1))
    .slice(0, MOST_KINDS))
    kinds.set(kindOf({ action, model }), { action, model, cost: [0, 0], requests: [0, 0] });
  let last: { of: UsageKind; kind: Kind | undefined } | null = null;
  await eachStory((of, story, cost, requests) => {
    // Stories of one kind follow each other.
    if (last?.of !== of) last = { of, kind: kinds.get(kindOf(of)) };
    const { kind } = last;
    const month = begun.monthOf(story);
    if (kind === undefined || (month !== places[0] && month !== places[1])) return;
    const place = month === places[0] ? 0 : 1;
    kind.cost[place] += cost;
    kind.requests[place] += requests;
  });
  const exact = ([one, other]: [number, number]): [bigint, bigint] => [BigInt(one), BigInt(other)];
  const parts = [...kinds.values()].map(
    ({ action, model, cost, requests }): Part => ({ action, model, cost: exact(cost), requests: exact(requests) }),
  );
  const restOf = (of: 0 | 1, whole: MicroEuros) => parts.reduce((rest, { cost }) => rest - cost[of], BigInt(whole));
  const rest: [bigint, bigint] = [restOf(0, before.stories.cost), restOf(1, now.stories.cost)];
  if (rest.some((cost) => cost !== 0n)) parts.push({ action: null, model: null, cost: rest, requests: [0n, 0n] });
  const rows = causesOf(parts, [before.stories.count, now.stories.count]);
  const total = (name: 'before' | 'now') => rows.reduce((sum, row) => plus(sum, row[name]), microEuros(0));
  return {
    ...{ monthBefore: before.month, month: now.month, before: total('before'), now: total('now') },
    rows: rows
      .filter((row) => row.before !== 0 || row.now !== 0)
      .sort((a, b) => Math.abs(minus(b.now, b.before)) - Math.abs(minus(a.now, a.before))),
  };
}

const kindOf = ({ action, model }: { action: string; model: string }) => JSON.stringify([action, model]);
