import { randomUUID } from 'node:crypto';
import type { Databases } from '../../db/connect.ts';
import { takeLease } from '../../db/lease.ts';
import { readBudgets } from '../../stats/budgets/budgets.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { type Instant, MINUTE, now } from '../../units/time.ts';
import { startOfMinute } from '../rules/windows.ts';
import { evaluateDue, hasMissed } from './evaluate.ts';

import { remind } from './reminders.ts';
import { wake } from './wake.ts';
import { type Telling, writeEvaluated } from './write.ts';

export type Evaluating = { databases: Databases; reader: UsageReader; timeZone: string } & Telling;

/** Calls that come late are looked for so often where rollups do not say that there are any. */
const LOOKS_BACK_EVERY = 15n * MINUTE;

/**
 * Evaluates every rule that is due as of an instant and writes down what came of it. Several processes may do so at once: each
 * evaluation is written down by one of them.
 * @throws what means that a database does not answer: the next round makes up for it
 */
export async function evaluateRules(
  { databases, reader, timeZone, words, mailsTo }: Evaluating,
  at: Instant,
  { looksBack, isStopping = () => false }: { looksBack: boolean; isStopping?: () => boolean },
): Promise<{ evaluated: number; failed: number }> {
  const { backoffice } = databases;
  const seen = new Map<string, boolean>();
  for (let isMore = true; isMore && !isStopping(); ) {
    const evaluated = await evaluateDue({ databases, reader, timeZone, looksBack }, at);
    const news = evaluated.filter((one) => !one.ok || one.until !== one.due.until || one.events.length > 0);
    const budgets = news.length === 0 ? [] : await readBudgets(backoffice);
    await writeEvaluated(backoffice, news, budgets, at, { words, mailsTo });
    // Where rules have missed something, others wait behind them; one that was seen already is not waited for.
    isMore = evaluated.some(({ due }) => hasMissed(due.until, startOfMinute(at)) && !seen.has(due.rule.id));
    for (const { due, ok } of evaluated) seen.set(due.rule.id, ok);
  }
  await wake(backoffice, at, words);
  await remind(backoffice, at, words);
  return { evaluated: seen.size, failed: [...seen.values()].filter((ok) => !ok).length };
}

const LEASE = 'evaluation';
const LEASE_SECONDS = 45;

/** The work of the clock: a round, where no other process is at it. */
export function evaluationWork(evaluating: Evaluating): (isStopping: () => boolean) => Promise<void> {
  const holder = randomUUID();
  let lookedBack: Instant | null = null;
  return async (isStopping) => {
    if (!(await takeLease(evaluating.databases.backoffice, LEASE, holder, LEASE_SECONDS))) return;
    const at = now();
    const looksBack = lookedBack === null || startOfMinute(at) - lookedBack >= LOOKS_BACK_EVERY;
    await evaluateRules(evaluating, at, { looksBack, isStopping });
    if (looksBack) lookedBack = startOfMinute(at);
  };
}
