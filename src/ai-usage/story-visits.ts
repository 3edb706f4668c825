import type { Knex } from 'knex';
import { type Instant, instantFromPostgres } from '../units/time.ts';

/** An hour in which a story was active, within an action and a model. */
export type StoryHourVisit = { hour: Instant; action: string; model: string };

/** Where stories of the ragged ends were active besides, each looked up once while the rollups stay the same. */
export type StoryVisits = Map<string, StoryHourVisit[]>;

export const noStoryVisits = (): StoryVisits => new Map();

const MOST_STORIES = 20_000;

/** Looks up those stories that are not known yet. */
export async function lookUpVisits(
  backoffice: Knex,
  known: StoryVisits,
  stories: Iterable<string>,
  timeZone: string,
): Promise<void> {
  const unknown = [...stories].filter((story) => !known.has(story));
  if (unknown.length === 0) return;
  const visits = await readVisits(backoffice, unknown, timeZone);
  if (known.size + unknown.length > MOST_STORIES) known.clear();
  for (const story of unknown) known.set(story, []);
  for (const { story, hour, action, model } of visits)
    known.get(story)?.push({ hour: instantFromPostgres(hour), action, model });
}

type VisitRow = { story: string; hour: string; action: string; model: string };

/**
 * Of the rollups and not of the source, which may know rows that no sum counts yet: the days of these stories first, then
 * their hours, and those behind the last complete day.
 */
async function readVisits(backoffice: Knex, stories: string[], timeZone: string): Promise<VisitRow[]> {
  const { rows } = await backoffice.raw<{ rows: VisitRow[] }>(
    `WITH stretch AS (
       SELECT DISTINCT day::timestamp AT TIME ZONE ? AS begins, (day + 1)::timestamp AT TIME ZONE ? AS ends
         FROM usage_days_by_story WHERE story_id = ANY(?::uuid[])
       UNION ALL
       SELECT coalesce((max(day) + 1)::timestamp AT TIME ZONE ?, '-infinity'), 'infinity' FROM rollup_days
     )
     SELECT DISTINCT story_id::text AS story, hour, action, model
       FROM stretch JOIN usage_hours_by_story AS cell ON hour >= begins AND hour < ends
       CROSS JOIN LATERAL unnest(story_ids) AS story_id
      WHERE story_id = ANY(?::uuid[])`,
    [timeZone, timeZone, stories, timeZone, stories],
  );
  return rows;
}
