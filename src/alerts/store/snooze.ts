import type { Knex } from 'knex';
import { type Instant, instantFromPostgres, postgresFromInstant } from '../../units/time.ts';
import type { Level } from '../rules/rule-type.ts';
import type { Alert, EventKind } from './alerts.ts';

/** What happened to an alert while it was snoozed, and is still to be told: the line of its history. */
export type HeldBack = { event: string; kind: EventKind; level: Level | null; note: string };

/** Null where nothing is. */
export async function readHeldBack(transaction: Knex, alertId: string): Promise<HeldBack | null> {
  const row = await transaction('alerts')
    .join('alert_events', 'event_id', 'held_back')
    .where('alerts.alert_id', alertId)
    .first<HeldBack | undefined>('event_id AS event', 'kind', 'alert_events.level', 'note');
  return row ?? null;
}

const ENDS: ReadonlySet<EventKind> = new Set(['resolved', 'ended']);

/**
 * Keeps what happens to a snoozed alert until the snooze is over. Of several the last is told, of one that fired that it fired; and
 * of one that fired and ended nothing: nobody has heard of it.
 */
export async function holdBack(transaction: Knex, alertId: string, kind: EventKind, event: string): Promise<void> {
  const before = await readHeldBack(transaction, alertId);
  const hasFired = before?.kind === 'fired';
  const held = !hasFired ? event : ENDS.has(kind) ? null : before.event;
  await transaction('alerts').where('alert_id', alertId).update({ held_back: held });
}

/** The alerts whose snooze is over, or was ended, of which something is still to be told. */
export async function readAwake(backoffice: Knex, at: Instant): Promise<string[]> {
  return backoffice('alerts')
    .whereNotNull('held_back')
    .whereRaw('(snoozed_until IS NULL OR snoozed_until <= ?)', [postgresFromInstant(at)])
    .orderBy(['since', 'alert_id'])
    .pluck('alert_id');
}

/** Keeps others from telling what was held back of an alert, to the end of a transaction. */
export async function lockAlert(transaction: Knex, alertId: string): Promise<void> {
  await transaction('alerts').where('alert_id', alertId).forUpdate().select('alert_id');
}

/** Nothing is held back any more: it has been told, which is a reminder as well, or is no longer so. */
export async function letGo(transaction: Knex, alertId: string, at: Instant): Promise<void> {
  await transaction('alerts')
    .where('alert_id', alertId)
    .update({ held_back: null, reminded_at: postgresFromInstant(at) });
}

/** Until when the alerts of a rule about a subject are snoozed at an instant; null where none is. */
export async function readSnooze(
  transaction: Knex,
  { ruleId, subject }: Pick<Alert, 'ruleId' | 'subject'>,
  at: Instant,
): Promise<Instant | null> {
  const row = await transaction('alerts')
    .where({ rule_id: ruleId, subject })
    .where('snoozed_until', '>', postgresFromInstant(at))
    .max('snoozed_until AS until')
    .first<{ until: string | null } | undefined>();
  return row?.until ? instantFromPostgres(row.until) : null;
}
