import type { UsageKind } from '../../sums.ts';

/** Where a story was active: hours by their number since 1970, ascending, and of which kind. */
export type Visits = { hours: number[]; kinds: UsageKind[] };

/** What stories are told apart within; empty text for what it is not within. */
export type Scope = UsageKind & { within: 'all' | 'action' | 'model' | 'both' };

/** Those in which records of a kind are. */
export const scopesOf = ({ action, model }: UsageKind): Scope[] => [
  { within: 'all', action: '', model: '' },
  { within: 'action', action, model: '' },
  { within: 'model', action: '', model },
  { within: 'both', action, model },
];

/** A story that was active at `hour` and had last been so at `previous`: never before is -Infinity. */
export type Visit = { hour: number; previous: number };

/**
 * How a scope's visits of one story change: calls `lost` and `gained` with those that are not the same before and after.
 * The hours of both ascend; several may be the same hour, which is one visit. Before all of them it was active at `previous`.
 */
export function changedVisits(
  previous: number,
  before: number[],
  after: number[],
  lost: (visit: Visit) => void,
  gained: (visit: Visit) => void,
): void {
  let [i, j] = [0, 0];
  let [previousBefore, previousAfter] = [previous, previous];
  while (i < before.length || j < after.length) {
    const hour = Math.min(before[i] ?? Number.POSITIVE_INFINITY, after[j] ?? Number.POSITIVE_INFINITY);
    const wasActive = before[i] === hour;
    const isActive = after[j] === hour;
    if (!wasActive || !isActive || previousBefore !== previousAfter) {
      if (wasActive) lost({ hour, previous: previousBefore });
      if (isActive) gained({ hour, previous: previousAfter });
    }
    while (before[i] === hour) i += 1;
    while (after[j] === hour) j += 1;
    if (wasActive) previousBefore = hour;
    if (isActive) previousAfter = hour;
  }
}

const isIn = (kind: UsageKind, { within, action, model }: Scope): boolean =>
  (within === 'all' || within === 'model' || kind.action === action) &&
  (within === 'all' || within === 'action' || kind.model === model);

/** The hours of the visits that are in a scope. */
export function hoursIn({ hours, kinds }: Visits, scope: Scope): number[] {
  return scope.within === 'all' ? hours : hours.filter((_, i) => isIn(kinds[i] as UsageKind, scope));
}

/** The last hour of the first `count` visits that is in a scope; -Infinity without any. */
export function lastHourIn({ hours, kinds }: Visits, count: number, scope: Scope): number {
  for (let i = count - 1; i >= 0; i--) if (isIn(kinds[i] as UsageKind, scope)) return hours[i] as number;
  return Number.NEGATIVE_INFINITY;
}

/** Visits with some of them taken out and others put in. */
export function withChanges(visits: Visits, removed: Visits, added: Visits): Visits {
  const gone = new Map<UsageKind, Set<number>>();
  removed.hours.forEach((hour, i) => {
    const kind = removed.kinds[i] as UsageKind;
    const ofKind = gone.get(kind);
    if (ofKind) ofKind.add(hour);
    else gone.set(kind, new Set([hour]));
  });
  const stay: { hour: number; kind: UsageKind }[] = [];
  const take = ({ hours, kinds }: Visits, isTaken: (hour: number, kind: UsageKind) => boolean) =>
    hours.forEach((hour, i) => {
      const kind = kinds[i] as UsageKind;
      if (isTaken(hour, kind)) stay.push({ hour, kind });
    });
  take(visits, (hour, kind) => !gone.get(kind)?.has(hour));
  take(added, () => true);
  stay.sort((a, b) => a.hour - b.hour);
  return { hours: stay.map(({ hour }) => hour), kinds: stay.map(({ kind }) => kind) };
}

/** Visits without those from one hour until before another. */
export function withoutHours({ hours, kinds }: Visits, first: number, end: number): Visits {
  const stays = (hour: number) => hour < first || hour >= end;
  return { hours: hours.filter(stays), kinds: kinds.filter((_, i) => stays(hours[i] as number)) };
}
