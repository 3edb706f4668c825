import { z } from 'zod';
import { addTime, DAY_OF_24_HOURS, HOUR, shiftInstant } from '../../../units/time.ts';
import { wholeField } from '../fields.ts';
import type { RuleType } from '../rule-type.ts';

const WEEKS = 4;
/** A holiday among them says nothing. */
const FEWEST_WITH_CALLS = 3;
const HOURS = { least: 1, most: 168, takes: 'takes a whole number of hours from 1 to 168' };

export const SILENCE: RuleType<{ hours: number }> = {
  label: 'Silence',
  about:
    'Tells when no call has come for some hours in which at least three of the last four weeks had some. It learns from four weeks.',
  schema: z.object({ hours: wholeField(HOURS) }),
  fields: { hours: { label: 'No call for', kind: 'number', unit: 'hours' } },
  sentence: ({ hours }) =>
    `no call comes for ${hours === 1 ? 'an hour' : `${hours} hours`} in which there usually are some`,

  levels: () => ['critical'],
  firstLevel: ({ hours }) => hours,
  measured: () => 'hours',
  every: 'minute',
  recording: () => ({}),
  looksBack: ({ hours }) => BigInt(WEEKS * 7 + 2) * DAY_OF_24_HOURS + BigInt(hours) * HOUR,
  ends: 'when calm',
  size: () => 'hour',
  tellsEnd: true,
  observe: async ({ hours }, at, { ask, window, timeZone }) => {
    const span = BigInt(hours) * HOUR;
    const silent = { from: addTime(at, -span), to: at };
    const { requests } = await ask({ ask: 'sums', ...silent });
    const seen = { subject: '', limit: hours, usual: null, window: silent };
    if (requests > 0) return [{ ...seen, value: 0, reached: 0, calm: true }];
    // Whole hours, which need no look at single records of a month ago.
    const end = window('hour', at, timeZone).from;
    const weeks = await Promise.all(
      Array.from({ length: WEEKS }, async (_, i) => {
        const to = shiftInstant(end, { days: -7 * (i + 1) }, timeZone);
        return (await ask({ ask: 'sums', from: addTime(to, -span), to })).requests;
      }),
    );
    const before = shiftInstant(addTime(end, -span), { days: -7 * WEEKS }, timeZone);
    const oldest = await ask({ ask: 'sums', from: addTime(before, -DAY_OF_24_HOURS), to: addTime(before, span) });
    if (oldest.requests === 0) return 'learning';
    const isUnusual = weeks.filter((count) => count > 0).length >= FEWEST_WITH_CALLS;
    return [{ ...seen, value: hours, reached: isUnusual ? 1 : 0, calm: !isUnusual }];
  },
};
