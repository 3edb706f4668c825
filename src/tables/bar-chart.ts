import { scaleLinear } from 'd3-scale';

/** One bar; marked ones stand out, and of some somebody has said something. */
export type Bar = { label: string; axisLabel: string; value: number; marked: boolean; noted?: boolean };

/** Bars that the page stretches to its width, one path for the plain and one for the marked ones; a line at a level. */
export type BarChart = {
  width: number;
  height: number;
  plain: string;
  marked: string;
  /** Above what is marked, also where its bar is too small to be seen. */
  flags: string;
  /** A line through each bar of which something is said. */
  noted: string;
  level: number | null;
  ground: number;
  scale: string[];
  axis: string[];
  /** What it says, in words. */
  text: string;
};

const BAR = 10;
const HEIGHT = 120;
const AXIS_LABELS = 5;

export function barChart(
  bars: Bar[],
  { limit, say, text }: { limit: number | null; say: (value: number) => string; text: string },
): BarChart {
  const values = bars.map(({ value }) => value);
  const [lowest, highest] = [Math.min(0, ...values), Math.max(0, limit ?? 0, ...values)];
  const y = scaleLinear()
    .domain([lowest, highest === lowest ? lowest + 1 : highest])
    .range([HEIGHT, 8]);
  const ground = Math.round(y(0));
  const path = (marked: boolean) =>
    bars
      .map((bar, i) => {
        const end = Math.round(y(bar.value));
        return bar.marked === marked && end !== ground ? `M${i * BAR + BAR / 2} ${ground}V${end}` : '';
      })
      .join('');
  const labels = Math.min(AXIS_LABELS, bars.length);
  return {
    ...{ width: bars.length * BAR, height: HEIGHT, plain: path(false), marked: path(true), ground, text },
    flags: bars.map(({ marked }, i) => (marked ? `M${i * BAR + 1} 0h${BAR - 2}v5h-${BAR - 2}z` : '')).join(''),
    noted: bars.map(({ noted }, i) => (noted ? `M${i * BAR + BAR / 2} 0V${HEIGHT}` : '')).join(''),
    level: limit === null ? null : Math.round(y(limit)),
    scale: [say(highest), say(lowest)],
    // At even distances, the first and the last bar among them.
    axis: Array.from(
      { length: labels },
      (_, i) => bars[Math.round((i * (bars.length - 1)) / Math.max(1, labels - 1))]?.axisLabel ?? '',
    ),
  };
}
