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

/**
 * Hands out the visits of one story as each scope sees them: the hour, and when the scope had last been active before; `earlier` says that of
 * the time before all of them, and of never -Infinity. Several kinds in an hour are one visit of the scopes that have both.
 */
export function eachVisit(
  { hours, kinds }: Visits,
  earlier: (scope: Scope) => number,
  scopesOf: (kind: UsageKind) => Scope[],
  each: (scope: Scope, hour: number, previous: number) => void,
): void {
  const last = new Map<Scope, number>();
  for (let i = 0; i < hours.length; i++) {
    const hour = hours[i] as number;
    for (const scope of scopesOf(kinds[i] as UsageKind)) {
      const previous = last.get(scope) ?? earlier(scope);
      if (previous === hour) continue;
      last.set(scope, hour);
      each(scope, hour, previous);
    }
  }
}

const isIn = (kind: UsageKind, { within, action, model }: Scope): boolean =>
  (within === 'all' || within === 'model' || kind.action === action) &&
  (within === 'all' || within === 'action' || kind.model === model);

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
