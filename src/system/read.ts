import type { Knex } from 'knex';
import type { SlowRequest } from '../measuring/recent.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  type Instant,
  instantAt,
  instantFromPostgres,
  MINUTE,
  postgresFromInstant,
} from '../units/time.ts';

/** The processes tell of themselves once a minute. */
const GONE_AFTER = 3n * MINUTE;

/** Instants as microseconds, in digits: JSON has no bigint. */
type JobState = {
  name: string;
  does: string;
  everyMs: number;
  lastSuccess: string | null;
  lastFailure: { at: string; reason: string } | null;
};

export type Process = {
  host: string;
  pid: number;
  version: string;
  commit: string | null;
  node: string;
  startedAt: Instant;
  seenAt: Instant;
  /** Running, as far as it has said within three minutes. */
  state: 'running' | 'stopped' | 'gone';
  memory: number;
  jobs: JobState[];
};

type ProcessRow = {
  host: string;
  pid: number;
  version: string;
  commit: string | null;
  node: string;
  started_at: string;
  seen_at: string;
  stopped_at: string | null;
  memory: string;
  jobs: JobState[];
};

const MOST_PROCESSES = 200;

/** The processes of the last week, those that run first, then the newest: at most two hundred. */
export async function readProcesses(backoffice: Knex, at: Instant): Promise<Process[]> {
  const rows: ProcessRow[] = await backoffice('processes')
    .where('seen_at', '>=', postgresFromInstant(addTime(at, -7n * DAY_OF_24_HOURS)))
    .orderBy('seen_at', 'desc')
    .limit(MOST_PROCESSES)
    .select('*');
  const processes = rows.map((row): Process => {
    const seenAt = instantFromPostgres(row.seen_at);
    const state = row.stopped_at !== null ? 'stopped' : at - seenAt > GONE_AFTER ? 'gone' : 'running';
    const { host, pid, version, commit, node, jobs } = row;
    return {
      ...{ host, pid, version, commit, node, jobs, seenAt, state },
      ...{ startedAt: instantFromPostgres(row.started_at), memory: Number(row.memory) },
    };
  });
  const running = ({ state }: Process) => (state === 'running' ? 0 : 1);
  return processes.sort((a, b) => running(a) - running(b));
}

/** A job as it went through last, in whichever process. */
export type JobLine = {
  name: string;
  does: string;
  lastSuccess: Instant | null;
  failedAt: Instant | null;
  reason: string | null;
};

/** Each job once, by what the processes last said of it. */
export function jobLines(processes: readonly Process[]): JobLine[] {
  const lines = new Map<string, JobLine>();
  for (const { name, does, lastSuccess, lastFailure } of processes.flatMap(({ jobs }) => jobs)) {
    const before = lines.get(name) ?? { name, does, lastSuccess: null, failedAt: null, reason: null };
    const success = lastSuccess === null ? null : instantAt(BigInt(lastSuccess));
    const failedAt = lastFailure === null ? null : instantAt(BigInt(lastFailure.at));
    const isLater = failedAt !== null && (before.failedAt === null || failedAt > before.failedAt);
    lines.set(name, {
      ...before,
      lastSuccess:
        success !== null && (before.lastSuccess === null || success > before.lastSuccess)
          ? success
          : before.lastSuccess,
      ...(isLater ? { failedAt, reason: lastFailure?.reason ?? null } : {}),
    });
  }
  return [...lines.values()];
}

/** The slowest requests of the last week, the slowest first. */
export async function readSlowRequests(backoffice: Knex, at: Instant, most: number): Promise<SlowRequest[]> {
  const rows: {
    at: string;
    request_id: string;
    route: string;
    address: string;
    status: number;
    ms: number;
    database_ms: number;
    rendering_ms: number;
    asked: SlowRequest['asked'];
  }[] = await backoffice('slow_requests')
    .where('at', '>=', postgresFromInstant(addTime(at, -7n * DAY_OF_24_HOURS)))
    .orderBy('ms', 'desc')
    .limit(most)
    .select('*');
  return rows.map((row) => ({
    ...{ at: instantFromPostgres(row.at), id: row.request_id, route: row.route, address: row.address, ms: row.ms },
    ...{ status: row.status, databaseMs: row.database_ms, renderingMs: row.rendering_ms, asked: row.asked },
  }));
}

export type FailureLine = { kind: string; count: number; lastAt: Instant; ids: string[] };

const MOST_KINDS = 100;

/** What was logged as an error within a week, by kind, the newest first. */
export async function readFailures(backoffice: Knex, at: Instant): Promise<FailureLine[]> {
  const { rows } = await backoffice.raw<{ rows: { kind: string; count: string; last_at: string; ids: string }[] }>(
    `SELECT kind, sum(count) AS count, max(last_at) AS last_at,
            (array_agg(array_to_string(ids, ' ') ORDER BY last_at DESC))[1] AS ids
       FROM failures WHERE day >= ? GROUP BY kind ORDER BY max(last_at) DESC LIMIT ${MOST_KINDS}`,
    [postgresFromInstant(addTime(at, -7n * DAY_OF_24_HOURS))],
  );
  return rows.map(({ kind, count, last_at, ids }) => ({
    ...{ kind, count: Number(count), lastAt: instantFromPostgres(last_at), ids: ids === '' ? [] : ids.split(' ') },
  }));
}

export type TableSize = { name: string; rows: number; bytes: number };

/** The tables of a database, the largest first, with their indexes; rows as PostgreSQL estimates them. */
export async function readTableSizes(
  database: Knex,
  most: number,
): Promise<{ version: string; bytes: number; tables: TableSize[] }> {
  const { rows } = await database.raw<{ rows: { name: string; rows: string; bytes: string }[] }>(
    `SELECT relname AS name, greatest(reltuples, 0)::bigint AS rows, pg_total_relation_size(oid) AS bytes
       FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND relnamespace = ANY (SELECT oid FROM pg_namespace WHERE nspname = ANY (current_schemas(false)))
      ORDER BY 3 DESC, 1 LIMIT ${most}`,
  );
  const { rows: about } = await database.raw<{ rows: [{ version: string; bytes: string }] }>(
    `SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes`,
  );
  return {
    ...{ version: about[0].version, bytes: Number(about[0].bytes) },
    tables: rows.map(({ name, rows, bytes }) => ({ name, rows: Number(rows), bytes: Number(bytes) })),
  };
}

/** How many events of alerts of the last week somebody was told of, and of how many within two minutes. */
export async function readAlertSeconds(backoffice: Knex, at: Instant): Promise<{ delivered: number; within: number }> {
  const { rows } = await backoffice.raw<{ rows: [{ delivered: string; within: string }] }>(
    `SELECT count(*) AS delivered, count(*) FILTER (WHERE sent - made <= interval '2 minutes') AS within
       FROM (SELECT min(made_at) AS made, min(ended_at) AS sent FROM deliveries
              WHERE state = 'sent' AND made_at >= ? GROUP BY event_id) AS told`,
    [postgresFromInstant(addTime(at, -7n * DAY_OF_24_HOURS))],
  );
  return { delivered: Number(rows[0].delivered), within: Number(rows[0].within) };
}
