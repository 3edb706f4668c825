import type { Knex } from 'knex';
import { requireContent } from '../rollups/coverage.ts';
import type { Visits } from '../rollups/keep/story-hours.ts';
import { readVisits } from '../rollups/keep/write-stories.ts';
import { readKinds } from '../rollups/kinds.ts';

/**
 * Where stories of the ragged ends were active besides, each looked up once while the rollups stay the same; and how many visits
 * that is, with one for each story: a story of a year weighs what it holds.
 */
export type StoryVisits = { byStory: Map<string, Visits>; weight: number };

export const noStoryVisits = (): StoryVisits => ({ byStory: new Map(), weight: 0 });

/** So many are kept in memory, some 16 bytes each, and a fifth of them are read by one statement. */
export const MOST_VISITS = 500_000;
const VISITS_A_READ = 100_000;
const FIRST_STORIES = 250;
const MOST_STORIES_A_READ = 10_000;
const NO_VISITS: Visits = { hours: [], kinds: [] };

const weightOf = ({ hours }: Visits) => 1 + hours.length;

/**
 * Hands out where some stories were active, one by one and in no order, of the rollups and not of the source, which may know rows
 * that no sum counts yet. Those that are not known are looked up, and stay known until others have taken their place.
 * @throws RollupsChanged when the rollups' content is no longer what is in memory
 */
export async function lookUpVisits(
  backoffice: Knex,
  { contentVersion, visits: known }: { contentVersion: string | null; visits: StoryVisits },
  stories: Iterable<string>,
  each: (story: string, visits: Visits) => void,
): Promise<void> {
  const unknown: string[] = [];
  for (const story of stories) {
    const found = known.byStory.get(story);
    if (found) each(story, found);
    else unknown.push(story);
  }
  if (unknown.length === 0) return;
  const kinds = await readKinds(backoffice);
  let size = FIRST_STORIES;
  for (let first = 0; first < unknown.length; ) {
    const some = unknown.slice(first, first + size);
    first += some.length;
    const read = await readVisits(backoffice, kinds, some);
    await requireContent(backoffice, contentVersion);
    let weight = 0;
    for (const story of some) {
      const visits = read.get(story) ?? NO_VISITS;
      weight += weightOf(visits);
      each(story, visits);
      keep(known, story, visits);
    }
    // As many as hold so many visits, when they are like these.
    size = Math.min(MOST_STORIES_A_READ, Math.max(1, Math.floor((some.length * VISITS_A_READ) / weight)));
  }
}

function keep(known: StoryVisits, story: string, visits: Visits): void {
  const { byStory } = known;
  if (byStory.has(story)) return;
  byStory.set(story, visits);
  known.weight += weightOf(visits);
  for (const [oldest, its] of byStory) {
    if (known.weight <= MOST_VISITS) break;
    byStory.delete(oldest);
    known.weight -= weightOf(its);
  }
}
