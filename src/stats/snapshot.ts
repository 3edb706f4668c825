import type { Knex } from 'knex';
import type { Databases } from '../db/connect.ts';
import { inTurn } from '../db/in-turn.ts';
import type { UsageFilter } from '../query/filter.ts';
import { handled } from '../units/promises/handled.ts';
import type { Window } from '../units/time.ts';
import { withoutRows } from './memory/memory.ts';
import type { UsageSource } from './source.ts';
import { readStats, type UsageStats } from './stats.ts';

// A laptop that sleeps for a moment may go on; one that does not come back gives its connection back.
const LIMITS = `SET LOCAL statement_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = '60s'`;

/** One moment of workflows_db, read for as long as somebody takes what is read. Whoever opens it closes it. */
export type Snapshot = {
  transaction: Knex.Transaction;
  /** Everything that is asked of the snapshot, so that `close` can end it. */
  begin: <T>(work: PromiseLike<T>) => Promise<T>;
  close: () => Promise<void>;
};

/**
 * Opens a read-only snapshot on a connection of `pool`, with the limits of exports. When `gone` aborts, whatever the
 * database is doing for it is cancelled, and it closes.
 */
export async function openSnapshot(
  { workflows, exports }: Databases,
  pool: Knex,
  gone: AbortSignal,
): Promise<Snapshot> {
  const transaction = inTurn(await pool.transaction({ isolationLevel: 'repeatable read', readOnly: true }));
  // Where the connection broke at BEGIN, Knex hands the transaction out all the same, and keeps the reason here.
  if (transaction.isCompleted()) await transaction.executionPromise;
  const asking = transaction.raw<{ rows: [{ pid: number }] }>('SELECT pg_backend_pid() AS pid');
  const pid = handled(asking.then(({ rows }) => rows[0].pid));
  let current: Promise<unknown> | null = null;
  const begin: Snapshot['begin'] = (work) => {
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
    await transaction.rollback().catch(() => {});
  };
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= handled(end());
    return closed;
  };
  gone.addEventListener('abort', close);
  try {
    gone.throwIfAborted();
    await begin(transaction.raw(LIMITS));
  } catch (error) {
    await close();
    throw error;
  }
  return { transaction, begin, close };
}

/** Statistics of one moment as pages read them, and from raw rows alone; with no memory of raw rows, which may be of another. */
export async function readTwice(
  databases: Databases,
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  gone: AbortSignal,
): Promise<{ kept: UsageStats; raw: UsageStats }> {
  const { transaction, begin, close } = await openSnapshot(databases, databases.recomputing, gone);
  try {
    const memory = withoutRows(source.memory);
    const fresh = { ...source, workflows: transaction, memory, endsRead: new Map() };
    const kept = await begin(handled(readStats(fresh, window, filter, 'day')));
    const raw = await begin(handled(readStats({ ...fresh, coveredUntil: null }, window, filter, 'day')));
    return { kept, raw };
  } finally {
    await close();
  }
}
