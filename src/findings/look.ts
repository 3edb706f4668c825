import { keptDays, readCoverage } from '../stats/rollups/coverage.ts';
import { isUnavailable } from '../units/failures/unavailable.ts';
import { plus } from '../units/money.ts';
import { endOfDay, startOfDay } from '../units/time.ts';
import type { Kind, Look, LookDatabases } from './finding.ts';
import { KINDS } from './kinds/registry.ts';
import { daysToLookAt, forgetDays, keepDay, keepOutcome, type LookedPart } from './looked-days.ts';

/** Days that are asked for at once. */
const DAYS_A_ROUND = 20;
/** So many sorts, models and actions of a day are kept one by one. */
const MOST_PARTS = 500;

const FAILED = 'The last look broke off; the error has been logged, and it goes on by itself.';
const NO_ANSWER = 'A database did not answer when it was looked for; it goes on by itself.';

/**
 * Looks at the days that no look has seen as they are now, the latest first, and keeps what it finds; asks before each day whether it may go on.
 * A kind that fails says so on its page, and does not keep the others.
 * @throws the first failure, when all kinds have had their turn
 */
export async function lookForFindings(
  databases: LookDatabases,
  mayGoOn: () => Promise<boolean>,
  kinds: readonly Kind[] = KINDS,
): Promise<void> {
  const { backoffice } = databases;
  const kept = keptDays(await readCoverage(backoffice));
  if (kept === null) return;
  const failures: unknown[] = [];
  for (const { name, look } of kinds) {
    if (look === undefined || !(await mayGoOn())) continue;
    try {
      await lookFor(databases, name, look, kept.timeZone, mayGoOn);
    } catch (error) {
      failures.push(error);
      await keepOutcome(backoffice, name, isUnavailable(error) ? NO_ANSWER : FAILED);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function lookFor(
  databases: LookDatabases,
  kind: string,
  look: Look,
  timeZone: string,
  mayGoOn: () => Promise<boolean>,
): Promise<void> {
  const { backoffice } = databases;
  const problem = await look.cannot(databases);
  if (problem !== null) return keepOutcome(backoffice, kind, problem);
  await forgetDays(backoffice, kind, look);
  for (;;) {
    const days = await daysToLookAt(backoffice, kind, look, DAYS_A_ROUND);
    if (days.length === 0) break;
    for (const one of days) {
      if (!(await mayGoOn())) return;
      const window = { from: startOfDay(one.day, timeZone), to: endOfDay(one.day, timeZone) };
      await keepDay(backoffice, kind, one, atMost(await look.lookAt(databases, window)));
    }
  }
  await keepOutcome(backoffice, kind, null);
}

/** The most expensive ones by name, all others of a sort as one. */
function atMost(parts: LookedPart[]): LookedPart[] {
  if (parts.length <= MOST_PARTS) return parts;
  const inOrder = [...parts].sort((a, b) => b.cost - a.cost || b.calls - a.calls);
  const others = new Map<string, LookedPart>();
  for (const { of, calls, cost, examples } of inOrder.slice(MOST_PARTS)) {
    const sum = others.get(of);
    if (sum === undefined) others.set(of, { of, model: null, action: null, calls, cost, examples });
    else others.set(of, { ...sum, calls: sum.calls + calls, cost: plus(sum.cost, cost) });
  }
  return [...inOrder.slice(0, MOST_PARTS), ...others.values()];
}
