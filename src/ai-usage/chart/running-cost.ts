import { scaleLinear } from 'd3-scale';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';

/** What a window had cost by the end of each of its bars, beside what the one compared with had; both stretched by the page. */
export type RunningCost = { width: number; height: number; now: string; before: string | null };

/** By the bar; the same for each, so that steps are alike. */
const STEP = 7;
const HEIGHT = 80;

const running = (costs: MicroEuros[]): MicroEuros[] => {
  let sum = NO_EUROS;
  return [NO_EUROS, ...costs.map((cost) => (sum = plus(sum, cost)))];
};

/** Null where there is no course to draw: of one bar. */
export function runningCost(bars: { cost: MicroEuros; before: MicroEuros | null }[]): RunningCost | null {
  if (bars.length < 2) return null;
  const now = running(bars.map(({ cost }) => cost));
  const before = bars.some((bar) => bar.before !== null) ? running(bars.map((bar) => bar.before ?? NO_EUROS)) : [];
  const ends = [...now, ...before];
  const [lowest, highest] = [Math.min(...ends), Math.max(...ends)];
  const y = scaleLinear()
    .domain([lowest, highest === lowest ? lowest + 1 : highest])
    .range([HEIGHT - 2, 2]);
  const path = (sums: MicroEuros[]) => pathOf(sums.map((sum, i) => ({ x: i * STEP, y: Math.round(y(sum)) })));
  return { width: STEP * bars.length, height: HEIGHT, now: path(now), before: before.length > 0 ? path(before) : null };
}

/** Each point by how far it is from the one before: many steps are alike, and two courses of 90 days take 500 bytes less when compressed. */
const pathOf = (points: { x: number; y: number }[]): string =>
  points
    .map(({ x, y }, i) => {
      const before = points[i - 1];
      return before === undefined ? `M${x} ${y}` : `l${x - before.x} ${y - before.y}`;
    })
    .join('');
