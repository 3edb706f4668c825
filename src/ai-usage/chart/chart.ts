import { scaleLinear } from 'd3-scale';
import { line, stack, stackOffsetDiverging } from 'd3-shape';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, microEuros, NO_EUROS, plus } from '../../units/money.ts';

/** One bar: what its parts cost, and the tokens below it. */
export type ChartBar = {
  label: string;
  axisLabel: string;
  partial: boolean;
  href: string;
  /** By series, in their order. */
  costs: MicroEuros[];
  cost: MicroEuros;
  /** What the same stretch cost in the window compared with. */
  before: MicroEuros | null;
  /** What else is to be said of it: it is marked. */
  notes: string[];
  inputTokens: number;
  outputTokens: number;
};

/**
 * A drawing that the page stretches to its width: costs above, tokens below, one column of `BAR` units a bar. Series and
 * tokens are one path each, the lowest first. What a person points at or moves to by keyboard are the `marks`, ordinary links above the
 * drawing that carry the values as text. Grid labels are evenly spaced, highest first, so that they can be plain lists.
 */
export type Chart = {
  width: number;
  height: number;
  /** In the order of the legend. */
  series: string[];
  tokens: string[];
  before: string | null;
  /** A line through each bar that is marked, as high as costs are. */
  marked: string | null;
  /** Heights of the grid's lines. */
  lines: number[];
  /** The height of zero where refunds are drawn below it. */
  ground: number | null;
  costScale: string[];
  tokenScale: string[];
  /** `late`: in the right half, where what is said about it stands to its left. */
  marks: {
    href: string;
    partial: boolean;
    late: boolean;
    label: string;
    total: string;
    values: MarkValue[];
    notes: string[];
  }[];
  /** Minor labels go first where there is little room. */
  axis: { label: string; minor: boolean }[];
};

/** What one part of a bar says; `swatch` is the class of its colour. */
type MarkValue = { swatch: string; text: string };

const TOKENS = ['Tokens in', 'Tokens out'];
const BAR = 10;
/** Whole units, about a pixel each, are fine enough and keep the page light. */
const COST_HEIGHT = 208;
const BETWEEN = 28;
const TOKENS_HEIGHT = 64;
const GRID_LINES = 4;
const AXIS_LABELS = 8;
/** As many bars stand beside each other on a telephone; of more, as much is in sight as has room. */
const MOST_ABREAST = 12;

export function chartOf(bars: ChartBar[], series: string[], format: Format): Chart {
  const ends = [0, ...bars.flatMap((bar) => [...reachOf(bar.costs), bar.before ?? 0])];
  const [lowest, highest] = [Math.min(...ends), Math.max(...ends)];
  const costs = scaleLinear()
    .domain(lowest === highest ? [0, 1_000_000] : [lowest, highest])
    .nice(GRID_LINES)
    .range([COST_HEIGHT, 0]);
  const tokensTop = Math.max(0, ...bars.map(({ inputTokens, outputTokens }) => inputTokens + outputTokens));
  const bottom = COST_HEIGHT + BETWEEN + TOKENS_HEIGHT;
  const tokens = scaleLinear()
    .domain([0, tokensTop || 1])
    .nice(1)
    .range([bottom, COST_HEIGHT + BETWEEN]);
  const costTicks = costs.ticks(GRID_LINES).reverse();
  const tokenTicks = [tokens.domain()[1] ?? 1, 0];
  const hasBefore = bars.some(({ before }) => before !== null);
  return {
    width: bars.length * BAR,
    height: bottom,
    series: stacked(bars, series, (bar, i) => bar.costs[i] ?? 0, costs),
    tokens: stacked(bars, TOKENS, (bar, i) => Math.max(0, i === 0 ? bar.inputTokens : bar.outputTokens), tokens),
    before: hasBefore ? lineOf(bars, costs) : null,
    marked: bars.some(({ notes }) => notes.length > 0) ? markedLines(bars) : null,
    lines: [...costTicks.map(costs), ...tokenTicks.map(tokens)].map(Math.round),
    ground: lowest < 0 ? Math.round(costs(0)) : null,
    costScale: format.axisEuros(costTicks.map(microEuros)),
    tokenScale: tokenTicks.map(format.shortInteger),
    marks: bars.map((bar, i) => ({ ...markOf(bar, series, format), late: i >= bars.length / 2 })),
    axis: axisOf(bars),
  };
}

/** How far a bar reaches below the ground, where its refunds are, and above. */
function reachOf(costs: MicroEuros[]): [low: MicroEuros, high: MicroEuros] {
  const sum = (parts: MicroEuros[]) => parts.reduce(plus, NO_EUROS);
  return [sum(costs.filter((cost) => cost < 0)), sum(costs.filter((cost) => cost > 0))];
}

/**
 * One path for each layer of the stack: an upright line for each bar, from the ground to the layer's end, which lies below
 * it for a refund. Those of further layers are drawn first and what is nearer covers them, so that a bar needs one number a layer.
 */
function stacked(
  bars: ChartBar[],
  labels: string[],
  partOf: (bar: ChartBar, i: number) => number,
  y: (value: number) => number,
): string[] {
  const layers = stack<ChartBar, number>().keys(labels.keys()).value(partOf).offset(stackOffsetDiverging)(bars);
  const ground = Math.round(y(0));
  return layers.map((layer) =>
    layer
      .map(([low, high], bar) => {
        const end = Math.round(y(low < 0 ? low : high));
        return high > low && end !== ground ? `M${bar * BAR + BAR / 2} ${ground}V${end}` : '';
      })
      .join(''),
  );
}

function lineOf(bars: ChartBar[], y: (value: number) => number): string {
  const path = line<ChartBar>()
    .defined(({ before }) => before !== null)
    .x((_, i) => i * BAR + BAR / 2)
    .y(({ before }) => Math.round(y(before ?? 0)));
  return path(bars) ?? '';
}

const markedLines = (bars: ChartBar[]): string =>
  bars.map(({ notes }, i) => (notes.length > 0 ? `M${i * BAR + BAR / 2} 0V${COST_HEIGHT}` : '')).join('');

function markOf(bar: ChartBar, series: string[], format: Format): Omit<Chart['marks'][number], 'late'> {
  const { label, href, partial, cost, before, costs, notes, inputTokens, outputTokens } = bar;
  const values = [
    ...costs.map((part, i) => ({ swatch: `s${i}`, value: part, text: `${series[i]}: ${format.roundEuros(part)}` })),
    ...[inputTokens, outputTokens].map((count, i) => ({
      swatch: `t${i}`,
      value: count,
      text: `${TOKENS[i]}: ${format.roundInteger(count)}`,
    })),
  ];
  return {
    href,
    partial,
    notes,
    label: partial ? `${label} (part)` : label,
    total: before === null ? format.euros(cost) : `${format.euros(cost)}, before ${format.roundEuros(before)}`,
    values: values.filter(({ value }) => value !== 0),
  };
}

/** Labels stand in the middle below their bars, as far from the one end as from the other. */
function axisOf(bars: ChartBar[]): Chart['axis'] {
  const labelEvery = Math.max(1, Math.ceil(bars.length / AXIS_LABELS));
  const first = Math.floor(((bars.length - 1) % labelEvery) / 2);
  return bars.map(({ axisLabel }, i) => {
    const isLabelled = i % labelEvery === first;
    const minor = isLabelled && bars.length <= MOST_ABREAST && ((i - first) / labelEvery) % 2 === 1;
    return { label: isLabelled ? axisLabel : '', minor };
  });
}
