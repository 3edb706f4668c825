import { hourNumber } from '../../units/time.ts';
import type { HourRange, StoryVisit } from './source-hours.ts';

/**
 * How many stories were active in an hour that had last been active in the hour `previous` (null: never before), within an
 * action and a model; an empty text stands for any. Hours by their number since 1970.
 */
export type StoryHour = { hour: number; action: string; model: string; previous: number | null; stories: number };

/** Counted for the hours of some runs, over all, within each action, each model and each pair of them. */
export function storyHoursOf(visits: StoryVisit[], runs: HourRange[]): StoryHour[] {
  const isWanted = wantedHours(runs);
  const byStory = new Map<string, StoryVisit[]>();
  for (const visit of visits) {
    const others = byStory.get(visit.story);
    if (others) others.push(visit);
    else byStory.set(visit.story, [visit]);
  }

  const counts = new Map<string, StoryHour>();
  for (const ofStory of byStory.values()) {
    ofStory.sort((a, b) => a.hour - b.hour);
    // By scope, the last hour seen and the one before it: a scope's visits in one hour are one visit.
    const last = new Map<string, { hour: number; previous: number | null }>();
    for (const { action, model, hour } of ofStory) {
      for (const scope of [`${action}\0${model}`, `${action}\0`, `\0${model}`, '\0']) {
        const seen = last.get(scope);
        if (seen?.hour === hour) continue;
        const previous = seen?.hour ?? null;
        last.set(scope, { hour, previous });
        if (isWanted(hour)) count(counts, scope, hour, previous);
      }
    }
  }
  return [...counts.values()];
}

function count(counts: Map<string, StoryHour>, scope: string, hour: number, previous: number | null): void {
  const key = `${hour} ${previous} ${scope}`;
  const counted = counts.get(key);
  if (counted) {
    counted.stories += 1;
    return;
  }
  const [action = '', model = ''] = scope.split('\0');
  counts.set(key, { hour, action, model, previous, stories: 1 });
}

function wantedHours(runs: HourRange[]): (hour: number) => boolean {
  const ascending = runs
    .map(({ from, to }) => ({ from: hourNumber(from), to: hourNumber(to) }))
    .sort((a, b) => a.from - b.from);
  return (hour) => {
    // The last run that begins at or before the hour.
    let low = 0;
    let high = ascending.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ascending[middle] as { from: number }).from <= hour) low = middle + 1;
      else high = middle;
    }
    return low > 0 && hour < (ascending[low - 1] as { to: number }).to;
  };
}
