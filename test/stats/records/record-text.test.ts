import assert from 'node:assert/strict';
import fc from 'fast-check';
import { recordOfText, TEXT_OF_A_RECORD } from '../../../src/stats/records/record-text.ts';
import { costFromNumeric } from '../../../src/units/money.ts';
import { timeFromPostgres } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { runs } from '../../support/thorough.ts';

const anything = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', ''));
const tokens = fc.oneof(fc.nat(9_999), fc.constantFrom(0, -7, 2_147_483_647));
const cost = fc.constantFrom('0.000000', '-9999.999999', '12.3', '0', 'NaN');
const createdAt = fc.constantFrom('2026-10-31 10:44:41.84+00', '0044-03-15 12:00:00+00 BC', 'infinity');
const row = fc.record({
  ...{ ids: fc.tuple(fc.uuid(), fc.uuid(), fc.uuid()), tokens: fc.tuple(tokens, tokens) },
  ...{ cost, createdAt, action: anything, aiModel: anything },
});

describe('a record as one text', () => {
  it('is read as what PostgreSQL wrote, whatever its action and its model hold', () =>
    fc.assert(
      fc.asyncProperty(row, async ({ ids, tokens, cost, createdAt, action, aiModel }) => {
        const { rows } = await databases().workflows.raw<{ rows: { text: string }[] }>(
          `SELECT ${TEXT_OF_A_RECORD} AS text
           FROM (SELECT ?::uuid AS token_usage_id, ?::uuid AS author_id, ?::uuid AS story_id, ?::int AS input_tokens,
             ?::int AS output_tokens, ?::numeric AS estimated_cost_in_euros, ?::timestamptz AS created_at,
             ?::text AS action, ?::text AS ai_model) AS one`,
          [...ids, ...tokens, cost, createdAt, action, aiModel],
        );
        const [tokenUsageId, authorId, storyId] = ids;
        const [inputTokens, outputTokens] = tokens;
        assert.deepEqual(recordOfText(rows[0]?.text ?? ''), {
          ...{ tokenUsageId, authorId, storyId, action, aiModel, inputTokens, outputTokens },
          ...{ totalTokens: inputTokens + outputTokens, estimatedCostInEuros: cost },
          ...{ cost: costFromNumeric(cost), createdAt: timeFromPostgres(createdAt) },
        });
      }),
      { numRuns: runs(100) },
    ));
});
