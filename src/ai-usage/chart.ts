import { scaleLinear } from 'd3-scale';
import type { Format } from '../units/format.ts';
import type { MicroEuros } from '../units/money.ts';
import { eurosNumber } from '../units/money.ts';

export type ChartBar = { label: string; axisLabel: string; cost: MicroEuros; partial: boolean; href: string };

/**
 * Bars in percent of the drawing, which the page stretches to its width; labels are text beside it and keep their size.
 * Grid lines are evenly spaced, highest first, so that the axis can be a plain list.
 */
export type Chart = {
  bars: { x: number; width: number; y: number; height: number; partial: boolean; href: string; title: string }[];
  grid: { label: string; y: number }[];
  /** Minor labels go first where there is little room. */
  axis: { label: string; minor: boolean }[];
};

const HEIGHT = 100;
const GAP = 0.22;
const GRID_LINES = 4;
const AXIS_LABELS = 8;

export function chartOf(bars: ChartBar[], format: Format): Chart {
  const highest = Math.max(0, ...bars.map(({ cost }) => cost));
  const scale = scaleLinear()
    .domain([0, highest || 1_000_000])
    .nice(GRID_LINES)
    .range([HEIGHT, 0]);
  const ticks = scale.ticks(GRID_LINES).reverse();
  const step = 100 / Math.max(1, bars.length);
  const labelEvery = Math.max(1, Math.ceil(bars.length / AXIS_LABELS));
  return {
    bars: bars.map(({ label, cost, partial, href }, i) => {
      const y = scale(cost);
      const title = `${label}${partial ? ' (part)' : ''}: ${format.euros(cost)}`;
      return {
        x: round(i * step + (step * GAP) / 2),
        width: round(step * (1 - GAP)),
        y: round(y),
        height: round(HEIGHT - y),
        partial,
        href,
        title,
      };
    }),
    grid: ticks.map((tick) => ({ label: format.shortEuros(tick), y: round(scale(tick)) })),
    axis: bars.map(({ axisLabel }, i) => ({
      label: i % labelEvery === 0 ? axisLabel : '',
      minor: (i / labelEvery) % 2 === 1,
    })),
  };
}

function round(percent: number): number {
  return Math.round(percent * 1000) / 1000;
}

/** Euros per million tokens, as micro-euros; 0 without tokens. */
export function costPerMillionTokens(cost: MicroEuros, tokens: number): MicroEuros {
  return tokens === 0 ? 0 : eurosNumber(cost) * (1_000_000 / tokens) * 1_000_000;
}
