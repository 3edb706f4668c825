import { auditAll } from '../../src/stats/rollups/keep/tick.ts';
import { addDays, type Instant, isoFromInstant } from '../../src/units/time.ts';
import { at, DAY, LISBON, madeAt, withoutAlerts } from './alerts.ts';
import { databases } from './databases.ts';
import type { UsageRow } from './usage.ts';

export const daysBefore = (days: number) => addDays(DAY, -days);

/** What a full audit of the rollups makes of them, as of an instant. */
export const audit = (instant: Instant) => auditAll(databases(), LISBON, instant);

export const daily = (days: number, row: Partial<UsageRow>, hour = 12) =>
  Array.from({ length: days }, (_, i) => ({ ...row, at: at(hour, daysBefore(i + 1)) }));

/** What tests of late calls begin with: an empty source, no rules, and who makes them. */
export function lateCalls() {
  const { ana } = withoutAlerts();

  const make = (body: object, begin: Instant) => madeAt(ana(), body, begin);
  /** As if it had been evaluated until then, and had seen nothing. */
  const wasEvaluated = (until: Instant) =>
    databases()
      .backoffice('rule_standings')
      .update({ evaluated_until: isoFromInstant(until) });
  const alerts = async () => (await ana().json('get', '/api/alerts')).body.alerts;
  /** Those that were told late: of which window, and what it came to; the newest window first. */
  const late = async (): Promise<[string, number, string, string][]> =>
    (await alerts())
      .filter((one: { late: boolean }) => one.late)
      .map((one: { window: { from: string }; value: number; subject: string; level: string }) => [
        one.window.from,
        one.value,
        one.subject,
        one.level,
      ])
      .sort();
  const messages = async (): Promise<string[]> =>
    (await databases().backoffice('deliveries').orderBy('made_at').pluck('message')).map(
      ({ subject }: { subject: string }) => subject,
    );

  const DAILY = { type: 'threshold', measure: 'cost', window: 'day', warning: 10, critical: 20 };

  return { make, wasEvaluated, alerts, late, messages, DAILY, ana };
}
