import type { Knex } from 'knex';
import { addTime, type Instant, instantFromPostgres, MINUTE, postgresFromInstant } from '../../units/time.ts';
import type { RuleStanding } from '../evaluation/rule-standing.ts';
import { MINUTES_OF_STRIP, type RuleState, stateOf } from '../evaluation/strip.ts';
import { isBySubject } from '../rules/words.ts';
import { MOST_RULES, RULE_COLUMNS, type Rule, ruleOf } from './rules.ts';
import { type KeptStanding, readStanding, standingText } from './standing-text.ts';

/** A rule that is to be evaluated, and how it stood as of `until`; `version` is that of what was read. */
export type DueRule = { rule: Rule; standing: RuleStanding; until: Instant; version: string; letters: string };

type DueRow = Parameters<typeof ruleOf>[0] & {
  standing: KeptStanding;
  evaluated_until: string;
  version: string;
  last_letter: string;
};

/** What failed is tried again after so long, so that a rule that takes too long does not do so every time. */
const AGAIN_AFTER = 5n * MINUTE;

/** Those that have not been evaluated as of an instant, but for what failed in the last minutes. */
export async function readDueRules(backoffice: Knex, asOf: Instant, at: Instant): Promise<DueRule[]> {
  const rows: DueRow[] = await backoffice('alert_rules')
    .join('rule_standings', 'rule_standings.rule_id', 'alert_rules.rule_id')
    .whereNull('alert_rules.deleted_at')
    .where('evaluated_until', '<', postgresFromInstant(asOf))
    .whereRaw('(error IS NULL OR evaluated_at < ?)', [postgresFromInstant(addTime(at, -AGAIN_AFTER))])
    .orderBy('alert_rules.rule_id')
    .limit(MOST_RULES)
    .select(RULE_COLUMNS)
    .select('standing', 'evaluated_until', 'version', backoffice.raw('right(strip, 1) AS last_letter'));
  return rows.map(({ standing, evaluated_until, version, last_letter, ...rule }) => ({
    rule: ruleOf(rule),
    standing: readStanding(standing),
    until: instantFromPostgres(evaluated_until),
    version,
    letters: last_letter,
  }));
}

/** How a rule stands after an evaluation. */
export type NewStanding = {
  due: DueRule;
  until: Instant;
  standing: RuleStanding;
  letters: string;
  tookMs: number;
};

/** Writes down how rules stand, where they still stand as they did when they were evaluated. Returns the ids of those. */
export async function writeStandings(transaction: Knex, standings: NewStanding[], at: Instant): Promise<Set<string>> {
  const rows = standings.map(({ due, until, standing, letters, tookMs }) => ({
    rule_id: due.rule.id,
    revision: due.rule.revision,
    was_version: due.version,
    until: postgresFromInstant(until),
    standing: JSON.parse(standingText(standing)),
    state: stateOf(standing),
    value: isBySubject(due.rule) ? null : (standing.subjects.get('')?.value ?? null),
    letters,
    took_ms: tookMs,
  }));
  const { rows: written } = await transaction.raw<{ rows: { rule_id: string }[] }>(
    `UPDATE rule_standings AS kept
        SET version = kept.version + 1, evaluated_until = new.until, standing = new.standing, state = new.state, value = new.value, took_ms = new.took_ms,
            strip = right(kept.strip || new.letters, ${MINUTES_OF_STRIP}), evaluated_at = :at, error = NULL, error_since = NULL
       FROM jsonb_to_recordset(:rows::jsonb) AS new (rule_id uuid, revision integer, was_version bigint, until timestamptz,
            standing jsonb, state text, value double precision, letters text, took_ms double precision)
      WHERE kept.rule_id = new.rule_id AND kept.revision = new.revision AND kept.version = new.was_version
      RETURNING kept.rule_id`,
    { rows: JSON.stringify(rows), at: postgresFromInstant(at) },
  );
  return new Set(written.map(({ rule_id }) => rule_id));
}

/** Writes down that a rule could not be evaluated. Whether that is news: it could before. */
export async function writeFailure(
  transaction: Knex,
  { rule, version }: DueRule,
  reason: string,
  at: Instant,
): Promise<boolean> {
  const { rows } = await transaction.raw<{ rows: { is_news: boolean }[] }>(
    `UPDATE rule_standings AS kept
        SET version = kept.version + 1, error = :reason, error_since = coalesce(kept.error_since, :at), evaluated_at = :at, state = 'error'
       FROM (SELECT rule_id, error_since FROM rule_standings WHERE rule_id = :id FOR UPDATE) AS before
      WHERE kept.rule_id = before.rule_id AND kept.revision = :revision AND kept.version = :version
      RETURNING before.error_since IS NULL AS is_news`,
    { id: rule.id, revision: rule.revision, version, at: postgresFromInstant(at), reason },
  );
  return rows[0]?.is_news ?? false;
}

/** How a rule stands, for its page. */
export type RuleSight = {
  state: RuleState;
  value: number | null;
  evaluatedUntil: Instant;
  evaluatedAt: Instant | null;
  tookMs: number | null;
  error: { reason: string; since: Instant } | null;
  /** One letter a minute, the last as of `evaluatedUntil`. */
  strip: string;
};

type SightRow = {
  rule_id: string;
  state: RuleState;
  value: number | null;
  evaluated_until: string;
  evaluated_at: string | null;
  took_ms: number | null;
  error: string | null;
  error_since: string | null;
  strip: string;
};

/** How rules stand, by their ids. */
export async function readSights(backoffice: Knex, ids: string[]): Promise<Map<string, RuleSight>> {
  const rows: SightRow[] = await backoffice('rule_standings').whereIn('rule_id', ids).select();
  return new Map(
    rows.map(({ rule_id, evaluated_until, evaluated_at, took_ms, error, error_since, state, value, strip }) => [
      rule_id,
      {
        ...{ state, value, strip },
        evaluatedUntil: instantFromPostgres(evaluated_until),
        evaluatedAt: evaluated_at === null ? null : instantFromPostgres(evaluated_at),
        tookMs: took_ms,
        error: error === null ? null : { reason: error, since: instantFromPostgres(error_since ?? evaluated_until) },
      },
    ]),
  );
}

/** How far evaluation has come. Instants; null where there is no such rule. */
export type Progress = {
  /** Up to when every rule has been evaluated that could be. */
  until: Instant | null;
  /** Until when rules rest that were evaluated by a clock that was ahead, and how many do. */
  resting: { until: Instant; rules: number } | null;
};

/** The end of the running minute, and as much as the clocks of two processes may differ. */
const AHEAD = 2n * MINUTE;

export async function readProgress(backoffice: Knex, at: Instant): Promise<Progress> {
  const row = await backoffice('rule_standings')
    .select(backoffice.raw('min(evaluated_until) FILTER (WHERE error IS NULL) AS until'))
    .select(backoffice.raw('max(evaluated_until) AS last'))
    .select(
      backoffice.raw('count(*) FILTER (WHERE evaluated_until > ?)::integer AS resting', [
        postgresFromInstant(addTime(at, AHEAD)),
      ]),
    )
    .first<{ until: string | null; last: string | null; resting: number }>();
  const resting =
    row.resting > 0 && row.last !== null ? { until: instantFromPostgres(row.last), rules: row.resting } : null;
  return { until: row.until === null ? null : instantFromPostgres(row.until), resting };
}
