import type { Knex } from 'knex';

const CHANGING = `ARRAY['answer', 'answered_at', 'answered_by', 'effect_month', 'effect_at', 'effect_difference',
                               'effect_newly_priced', 'effect_without_rate']`;

const onlyAnswered = (isAllowed: string) => `
    CREATE OR REPLACE FUNCTION only_answered() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      changing text[] := ${CHANGING};
    BEGIN
      IF (${isAllowed}) AND to_jsonb(NEW) - changing = to_jsonb(OLD) - changing THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'a proposal keeps its figures, and is answered once' USING ERRCODE = 'insufficient_privilege';
    END $$;`;

/** One that was dismissed may wait for an answer again; what was accepted is a price, and stays so. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(onlyAnswered(`OLD.answer IS NULL OR (OLD.answer = 'dismissed' AND NEW.answer IS NULL)`));
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(onlyAnswered('OLD.answer IS NULL'));
}
