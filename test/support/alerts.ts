import assert from 'node:assert/strict';
import { type Evaluating, evaluateRules } from '../../src/alerts/round/round.ts';
import { messageWords } from '../../src/alerts/round/wording.ts';
import type { Day } from '../../src/units/calendar.ts';
import { createFormat } from '../../src/units/format.ts';
import { addTime, type Instant, isoFromInstant, MINUTE, startOfDay } from '../../src/units/time.ts';
import { sharedApp } from './app.ts';
import { type Client, signedIn } from './client.ts';
import { databases } from './databases.ts';
import { emptied, resetUsage } from './usage.ts';

export const LISBON = 'Europe/Lisbon';
/** A Tuesday. */
export const DAY = '2026-09-15' as Day;
/** So many hours after a day of business time has begun. */
export const at = (hours: number, day: Day = DAY): Instant =>
  addTime(startOfDay(day, LISBON), BigInt(Math.round(hours * 60)) * MINUTE);

/** What the job of the program evaluates with. */
export async function evaluating(): Promise<Evaluating> {
  const { databases, reader, config } = await sharedApp();
  const { locale, timeZone, appUrl } = config;
  const words = messageWords({ format: createFormat(locale, timeZone), appUrl });
  return { databases, reader, timeZone, words, mailsTo: () => false };
}

/** A round of the job, as of an instant. */
export async function evaluateAt(
  at: Instant,
  { looksBack = true } = {},
): Promise<{ evaluated: number; failed: number }> {
  return evaluateRules(await evaluating(), at, { looksBack });
}

/** What tests read of an alert. */
export type AlertJson = {
  id: string;
  state: string;
  level: string;
  value: number;
  subject: string;
  since: string;
  usual: number | null;
  unpriced: { requests: number; models: string[] } | null;
  late: boolean;
};

/** Makes a rule as if it had been made at an instant; returns its id. */
export async function madeAt(client: Client, body: object, begin: Instant): Promise<string> {
  const answer = await client.json('post', '/api/alerts/rules', { name: 'A rule', ...body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  const { id } = answer.body;
  await databases().backoffice.raw(
    `UPDATE rule_standings SET evaluated_until = :begin, began_at = :begin,
            standing = jsonb_set(standing, '{began}', to_jsonb(:begin::text)) WHERE rule_id = :id`,
    { begin: isoFromInstant(begin), id },
  );
  return id;
}

/** Without rules, alerts, channels and what was sent. */
export async function resetAlerts(): Promise<void> {
  const tables = [
    ...['alert_events', 'alerts', 'reached_windows', 'rule_standings', 'alert_rules'],
    ...['deliveries', 'channels', 'job_leases'],
  ];
  await databases().backoffice.raw(emptied(...tables));
}

/** Makes a channel that mails to one address; returns its id. */
export async function financeChannel(client: Client): Promise<string> {
  const channel = { name: 'Finance', type: 'email', to: ['ana@mythoria.pt'] };
  return (await client.json('post', '/api/alerts/channels', channel)).body.id;
}

const noBudgets = () => databases().backoffice.raw('TRUNCATE budgets CASCADE');

/** What most tests of alerts begin with: an empty source, no budgets, no rules, and who makes them. */
export function withoutAlerts(): { ana: () => Client } {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
    await noBudgets();
  });
  after(noBudgets);
  return { ana: () => ana };
}
