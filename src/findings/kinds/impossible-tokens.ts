import type { Knex } from 'knex';
import { CONTEXT_SOURCE, contextWindow } from '../../catalog/context-windows.ts';
import { withoutDate } from '../../catalog/models.ts';
import { written } from '../../catalog/written.ts';
import { COST_OF_ROW } from '../../db/row-sql.ts';
import { whereWithin } from '../../query/filter.ts';
import { RECORDS_PATH } from '../../query/paths.ts';
import type { QueryChange } from '../../query/query.ts';
import { exactInteger } from '../../units/integer.ts';
import { microEurosFromNumeric } from '../../units/money.ts';
import type { Instant } from '../../units/time.ts';
import { counted, type Kind, type Look } from '../finding.ts';
import type { LookedPart } from '../looked-days.ts';
import { lookedFindings } from './looked-findings.ts';

/** Speech that is paid for by the character: it puts out no tokens. Other models of speech are paid for those that they put out. */
const isPaidByCharacter = (model: string) => /^tts-\d+(-hd)?(-\d{4})?$/.test(withoutDate(model) ?? model);

type Reason = 'negative' | 'speech' | 'context';
type Row = { of: Reason; model: string; calls: string; cost: string; examples: string[] };

async function lookAt({ workflows }: { workflows: Knex }, day: { from: Instant; to: Instant }): Promise<LookedPart[]> {
  const rows = () => workflows('token_usage_tracking').modify((builder) => whereWithin(builder, [day]));
  const models = await rows().distinct<{ model: string }[]>('ai_model as model');
  const contexts = models.flatMap(({ model }) => {
    const tokens = contextWindow(model);
    return tokens === null ? [] : [{ model, tokens }];
  });
  const speaking = models.map(({ model }) => model).filter(isPaidByCharacter);
  // A call is told once, by the first that it cannot be.
  const reasons = workflows.raw(
    `CASE WHEN input_tokens < 0 OR output_tokens < 0 THEN 'negative'
          WHEN output_tokens > 0 AND ai_model = ANY(?::text[]) THEN 'speech'
          WHEN input_tokens > (SELECT tokens FROM unnest(?::text[], ?::integer[]) AS context (model, tokens)
                                WHERE context.model = ai_model) THEN 'context'
      END`,
    [speaking, contexts.map(({ model }) => model), contexts.map(({ tokens }) => tokens)],
  );
  const told: Row[] = await workflows
    .from(
      rows()
        .select('token_usage_id', 'ai_model', 'created_at', 'estimated_cost_in_euros')
        .select(workflows.raw('? AS reason', [reasons]))
        .as('calls'),
    )
    .whereNotNull('reason')
    .groupByRaw('1, 2')
    .select({ of: 'reason', model: 'ai_model' })
    .select(
      workflows.raw(`count(*) AS calls, coalesce(sum(${COST_OF_ROW}), 0) AS cost,
        (array_agg(token_usage_id::text ORDER BY created_at DESC, token_usage_id))[1:3] AS examples`),
    );
  return told.map(({ of, model, calls, cost, examples }) => ({
    ...{ of, model, action: null, examples },
    ...{ calls: exactInteger(calls), cost: microEurosFromNumeric(cost) },
  }));
}

const LOOK: Look = { days: null, againAfterHours: null, cannot: async () => null, lookAt };

/** Where the list of records has them first. */
const FIRST: Record<Reason, QueryChange> = {
  negative: { sortBy: 'totalTokens', sortOrder: 'asc' },
  speech: { sortBy: 'outputTokens', sortOrder: 'desc' },
  context: { sortBy: 'inputTokens', sortOrder: 'desc' },
};

const NAME = 'impossible-tokens';

export const IMPOSSIBLE_TOKENS: Kind = {
  name: NAME,
  title: 'Tokens that cannot be',
  rule: `Fewer tokens than none; more tokens in than the model takes at once, where ${CONTEXT_SOURCE} says how many; tokens out of a model that speaks and is paid by the character (tts-1). Each call is told once.`,
  euros: 'what was recorded of these calls',
  counts: 'calls',
  find: (sources, query) => {
    const { format } = sources;
    return lookedFindings(sources, query, NAME, LOOK, {
      keyOf: ({ of, model }) => JSON.stringify([of, model]),
      subject: ({ model }) => (model === null ? 'Other models' : written(model)),
      sentence: ({ of, model }, { count }) => {
        const calls = counted(count, 'call', format);
        if (of === 'negative') return `${calls} with fewer tokens than none.`;
        if (of === 'speech') return `${calls} with tokens out, which a model that is paid by the character has not.`;
        const most = model === null ? null : contextWindow(model);
        return `${calls} with more tokens in than it takes at once${most === null ? '' : `, ${format.integer(most)} as ${CONTEXT_SOURCE} says`}.`;
      },
      among: ({ of, model }) => ({ ...(model === null ? {} : { models: [model] }), ...FIRST[of as Reason] }),
      example: (id) => ({ label: format.shortId(id), href: `${RECORDS_PATH}/${id}` }),
    });
  },
  look: LOOK,
};
