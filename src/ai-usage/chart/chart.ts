import { scaleLinear } from 'd3-scale';
import { stack, stackOffsetDiverging } from 'd3-shape';
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
  /** Which stretch that was; null where bars are too many to say it of each. */
  beforeLabel: string | null;
  /** What else is to be said of it: it is marked. */
  notes: string[];
  /** Why it is out of the ordinary: a cap stands on it. */
  unusual: string | null;
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
  /** A cap on each bar that is unusual. */
  unusual: string | null;
  /** Where bars go on that are higher than the axis; null where none is. */
  cut: string | null;
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
    /** What stands above a bar that is cut. */
    beyond: string | null;
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
/** How far above its bar the cap of an unusual one is, and how far below the top a bar is broken. */
const CAP = 5;
const BREAK = 14;
/** A bar so many times as high as all others, which are so many at least, would flatten them. */
const FLATTENS = 3;
const FEWEST_OTHERS = 5;

export function chartOf(bars: ChartBar[], series: string[], format: Format): Chart {
  const tops = bars.map((bar) => reachOf(bar.costs)[1]);
  const befores = bars.map(({ before }) => before ?? 0);
  const lowest = Math.min(0, ...bars.map((bar) => reachOf(bar.costs)[0]), ...befores);
  const highest = axisEnd([...tops, ...befores], bars.length);
  const costs = scaleLinear()
    .domain(lowest === highest ? [0, 1_000_000] : [lowest, highest])
    .nice(GRID_LINES)
    .range([COST_HEIGHT, 0])
    .clamp(true);
  const counts = bars.map(({ inputTokens, outputTokens }) => inputTokens + outputTokens);
  const bottom = COST_HEIGHT + BETWEEN + TOKENS_HEIGHT;
  const tokens = scaleLinear()
    .domain([0, axisEnd(counts, bars.length) || 1])
    .nice(1)
    .range([bottom, COST_HEIGHT + BETWEEN])
    .clamp(true);
  const costTicks = costs.ticks(GRID_LINES).reverse();
  const tokenTicks = [tokens.domain()[1] ?? 1, 0];
  const isCut = (i: number) => (tops[i] as number) > endOf(costs);
  const hasBefore = bars.some(({ before }) => before !== null);
  return {
    width: bars.length * BAR,
    height: bottom,
    series: stacked(bars, series, (bar, i) => bar.costs[i] ?? 0, costs),
    tokens: stacked(bars, TOKENS, (bar, i) => Math.max(0, i === 0 ? bar.inputTokens : bar.outputTokens), tokens),
    before: hasBefore ? stepsOf(bars, (cost) => (cost > endOf(costs) ? -BREAK : costs(cost))) : null,
    marked: pathAt(bars, ({ notes }, i) => notes.length > 0 && `M${i * BAR + BAR / 2} 0V${COST_HEIGHT}`),
    unusual: pathAt(
      bars,
      ({ unusual }, i) => unusual !== null && `M${i * BAR + 1} ${capOf(costs(tops[i] as number))}h${BAR - 2}`,
    ),
    cut: pathAt(bars, (_, i) => {
      const ofTokens = (counts[i] as number) > endOf(tokens) ? breakAt(i, COST_HEIGHT + BETWEEN) : '';
      return `${isCut(i) ? breakAt(i, 0) : ''}${ofTokens}`;
    }),
    lines: [...costTicks.map(costs), ...tokenTicks.map(tokens)].map(Math.round),
    ground: lowest < 0 ? Math.round(costs(0)) : null,
    costScale: format.axisEuros(costTicks.map(microEuros)),
    tokenScale: tokenTicks.map(format.shortInteger),
    marks: bars.map((bar, i) => ({
      ...markOf(bar, series, format),
      late: i >= bars.length / 2,
      beyond: isCut(i) ? format.roundEuros(bar.cost) : null,
    })),
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

/** A step as wide as each bar: what is between two days was never spent. */
function stepsOf(bars: ChartBar[], y: (value: number) => number): string {
  const isGap = (i: number) => (bars[i]?.before ?? null) === null;
  return bars
    .map(({ before }, i) => {
      if (before === null) return '';
      const top = Math.round(y(before));
      return `${isGap(i - 1) ? `M${i * BAR} ${top}` : `V${top}`}h${BAR}`;
    })
    .join('');
}

/** What is drawn at some bars; null where it is at none. */
const pathAt = (bars: ChartBar[], at: (bar: ChartBar, i: number) => string | false): string | null =>
  bars.map((bar, i) => at(bar, i) || '').join('') || null;

const endOf = (scale: { domain: () => number[] }) => scale.domain()[1] as number;
const breakAt = (i: number, top: number) => `M${i * BAR} ${top + BREAK + 4}l${BAR} -8`;
const capOf = (top: number) => Math.round(top) - CAP;

/** How high the axis has to reach: as high as the highest, or as all but those few that are so much higher that they would flatten the others. */
function axisEnd(heights: number[], bars: number): number {
  const sorted = [0, ...heights].sort((a, b) => b - a);
  for (let cut = Math.max(1, Math.floor(bars / 10)); cut > 0; cut--) {
    const [last = 0, highest = 0, fewest = 0] = [sorted[cut - 1], sorted[cut], sorted[cut + FEWEST_OTHERS - 1]];
    if (fewest > 0 && last >= FLATTENS * highest) return highest;
  }
  return sorted[0] ?? 0;
}

function markOf(bar: ChartBar, series: string[], format: Format): Omit<Chart['marks'][number], 'late' | 'beyond'> {
  const { label, href, partial, cost, before, beforeLabel, costs, notes, unusual, inputTokens, outputTokens } = bar;
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
    notes: unusual === null ? notes : [`unusual: ${unusual}`, ...notes],
    label: partial ? `${label} (part)` : label,
    total:
      before === null
        ? format.euros(cost)
        : `${format.euros(cost)}, before ${format.roundEuros(before)}${beforeLabel === null ? '' : ` (${beforeLabel})`}`,
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
