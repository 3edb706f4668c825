import { z } from 'zod';
import { type Sums, totalTokens } from '../../../stats/sums.ts';
import { median } from '../../../stats/unusual/median.ts';
import { shiftInstant } from '../../../units/local-time.ts';
import { DAY_OF_24_HOURS } from '../../../units/time.ts';
import { numberField } from '../fields.ts';
import type { RuleType } from '../rule-type.ts';

const DAYS = 28;
/** With fewer days there is no median that one could leave. */
const FEWEST_DAYS = 7;
/** Of the tokens of a usual day: the first calls of a morning are of one action, and no price. */
const FEWEST_OF_A_DAY = 0.01;
const PERCENT = { least: 0.1, most: 10_000, takes: 'takes a percentage from 0.1' };

/** Micro-euros per million tokens. */
const priceOf = (sums: Sums): number => (sums.cost / totalTokens(sums)) * 1_000_000;

export const PRICE: RuleType<{ percent: number }> = {
  label: 'Price of a model',
  about:
    'Tells when what a model costs today per million tokens has left the median of its last 28 days. Models with fewer than ' +
    'seven days of calls are still learned.',
  schema: z.object({ percent: numberField(PERCENT) }),
  fields: { percent: { label: 'By more than', kind: 'number', unit: '%' } },
  sentence: ({ percent }) => `a model's price per million tokens leaves its median of 28 days by more than ${percent}%`,

  levels: () => ['warning'],
  measured: () => 'euros',
  every: 'hour',
  recording: () => ({ by: 'model' }),
  looksBack: () => BigInt(DAYS + 2) * DAY_OF_24_HOURS,
  ends: 'after a calm window',
  size: () => 'day',
  tellsEnd: true,
  observe: async ({ percent }, at, { ask, window, timeZone }) => {
    const today = window('day', at, timeZone);
    const from = shiftInstant(today.from, { days: -DAYS }, timeZone);
    const [past, models] = await Promise.all([
      ask({ ask: 'days of models', from, to: today.from }),
      ask({ ask: 'subjects', by: 'model', from: today.from, to: at }),
    ]);
    return [...models].flatMap(([subject, sums]) => {
      const days = (past.get(subject) ?? []).filter((day) => totalTokens(day) > 0);
      if (days.length < FEWEST_DAYS) return [];
      const usual = median(days.map(priceOf));
      const tokens = totalTokens(sums);
      if (usual <= 0 || tokens <= 0 || tokens < FEWEST_OF_A_DAY * median(days.map(totalTokens))) return [];
      const value = priceOf(sums);
      const away = (usual * percent) / 100;
      const isAway = Math.abs(value - usual) > away;
      const limit = value < usual ? usual - away : usual + away;
      return [{ subject, value, reached: isAway ? 1 : 0, calm: !isAway, limit, usual, window: today }];
    });
  },
};
