import { type Actor, auditedChange } from '../db/audit-log.ts';
import { queryOfFilter } from '../query/filter-text.ts';
import { queryWithin } from '../query/query.ts';
import { makeBudget } from '../stats/budgets/budgets.ts';
import { microEuros } from '../units/money.ts';
import { addTime, DAY_OF_24_HOURS, type Instant } from '../units/time.ts';
import { proposedEuros, roundUp } from './frame/templates.ts';
import { makeAskedRule, readAskedRule } from './rule-changes.ts';
import type { AlertSources } from './sources.ts';

/** Nobody may sign in as this. */
const DEMO: Actor = { sub: 'demo', email: 'demo@mythoria.pt' };

/** The rules are as old as what they have found is to be seen. */
const MADE_AGO = 30n * DAY_OF_24_HOURS;
const FOUR_WEEKS = 28n * DAY_OF_24_HOURS;

/**
 * Gives a demo its first budgets and rules, with amounts from its own records; what they tell is found by the evaluation of every
 * rule. Does nothing where there is, or ever was, a budget or a rule: whoever deletes them keeps them deleted.
 */
export async function makeExamples(sources: AlertSources, at: Instant): Promise<void> {
  const { backoffice } = sources.databases;
  for (const table of ['budgets', 'alert_rules']) if (await backoffice(table).first(backoffice.raw('1'))) return;
  const { timeZone } = sources.format;
  const costs = async (filter: string) => {
    const query = queryWithin(queryOfFilter(filter, { timeZone }, at), { from: addTime(at, -FOUR_WEEKS), to: at });
    return (await sources.reader.dailyCosts(query)).value;
  };
  const [all, images] = [await costs(''), await costs('model=gpt-image-1')];
  if (all.size === 0) return;
  const sum = (days: typeof all) => [...days.values()].reduce((total, cost) => total + cost, 0) / 1_000_000;
  const budget = (name: string, per: 'month' | 'week', filter: string, euros: number): Promise<string> =>
    auditedChange(backoffice, DEMO, 'make budget', async (transaction) => {
      const amount = microEuros(Math.round(roundUp(euros) * 1_000_000));
      const id = (await makeBudget(transaction, { name, per, filter, cost: 'recorded', amount }, DEMO.email)) ?? '';
      return { value: id, subject: `/budgets/${id}`, details: name };
    });
  const month = await budget('All calls', 'month', '', sum(all));
  // Less than the dearest week, so that the overview marks when that had used it up.
  await budget('All calls of a week', 'week', '', (0.8 * sum(all)) / 4);
  if (images.size > 0) await budget('Pictures', 'week', 'model=gpt-image-1', sum(images) / 4);

  const made = addTime(at, -MADE_AGO);
  const day = proposedEuros(all);
  for (const body of [
    { name: `A day over €${day}`, type: 'threshold', measure: 'cost', window: 'day', critical: day },
    { name: 'All calls of a month', type: 'budget', budget: month, percents: [50, 80, 100] },
    { name: 'Unusual day', type: 'unusual', window: 'day' },
    { name: 'Model without a price', type: 'unpriced' },
  ])
    await makeAskedRule(sources, await readAskedRule(sources, body, made), DEMO, made);
}
