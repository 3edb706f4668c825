import type { Knex } from 'knex';

/** Who accepts a proposal accepts what they have seen, whoever else has psql. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION only_answered() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      changing text[] := ARRAY['answer', 'answered_at', 'answered_by', 'effect_month', 'effect_at', 'effect_difference',
                               'effect_newly_priced', 'effect_without_rate'];
    BEGIN
      IF OLD.answer IS NULL AND to_jsonb(NEW) - changing = to_jsonb(OLD) - changing THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'a proposal keeps its figures, and is answered once' USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER only_answered BEFORE UPDATE ON price_proposals FOR EACH ROW EXECUTE FUNCTION only_answered();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER only_answered ON price_proposals;
    DROP FUNCTION only_answered();
  `);
}
