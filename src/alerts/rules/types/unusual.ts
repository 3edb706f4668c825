import { z } from 'zod';
import type { WhoseCost } from '../../../query/view.ts';
import { judgeUnusual, USUAL_TERMS, WEEKS } from '../../../stats/unusual/unusual.ts';
import { compareDays } from '../../../units/calendar.ts';
import { shiftInstant } from '../../../units/local-time.ts';
import { addTime, DAY_OF_24_HOURS, type Instant, startOfDay } from '../../../units/time.ts';
import { byThePriceList, emptyAs, microOf, numberField, WHOSE_COST, whoseCost } from '../fields.ts';
import type { RuleType } from '../rule-type.ts';
import type { Span } from '../windows.ts';

type Unusual = {
  window: 'hour' | 'day';
  cost: WhoseCost;
  strength: number;
  minEuros: number;
  minPercent: number;
};

const SIZES = ['hour', 'day'] as const;
const STRENGTH = { least: 0.1, most: 1000, takes: 'takes a number from 0.1 to 1000' };
const MIN_EUROS = { least: 0, most: 1_000_000_000, takes: 'takes euros from 0, with at most six decimals' };
const MIN_PERCENT = { least: 0, most: 100_000, takes: 'takes a percentage from 0' };

export const UNUSUAL: RuleType<Unusual> = {
  label: 'Unusual usage',
  about:
    'Tells when an hour or a day cost far more, or far less, than the same hours of the week did in the eight weeks before. It ' +
    'learns from four weeks at least.',
  schema: z.object({
    window: z.enum(SIZES, `takes ${SIZES.join(', ')}`),
    cost: whoseCost,
    strength: emptyAs(USUAL_TERMS.strength, numberField(STRENGTH)),
    minEuros: emptyAs(USUAL_TERMS.least / 1_000_000, numberField(MIN_EUROS)),
    minPercent: emptyAs(USUAL_TERMS.percent, numberField(MIN_PERCENT)),
  }),
  fields: {
    window: { label: 'Look at', kind: 'choice', choices: { hour: 'hours', day: 'days' } },
    cost: WHOSE_COST,
    strength: {
      label: 'Strength',
      kind: 'number',
      help: 'How many times the usual spread (the median absolute deviation) it has to be away from the median',
    },
    minEuros: { label: 'And by at least', kind: 'number', unit: '€' },
    minPercent: { label: 'And by at least', kind: 'number', unit: '%' },
  },
  sentence: ({ window, cost, strength, minEuros, minPercent }, { euros }) =>
    `cost${byThePriceList(cost)} of ${window === 'hour' ? 'an hour' : 'a day'} is ${strength} times the usual spread away from what is usual then, ` +
    `and by ${euros(microOf(minEuros))} and ${minPercent}% at least`,

  levels: () => ['warning'],
  measured: () => 'euros',
  cost: ({ cost }) => cost,
  every: 'hour',
  recording: () => ({}),
  looksBack: () => BigInt(WEEKS * 7 + 2) * DAY_OF_24_HOURS,
  ends: 'after a calm window',
  size: ({ window }) => window,
  tellsEnd: true,
  isOfMoreCalls: ({ value, usual }) => value !== null && usual !== null && value > usual,
  observe: async ({ window: size, strength, minEuros, minPercent }, at, { ask, window, timeZone, leftOut }) => {
    const complete = window(size, at, timeZone);
    // Between its ends nothing new is known of a day.
    if (complete.to !== at) return null;
    const weeksBefore = (weeks: number): Span => {
      const from = weekdayBefore(complete.from, weeks, timeZone);
      // An hour that clocks repeat has one hour before it; a day is as long as it was then.
      const to =
        size === 'hour' ? addTime(from, complete.to - complete.from) : weekdayBefore(complete.to, weeks, timeZone);
      return { from, to };
    };
    const isLeftOut = (at: Instant) => leftOut.some(({ from, to }) => at >= from && at < to);
    const past = Array.from({ length: WEEKS }, (_, i) => weeksBefore(i + 1)).filter(({ from }) => !isLeftOut(from));
    const days = await ask({ ask: 'days', from: weeksBefore(WEEKS).from, to: at });
    const first = [...days.keys()].sort(compareDays)[0];
    if (first === undefined) return 'learning';
    const begin = startOfDay(first, timeZone);
    const learned = past.filter(({ from }) => from >= begin);
    const costs = await Promise.all(learned.map(async (one) => (await ask({ ask: 'sums', ...one })).cost));
    const { cost: value } = await ask({ ask: 'sums', ...complete });
    const judged = judgeUnusual(value, costs, { strength, least: microOf(minEuros), percent: minPercent });
    if (judged === null) return 'learning';
    const { unusual, usual, limit } = judged;
    return [{ subject: '', value, reached: unusual ? 1 : 0, calm: !unusual, limit, usual, window: complete }];
  },
};

/** The same time of the same weekday so many weeks before. */
const weekdayBefore = (at: Instant, weeks: number, timeZone: string): Instant =>
  shiftInstant(at, { days: -7 * weeks }, timeZone);
