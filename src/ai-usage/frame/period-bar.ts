import { type AskedPeriod, type Bound, wholeDays } from '../../query/period.ts';
import { calendarOf, nameOf, OF_CALENDAR, type Offered, periodWords, UNTIL_NOW } from '../../query/periods/registry.ts';
import { stepsOf } from '../../query/periods/steps.ts';
import { type UsageQuery, usageUrl } from '../../query/query.ts';
import type { Format } from '../../units/format.ts';
import { type DateField, dateField, timeField } from '../../units/input/date-field.ts';
import { addTime, dayOf, type Instant, isOfNoTime } from '../../units/time.ts';
import { type Hidden, hiddenFields } from './hidden-fields.ts';

type PeriodLink = { label: string; href: string; current: boolean };
/** `label` says where a step leads. */
type StepLink = { label: string; href: string };
type Ends = { from: DateField; to: DateField };

/** How a window is chosen: until now, in the calendar, by its ends; and the ways to the windows beside it. */
export type PeriodBar = {
  untilNow: PeriodLink[];
  calendar: { current: boolean; links: PeriodLink[]; name: string };
  custom: { current: boolean; days: Ends; times: Ends };
  /** What a form of these carries along. */
  hidden: Hidden[];
  /** Null where a window has no beginning. */
  steps: { words: string; previous: StepLink | null; next: StepLink | null } | null;
};

const NO_TIME: Offered = { period: 'none', label: 'No time' };

export function periodBar(path: string, query: UsageQuery, format: Format): PeriodBar {
  const { timeZone } = format;
  const { period, window, asOf } = query;
  const link = ({ period: one, label }: Offered): PeriodLink => ({
    label,
    href: usageUrl(path, query, { period: one, from: null, to: null }),
    current: period === one,
  });
  const calendar = period === null ? null : calendarOf(period, { asOf, timeZone });
  return {
    untilNow: [...UNTIL_NOW, ...(period === 'none' ? [NO_TIME] : [])].map(link),
    calendar: {
      current: calendar !== null,
      links: OF_CALENDAR.map(link),
      name: calendar === null ? '' : nameOf(calendar),
    },
    custom: { current: period === null, ...endsOf(query, format) },
    hidden: hiddenFields(query, ['period', 'from', 'to']),
    steps: isOfNoTime(window) ? null : stepLinks(path, query, format),
  };
}

/** The window as the fields of its two forms say it. */
function endsOf({ from, to, window }: UsageQuery, { timeZone }: Format): { days: Ends; times: Ends } {
  const none = isOfNoTime(window);
  const day = (end: Bound | null, at: Instant | null) =>
    dateField(end?.day ?? (at === null || none ? '' : dayOf(at, timeZone)));
  const time = (at: Instant | null) => timeField(none ? null : at, timeZone);
  return {
    days: { from: day(from, window.from), to: day(to, addTime(window.to, -1n)) },
    times: { from: time(window.from), to: time(window.to) },
  };
}

function stepLinks(path: string, query: UsageQuery, format: Format): PeriodBar['steps'] {
  const steps = stepsOf(query, format.timeZone);
  if (steps === null) return null;
  const link = (step: AskedPeriod | null): StepLink | null =>
    step && { label: wordsOf({ ...query, ...step }, format), href: usageUrl(path, query, step) };
  return { words: wordsOf(query, format), previous: link(steps.previous), next: link(steps.next) };
}

/** "October 2026", "30 days", "1 Oct 2026 – 5 Oct 2026". */
export function wordsOf({ period, from, to, window, asOf }: UsageQuery, format: Format): string {
  const { timeZone } = format;
  if (period !== null) return periodWords(period, { asOf, timeZone }, format);
  const isOfDays = wholeDays({ from, to, window }, timeZone) !== null;
  const ends = [
    isOfDays ? from?.day : (from?.instant ?? window.from),
    isOfDays ? (to?.day ?? dayOf(addTime(window.to, -1n), timeZone)) : (to?.instant ?? window.to),
  ].map((end) => (typeof end === 'bigint' ? format.minute(end) : end ? format.mediumDay(end) : ''));
  return ends[0] === ends[1] ? (ends[0] ?? '') : ends.join(' – ');
}
