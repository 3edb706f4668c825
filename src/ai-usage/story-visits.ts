import type { Knex } from 'knex';
import { type Instant, startOfHourNumber } from '../units/time.ts';
import { readVisitsOf } from './rollups/source-hours.ts';

/** An hour in which a story was active, within an action and a model. */
export type StoryHourVisit = { hour: Instant; action: string; model: string };

/** Where stories of the ragged ends were active besides, each looked up once while the rollups stay the same. */
export type StoryVisits = Map<string, StoryHourVisit[]>;

export const noStoryVisits = (): StoryVisits => new Map();

const MOST_STORIES = 20_000;

/** Looks up those stories that are not known yet. */
export async function lookUpVisits(workflows: Knex, known: StoryVisits, stories: Iterable<string>): Promise<void> {
  const unknown = [...stories].filter((story) => !known.has(story));
  if (unknown.length === 0) return;
  const visits = await readVisitsOf(workflows, unknown);
  if (known.size + unknown.length > MOST_STORIES) known.clear();
  for (const story of unknown) known.set(story, []);
  for (const { story, hour, action, model } of visits)
    known.get(story)?.push({ hour: startOfHourNumber(hour), action, model });
}
