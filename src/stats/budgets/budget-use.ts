import type { WhoseCost } from '../../query/view.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { type CalendarPeriod, type Per, periodBefore, periodOf } from '../../units/calendar-period.ts';
import { type MicroEuros, microEuros, minus } from '../../units/money.ts';
import { addDays } from '../../units/time.ts';
import { type DailyCosts, type Forecast, forecastPeriod, patternOf } from '../forecast.ts';

/** An amount and the first day that it is for; the first amount of a budget is for all days before the others (null). */
export type BudgetAmount = { from: Day | null; amount: MicroEuros };

/** What the calls of a budget cost in a period, beside the amount that was in force on its last day. */
export type BudgetPeriod = CalendarPeriod & { amount: MicroEuros; used: MicroEuros };

/** How far the running period of a budget has come. */
export type BudgetUse = BudgetPeriod & {
  /** Below zero when it is over. */
  left: MicroEuros;
  /** What of the amount would be used by now if it were used evenly, by the pattern of weekdays. */
  expected: MicroEuros;
  forecast: Pick<Forecast, 'total' | 'range'>;
  /** The day on which it is used up, or has been; null where it lasts as far as can be told. */
  runsOutOn: Day | null;
  /** The periods before, newest first, from the one with the first cost on. */
  history: BudgetPeriod[];
};

/** The amount in force on a day. @throws Error without amounts */
export function budgetAmountOn(amounts: BudgetAmount[], day: Day): MicroEuros {
  const begun = amounts
    .filter(({ from }) => from === null || compareDays(from, day) <= 0)
    .sort((a, b) => compareFrom(a.from, b.from));
  const last = begun.at(-1) ?? amounts[0];
  if (!last) throw new Error('a budget has an amount');
  return last.amount;
}

const compareFrom = (a: Day | null, b: Day | null) =>
  a === null ? (b === null ? 0 : -1) : b === null ? 1 : compareDays(a, b);

/** Whether two budgets come to the same on every day up to one, whatever they are called. */
export function isSameUntil(a: AnyBudget, b: AnyBudget, today: Day): boolean {
  if (a.per !== b.per || a.filter !== b.filter || a.cost !== b.cost) return false;
  const begun = [...a.amounts, ...b.amounts].flatMap(({ from }) =>
    from !== null && compareDays(from, today) <= 0 ? [from] : [],
  );
  const first = begun.reduce((least, day) => (compareDays(day, least) < 0 ? day : least), today);
  return [addDays(first, -1), ...begun, today].every(
    (day) => budgetAmountOn(a.amounts, day) === budgetAmountOn(b.amounts, day),
  );
}

type AnyBudget = { per: Per; filter: string; cost: WhoseCost; amounts: BudgetAmount[] };

/**
 * How much of a budget is used: `costs` are those of its calls by business day, `passed` the share of today that is over, 0 to 1.
 * Of the running period the amount of today counts, of past ones that of their last day.
 */
export function budgetUse(
  { per, amounts }: { per: Per; amounts: BudgetAmount[] },
  costs: DailyCosts,
  today: Day,
  passed: number,
): BudgetUse {
  const period = periodOf(today, per);
  const amount = amountOf(amounts, period, today);
  const used = costWithin(costs, period);
  const { total, range } = forecastPeriod(costs, today, passed, per);
  return {
    ...period,
    ...{ amount, used, left: minus(amount, used) },
    expected: expectedBy(costs, period, today, passed, amount),
    forecast: { total, range },
    runsOutOn: runsOutOn(costs, period, today, passed, amount, total),
    history: historyOf(per, amounts, costs, period),
  };
}

/** A past or running period of a budget that was used up, and the day since when. */
export type UsedUp = CalendarPeriod & { amount: MicroEuros; day: Day };

/** The periods that costs by business day have used up, oldest first; those of which only a part is known may be missing. */
export function usedUpPeriods(
  { per, amounts }: { per: Per; amounts: BudgetAmount[] },
  costs: DailyCosts,
  today: Day,
): UsedUp[] {
  const periods = new Map<Day, CalendarPeriod & { costs: [Day, MicroEuros][] }>();
  for (const [day, cost] of [...costs].sort(([a], [b]) => compareDays(a, b))) {
    const period = periodOf(day, per);
    const known = periods.get(period.first) ?? { ...period, costs: [] };
    periods.set(period.first, known);
    known.costs.push([day, cost]);
  }
  return [...periods.values()].flatMap(({ costs, ...period }) => {
    const amount = amountOf(amounts, period, today);
    const day = reachedSince(costs, amount);
    return day === null ? [] : [{ ...period, amount, day }];
  });
}

/** The amount that counts for a period: of the running one that of today, of past ones that of their last day. */
const amountOf = (amounts: BudgetAmount[], period: CalendarPeriod, today: Day): MicroEuros =>
  budgetAmountOn(amounts, isWithin(today, period) ? today : addDays(period.next, -1));

/** Since when costs, in their order, come to an amount and stay there: a refund may give some back. */
export function reachedSince<At>(costs: Iterable<readonly [At, number]>, amount: number): At | null {
  let sum = 0;
  let since: At | null = null;
  for (const [at, cost] of costs) {
    sum += cost;
    since = sum < amount ? null : (since ?? at);
  }
  return since;
}

const isWithin = (day: Day, { first, next }: CalendarPeriod) =>
  compareDays(day, first) >= 0 && compareDays(day, next) < 0;

/** What the days of a period cost. */
export function costWithin(costs: DailyCosts, period: CalendarPeriod): MicroEuros {
  let sum = 0;
  for (const [day, cost] of costs) if (isWithin(day, period)) sum += cost;
  return microEuros(sum);
}

function expectedBy(
  costs: DailyCosts,
  period: CalendarPeriod,
  today: Day,
  passed: number,
  amount: MicroEuros,
): MicroEuros {
  const pattern = patternOf(costs, today, period);
  const all = pattern.reduce((sum, { weight }) => sum + weight, 0);
  const share = (day: Day) => (compareDays(day, today) < 0 ? 1 : day === today ? passed : 0);
  const over = pattern.reduce((sum, { day, weight }) => sum + weight * share(day), 0);
  return microEuros(Math.round((amount * over) / all));
}

/** Days that are over as they were, those to come as the forecast has them: in its pattern, adding up to its total. */
function runsOutOn(
  costs: DailyCosts,
  period: CalendarPeriod,
  today: Day,
  passed: number,
  amount: MicroEuros,
  forecast: MicroEuros | null,
): Day | null {
  const past: [Day, number][] = [];
  for (let day = period.first; compareDays(day, today) <= 0; day = addDays(day, 1))
    past.push([day, costs.get(day) ?? 0]);
  const since = reachedSince(past, amount);
  if (since !== null) return since;
  if (forecast === null || forecast < amount) return null;
  const toCome = patternOf(costs, today, { first: today, next: period.next }).map(({ day, weight }) => ({
    day,
    weight: day === today ? weight * (1 - passed) : weight,
  }));
  const all = toCome.reduce((total, { weight }) => total + weight, 0);
  const spent = past.reduce((sum, [, cost]) => sum + cost, 0);
  let weights = 0;
  for (const { day, weight } of toCome) {
    weights += weight;
    if (all > 0 && spent + ((forecast - spent) * weights) / all >= amount) return day;
  }
  return addDays(period.next, -1);
}

/** A page holds so many, and a year of weeks fits. */
const MOST_PAST = 53;

function historyOf(per: Per, amounts: BudgetAmount[], costs: DailyCosts, running: CalendarPeriod): BudgetPeriod[] {
  const first = [...costs.keys()].reduce<Day | null>(
    (least, day) => (least === null || compareDays(day, least) < 0 ? day : least),
    null,
  );
  const history: BudgetPeriod[] = [];
  let period = periodBefore(running, per);
  while (first !== null && compareDays(period.next, first) > 0 && history.length < MOST_PAST) {
    history.push({ ...period, amount: amountOf(amounts, period, running.first), used: costWithin(costs, period) });
    period = periodBefore(period, per);
  }
  return history;
}
