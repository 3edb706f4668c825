import type { Knex } from 'knex';
import { exactInteger } from '../units/integer.ts';
import { createTurns, type InTurns } from '../units/promises/turns.ts';
import { type Instant, postgresFromInstant, timeFromPostgres } from '../units/time.ts';

/** Everything that is written down, by the word that stands in the table and in addresses. */
export const AUDITED = {
  'open prompt': 'Opened a prompt',
  export: 'Exported',
  'export with prompts': 'Exported with prompts',
  'export broken off': 'Export broken off',
  'export failed': 'Export failed',
  'make budget': 'Made a budget',
  'change budget': 'Changed a budget',
  'delete budget': 'Deleted a budget',
  'make rule': 'Made a rule',
  'change rule': 'Changed a rule',
  'delete rule': 'Deleted a rule',
  'answer alert': 'Answered an alert',
  'make channel': 'Made a channel',
  'change channel': 'Changed a channel',
  'delete channel': 'Deleted a channel',
  'change channel key': 'Changed the key of a channel',
  'test channel': 'Tested a channel',
  'send again': 'Sent again',
  'dismiss delivery': 'Dismissed an undelivered message',
  'choose digest': 'Chose a digest',
  'end session': 'Ended a session',
  'end other sessions': 'Ended all other sessions',
  'end all sessions': 'Signed out everywhere',
  'make token': 'Made an API token',
  'revoke token': 'Revoked an API token',
  'make view': 'Saved a view',
  'change view': 'Changed a view',
  'delete view': 'Deleted a view',
  'star view': 'Starred a view',
  'unstar view': 'Unstarred a view',
  'order views': 'Ordered views',
  'choose start page': 'Chose a start page',
  'write note': 'Wrote a note on days',
  'change note': 'Changed a note on days',
  'delete note': 'Deleted a note on days',
  'add price': 'Added a price',
  'correct price': 'Corrected a price',
  'withdraw price': 'Withdrew a price',
  'import prices': 'Imported prices',
  'propose prices': 'Proposed prices',
  'accept price': 'Accepted a proposed price',
  'dismiss price': 'Dismissed a proposed price',
  'reopen proposed price': 'Took back the dismissal of a proposed price',
  'import rates': 'Imported exchange rates',
  'import bill': 'Imported a bill',
  'add bill line': 'Entered a line of a bill',
  'explain finding': 'Explained a finding',
  'take back explanation': 'Took back an explanation',
} as const;

export type AuditedAction = keyof typeof AUDITED;
export const AUDITED_ACTIONS = Object.keys(AUDITED) as [AuditedAction, ...AuditedAction[]];

/** As people read it, whatever an older or newer version wrote down. */
export function auditedLabel(action: string): string {
  return Object.hasOwn(AUDITED, action) ? AUDITED[action as AuditedAction] : action;
}

/** Who did it: someone signed in, or the account of the machine that a command ran on; `by` which token of theirs. */
export type Actor = { sub: string; email: string; by?: string };

/** `subject` is what it was done to (an id or an address), `details` the same as a sentence, `rows` how many an export holds. */
export type AuditEntry = { action: AuditedAction; subject: string; details?: string; rows?: number };

/** Writes down that somebody did something worth remembering, now. The table refuses to change or forget it. */
export async function writeAuditLog(
  backoffice: Knex,
  { sub, email, by }: Actor,
  { action, subject, details = '', rows }: AuditEntry,
): Promise<void> {
  const sentence = [details, by].filter(Boolean).join(', ');
  await backoffice('audit_log').insert({ sub, email, action, subject, details: sentence, rows: rows ?? null });
}

const turnsOn = new WeakMap<Knex, InTurns>();

/**
 * A transaction of somebody's, after all that the same person has begun in this process: whoever sends a hundred forms at once has one
 * connection, not all of them while they wait for each other's locks. `work` must not begin another one of the same person.
 */
export function inTurnOf<T>(backoffice: Knex, { sub }: Actor, work: (transaction: Knex) => Promise<T>): Promise<T> {
  const inTurns = turnsOn.get(backoffice) ?? createTurns();
  turnsOn.set(backoffice, inTurns);
  return inTurns(sub, () => backoffice.transaction(work));
}

/** Changes something and writes down who did, both or neither. The change says what it was done to. */
export function auditedChange<T>(
  backoffice: Knex,
  actor: Actor,
  action: AuditedAction,
  change: (transaction: Knex) => Promise<{ value: T } & Omit<AuditEntry, 'action'>>,
): Promise<T> {
  return inTurnOf(backoffice, actor, async (transaction) => {
    const { value, ...entry } = await change(transaction);
    await writeAuditLog(transaction, actor, { action, ...entry });
    return value;
  });
}

/** Within this time the same of the same person is one form that was sent twice, as a double click does. */
const SENT_TWICE_WITHIN = '5 seconds';

/**
 * Makes what a form asks for and writes down who did, once: where the same person has just made the same, that is it. `make` returns
 * the address of what it makes, and so does this.
 */
export function auditedOnce(
  backoffice: Knex,
  actor: Actor,
  { action, details }: { action: AuditedAction; details: string },
  make: (transaction: Knex) => Promise<string>,
): Promise<string> {
  return inTurnOf(backoffice, actor, async (transaction) => {
    // Whoever sends it at the same time, to another replica too, finds what this one has made.
    await transaction.raw('SELECT pg_advisory_xact_lock(hashtext(?))', [`${action} ${actor.email}`]);
    const made = await transaction('audit_log')
      .where({ email: actor.email, action, details })
      .whereRaw(`happened_at > now() - interval '${SENT_TWICE_WITHIN}'`)
      .orderBy('audit_id', 'desc')
      .first<{ subject: string } | undefined>('subject');
    if (made) return made.subject;
    const subject = await make(transaction);
    await writeAuditLog(transaction, actor, { action, subject, details });
    return subject;
  });
}

export type AuditLine = {
  id: string;
  /** Whoever may write to the table may have said `infinity`: what isTime says no to. */
  at: Instant;
  email: string;
  action: string;
  subject: string;
  details: string;
  rows: number | null;
};

/** `before` is the id of a line: only older ones. A window without an end has every line, whatever time it says. */
export type AuditQuery = {
  email: string | null;
  action: AuditedAction | null;
  window: { from: Instant | null; to: Instant | null };
  before: string | null;
};

/** The audit log as it was at one moment: lines have their numbers before they are written, and never change. */
export type AuditMoment = {
  /** The number behind the newest of all. */
  before: string;
  /** Those before it that no line has: one that is being written just now will. */
  without: string[];
};
/** A line is written within milliseconds; a thousand others are not written meanwhile. */
const MOST_MEANWHILE = 1000;

type Row = {
  audit_id: string;
  happened_at: string;
  email: string;
  action: string;
  subject: string;
  details: string;
  rows: string | null;
};

function linesOf(backoffice: Knex, { email, action, window, before }: AuditQuery): Knex.QueryBuilder {
  const builder = backoffice('audit_log');
  if (window.to !== null) builder.where('happened_at', '<', postgresFromInstant(window.to));
  if (window.from !== null) builder.where('happened_at', '>=', postgresFromInstant(window.from));
  if (email !== null) builder.where('email', email);
  if (action !== null) builder.where('action', action);
  if (before !== null) builder.where('audit_id', '<', before);
  return builder;
}

type Counted = { count: string; behind: string; without: string[] };

/** How many lines a query means, and of which moment that is. */
export async function countAuditLog(
  backoffice: Knex,
  query: AuditQuery,
): Promise<{ count: number; moment: AuditMoment }> {
  const lines = linesOf(backoffice, query).count('* AS count');
  const newest = backoffice('audit_log').select(backoffice.raw('coalesce(max(audit_id), 0) + 1'));
  const without = backoffice.raw(
    `ARRAY(SELECT number::text FROM (SELECT max(audit_id) AS newest FROM audit_log) AS log,
                  generate_series(greatest(1, newest - ${MOST_MEANWHILE}), newest) AS number
            WHERE NOT EXISTS (SELECT FROM audit_log WHERE audit_id = number)) AS without`,
  );
  // In one statement, so that all are of one moment.
  const row = await backoffice.select<Counted>(lines.as('count'), newest.as('behind'), without).first();
  const { count, behind, ...rest } = row as unknown as Counted;
  return { count: exactInteger(count), moment: { before: behind, ...rest } };
}

/** The newest lines that a query means, at most so many, but for those of these numbers. */
export async function readAuditLog(
  backoffice: Knex,
  query: AuditQuery,
  most: number,
  without: string[] = [],
): Promise<AuditLine[]> {
  const rows = await linesOf(backoffice, query)
    .whereRaw('audit_id <> ALL(?::bigint[])', [without])
    .orderBy('audit_id', 'desc')
    .limit(most)
    .select<Row[]>(...['audit_id', 'happened_at', 'email', 'action', 'subject', 'details', 'rows']);
  return rows.map((row) => ({
    id: row.audit_id,
    at: timeFromPostgres(row.happened_at),
    email: row.email,
    action: row.action,
    subject: row.subject,
    details: row.details,
    rows: row.rows === null ? null : exactInteger(row.rows),
  }));
}

/** Everybody of whom something is written down, in alphabetical order. */
export async function readAuditedPeople(backoffice: Knex): Promise<string[]> {
  // One step of the index per person, however long the log.
  const { rows } = await backoffice.raw<{ rows: { email: string }[] }>(`
    WITH RECURSIVE people AS (
      (SELECT email FROM audit_log ORDER BY email LIMIT 1)
      UNION ALL
      SELECT (SELECT email FROM audit_log WHERE email > people.email ORDER BY email LIMIT 1)
        FROM people WHERE people.email IS NOT NULL
    )
    SELECT email FROM people WHERE email IS NOT NULL`);
  return rows.map(({ email }) => email);
}
