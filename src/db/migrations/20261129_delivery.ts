import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE channels (
      channel_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      name       text NOT NULL,
      type       text NOT NULL CHECK (type IN ('email', 'webhook')),
      recipients text[] NOT NULL DEFAULT '{}',
      url        text,
      format     text,
      secret     text,
      owner      text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      deleted_at timestamptz
    );
    COMMENT ON TABLE channels IS 'Where alerts are sent; deleted ones stay, for what has been sent there';
    COMMENT ON COLUMN channels.recipients IS 'Of an e-mail channel: the addresses';
    COMMENT ON COLUMN channels.secret IS 'Of a webhook: the key of its signatures';
    COMMENT ON COLUMN channels.owner IS 'The email address of whoever made it';

    CREATE TABLE deliveries (
      delivery_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      event_id    uuid NOT NULL,
      thread_id   uuid NOT NULL,
      channel_id  uuid NOT NULL REFERENCES channels,
      message     jsonb NOT NULL,
      state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead', 'dismissed')),
      attempts    integer NOT NULL DEFAULT 0,
      made_at     timestamptz NOT NULL,
      due_at      timestamptz NOT NULL,
      dies_at     timestamptz NOT NULL,
      ended_at    timestamptz,
      answer      text NOT NULL DEFAULT '',
      UNIQUE (event_id, channel_id)
    );
    CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'waiting';
    CREATE INDEX deliveries_dead ON deliveries (ended_at) WHERE state = 'dead';
    CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE state <> 'waiting';
    CREATE INDEX deliveries_thread ON deliveries (thread_id, made_at);
    CREATE INDEX deliveries_channel ON deliveries (channel_id, made_at);
    COMMENT ON TABLE deliveries IS 'The outbox: one message of one event to one channel. Its id is the Idempotency-Key of a webhook and the Message-ID of a mail';
    COMMENT ON COLUMN deliveries.thread_id IS 'The alert: its mails are one thread';
    COMMENT ON COLUMN deliveries.due_at IS 'When it is tried next; whoever tries it moves this on first, so that it is tried again if that one dies';
    COMMENT ON COLUMN deliveries.attempts IS 'How often it has been begun; also tells the newest attempt from one that was given up';
    COMMENT ON COLUMN deliveries.dies_at IS 'It is not tried again after this';
    COMMENT ON COLUMN deliveries.answer IS 'What the other side said last, or why it could not be asked';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE deliveries, channels');
}
