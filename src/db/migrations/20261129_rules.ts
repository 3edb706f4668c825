import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE alert_rules (
      rule_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      name        text NOT NULL,
      type        text NOT NULL,
      filter      text NOT NULL,
      fields      jsonb NOT NULL,
      evaluations integer NOT NULL DEFAULT 1,
      remind_hours integer,
      channels    uuid[] NOT NULL DEFAULT '{}',
      owner       text NOT NULL,
      muted       boolean NOT NULL DEFAULT false,
      revision    integer NOT NULL DEFAULT 1,
      created_at  timestamptz NOT NULL DEFAULT now(),
      deleted_at  timestamptz
    );
    COMMENT ON TABLE alert_rules IS 'What somebody wants to be told of; deleted ones stay, for the alerts that they made';
    COMMENT ON COLUMN alert_rules.filter IS 'Which calls, as the query string of a page; empty for all. Of a rule about a budget it is empty: the budget has one';
    COMMENT ON COLUMN alert_rules.fields IS 'What its type asks for, as its JSON has it';
    COMMENT ON COLUMN alert_rules.evaluations IS 'How many evaluations in a row it takes to fire';
    COMMENT ON COLUMN alert_rules.revision IS 'Raised with every change of what is evaluated: an evaluation of the rule as it was before is not written down';

    CREATE TABLE rule_standings (
      rule_id         uuid PRIMARY KEY REFERENCES alert_rules,
      revision        integer NOT NULL,
      began_at        timestamptz NOT NULL,
      evaluated_until timestamptz NOT NULL,
      standing        jsonb NOT NULL,
      state           text NOT NULL DEFAULT 'no data',
      value           double precision,
      evaluated_at    timestamptz,
      took_ms         double precision,
      error           text,
      error_since     timestamptz,
      strip           text NOT NULL DEFAULT ''
    );
    COMMENT ON TABLE rule_standings IS 'How each rule stands, as of evaluated_until: whoever evaluates it goes on from there, and writes down what came of it where nobody else has';
    COMMENT ON COLUMN rule_standings.strip IS 'One letter a minute of the last day, the last one as of evaluated_until';

    CREATE TABLE alerts (
      alert_id     uuid PRIMARY KEY,
      rule_id      uuid NOT NULL REFERENCES alert_rules,
      subject      text NOT NULL,
      since        timestamptz NOT NULL,
      late         boolean NOT NULL,
      state        text NOT NULL CHECK (state IN ('firing', 'recovering', 'resolved')),
      level        text NOT NULL CHECK (level IN ('warning', 'critical')),
      value        double precision NOT NULL,
      worst        double precision NOT NULL,
      level_value  double precision,
      usual        double precision,
      window_from  timestamptz NOT NULL,
      window_to    timestamptz NOT NULL,
      until        timestamptz,
      acknowledged_at timestamptz,
      acknowledged_by text,
      snoozed_until   timestamptz,
      reminded_at     timestamptz,
      feedback     text CHECK (feedback IN ('real', 'planned', 'noise')),
      UNIQUE (rule_id, subject, since, late)
    );
    CREATE INDEX alerts_since ON alerts (since);
    CREATE INDEX alerts_open ON alerts (rule_id) WHERE state <> 'resolved';
    COMMENT ON COLUMN alerts.value IS 'In micro-euros, requests, tokens, hours or shares, as its rule measures: the newest; worst is the furthest from what is usual';
    COMMENT ON COLUMN alerts.late IS 'A window that was over reached a level, by calls that came late';

    CREATE TABLE alert_events (
      event_id uuid PRIMARY KEY,
      alert_id uuid NOT NULL REFERENCES alerts,
      at       timestamptz NOT NULL,
      kind     text NOT NULL,
      level    text,
      value    double precision,
      email    text,
      note     text NOT NULL DEFAULT ''
    );
    CREATE INDEX alert_events_of ON alert_events (alert_id, at);

    CREATE TABLE job_leases (
      name   text PRIMARY KEY,
      holder uuid NOT NULL,
      until  timestamptz NOT NULL
    );
    COMMENT ON TABLE job_leases IS 'Which process does a job that one of several is enough for; whoever dies loses it after until';

    COMMENT ON TABLE alert_events IS 'What became of an alert, and who did what about it: never changed';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE job_leases, alert_events, alerts, rule_standings, alert_rules');
}
