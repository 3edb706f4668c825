import type { BucketSize } from '../../stats/stats.ts';
import { dayOfNumber, daysTo, yearOf } from '../../units/calendar.ts';
import { dayOf, type Instant, startOfDay, type Window } from '../../units/time.ts';
import { type Bucket, MOST_MONTHS } from './buckets.ts';

/** What a bar stands for. Months become years, and so on, where there are too many of them to be told apart. */
export type BarSize = BucketSize | 'year' | 'century' | 'millennium';

/** A bar is made of the buckets that it names; of none where a stretch without records is told in one. */
export type Bar = Omit<Bucket, 'bucket'> & { buckets: string[]; isGap: boolean };

const YEARS = { year: 1, century: 100, millennium: 1000 } as const;
const LARGER = ['year', 'century', 'millennium'] as const;

/** The bars of a window, oldest first and without gaps: stretches that its buckets leave out are a bar each. */
export function barsOf(
  buckets: Bucket[],
  size: BucketSize,
  window: Window,
  timeZone: string,
): { size: BarSize; bars: Bar[] } {
  let barSize: BarSize = size;
  let bars: Bar[] = buckets.map(({ bucket, ...rest }) => ({ ...rest, buckets: [bucket], isGap: false }));
  if (size === 'month') {
    for (const larger of LARGER) {
      if (bars.length <= MOST_MONTHS) break;
      barSize = larger;
      bars = byYears(buckets, YEARS[larger], window, timeZone);
    }
  }
  return { size: barSize, bars: withGaps(bars, window, timeZone) };
}

function byYears(buckets: Bucket[], years: number, window: Window, timeZone: string): Bar[] {
  const bars = new Map<number, Bar>();
  for (const { bucket, firstDay } of buckets) {
    const number = Math.floor(yearOf(firstDay) / years);
    const bar = bars.get(number) ?? barOfYears(number * years, years, window, timeZone);
    bars.set(number, bar);
    bar.buckets.push(bucket);
  }
  return [...bars.values()];
}

function barOfYears(year: number, years: number, window: Window, timeZone: string): Bar {
  const [from, to] = [year, year + years].map((one) => startOfDay(dayOfNumber(daysTo(one, 1, 1)), timeZone)) as [
    Instant,
    Instant,
  ];
  return { ...stretch(from, to, timeZone), partial: from < (window.from ?? from) || to > window.to, buckets: [] };
}

const stretch = (from: Instant, to: Instant, timeZone: string) => ({
  from,
  to,
  firstDay: dayOf(from, timeZone),
  partial: false,
  isGap: false,
});

function withGaps(bars: Bar[], window: Window, timeZone: string): Bar[] {
  const all: Bar[] = [];
  let end = window.from ?? bars[0]?.from ?? window.to;
  const addGap = (to: Instant) => {
    if (end < to) all.push({ ...stretch(end, to, timeZone), buckets: [], isGap: true });
  };
  for (const bar of bars) {
    addGap(bar.from);
    all.push(bar);
    end = bar.to;
  }
  addGap(window.to);
  return all;
}
