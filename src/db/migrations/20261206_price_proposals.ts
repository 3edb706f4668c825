import type { Knex } from 'knex';

const RATES = [
  ...['input_per_million', 'cached_input_per_million', 'output_per_million', 'reasoning_per_million'],
  ...['per_image', 'per_thousand_characters'],
];

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE price_proposals (
      id                       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      model                    text NOT NULL CHECK (char_length(model) BETWEEN 1 AND 100),
      action                   text,
      from_day                 date NOT NULL,
      listed_from              date,
      above_input_tokens       integer NOT NULL DEFAULT 0 CHECK (above_input_tokens >= 0),
      currency                 text NOT NULL CHECK (currency IN ('EUR', 'USD')),
      ${RATES.map((rate) => `${rate} numeric(15, 9) CHECK (${rate} >= 0 AND ${rate} <> 'NaN'),`).join('\n      ')}
      output_tokens_per_image  integer CHECK (output_tokens_per_image > 0),
      source                   text,
      of_list                  boolean NOT NULL,
      proposed_at              timestamptz NOT NULL DEFAULT now(),
      proposed_by              text NOT NULL,
      effect_month             date,
      effect_at                timestamptz,
      effect_difference        numeric(20, 6),
      effect_newly_priced      bigint,
      effect_without_rate      bigint,
      answer                   text CHECK (answer IN ('accepted', 'dismissed')),
      answered_at              timestamptz,
      answered_by              text,
      CONSTRAINT price_proposals_have_a_rate CHECK (num_nonnulls(${RATES.join(', ')}) > 0),
      CONSTRAINT price_proposals_have_a_whole_answer CHECK (num_nonnulls(answer, answered_at, answered_by) IN (0, 3)),
      CONSTRAINT price_proposals_have_a_whole_effect CHECK (num_nonnulls(effect_month, effect_at, effect_difference, effect_newly_priced, effect_without_rate) IN (0, 5))
    );
    CREATE UNIQUE INDEX price_proposals_once
      ON price_proposals (model, coalesce(action, ''), above_input_tokens, coalesce(listed_from, '-infinity'));
    COMMENT ON TABLE price_proposals IS 'Prices that a list says and the prices in force do not, for an admin to accept or dismiss; the latest of each, so that one that was answered is not proposed again until its figures change';
    COMMENT ON COLUMN price_proposals.id IS 'Another one with other figures, so that nobody accepts what they have not seen';
    COMMENT ON COLUMN price_proposals.listed_from IS 'From when the list says that it holds; null where it says no day';
    COMMENT ON COLUMN price_proposals.of_list IS 'Whether npm run prices:propose proposed it, which takes it back when its list no longer says it; otherwise a file did';
    COMMENT ON COLUMN price_proposals.effect_month IS 'The first day of the month that the effect is of; null until it is computed';
    COMMENT ON COLUMN price_proposals.effect_difference IS 'Euros that the calls of that month would have cost more by it, after those that stand before it';
    COMMENT ON COLUMN price_proposals.effect_newly_priced IS 'Calls of that month that it would have given a price';
    COMMENT ON COLUMN price_proposals.effect_without_rate IS 'Calls of that month of which it cannot be told, for want of an exchange rate';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE price_proposals');
}
