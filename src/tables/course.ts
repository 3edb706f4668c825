import { scaleLinear } from 'd3-scale';
import type { MicroEuros } from '../units/money.ts';

/** How a cost went, as a line that the page stretches to its cell; the same in words. */
export type Course = { width: number; height: number; path: string; text: string };

/** Coarse, so that fifty of them are light. */
const HEIGHT = 12;
const STEP = 2;

/** The line through the costs of all steps; `words` are of the step with the highest. It stands on zero, or below it where there are refunds; there is none where all are nothing. */
export function courseOf(costs: MicroEuros[], words: (step: number) => string): Course | undefined {
  const [lowest, highest] = [Math.min(0, ...costs), Math.max(0, ...costs)];
  if (lowest === highest) return undefined;
  const y = scaleLinear().domain([lowest, highest]).range([HEIGHT, 0]);
  const heights = costs.map((cost) => Math.round(y(cost)));
  const most = costs.indexOf(Math.max(...costs) as MicroEuros);
  // Each by how far it is from the one before: many steps are alike, and take a quarter less when compressed.
  const steps = heights.slice(1).map((height, i) => `l${STEP} ${height - (heights[i] as number)}`);
  return {
    width: STEP * (costs.length - 1),
    height: HEIGHT,
    path: `M0 ${heights[0]}${steps.join('')}`,
    text: words(most),
  };
}
