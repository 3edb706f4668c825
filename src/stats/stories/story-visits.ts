import type { Knex } from 'knex';
import type { CachePart, MakePart } from '../memory/cache.ts';
import { requireContent } from '../rollups/coverage.ts';
import type { Visits } from '../rollups/keep/story-hours.ts';
import { readVisits } from '../rollups/keep/write-stories.ts';
import { readKinds } from '../rollups/kinds.ts';

/** Where stories of the ragged ends were active besides, each looked up once while the rollups stay the same. */
export type StoryVisits = CachePart<Visits>;

export const noStoryVisits = (part: MakePart): StoryVisits => part('visits', ({ hours }) => 100 + 16 * hours.length);

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
    const found = known.get(story);
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
      known.set(story, visits);
    }
    // As many as hold so many visits, when they are like these.
    size = Math.min(MOST_STORIES_A_READ, Math.max(1, Math.floor((some.length * VISITS_A_READ) / weight)));
  }
}
