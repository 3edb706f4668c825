import type { Knex } from 'knex';
import { requireContent } from '../rollups/coverage.ts';
import type { Visits } from '../rollups/keep/story-hours.ts';
import { readVisits } from '../rollups/keep/write-stories.ts';
import { readKinds } from '../rollups/kinds.ts';

/** Where stories of the ragged ends were active besides, each looked up once while the rollups stay the same. */
export type StoryVisits = Map<string, Visits>;

export const noStoryVisits = (): StoryVisits => new Map();

const MOST_STORIES = 20_000;
const STORIES_A_READ = 10_000;
export const NO_VISITS: Visits = { hours: [], kinds: [] };

/**
 * Where some stories were active, of the rollups and not of the source, which may know rows that no sum counts yet. Those that
 * are not known are looked up, and stay known until others have taken their place: what has been given out does not change.
 * @throws RollupsChanged when the rollups' content is no longer what is in memory
 */
export async function lookUpVisits(
  backoffice: Knex,
  { contentVersion, visits: known }: { contentVersion: string | null; visits: StoryVisits },
  stories: Iterable<string>,
): Promise<StoryVisits> {
  const visits: StoryVisits = new Map();
  const unknown: string[] = [];
  for (const story of stories) {
    const found = known.get(story);
    if (found) visits.set(story, found);
    else unknown.push(story);
  }
  if (unknown.length === 0) return visits;
  const kinds = await readKinds(backoffice);
  for (let first = 0; first < unknown.length; first += STORIES_A_READ) {
    const some = unknown.slice(first, first + STORIES_A_READ);
    const read = await readVisits(backoffice, kinds, some);
    for (const story of some) visits.set(story, read.get(story) ?? NO_VISITS);
  }
  await requireContent(backoffice, contentVersion);
  for (const story of unknown) known.set(story, visits.get(story) as Visits);
  for (const story of known.keys()) {
    if (known.size <= MOST_STORIES) break;
    known.delete(story);
  }
  return visits;
}
