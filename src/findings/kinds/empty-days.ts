import type { UsageQuery } from '../../query/query.ts';
import { compareDays, type Day, daysBetween } from '../../units/calendar.ts';
import { type MicroEuros, microEuros, NO_EUROS, nearestMicro, plus } from '../../units/money.ts';
import { addDays, dayOf } from '../../units/time.ts';
import { counted, type Finding, type FindingSources, type Kind, type Part, recordsUrl, sumOfDays } from '../finding.ts';

/** The same day of the week is looked at in so many weeks before, and had calls in so many of them. */
const WEEKS_BEFORE = 4;
const WITH_CALLS = 3;
/** After so many empty days they are what is usual. */
const LONGEST = 28;

/** The days of a gap that usually have calls, each with what the same day of the week cost in the weeks before the gap. */
function missingDays(costs: ReadonlyMap<Day, MicroEuros>, first: Day, days: number): Part[] {
  return Array.from({ length: Math.min(days, LONGEST) }, (_, i): Part[] => {
    const day = addDays(first, i);
    const weeksIn = Math.floor(i / 7);
    const before = Array.from({ length: WEEKS_BEFORE }, (_, week) =>
      costs.get(addDays(day, -7 * (weeksIn + week + 1))),
    );
    const found = before.filter((cost) => cost !== undefined);
    if (found.length < WITH_CALLS) return [];
    const usual = nearestMicro(microEuros(found.reduce(plus, NO_EUROS) / found.length));
    return [{ first: day, count: 1, euros: usual }];
  }).flat();
}

async function find({ reader, format }: FindingSources, query: UsageQuery) {
  const stats = await reader.stats(query, 'day');
  const costs = new Map(stats.value.buckets.map(({ bucket, cost }) => [bucket as Day, cost]));
  // Today may still have some.
  const today = dayOf(query.asOf, format.timeZone);
  const ends = [...new Set([...costs.keys(), today])].filter((day) => compareDays(day, today) <= 0).sort(compareDays);
  const findings = ends.flatMap((next, i): Finding[] => {
    const before = ends[i - 1];
    if (before === undefined || daysBetween(before, next) < 2) return [];
    const first = addDays(before, 1);
    const missing = missingDays(costs, first, daysBetween(before, next) - 1);
    if (missing.length === 0) return [];
    const { last, ...sums } = sumOfDays(missing);
    const end = addDays(next, -1);
    const said = `No call ${first === end ? `on ${format.longDay(first)}` : `from ${format.longDay(first)} to ${format.longDay(end)}`}, where ${counted(sums.count, 'day', format)} usually ${sums.count === 1 ? 'has' : 'have'} some.`;
    return [
      {
        ...{
          key: first,
          subject: first === end ? format.mediumDay(first) : `${format.mediumDay(first)} – ${format.mediumDay(end)}`,
        },
        ...{ sentence: said, ...sums },
        records: recordsUrl(query, format, { first: before, last: next }),
        examples: [],
      },
    ];
  });
  return { findings, notes: [] };
}

export const EMPTY_DAYS: Kind = {
  name: 'empty-days',
  title: 'Days without a call',
  rule: `A business day between the first record and yesterday without a call, where the same day of the week had some in at least ${WITH_CALLS} of the ${WEEKS_BEFORE} weeks before it; of a gap its first ${LONGEST} days.`,
  euros: 'what the same days of the week cost on average in the weeks before: perhaps spent, and not recorded',
  counts: 'days',
  find,
};
