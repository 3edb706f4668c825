import { scalePow } from 'd3-scale';

/** The darkest of the colours that a cell can have, below zero of those for refunds; 0 is none. */
const DARKEST = 5;

/** How dark each of some values is. By the square root, so that ordinary ones can be told apart beside a large one. */
export function heatOf(values: number[]): (value: number) => number {
  const furthest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = scalePow().exponent(0.5).domain([0, furthest]).range([0, DARKEST]).clamp(true);
  return (value) => (value === 0 ? 0 : Math.sign(value) * Math.max(1, Math.round(scale(Math.abs(value)))));
}
