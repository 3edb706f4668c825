import type { Knex } from 'knex';
import type { Count } from '../stats/sums.ts';
import { type Day, dayFromPostgres, postgresFromDay } from '../units/calendar.ts';
import { exactInteger } from '../units/integer.ts';
import type { MicroEuros } from '../units/money.ts';
import { type Instant, timeFromPostgres } from '../units/time.ts';

/** What a look found in a day, of one sort of it, model and action; null for others than are named. `examples`: ids of some of it. */
export type LookedPart = {
  of: string;
  model: string | null;
  action: string | null;
  calls: Count;
  cost: MicroEuros;
  examples: string[];
};

export type DayVersion = { day: Day; version: string };

/** Which days a look is of: the latest so many that rollups hold, null for all; and after how many hours it has to look again, null for never. */
export type Reach = { days: number | null; againAfterHours: number | null };

const DAYS_OF_REACH = `SELECT day, version FROM rollup_days
  WHERE :days::integer IS NULL OR day > (SELECT max(day) FROM rollup_days) - :days::integer`;

const bindingsOf = (kind: string, { days, againAfterHours }: Reach) => ({ kind, days, hours: againAfterHours });

const IS_TO_BE_LOOKED_AT = `(kept.version IS DISTINCT FROM wanted.version
  OR kept.looked_at < now() - :hours::integer * interval '1 hour')`;
const WANTED = `FROM (${DAYS_OF_REACH}) AS wanted
  LEFT JOIN finding_days AS kept ON kept.kind = :kind AND kept.day = wanted.day`;

/** The next days to be looked at, the latest first. */
export async function daysToLookAt(backoffice: Knex, kind: string, reach: Reach, most: number): Promise<DayVersion[]> {
  const { rows } = await backoffice.raw<{ rows: { day: string; version: string }[] }>(
    `SELECT wanted.day, wanted.version ${WANTED} WHERE ${IS_TO_BE_LOOKED_AT} ORDER BY wanted.day DESC LIMIT ${most}`,
    bindingsOf(kind, reach),
  );
  return rows.map(({ day, version }) => ({ day: dayFromPostgres(day), version }));
}

export async function keepDay(
  backoffice: Knex,
  kind: string,
  { day, version }: DayVersion,
  parts: LookedPart[],
): Promise<void> {
  await backoffice.raw(
    `INSERT INTO finding_days (kind, day, version, parts) VALUES (?, ?, ?, ?::jsonb)
     ON CONFLICT (kind, day) DO UPDATE SET version = excluded.version, parts = excluded.parts, looked_at = now()`,
    [kind, postgresFromDay(day), version, JSON.stringify(parts)],
  );
}

/** Forgets days that rollups no longer hold, and those that a look no longer reaches. */
export async function forgetDays(backoffice: Knex, kind: string, reach: Reach): Promise<void> {
  await backoffice.raw(
    `DELETE FROM finding_days AS kept
      WHERE kind = :kind AND NOT EXISTS (SELECT FROM (${DAYS_OF_REACH}) AS wanted WHERE wanted.day = kept.day)`,
    bindingsOf(kind, reach),
  );
}

/** Writes down how a look ended: null where all days have been looked at. */
export async function keepOutcome(backoffice: Knex, kind: string, problem: string | null): Promise<void> {
  await backoffice.raw(
    `INSERT INTO finding_looks (kind, ended_at, problem) VALUES (?, now(), ?)
     ON CONFLICT (kind) DO UPDATE SET ended_at = excluded.ended_at, problem = excluded.problem`,
    [kind, problem],
  );
}

/** What looks have left: days with what was found in them, how many days were looked at of how many, and how the last look ended. */
export type Looked = {
  days: { day: Day; parts: LookedPart[] }[];
  done: number;
  wanted: number;
  first: Day | null;
  last: Day | null;
  ended: { at: Instant; problem: string | null } | null;
};

export async function readLooked(backoffice: Knex, kind: string, reach: Reach): Promise<Looked> {
  const [found, counts, outcome] = await Promise.all([
    backoffice.raw<{ rows: { day: string; parts: LookedPart[] }[] }>(
      `SELECT wanted.day, kept.parts ${WANTED} WHERE kept.parts <> '[]' ORDER BY wanted.day`,
      bindingsOf(kind, reach),
    ),
    backoffice.raw<{ rows: { wanted: string; done: string; first: string | null; last: string | null }[] }>(
      `SELECT count(*) AS wanted, count(*) FILTER (WHERE kept.version = wanted.version) AS done,
              min(wanted.day) AS first, max(wanted.day) AS last ${WANTED}`,
      bindingsOf(kind, reach),
    ),
    backoffice('finding_looks').where({ kind }).first<{ ended_at: string; problem: string | null } | undefined>(),
  ]);
  const [count] = counts.rows;
  const dayOrNull = (text: string | null | undefined) => (text ? dayFromPostgres(text) : null);
  return {
    days: found.rows.map(({ day, parts }) => ({ day: dayFromPostgres(day), parts })),
    ...{ done: exactInteger(count?.done ?? '0'), wanted: exactInteger(count?.wanted ?? '0') },
    ...{ first: dayOrNull(count?.first), last: dayOrNull(count?.last) },
    ended: outcome ? { at: timeFromPostgres(outcome.ended_at), problem: outcome.problem } : null,
  };
}
