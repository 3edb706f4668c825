import type { Knex } from 'knex';

const RATES = [
  ...['input_per_million', 'cached_input_per_million', 'output_per_million', 'reasoning_per_million'],
  ...['per_image', 'per_thousand_characters'],
];

const CHANGES = ['prices', 'exchange_rates'].map(
  (table) => `
    CREATE TRIGGER raises_price_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION raise_price_version();`,
);

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE prices (
      id                       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      model                    text NOT NULL CHECK (char_length(model) BETWEEN 1 AND 100),
      action                   text,
      from_day                 date NOT NULL,
      above_input_tokens       integer NOT NULL DEFAULT 0 CHECK (above_input_tokens >= 0),
      currency                 text NOT NULL CHECK (currency IN ('EUR', 'USD')),
      ${RATES.map((rate) => `${rate} numeric(15, 9) CHECK (${rate} >= 0 AND ${rate} <> 'NaN'),`).join('\n      ')}
      output_tokens_per_image  integer CHECK (output_tokens_per_image > 0),
      source                   text,
      created_at               timestamptz NOT NULL DEFAULT now(),
      created_by               text NOT NULL,
      withdrawn_at             timestamptz,
      withdrawn_by             text,
      CONSTRAINT prices_have_a_rate CHECK (num_nonnulls(${RATES.join(', ')}) > 0),
      CONSTRAINT prices_withdrawn_by_somebody CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
    );
    CREATE UNIQUE INDEX prices_once ON prices (model, coalesce(action, ''), from_day, above_input_tokens)
      WHERE withdrawn_at IS NULL;
    COMMENT ON TABLE prices IS 'What a model costs from a business day on. A row is never changed but for being withdrawn, so that what was once said of a cost can be said again';
    COMMENT ON COLUMN prices.model IS 'A name, or one in which * stands for any text';
    COMMENT ON COLUMN prices.action IS 'For which action; null for all';
    COMMENT ON COLUMN prices.from_day IS 'The first business day of it';
    COMMENT ON COLUMN prices.above_input_tokens IS 'For requests of more input tokens than that';
    COMMENT ON COLUMN prices.output_tokens_per_image IS 'The images of a call are max(1, round(output tokens / this)); null: one';
    COMMENT ON COLUMN prices.per_thousand_characters IS 'Characters are a call''s input tokens';
    COMMENT ON COLUMN prices.created_by IS 'The email address of whoever entered it';

    CREATE FUNCTION only_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.withdrawn_at IS NULL
         AND to_jsonb(NEW) - 'withdrawn_at' - 'withdrawn_by' = to_jsonb(OLD) - 'withdrawn_at' - 'withdrawn_by' THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'a price is never changed, but withdrawn' USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER only_withdrawn BEFORE UPDATE ON prices FOR EACH ROW EXECUTE FUNCTION only_withdrawn();

    CREATE TABLE exchange_rates (
      day         date NOT NULL,
      currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      per_euro    numeric(18, 8) NOT NULL CHECK (per_euro > 0 AND per_euro <> 'NaN'),
      source      text,
      imported_at timestamptz NOT NULL DEFAULT now(),
      imported_by text NOT NULL,
      PRIMARY KEY (day, currency)
    );
    COMMENT ON TABLE exchange_rates IS 'How much of a currency a euro was, by day';
    COMMENT ON COLUMN exchange_rates.imported_by IS 'The email address of whoever imported it, or the account of the machine';

    CREATE TABLE price_version (
      "only"  boolean PRIMARY KEY DEFAULT true CHECK ("only"),
      version bigint NOT NULL
    );
    COMMENT ON TABLE price_version IS 'Raised by whatever changes prices or exchange rates, so that whoever keeps an answer knows when it is old';
    INSERT INTO price_version (version) VALUES (1);
    CREATE FUNCTION raise_price_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE price_version SET version = version + 1;
      RETURN NULL;
    END $$;
    ${CHANGES.join('')}
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE prices, exchange_rates, price_version;
    DROP FUNCTION only_withdrawn();
    DROP FUNCTION raise_price_version();
  `);
}
