import type { Knex } from 'knex';
import { actionInfo } from '../../catalog/actions.ts';
import { written } from '../../catalog/written.ts';
import { mayReadPrompts, NO_RIGHT } from '../../db/required-columns.ts';
import { COST_OF_ROW } from '../../db/row-sql.ts';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric } from '../../units/money.ts';
import { addTime, type Instant, MINUTE, postgresFromInstant } from '../../units/time.ts';
import { counted, type Kind, type Look, recordsUrl } from '../finding.ts';
import type { LookedPart } from '../looked-days.ts';
import { lookedFindings } from './looked-findings.ts';

const WITHIN_MINUTES = 30;
const DAYS = 7;
/** Prompts that are stored in more bytes are not looked into: one of them may be a gigabyte when it is unpacked. */
const MOST_STORED = 25_000;

type Row = { model: string; action: string; calls: string; cost: string; examples: string[] };

/**
 * The calls of a day whose prompt is that of a call before them, of the same story and action, within half an hour. Calls that
 * have another of the same story, action and stored size so near are told first, without a prompt being unpacked; of those the server
 * compares a hash. No prompt leaves it.
 */
async function lookAt(
  { workflows }: { workflows: Knex },
  { from, to }: { from: Instant; to: Instant },
): Promise<LookedPart[]> {
  const near = `interval '${WITHIN_MINUTES} minutes'`;
  const { rows } = await workflows.raw<{ rows: Row[] }>(
    `WITH calls AS (
       SELECT token_usage_id, story_id, action, ai_model, created_at, ${COST_OF_ROW} AS cost, pg_column_size(input_prompt_json) AS size
         FROM token_usage_tracking WHERE created_at >= :begin AND created_at < :to
     ), beside AS (
       SELECT *, created_at - lag(created_at) OVER alike <= ${near} OR lead(created_at) OVER alike - created_at <= ${near} AS is_near
         FROM calls WHERE size <= ${MOST_STORED} WINDOW alike AS (PARTITION BY story_id, action, size ORDER BY created_at, token_usage_id)
     ), hashed AS (
       SELECT beside.*, (SELECT jsonb_hash_extended(input_prompt_json, 0) FROM token_usage_tracking AS own
                          WHERE own.token_usage_id = beside.token_usage_id AND own.created_at = beside.created_at) AS hash
         FROM beside WHERE is_near
     ), repeats AS (
       SELECT *, created_at - lag(created_at) OVER (PARTITION BY story_id, action, size, hash ORDER BY created_at, token_usage_id) <= ${near} AS is_repeat
         FROM hashed
     ), stories AS (
       SELECT ai_model, action, story_id, count(*) AS calls, coalesce(sum(cost), 0) AS cost
         FROM repeats WHERE is_repeat AND created_at >= :from GROUP BY 1, 2, 3
     )
     SELECT ai_model AS model, action::text AS action, sum(calls) AS calls, sum(cost) AS cost,
            (array_agg(story_id::text ORDER BY cost DESC, calls DESC, story_id))[1:3] AS examples
       FROM stories GROUP BY 1, 2`,
    {
      begin: postgresFromInstant(addTime(from, -BigInt(WITHIN_MINUTES) * MINUTE)),
      ...{ from: postgresFromInstant(from), to: postgresFromInstant(to) },
    },
  );
  return rows.map(({ model, action, calls, cost, examples }) => ({
    ...{ of: 'prompt', model, action, examples },
    ...{ calls: exactInteger(calls), cost: microEurosFromNumeric(cost) },
  }));
}

const LOOK: Look = {
  ...{ days: DAYS, againAfterHours: null, lookAt },
  cannot: async ({ workflows }) => ((await mayReadPrompts(workflows)) ? null : NO_RIGHT),
};

const NAME = 'repeated-prompts';

export const REPEATED_PROMPTS: Kind = {
  name: NAME,
  title: 'The same prompt again',
  rule: `A call with the very prompt of a call of the same story and action within the ${WITHIN_MINUTES} minutes before it, in the latest ${DAYS} complete days. The server compares hashes of prompts: none is read or shown. Prompts that are stored in more than ${MOST_STORED / 1000} kB are left out.`,
  euros: 'what the calls after the first cost',
  counts: 'calls',
  find: (sources, query) => {
    const { format } = sources;
    return lookedFindings(sources, query, NAME, LOOK, {
      keyOf: ({ action, model }) => JSON.stringify([action, model]),
      subject: ({ action, model }) =>
        action === null || model === null ? 'Others' : `${actionInfo(action).label}, ${written(model)}`,
      sentence: (_part, { count, euros }) =>
        `${counted(count, 'call', format)} asked what had been asked before: ${format.roundEuros(euros)}.`,
      among: ({ action, model }) => (action === null || model === null ? {} : { actions: [action], models: [model] }),
      example: (id, { action }, days) => ({
        label: `story ${format.shortId(id)}`,
        href: recordsUrl(query, format, { story: id, ...(action === null ? {} : { actions: [action] }), ...days }),
      }),
      per: 'day',
    });
  },
  look: LOOK,
};
