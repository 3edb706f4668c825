import type pg from 'pg';

/** `unhurried`: for maintenance that takes as long as it takes, without the limits that protect pages. */
export type Purpose = { readOnly: boolean; unhurried: boolean };

/** How values are written, names and rows are found, whatever the server, a database or a role prefers. */
const FORM: Record<string, string> = {
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  search_path: 'public',
  // PostgreSQL then refuses where a policy would hide rows, instead of answering with fewer.
  row_security: 'off',
};

/** What keeps one slow query from holding up the rest. */
const limits = ({ readOnly, unhurried }: Purpose): Record<string, string> => ({
  statement_timeout: unhurried ? '0' : '5s',
  lock_timeout: '2s',
  idle_in_transaction_session_timeout: unhurried ? '0' : '15s',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: readOnly ? 'on' : 'off',
  // Compiling a query and starting workers for it takes longer than the few thousand rows that a page asks for.
  ...(readOnly ? { jit: 'off', max_parallel_workers_per_gather: '0' } : {}),
});

/** A connection through a pooler has other settings than the program needs, and the program cannot give it its own. */
export class SettingsMissing extends Error {}

/** As long as a connection itself may take. */
const ANSWERS_WITHIN_MS = 2_000;

// PostgreSQL writes each value in its own way, "5s" for 5000: what set_config() returns is compared with what was there.
// The embedded database is one session for everybody, and knows no limits.
const APPLY = `
  SELECT name, current_setting(name) AS found, set_config(name, value, pg_backend_pid() <> $3) AS needed,
         pg_backend_pid() = $3 AS is_direct, current_user AS role, current_database() AS database
    FROM unnest($1::text[], $2::text[]) AS setting (name, value)
   WHERE name = ANY ($4) OR version() NOT LIKE '%PGlite%'`;

type Applied = { name: string; found: string; needed: string; is_direct: boolean; role: string; database: string };

/**
 * Gives a new connection all that it needs: the one list of it. Not as parameters of its start, of which a pooler such as
 * PgBouncer refuses most or, told to, drops them in silence. Where one stands between, the backend's number is not the one
 * that the connection was told; a setting of the session would there be left to others or be gone with the next query. So
 * nothing is set, and each must arrive by itself.
 * @throws SettingsMissing with the statements that make them arrive
 */
export async function applySettings(client: pg.Client, purpose: Purpose): Promise<void> {
  const { processID } = client as pg.Client & { processID: number };
  const settings = { ...FORM, ...limits(purpose) };
  const { rows: applied } = await client.query<Applied>({
    text: APPLY,
    values: [Object.keys(settings), Object.values(settings), processID, Object.keys(FORM)],
    query_timeout: ANSWERS_WITHIN_MS,
  } as pg.QueryConfig);
  const missing = applied.filter(({ found, needed, is_direct }) => !is_direct && found !== needed);
  if (missing.length === 0) return;
  const statements = missing.map(
    ({ name, needed, role, database }) =>
      `ALTER ROLE ${quoted(role)} IN DATABASE ${quoted(database)} SET ${name} = '${needed}';`,
  );
  throw new SettingsMissing(
    `A connection pooler stands before ${missing[0]?.database}, where settings have to come from the server. ` +
      `Run there, then let the pooler reconnect: ${statements.join(' ')}`,
  );
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
