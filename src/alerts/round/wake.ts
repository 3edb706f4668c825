import type { Knex } from 'knex';
import { readBudgets } from '../../stats/budgets/budgets.ts';
import type { Instant } from '../../units/time.ts';
import { type Alert, readAlert } from '../store/alerts.ts';
import { readRule } from '../store/rules.ts';
import { type HeldBack, letGo, lockAlert, readAwake, readHeldBack } from '../store/snooze.ts';
import type { Words } from './wording.ts';
import { tell } from './write.ts';

const isOpen = ({ state }: Alert) => state !== 'resolved';

/** Whether what was held back is still so: that it fires or rose is told only of what is still there. */
const isStillSo = (alert: Alert, { kind, level }: HeldBack): boolean =>
  kind === 'resolved' || kind === 'ended' || (isOpen(alert) && (kind !== 'rose' || alert.level === level));

/** Tells what happened to alerts while they were snoozed, where their snooze is over, once. */
export async function wake(backoffice: Knex, at: Instant, words: Words): Promise<void> {
  const awake = await readAwake(backoffice, at);
  if (awake.length === 0) return;
  const budgets = await readBudgets(backoffice);
  for (const id of awake) {
    await backoffice.transaction(async (transaction) => {
      await lockAlert(transaction, id);
      const [held, alert] = [await readHeldBack(transaction, id), await readAlert(transaction, id)];
      const rule = alert && (await readRule(transaction, alert.ruleId, { evenDeleted: true }));
      if (!held || !alert || !rule) return;
      const tells = isStillSo(alert, held);
      // What has fallen back may rise again, and is no news to its rule then.
      if (!tells && isOpen(alert)) return;
      await letGo(transaction, id, at);
      const note = [held.note, 'It was snoozed until now.'].filter((one) => one !== '').join(' ');
      if (tells) await tell(transaction, { kind: held.kind, rule, alert, at, note }, held.event, budgets, words);
    });
  }
}
