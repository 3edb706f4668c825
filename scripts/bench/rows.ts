import type { Knex } from 'knex';
import { createWorkflowsTables } from '../../src/demo/source-tables.ts';

const ROWS_PER_STORY = 40;
const STORIES_A_BATCH = 5_000;
const SPAN_DAYS = 400;

/** How long stories live. */
export type Lifetime = 'hours' | 'year';

/**
 * Rows in the shape of the real thing, made by the server itself: stories of 40 rows within two hours over about
 * ten actions with two or three models each, growing over 400 days, quiet nights, one story in twenty taken up again days later.
 * It ends in the middle of a working day, so that the rows not rolled up yet are as many as they get; what would lie behind
 * the end is left out. With `year` stories are taken up again all the time, at any moment of a year. `hash` makes it the same every time.
 */
const INSERT_BATCH = `
  WITH story AS (
    SELECT s, abs(hashint8extended(s, 1)) AS h,
           md5('story ' || s)::uuid AS story_id, md5('author ' || (s * 7919 % greatest(10, :stories / 4)))::uuid AS author_id,
           :end::timestamptz - make_interval(secs => :span_seconds * (1 - sqrt(s::float8 / :stories))) AS begun
      FROM generate_series(:first::bigint, :last::bigint) AS s
  ),
  call AS (
    SELECT story.*, n, abs(hashint8extended(s * 64 + n, 2)) AS r,
           CASE WHEN :year THEN
             :end::timestamptz - make_interval(secs => :span_seconds)
               + make_interval(secs => abs(hashint8extended(s, 4)) % 1000000 / 1e6 * (:span_seconds::float8 - :year_seconds::float8))
               + make_interval(secs => abs(hashint8extended(s * 64 + n, 3)) % 1000000 / 1e6 * :year_seconds::float8)
           ELSE begun
             + make_interval(hours => CASE WHEN extract(epoch FROM :end::timestamptz - begun)::bigint / 3600 % 24 BETWEEN 10 AND 15 THEN 8 ELSE 0 END)
             + make_interval(secs => n * 150 + abs(hashint8extended(s * 64 + n, 3)) % 120000000 / 1e6
                                     + CASE WHEN h % 20 = 0 AND n > 30 THEN 86400 * (1 + h % 9) ELSE 0 END) END AS created_at
      FROM story, generate_series(0, ${ROWS_PER_STORY - 1}) AS n
  ),
  priced AS (
    SELECT *, (ARRAY['story_structure','story_outline','character_generation','chapter_writing','chapter_writing','chapter_writing',
                     'image_generation','image_generation','story_review','audio_generation','story_enhancement','content_validation',
                     'image_edit','prompt_rewrite'])[1 + (n * 14 / ${ROWS_PER_STORY})] AS action
      FROM call
  ),
  modelled AS (
    SELECT *, CASE
        WHEN action IN ('image_generation', 'image_edit') THEN (ARRAY['gpt-image-1','gpt-image-1','gemini-2.5-flash-image','imagen-4.0','dall-e-3'])[1 + r % 5]
        WHEN action = 'audio_generation' THEN 'tts-1'
        WHEN action = 'prompt_rewrite' AND r % 500 = 0 THEN 'flux-2-pro'
        ELSE (ARRAY['gpt-5','gpt-5','gpt-5-mini','gemini-2.5-pro','gemini-2.5-flash','claude-sonnet-4-5'])[1 + (r + length(action)) % 3 * 2 - (r / 7 % 2) + (r / 7 % 2)] END AS ai_model
      FROM priced
  )
  INSERT INTO token_usage_tracking
    (token_usage_id, author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
  SELECT md5('call ' || s || ' ' || n)::uuid, author_id, story_id, action::ai_action_type, ai_model,
         200 + r % 7000, r / 11 % 4000, CASE WHEN ai_model = 'flux-2-pro' THEN 0 ELSE (100 + r % 90000) / 1e6 END,
         jsonb_build_object('messages', jsonb_build_array(jsonb_build_object('role', 'user', 'content', repeat('Era uma vez ', 4 + (r % 20)::int)))),
         created_at
    FROM modelled WHERE created_at < :end ORDER BY created_at`;

const NEWEST = `SELECT max(created_at) AS newest, now() - max(created_at) AS age FROM token_usage_tracking`;

/**
 * The stretch before the newest row once more, moved up to now. Where that is a short one its stories go on, for a run has many servers, and each
 * would bring a thousand new ones; else they are stories of their own.
 */
const REPEAT_TO_NOW = `
  INSERT INTO token_usage_tracking
    (token_usage_id, author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
  SELECT gen_random_uuid(), author_id, CASE WHEN age < interval '6 hours' THEN story_id ELSE md5(story_id || age::text)::uuid END, action, ai_model,
         input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at + age
    FROM token_usage_tracking, (${NEWEST}) AS last
   WHERE created_at > newest - age ORDER BY created_at`;

/** Rows kept from an earlier run end in the past; a page that is measured has rows of the last minute. */
export async function topUp(workflows: Knex): Promise<void> {
  await workflows.raw(REPEAT_TO_NOW);
  await workflows.raw('VACUUM ANALYZE token_usage_tracking');
}

/** Fills token_usage_tracking with `rows` rows up to `end` (ISO 8601); indexes come last, as a load this size would be restored. */
export async function generateRows(
  workflows: Knex,
  rows: number,
  end: string,
  lifetime: Lifetime,
  onProgress: (done: number) => void,
): Promise<void> {
  await createWorkflowsTables(workflows);
  const { rows: indexes } = await workflows.raw<{ rows: { name: string }[] }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'token_usage_tracking'::regclass AND NOT indisprimary`,
  );
  for (const { name } of indexes) await workflows.raw(`DROP INDEX ${name}`);
  const stories = Math.ceil(rows / ROWS_PER_STORY);
  for (let first = 1; first <= stories; first += STORIES_A_BATCH) {
    const last = Math.min(stories, first + STORIES_A_BATCH - 1);
    await workflows.raw(INSERT_BATCH, {
      stories,
      first,
      last,
      end,
      year: lifetime === 'year',
      span_seconds: SPAN_DAYS * 86_400,
      year_seconds: 365 * 86_400,
    });
    onProgress(last * ROWS_PER_STORY);
  }
  await createWorkflowsTables(workflows);
  await workflows.raw('VACUUM ANALYZE token_usage_tracking');
}

/** One more call, now, of a story that is under way. */
export async function writeOneRow(workflows: Knex): Promise<void> {
  await workflows.raw(`
    INSERT INTO token_usage_tracking
      (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json)
    SELECT author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json
      FROM token_usage_tracking ORDER BY created_at DESC OFFSET 20 LIMIT 1`);
}
