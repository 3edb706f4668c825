import type { Knex } from 'knex';
import type { Databases } from '../db/connect.ts';
import { inTurn } from '../db/in-turn.ts';
import { ahead } from '../export/ahead.ts';
import { handled } from '../units/handled.ts';
import type { MicroEuros } from '../units/money.ts';
import type { Window } from '../units/time.ts';
import { type UsageFilter, whereUsage } from './filter.ts';
import { noMemory } from './memory.ts';
import { type Order, orderSql } from './record-pages.ts';
import { RECORD_COLUMNS, type RecordRow, recordOf, type UsageRecord } from './records.ts';
import type { UsageSource } from './source.ts';
import { readTotals } from './stats.ts';

/** A record and, where it was asked for, its prompt as JSON text. */
export type StreamedRecord = UsageRecord & { prompt: string | null };

/**
 * All records of a query as one snapshot sees them, in order, batch by batch. `total` is known before the first batch and
 * is what all of them add up to. Whoever opens it closes it: that ends what the database is doing for it.
 */
export type RecordStream = {
  total: { rows: number; cost: MicroEuros };
  batches: AsyncGenerator<StreamedRecord[]>;
  close: () => Promise<void>;
};

/** The records do not add up to what the rollups said: some were deleted or added late, and no audit has come by yet. */
export class TotalsDiffer extends Error {}

/** Small enough to be gone before the garbage collector takes it for something that stays. */
const A_BATCH = 1_000;
/** A prompt has up to tens of kilobytes. */
const A_BATCH_WITH_PROMPTS = 100;

// A laptop that sleeps for a moment may go on; one that does not come back gives its connection back.
const LIMITS = `SET LOCAL statement_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = '60s'`;

type Asked = { source: UsageSource; window: Window; filter: UsageFilter; order: Order; withPrompts: boolean };

/**
 * `counted`: from rollups and raw ends as the page does, or from every single row, which takes a third of a second a
 * million. When `gone` aborts, whatever the database is doing for it is cancelled.
 */
export async function openRecordStream(
  databases: Databases,
  asked: Asked,
  counted: 'as the page' | 'row by row',
  gone: AbortSignal,
): Promise<RecordStream> {
  const snapshot = inTurn(await databases.exports.transaction({ isolationLevel: 'repeatable read', readOnly: true }));
  // Where the connection broke at BEGIN, Knex hands the transaction out all the same, and keeps the reason here.
  if (snapshot.isCompleted()) await snapshot.executionPromise;
  const { running, close } = closing(databases, snapshot);
  gone.addEventListener('abort', close);
  try {
    gone.throwIfAborted();
    await running.begin(snapshot.raw(LIMITS));
    const source = sourceWithin(snapshot, asked.source, counted);
    const total = await running.begin(handled(readTotals(source, asked.window, asked.filter)));
    const batches = await openCursor(snapshot, asked, running.begin);
    return { total: { rows: total.requests, cost: total.cost }, batches: checked(batches, total), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Row = RecordRow & { prompt: string | null };
type Begin = <T>(work: PromiseLike<T>) => Promise<T>;

/** Knows what runs within a snapshot, and ends both. */
function closing({ exports, workflows }: Databases, snapshot: Knex.Transaction) {
  const asking = snapshot.raw<{ rows: [{ pid: number }] }>('SELECT pg_backend_pid() AS pid');
  const pid = handled(asking.then(({ rows }) => rows[0].pid));
  let current: Promise<unknown> | null = null;
  const begin: Begin = (work) => {
    const promise = handled(Promise.resolve(work));
    current = promise;
    const ended = () => {
      if (current === promise) current = null;
    };
    promise.then(ended, ended);
    return promise;
  };
  const end = async () => {
    // The embedded database has one connection: nobody else could ask it to stop, and a batch is short.
    if (current && exports !== workflows) {
      // Awaited, so that it meets this work and not whatever the connection does next.
      await pid.then((number) => workflows.raw('SELECT pg_cancel_backend(?)', [number])).catch(() => {});
      await current?.catch(() => {});
    }
    await snapshot.rollback().catch(() => {});
  };
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= handled(end());
    return closed;
  };
  return { running: { begin }, close };
}

/** The source as the snapshot sees it: with no memory of raw rows. */
function sourceWithin(snapshot: Knex, source: UsageSource, counted: 'as the page' | 'row by row'): UsageSource {
  const { contentVersion, days, hours } = source.memory;
  const memory = { ...noMemory(), contentVersion, days, hours };
  const coveredUntil = counted === 'as the page' ? source.coveredUntil : null;
  return { ...source, workflows: snapshot, memory, coveredUntil };
}

async function openCursor(
  snapshot: Knex.Transaction,
  { window, filter, order, withPrompts }: Asked,
  begin: Begin,
): Promise<AsyncGenerator<StreamedRecord[]>> {
  const { sql, bindings } = snapshot('token_usage_tracking')
    .modify(whereUsage, window, filter)
    .select(RECORD_COLUMNS)
    .select(snapshot.raw(withPrompts ? 'input_prompt_json::text AS prompt' : 'NULL AS prompt'))
    .orderByRaw(orderSql(order).orderBy)
    .toSQL();
  await begin(snapshot.raw(`DECLARE records NO SCROLL CURSOR FOR ${sql}`, bindings as Knex.RawBinding[]));
  const size = withPrompts ? A_BATCH_WITH_PROMPTS : A_BATCH;
  const fetch = () => begin(snapshot.raw<{ rows: Row[] }>(`FETCH ${size} FROM records`));
  // Before anything is answered, so that a database that fails at once is an error and not half a file.
  const first = await fetch();

  return ahead(
    (async function* () {
      // Rows are not held on to while their records are used.
      for (let batch = first.rows.map(streamedRecordOf); batch.length > 0; ) {
        yield batch;
        batch = batch.length < size ? [] : (await fetch()).rows.map(streamedRecordOf);
      }
    })(),
  );
}

/** Assigned, not spread: a million times a second is where that shows. */
function streamedRecordOf(row: Row): StreamedRecord {
  const record = recordOf(row) as StreamedRecord;
  record.prompt = row.prompt;
  return record;
}

/** @throws TotalsDiffer after the last batch, when they do not add up to what was promised */
async function* checked(
  batches: AsyncGenerator<StreamedRecord[]>,
  total: { requests: number; cost: MicroEuros },
): AsyncGenerator<StreamedRecord[]> {
  let rows = 0;
  let cost = 0;
  for await (const batch of batches) {
    rows += batch.length;
    for (const record of batch) cost += record.cost;
    yield batch;
  }
  if (rows !== total.requests || cost !== total.cost) {
    throw new TotalsDiffer(
      `${rows} rows and ${cost} micro-euros where ${total.requests} and ${total.cost} were counted`,
    );
  }
}
