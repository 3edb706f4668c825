import type { Knex } from 'knex';

/** Calls that come late fire the window that they fall into, however long it has been over. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE grown_hours (
      hour    timestamptz PRIMARY KEY,
      version bigint NOT NULL
    );
    CREATE INDEX grown_hours_version ON grown_hours (version, hour);
    COMMENT ON TABLE grown_hours IS 'Hours that the rollups had covered and that held more requests later: their calls came late, or were dated back; the version of the rollups that last found so';

    CREATE TABLE reached_windows (
      rule_id     uuid NOT NULL REFERENCES alert_rules,
      subject     text NOT NULL,
      window_from timestamptz NOT NULL,
      window_to   timestamptz NOT NULL,
      reached     integer NOT NULL,
      PRIMARY KEY (rule_id, subject, window_from)
    );
    CREATE INDEX reached_windows_to ON reached_windows (window_to);
    COMMENT ON TABLE reached_windows IS 'How many levels of a rule a window has reached, where it has reached any: what calls that come late add to';

    ALTER TABLE rule_standings ADD COLUMN version bigint NOT NULL DEFAULT 0;
    COMMENT ON COLUMN rule_standings.version IS 'Raised by each evaluation that is written down: one that went on from another version is not';

    ALTER TABLE alerts DROP CONSTRAINT alerts_rule_id_subject_since_late_key;
    ALTER TABLE alerts ADD UNIQUE (rule_id, subject, since, late, window_from);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM alert_events WHERE alert_id IN (SELECT alert_id FROM alerts WHERE late);
    DELETE FROM alerts WHERE late;
    ALTER TABLE alerts DROP CONSTRAINT alerts_rule_id_subject_since_late_window_from_key;
    ALTER TABLE alerts ADD UNIQUE (rule_id, subject, since, late);
    ALTER TABLE rule_standings DROP COLUMN version;
    DROP TABLE reached_windows, grown_hours;
  `);
}
