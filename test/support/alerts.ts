import { type Evaluating, evaluateRules } from '../../src/alerts/round/round.ts';
import { wordsOf } from '../../src/alerts/round/wording.ts';
import { createFormat } from '../../src/units/format.ts';
import type { Instant } from '../../src/units/time.ts';
import { sharedApp } from './app.ts';
import { databases } from './databases.ts';
import { emptied } from './usage.ts';

/** What the job of the program evaluates with. */
export async function evaluating(): Promise<Evaluating> {
  const { databases, reader, config } = await sharedApp();
  const { locale, timeZone, appUrl } = config;
  return { databases, reader, timeZone, words: wordsOf({ format: createFormat(locale, timeZone), appUrl }) };
}

/** A round of the job, as of an instant. */
export async function evaluateAt(
  at: Instant,
  { looksBack = true } = {},
): Promise<{ evaluated: number; failed: number }> {
  return evaluateRules(await evaluating(), at, { looksBack });
}

/** Without rules, alerts, channels and what was sent. */
export async function resetAlerts(): Promise<void> {
  const tables = ['alert_events', 'alerts', 'rule_standings', 'alert_rules', 'deliveries', 'channels', 'job_leases'];
  await databases().backoffice.raw(emptied(...tables));
}
