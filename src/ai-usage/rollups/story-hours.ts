/** An action and a model that have come together; one object for all that is of both. */
export type Kind = { action: string; model: string };

/** Where a story was active: hours by their number since 1970, ascending, and of which kind. */
export type Visits = { hours: number[]; kinds: Kind[] };

/** What stories are told apart within; empty text for what it is not within. */
export type Scope = Kind & { within: 'all' | 'action' | 'model' | 'both' };

/** Those in which records of a kind are. */
export const scopesOf = ({ action, model }: Kind): Scope[] => [
  { within: 'all', action: '', model: '' },
  { within: 'action', action, model: '' },
  { within: 'model', action: '', model },
  { within: 'both', action, model },
];

/** A story that was active at `hour` and had last been so at `previous`: never before is -Infinity. */
export type Visit = { hour: number; previous: number };

/**
 * How a scope's visits of one story change: calls `lost` and `gained` with those that are not the same before and after.
 * The hours of both ascend; several may be the same hour, which is one visit.
 */
export function changedVisits(
  before: number[],
  after: number[],
  lost: (visit: Visit) => void,
  gained: (visit: Visit) => void,
): void {
  let [i, j] = [0, 0];
  let [previousBefore, previousAfter] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
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

/** The hours of the visits that are in a scope. */
export function hoursIn({ hours, kinds }: Visits, { within, action, model }: Scope): number[] {
  if (within === 'all') return hours;
  const byAction = within !== 'model';
  const byModel = within !== 'action';
  return hours.filter((_, i) => {
    const kind = kinds[i] as Kind;
    return (!byAction || kind.action === action) && (!byModel || kind.model === model);
  });
}

/** Visits with some of them taken out and others put in. */
export function withChanges(visits: Visits, removed: Visits, added: Visits): Visits {
  const gone = new Map<Kind, Set<number>>();
  removed.hours.forEach((hour, i) => {
    const kind = removed.kinds[i] as Kind;
    const ofKind = gone.get(kind);
    if (ofKind) ofKind.add(hour);
    else gone.set(kind, new Set([hour]));
  });
  const stay: { hour: number; kind: Kind }[] = [];
  const take = ({ hours, kinds }: Visits, isTaken: (hour: number, kind: Kind) => boolean) =>
    hours.forEach((hour, i) => {
      const kind = kinds[i] as Kind;
      if (isTaken(hour, kind)) stay.push({ hour, kind });
    });
  take(visits, (hour, kind) => !gone.get(kind)?.has(hour));
  take(added, () => true);
  stay.sort((a, b) => a.hour - b.hour);
  return { hours: stay.map(({ hour }) => hour), kinds: stay.map(({ kind }) => kind) };
}
