import type { BudgetAmount, BudgetPeriod } from '../stats/budgets/budget-use.ts';
import type { UsedBudget } from '../stats/budgets/read-use.ts';
import { eurosNumber, type MicroEuros, minus } from '../units/money.ts';
import { addDays, type Instant, isoFromInstant } from '../units/time.ts';

const euros = (amount: MicroEuros | null) => (amount === null ? null : eurosNumber(amount));
const amountJson = ({ from, amount }: BudgetAmount) => ({ from, amount: euros(amount) });
const periodJson = ({ first, next, amount, used }: BudgetPeriod) => ({
  ...{ from: first, to: addDays(next, -1) },
  ...{ amount: euros(amount), used: euros(used), left: euros(minus(amount, used)) },
});

/** A budget as programs read it (docs/openapi.yaml): euros as numbers, days of the business time zone, both ends included. */
export function budgetJson({ budget, use, unpriced }: UsedBudget, asOf: Instant, timeZone: string) {
  const { id, name, per, filter, cost, owner, amounts } = budget;
  const { forecast, expected, runsOutOn, history } = use;
  return {
    ...{ id, name, per, filter, cost, unpriced, owner },
    ...periodJson(use),
    usedShare: use.used / use.amount,
    expected: euros(expected),
    forecast: euros(forecast.total),
    forecastRange: forecast.range && { low: euros(forecast.range.low), high: euros(forecast.range.high) },
    runsOutOn,
    amounts: amounts.map(amountJson),
    history: history.map(periodJson),
    ...{ timeZone, asOf: isoFromInstant(asOf) },
  };
}
