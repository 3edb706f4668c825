import { z } from 'zod';
import { totalTokens } from '../../../stats/sums.ts';
import { DAY_OF_24_HOURS } from '../../../units/time.ts';
import { emptyAs, wholeField } from '../fields.ts';
import { isCalm, type RuleType } from '../rule-type.ts';

const MIN_TOKENS = { least: 1, most: 1_000_000_000_000, takes: 'takes a whole number from 1' };

export const UNPRICED: RuleType<{ minTokens: number }> = {
  label: 'Model without a price',
  about: 'Tells when a model has used tokens within a day that were recorded at €0: its price may be missing.',
  schema: z.object({ minTokens: emptyAs(1, wholeField(MIN_TOKENS)) }),
  fields: { minTokens: { label: 'At least', kind: 'number', unit: 'tokens' } },
  sentence: ({ minTokens }) =>
    `a model uses ${minTokens === 1 ? 'tokens' : `${minTokens.toLocaleString('en')} tokens or more`} at €0 within a day`,

  levels: () => ['warning'],
  levelValues: ({ minTokens }) => [minTokens],
  measured: () => 'tokens',
  every: 'minute',
  recording: () => ({ by: 'model', unpriced: true }),
  looksBack: () => 2n * DAY_OF_24_HOURS,
  ends: 'after a calm window',
  size: () => 'day',
  tellsEnd: true,
  observe: async ({ minTokens }, at, { ask, window, timeZone }) => {
    const today = window('day', at, timeZone);
    const models = await ask({ ask: 'subjects', by: 'model', unpriced: true, from: today.from, to: at });
    return [...models].map(([subject, sums]) => {
      const value = totalTokens(sums);
      const reached = value >= minTokens ? 1 : 0;
      return { subject, value, reached, calm: isCalm(value, minTokens), limit: minTokens, usual: null, window: today };
    });
  },
};
