import { z } from 'zod';
import { shiftInstant } from '../../../units/local-time.ts';
import { addTime, DAY_OF_24_HOURS, HOUR } from '../../../units/time.ts';
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
  levelValues: ({ hours }) => [hours],
  measured: () => 'hours',
  every: 'minute',
  recording: () => ({ minutes: true }),
  looksBack: ({ hours }) => BigInt(WEEKS * 7 + 2) * DAY_OF_24_HOURS + BigInt(hours) * HOUR,
  ends: 'when calm',
  size: () => 'hour',
  tellsEnd: true,
  neverLate: 'Calls that come late end a silence, and begin none.',
  observe: async ({ hours }, at, { ask, timeZone }) => {
    const span = BigInt(hours) * HOUR;
    const silent = { from: addTime(at, -span), to: at };
    const { requests } = await ask({ ask: 'sums', ...silent });
    const seen = { subject: '', limit: hours, usual: null, window: silent };
    if (requests > 0) return [{ ...seen, value: 0, reached: 0, calm: true }];
    const weeksBefore = (weeks: number) => {
      const to = shiftInstant(at, { days: -7 * weeks }, timeZone);
      return { from: addTime(to, -span), to };
    };
    const weeks = await Promise.all(
      Array.from({ length: WEEKS }, async (_, i) => (await ask({ ask: 'sums', ...weeksBefore(i + 1) })).requests),
    );
    const { from, to } = weeksBefore(WEEKS);
    const oldest = await ask({ ask: 'sums', from: addTime(from, -DAY_OF_24_HOURS), to });
    if (oldest.requests === 0) return 'learning';
    const isUnusual = weeks.filter((count) => count > 0).length >= FEWEST_WITH_CALLS;
    // Only a call ends it.
    return [{ ...seen, value: hours, reached: isUnusual ? 1 : 0, calm: false }];
  },
};
