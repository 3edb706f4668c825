import { queryOfFilter } from '../../query/filter-text.ts';
import { queryWithin } from '../../query/query.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { dayOf, endOfDay, type Instant, startOfDay } from '../../units/time.ts';
import { historyBegins } from '../forecast.ts';
import { type Unpriced, unpricedOf } from '../pricing/repriced.ts';
import type { UsageReader } from '../reader.ts';
import { costsOfDays } from '../stats.ts';
import { type BudgetUse, budgetUse } from './budget-use.ts';
import type { Budget } from './budgets.ts';

/** A budget and how far it has come; `unpriced` are the calls of its running period that no price is for, null where recorded costs count. */
export type UsedBudget = { budget: Budget; use: BudgetUse; unpriced: Unpriced | null };

/** How far a budget has come at an instant, from the same numbers as every page. */
export async function readUse(reader: UsageReader, budget: Budget, at: Instant, timeZone: string): Promise<UsedBudget> {
  const today = dayOf(at, timeZone);
  const begin = startOfDay(today, timeZone);
  const passed = Number(at - begin) / Number(endOfDay(today, timeZone) - begin);
  const window = { from: startOfDay(historyBegins(today, budget.per), timeZone), to: at };
  const query = queryWithin(queryOfFilter(budget.filter, { timeZone }, at), window);
  if (budget.cost === 'recorded') {
    const { value } = await reader.dailyCosts(query);
    return { budget, use: budgetUse(budget, value, today, passed), unpriced: null };
  }
  const { value } = await reader.repriced(query, 'day');
  const use = budgetUse(budget, costsOfDays(value), today, passed);
  const running = value.unpricedCells.filter(({ bucket }) => compareDays(bucket as Day, use.first) >= 0);
  return { budget, use, unpriced: unpricedOf(running) };
}

const AT_ONCE = 8;

/** The same of many, in their order, a few at once. */
export async function readUses(
  reader: UsageReader,
  budgets: Budget[],
  at: Instant,
  timeZone: string,
): Promise<UsedBudget[]> {
  const used: UsedBudget[] = [];
  for (let first = 0; first < budgets.length; first += AT_ONCE) {
    const some = budgets.slice(first, first + AT_ONCE);
    used.push(...(await Promise.all(some.map((budget) => readUse(reader, budget, at, timeZone)))));
  }
  return used;
}
