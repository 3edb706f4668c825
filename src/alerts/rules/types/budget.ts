import { z } from 'zod';
import { budgetAmountOn } from '../../../stats/budgets/budget-use.ts';
import type { Budget } from '../../../stats/budgets/budgets.ts';
import type { Per } from '../../../units/calendar-period.ts';
import { addTime, DAY_OF_24_HOURS, dayOf, type Length } from '../../../units/time.ts';
import { emptyAs, numberField } from '../fields.ts';
import { isCalm, type RuleKnowledge, type RuleType, reachedOf } from '../rule-type.ts';

/** The budget of a rule. @throws Error where there is none any more, in words for its owner */
export function budgetOf({ budget }: Pick<RuleKnowledge, 'budget'>): Budget {
  if (budget === null) throw new Error('its budget has been deleted');
  return budget;
}

const BUDGET_TAKES = 'takes the id of a budget';
export const budgetId = z.uuid(BUDGET_TAKES);

type BudgetRule = { budget: string; percents: number[] };

const levelValues = ({ percents }: Pick<BudgetRule, 'percents'>): number[] => percents.map((one) => one / 100);

const MOST_PERCENTS = 10;
const TAKES = `takes 1 to ${MOST_PERCENTS} percentages above 0, such as 50, 80, 100`;
const percents = z
  .preprocess(
    (given) => (typeof given === 'string' ? given.split(/[\s,;]+/).filter((part) => part !== '') : given),
    z
      .array(numberField({ least: 0.000001, most: 10_000, takes: TAKES }), TAKES)
      .min(1, TAKES)
      .max(MOST_PERCENTS, TAKES),
  )
  .transform((all) => [...new Set(all)].sort((a, b) => a - b));

/** The longest that a period has run. */
const LONGEST_PERIOD: Record<Per, Length> = {
  week: 8n * DAY_OF_24_HOURS,
  month: 32n * DAY_OF_24_HOURS,
  quarter: 93n * DAY_OF_24_HOURS,
  year: 367n * DAY_OF_24_HOURS,
};

export const BUDGET: RuleType<BudgetRule> = {
  label: 'Budget',
  about: 'Tells when a budget is used to the shares that you say.',
  schema: z.object({ budget: budgetId, percents: emptyAs([50, 80, 100], percents) }),
  fields: {
    budget: { label: 'Budget', kind: 'budget' },
    percents: { label: 'Used to', kind: 'numbers', unit: '%' },
  },
  sentence: ({ percents }, { budget }) => `${budget} is used to ${percents.map((one) => `${one}%`).join(', ')}`,

  levels: ({ percents }) => percents.map((one) => (one < 100 ? 'warning' : 'critical')),
  levelValues,
  measured: () => 'share',
  cost: (_fields, { budget }) => budget?.cost ?? 'recorded',
  every: 'minute',
  recording: () => ({}),
  looksBack: (_fields, _at, knowledge) => (knowledge.budget ? LONGEST_PERIOD[knowledge.budget.per] : 0n),
  ends: 'with its window',
  size: (_fields, knowledge) => budgetOf(knowledge).per,
  tellsEnd: true,
  observe: async (fields, at, knowledge) => {
    const { ask, window, timeZone } = knowledge;
    const budget = budgetOf(knowledge);
    const running = window(budget.per, at, timeZone);
    const { cost } = await ask({ ask: 'sums', from: running.from, to: at });
    const value = cost / budgetAmountOn(budget.amounts, dayOf(addTime(at, -1n), timeZone));
    const levels = levelValues(fields);
    const limit = levels[0] as number;
    return [
      {
        subject: '',
        value,
        reached: reachedOf(value, levels),
        calm: isCalm(value, limit),
        limit,
        usual: null,
        window: running,
      },
    ];
  },
};
