import type { Budget } from '../stats/budgets/budgets.ts';
import type { UsedBudget } from '../stats/budgets/read-use.ts';
import { leftOutText } from '../stats/pricing/left-out.ts';
import type { LevelBar } from '../tables/level-bar.ts';
import type { Table } from '../tables/table.ts';
import type { Tile } from '../tables/tiles.ts';
import type { Day } from '../units/calendar.ts';
import { PER_WORDS } from '../units/calendar-period.ts';
import type { Format } from '../units/format.ts';
import { type MicroEuros, minus, NO_EUROS } from '../units/money.ts';
import { BUDGETS_PATH, historyTable, periodText } from './budget-tables.ts';

/** How far the running period has come, ready to print. */
export type BudgetUseView = {
  period: string;
  tiles: Tile[];
  /** What is used of the amount, beside what is expected by now. */
  bar: LevelBar;
  verdict: string;
  /** What the price list has no price for; null where it has, or where recorded costs count. */
  leftOut: string | null;
  history: Table | null;
};

/** What the page of a budget says besides how far it has come. */
export function budgetPage(budget: Budget, calls: string, format: Format) {
  const search = new URLSearchParams(budget.filter);
  if (budget.cost === 'repriced') search.set('cost', 'repriced');
  const view = search.size === 0 ? '' : `?${search}`;
  return {
    name: budget.name,
    calls,
    records: `/ai-usage/records${view}`,
    overview: `/ai-usage${view}`,
    owner: budget.owner,
    per: PER_WORDS[budget.per],
    amounts: budget.amounts.map(({ from, amount }) => ({
      from: from === null ? 'from the beginning' : `from ${format.longDay(from)}`,
      amount: format.euros(amount),
    })),
    remove: `${BUDGETS_PATH}/${budget.id}/delete`,
  };
}

export function budgetUseView(used: UsedBudget, format: Format): BudgetUseView {
  const { budget, use, unpriced } = used;
  const { amount, left, expected, forecast } = use;
  const money = (label: string, micro: MicroEuros, note?: string): Tile => ({
    label,
    text: format.euros(micro),
    value: format.exactEuros(micro),
    ...(note ? { note } : {}),
  });
  const range = forecast.range;
  return {
    period: periodText(use, budget.per, format),
    tiles: [
      money('Used', use.used, format.share(use.used, amount)),
      money('Budget', amount, PER_WORDS[budget.per]),
      money(left < 0 ? 'Over by' : 'Left', left < 0 ? minus(NO_EUROS, left) : left),
      money('Expected by now', expected, 'by the pattern of weekdays'),
      forecast.total === null
        ? { label: 'Forecast', text: '–', note: 'takes a week of history' }
        : money(
            'Forecast',
            forecast.total,
            range ? `${format.euros(range.low)} to ${format.euros(range.high)}` : undefined,
          ),
    ],
    bar: {
      value: shareOfBar(use.used / amount),
      level: shareOfBar(expected / amount),
      over: use.used > amount ? 'critical' : null,
      text: `${format.share(use.used, amount)} used, ${format.share(expected, amount)} expected by now`,
    },
    verdict: verdictOf(used, format),
    leftOut: unpriced && leftOutText(unpriced, format),
    history: use.history.length === 0 ? null : historyTable(used, format).page(format),
  };
}

const shareOfBar = (share: number) => Math.min(1, Math.max(0, share));

/** What somebody would say who is asked how it stands. */
function verdictOf({ budget, use }: UsedBudget, format: Format): string {
  const { amount, left, forecast, runsOutOn, next } = use;
  const end = `the end of ${periodText(use, budget.per, format)}`;
  if (left < 0)
    return `Over since ${format.longDay(runsOutOn as Day)}: ${format.euros(minus(NO_EUROS, left))} more than the budget.`;
  if (runsOutOn !== null)
    return left === 0
      ? `Used up on ${format.longDay(runsOutOn)}.`
      : `At this pace it runs out on ${format.longDay(runsOutOn)}, before ${end}.`;
  if (forecast.total === null)
    return `${format.euros(left)} left until ${format.longDay(next)}; no forecast yet: it takes a week of history.`;
  return `On course: about ${format.euros(minus(amount, forecast.total))} will be left at ${end}.`;
}
