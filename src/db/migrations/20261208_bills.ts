import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE bill_imports (
      id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      provider    text NOT NULL CHECK (char_length(provider) BETWEEN 1 AND 100),
      source      text NOT NULL,
      imported_at timestamptz NOT NULL DEFAULT now(),
      imported_by text NOT NULL
    );
    COMMENT ON TABLE bill_imports IS 'Where lines of bills are from: a file, somebody by hand, or the API of a provider; one that said nothing new is not kept';
    COMMENT ON COLUMN bill_imports.provider IS 'As the catalogue of models names it';
    COMMENT ON COLUMN bill_imports.imported_by IS 'The email address of whoever imported it, or the account of the machine';

    CREATE TABLE bill_lines (
      id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      import_id  uuid NOT NULL REFERENCES bill_imports,
      provider   text NOT NULL,
      first_day  date NOT NULL,
      last_day   date NOT NULL,
      item       text NOT NULL CHECK (char_length(item) BETWEEN 1 AND 300),
      project    text NOT NULL DEFAULT '' CHECK (char_length(project) <= 200),
      kind       text NOT NULL CHECK (kind IN ('usage', 'cached', 'batch', 'tax', 'credit', 'other')),
      quantity   numeric CHECK (quantity >= 0 AND quantity <> 'NaN'),
      amount     numeric NOT NULL CHECK (amount <> 'NaN' AND abs(amount) < 1000000000),
      currency   text NOT NULL CHECK (currency IN ('EUR', 'USD')),
      CONSTRAINT bill_lines_are_of_a_month CHECK (last_day >= first_day
        AND extract(year FROM first_day) = extract(year FROM last_day) AND extract(month FROM first_day) = extract(month FROM last_day)),
      CONSTRAINT bill_lines_charge_unless_credits CHECK ((kind = 'credit' AND amount <= 0) OR (kind <> 'credit' AND amount >= 0))
    );
    CREATE INDEX bill_lines_of_month ON bill_lines (provider, first_day);
    CREATE INDEX bill_lines_of_import ON bill_lines (import_id);
    COMMENT ON TABLE bill_lines IS 'What providers have billed. A row is never changed: of several of the same provider, days, item, project and kind the newest counts';
    COMMENT ON COLUMN bill_lines.first_day IS 'Of the days that the provider counts, of UTC, with last_day';
    COMMENT ON COLUMN bill_lines.quantity IS 'Tokens, where the line says them';
    COMMENT ON COLUMN bill_lines.amount IS 'In its currency, as exact as the provider says it';

    CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'what was billed is never changed: a newer line corrects it' USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER never_changed BEFORE UPDATE ON bill_lines FOR EACH ROW EXECUTE FUNCTION never_changed();

    CREATE TABLE bill_mappings (
      provider text PRIMARY KEY CHECK (char_length(provider) BETWEEN 1 AND 100),
      columns  jsonb NOT NULL
    );
    COMMENT ON TABLE bill_mappings IS 'Which column of a provider''s CSV is which, as in the last that was imported';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE bill_lines, bill_imports, bill_mappings;
    DROP FUNCTION never_changed();
  `);
}
