import { z } from 'zod';
import type { WhoseCost } from '../../../query/view.ts';
import { totalTokens } from '../../../stats/sums.ts';
import { microEuros } from '../../../units/money.ts';
import { DAY_OF_24_HOURS, HOUR } from '../../../units/time.ts';
import { byThePriceList, emptyAs, microOf, numberField, WHOSE_COST, whoseCost } from '../fields.ts';
import type { Answerer } from '../questions.ts';
import { isCalm, type RuleType, reachedOf } from '../rule-type.ts';
import { type Span, WINDOW_SIZES, type WindowSize } from '../windows.ts';

const MEASURES = {
  cost: 'Cost',
  requests: 'Requests',
  tokens: 'Tokens',
  costPerRequest: 'Cost per request',
  costPerStory: 'Cost per story',
} as const;
const WINDOWS = { hour: 'an hour', day: 'a day', week: 'a week', month: 'a month' } satisfies Record<
  WindowSize,
  string
>;
type Measure = keyof typeof MEASURES;

type Threshold = {
  measure: Measure;
  cost: WhoseCost;
  window: WindowSize;
  warning: number | null;
  critical: number;
};

const TAKES = 'takes a number above 0, with at most six decimals';
const level = numberField({ least: 0.000001, most: 1_000_000_000_000, takes: TAKES });
/** Micro-euros are counted exactly up to nine billion euros. */
const MOST_EUROS = 1_000_000_000;
const inEuros = (measure: Measure) => measure.startsWith('cost');

/** What a window comes to; null where there is nothing to divide by. */
async function measured(ask: Answerer, measure: Measure, window: Span): Promise<number | null> {
  if (measure === 'costPerStory') {
    const { sums, stories } = await ask({ ask: 'stories', ...window });
    return stories === 0 ? null : sums.cost / stories;
  }
  const sums = await ask({ ask: 'sums', ...window });
  if (measure === 'cost') return sums.cost;
  if (measure === 'requests') return sums.requests;
  if (measure === 'tokens') return totalTokens(sums);
  return sums.requests === 0 ? null : sums.cost / sums.requests;
}

const levelValues = ({ measure, warning, critical }: Threshold): number[] =>
  [warning, critical].filter((one) => one !== null).map((one) => (inEuros(measure) ? microOf(one) : one));

const LONGEST = { hour: HOUR, day: 2n * DAY_OF_24_HOURS, week: 8n * DAY_OF_24_HOURS, month: 32n * DAY_OF_24_HOURS };

export const THRESHOLD: RuleType<Threshold> = {
  label: 'Threshold',
  about: 'Tells when an hour, day, week or month comes to as much as you say.',
  schema: z.object({
    measure: z.enum(Object.keys(MEASURES) as [Measure], `takes ${Object.keys(MEASURES).join(', ')}`),
    cost: whoseCost,
    window: z.enum(WINDOW_SIZES, `takes ${WINDOW_SIZES.join(', ')}`),
    warning: emptyAs(null, level.nullable()),
    critical: level,
  }),
  fields: {
    measure: { label: 'Measure', kind: 'choice', choices: MEASURES },
    cost: WHOSE_COST,
    window: {
      label: 'In',
      kind: 'choice',
      choices: WINDOWS,
    },
    warning: { label: 'Warning from', kind: 'number', optional: true },
    critical: { label: 'Critical from', kind: 'number', help: 'Euros, requests or tokens, as the measure has it' },
  },
  clash: ({ measure, cost, warning, critical }) => {
    if (cost === 'repriced' && !inEuros(measure))
      return { parameter: 'cost', message: 'takes recorded: requests and tokens are the same by the price list' };
    if (inEuros(measure) && critical > MOST_EUROS)
      return { parameter: 'critical', message: `takes at most ${MOST_EUROS} euros` };
    return warning !== null && warning >= critical
      ? { parameter: 'warning', message: `takes less than critical (${critical})` }
      : null;
  },
  sentence: ({ measure, cost, window, warning, critical }, { euros }) => {
    const say = (at: number) => (inEuros(measure) ? euros(microOf(at)) : at.toLocaleString('en'));
    const rest = warning === null ? '' : `, a warning from ${say(warning)}`;
    const isOne = inEuros(measure);
    return `${MEASURES[measure].toLowerCase()}${byThePriceList(cost)} of ${WINDOWS[window]} ${isOne ? 'is' : 'are'} ${say(critical)} or more${rest}`;
  },

  levels: ({ warning }) => (warning === null ? ['critical'] : ['warning', 'critical']),
  levelValues,
  measured: ({ measure }) => (inEuros(measure) ? 'euros' : (measure as 'requests' | 'tokens')),
  cost: ({ cost }) => cost,
  every: 'minute',
  recording: ({ measure, window }) => (measure === 'costPerStory' ? { stories: window } : {}),
  looksBack: ({ window }) => LONGEST[window],
  ends: 'after a calm window',
  size: ({ window }) => window,
  tellsEnd: true,
  observe: async (fields, at, { ask, window, timeZone }) => {
    const { measure, window: size } = fields;
    const running = window(size, at, timeZone);
    const value = await measured(ask, measure, { from: running.from, to: at });
    const levels = levelValues(fields);
    const first = levels[0] ?? microEuros(0);
    return [
      {
        subject: '',
        value,
        reached: value === null ? 0 : reachedOf(value, levels),
        calm: value === null || isCalm(value, first),
        limit: first,
        usual: null,
        window: running,
      },
    ];
  },
};
