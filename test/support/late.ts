import { auditAll } from '../../src/stats/rollups/keep/tick.ts';
import type { Day } from '../../src/units/calendar.ts';
import { addDays, addTime, type Instant, isoFromInstant, MINUTE, startOfDay } from '../../src/units/time.ts';
import { madeAt, resetAlerts } from './alerts.ts';
import { sharedApp } from './app.ts';
import { type Client, signedIn } from './client.ts';
import { databases } from './databases.ts';
import { resetUsage, type UsageRow } from './usage.ts';

export const LISBON = 'Europe/Lisbon';
/** A Tuesday. */
export const DAY = '2026-09-15' as Day;
export const at = (hours: number, day: Day = DAY) =>
  addTime(startOfDay(day, LISBON), BigInt(Math.round(hours * 60)) * MINUTE);
export const daysBefore = (days: number) => addDays(DAY, -days);

/** What a full audit of the rollups makes of them, as of an instant. */
export const audit = (instant: Instant) => auditAll(databases(), LISBON, instant);

export const daily = (days: number, row: Partial<UsageRow>, hour = 12) =>
  Array.from({ length: days }, (_, i) => ({ ...row, at: at(hour, daysBefore(i + 1)) }));

/** What tests of late calls begin with: an empty source, no rules, and who makes them. */
export function lateCalls() {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });
  after(() => databases().backoffice.raw('TRUNCATE budgets CASCADE'));

  const make = (body: object, begin: Instant) => madeAt(ana, body, begin);
  /** As if it had been evaluated until then, and had seen nothing. */
  const wasEvaluated = (until: Instant) =>
    databases()
      .backoffice('rule_standings')
      .update({ evaluated_until: isoFromInstant(until) });
  const alerts = async () => (await ana.json('get', '/api/alerts')).body.alerts;
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

  return { make, wasEvaluated, alerts, late, messages, DAILY, ana: () => ana };
}
