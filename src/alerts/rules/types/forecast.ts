import { z } from 'zod';
import { budgetAmountOn } from '../../../stats/budgets/budget-use.ts';
import { forecastPeriod, historyBegins } from '../../../stats/forecast.ts';
import { addTime, dayOf, endOfDay, startOfDay } from '../../../units/time.ts';
import { isCalm, type RuleType } from '../rule-type.ts';
import { budgetId, budgetOf } from './budget.ts';

export const FORECAST: RuleType<{ budget: string }> = {
  label: 'Forecast',
  about: 'Tells when even the lower end of the forecast is over a budget.',
  schema: z.object({ budget: budgetId }),
  fields: { budget: { label: 'Budget', kind: 'budget' } },
  sentence: (_fields, { budget }) => `${budget} will be exceeded, even by the lower end of the forecast`,

  levels: () => ['warning'],
  measured: () => 'euros',
  cost: (_fields, { budget }) => budget?.cost ?? 'recorded',
  every: 'hour',
  recording: () => ({}),
  looksBack: (_fields, at, { timeZone, budget }) =>
    budget === null ? 0n : at - startOfDay(historyBegins(dayOf(addTime(at, -1n), timeZone), budget.per), timeZone),
  ends: 'with its window',
  size: (_fields, knowledge) => budgetOf(knowledge).per,
  tellsEnd: true,
  neverLate: 'Of a period that is over nothing is forecast: a rule about its budget tells where calls come late.',
  observe: async (_fields, at, knowledge) => {
    const { ask, window, timeZone } = knowledge;
    const budget = budgetOf(knowledge);
    const running = window(budget.per, at, timeZone);
    const today = dayOf(addTime(at, -1n), timeZone);
    const begin = startOfDay(today, timeZone);
    const passed = Number(at - begin) / Number(endOfDay(today, timeZone) - begin);
    const costs = await ask({ ask: 'days', from: startOfDay(historyBegins(today, budget.per), timeZone), to: at });
    const { range, total } = forecastPeriod(costs, today, passed, budget.per);
    if (range === null) return 'learning';
    const limit = budgetAmountOn(budget.amounts, today);
    const value = range.low;
    return [
      {
        subject: '',
        value,
        reached: value > limit ? 1 : 0,
        calm: isCalm(value, limit),
        limit,
        usual: total,
        window: running,
      },
    ];
  },
};
