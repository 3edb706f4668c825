import type { BucketSize } from '../../stats/stats.ts';
import type { Format } from '../../units/format.ts';
import { addTime, dayOf, HOUR, isOfNoTime, NO_TIME } from '../../units/time.ts';
import type { Bar, BarSize } from './bars.ts';
import type { Bucket } from './buckets.ts';

/** "01:00–02:00"; of the hour that comes twice when the clocks go back which of the two it is. */
function hourLabel({ from, to }: Bar, { timeOfDay, utcOffset }: Format): string {
  const [begin, before, after] = [from, addTime(from, -HOUR), addTime(from, HOUR)].map(timeOfDay);
  if (begin !== before && begin !== after) return `${begin}–${timeOfDay(to)}`;
  // On the clock that it began on.
  const end = begin === after ? timeOfDay(addTime(to, HOUR)) : timeOfDay(to);
  return `${begin}–${end} (${utcOffset(from)})`;
}

/** What names a bar where there is room. */
export function barLabel(bar: Bar, size: BarSize, format: Format): string {
  if (isOfNoTime(bar)) return NO_TIME;
  const last = dayOf(addTime(bar.to, -1n), format.timeZone);
  if (size === 'hour') return `${format.shortDay(bar.firstDay)}, ${hourLabel(bar, format)}`;
  if (size === 'day') return format.longDay(bar.firstDay);
  if (bar.isGap) return `${format.month(bar.firstDay)} – ${format.month(last)}`;
  if (size === 'month') return format.month(bar.firstDay);
  return size === 'year' ? format.year(bar.firstDay) : `${format.year(bar.firstDay)} – ${format.year(last)}`;
}

/** Which day, or hour, a bar is compared with: also of another year. */
export const beforeLabel = ({ bucket, ...stretch }: Bucket, size: BucketSize, format: Format): string =>
  size === 'day'
    ? format.mediumDay(stretch.firstDay)
    : barLabel({ ...stretch, buckets: [bucket], isGap: false }, size, format);

/** And below the chart. */
export function axisLabel(bar: Bar, size: BarSize, format: Format): string {
  if (isOfNoTime(bar)) return NO_TIME;
  if (bar.isGap) return '…';
  if (size === 'hour') return format.timeOfDay(bar.from);
  if (size === 'day') return format.shortDay(bar.firstDay);
  return size === 'month' ? format.month(bar.firstDay) : format.year(bar.firstDay);
}
