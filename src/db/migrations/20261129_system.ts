import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE response_times (
      begins  timestamptz NOT NULL,
      minutes integer NOT NULL CHECK (minutes IN (5, 60)),
      process uuid NOT NULL,
      route   text NOT NULL,
      counts  integer[] NOT NULL,
      PRIMARY KEY (begins, minutes, process, route)
    );
    COMMENT ON TABLE response_times IS 'How many requests took how long: of five minutes by process, and, three hours later, of hours';
    COMMENT ON COLUMN response_times.counts IS 'How many took up to each of the bounds of src/measuring/recent.ts, and the last more';

    CREATE TABLE slow_requests (
      slow_request_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at           timestamptz NOT NULL,
      request_id   text NOT NULL,
      route        text NOT NULL,
      address      text NOT NULL,
      status       integer NOT NULL,
      ms           double precision NOT NULL,
      database_ms  double precision NOT NULL,
      rendering_ms double precision NOT NULL,
      asked        jsonb NOT NULL
    );
    CREATE INDEX slow_requests_ms ON slow_requests (ms DESC);
    COMMENT ON TABLE slow_requests IS 'The slowest requests of the last week, at most five hundred, and where their time went';

    CREATE TABLE failures (
      day     timestamptz NOT NULL,
      process uuid NOT NULL,
      kind    text NOT NULL,
      count   integer NOT NULL,
      last_at timestamptz NOT NULL,
      ids     text[] NOT NULL,
      PRIMARY KEY (day, process, kind)
    );
    COMMENT ON TABLE failures IS 'What was logged as an error, by UTC day, process and kind, with the ids of the last requests';

    CREATE TABLE processes (
      process    uuid PRIMARY KEY,
      host       text NOT NULL,
      pid        integer NOT NULL,
      version    text NOT NULL,
      commit     text,
      node       text NOT NULL,
      started_at timestamptz NOT NULL,
      seen_at    timestamptz NOT NULL,
      stopped_at timestamptz,
      memory     bigint NOT NULL,
      jobs       jsonb NOT NULL
    );
    COMMENT ON TABLE processes IS 'Every process of the last thirty days, as it last said of itself: bytes of memory, its jobs and when they last went through';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE response_times, slow_requests, failures, processes');
}
