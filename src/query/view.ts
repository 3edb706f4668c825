import { z } from 'zod';
import { oneOf } from './filters/values.ts';

/** What a window is compared with: as much of the one before as has passed of this one, all of the one before, or a year ago. */
export const COMPARISONS = ['previous', 'whole', 'year', 'none'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** What the bars of a chart are made of. */
export const STACKS = ['model', 'action', 'provider'] as const;
export type Stack = (typeof STACKS)[number];

/**
 * What the bars of a model's page are offered to be made of: what it is used for. It is one model, of one provider, and is
 * drawn by that only where somebody asks.
 */
export const OF_A_MODEL = ['action'] as const;
export const stackOfModel = (asked: Stack): Stack => (asked === 'model' ? 'action' : asked);

/** How usage over time is shown: as a drawing, or as the same in numbers. */
export const SHOWN = ['chart', 'table'] as const;
type Shown = (typeof SHOWN)[number];

/** What the overview breaks the total down by, besides models and actions, which are always there. */
export const BREAKDOWNS_BESIDE = ['provider', 'author', 'story', 'hour'] as const;
export type BreakdownBeside = (typeof BREAKDOWNS_BESIDE)[number];

/** The figure that the tables of a breakdown are ordered by, and of which only the first 50 rows are shown. */
export const RANKS = ['cost', 'requests', 'inputTokens', 'outputTokens'] as const;
export type Rank = (typeof RANKS)[number];
export type RankOrder = 'asc' | 'desc';

/** What the rows or the columns of Explore are: the one list of them. */
export const AXES = ['action', 'model', 'provider', 'weekday', 'hour', 'day', 'week', 'month'] as const;
export type Axis = (typeof AXES)[number];

/** What stands in the cells of Explore. */
export const MEASURES = [
  'cost',
  'requests',
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'costPerRequest',
  'costPerStory',
  'costPerMillionTokens',
] as const;
export type Measure = (typeof MEASURES)[number];

/** Whose costs stand everywhere: those that were recorded, or those of the price list. */
export const COSTS = ['recorded', 'repriced'] as const;
export type WhoseCost = (typeof COSTS)[number];
/** As forms offer them. */
export const COST_LABELS: Record<WhoseCost, string> = { recorded: 'As recorded', repriced: 'By the price list' };

/** How a page shows its numbers; nothing here changes which calls are counted. */
export type ShownAs = {
  cost: WhoseCost;
  compare: Comparison;
  by: Stack;
  show: Shown;
  breakdown: BreakdownBeside;
  rankBy: Rank;
  rankOrder: RankOrder;
  rows: Axis;
  columns: Axis;
  measure: Measure;
  /** Of what if: the percentage of the tokens in that is taken to have been cached, which no record tells. */
  cached: number;
  /** How long each panel took to read. */
  debug: boolean;
  /** What a frozen link counted when it was made: "12~3.400000", requests and euros. */
  counted: string | null;
};

export const DEFAULT_VIEW: ShownAs = {
  cost: 'recorded',
  compare: 'previous',
  by: 'model',
  show: 'chart',
  breakdown: 'provider',
  rankBy: 'cost',
  rankOrder: 'desc',
  rows: 'action',
  columns: 'model',
  measure: 'cost',
  cached: 0,
  debug: false,
  counted: null,
};

const CACHED_TAKES = 'takes the percentage of tokens in that was cached, a whole number from 0 to 100';

export const VIEW_SHAPE = {
  cost: z.enum(COSTS, `takes ${COSTS.join(' or ')}`).default(DEFAULT_VIEW.cost),
  compare: oneOf(COMPARISONS).default(DEFAULT_VIEW.compare),
  by: oneOf(STACKS).default(DEFAULT_VIEW.by),
  show: oneOf(SHOWN).default(DEFAULT_VIEW.show),
  breakdown: oneOf(BREAKDOWNS_BESIDE).default(DEFAULT_VIEW.breakdown),
  rankBy: oneOf(RANKS).default(DEFAULT_VIEW.rankBy),
  rankOrder: oneOf(['asc', 'desc']).default(DEFAULT_VIEW.rankOrder),
  rows: oneOf(AXES).optional(),
  columns: oneOf(AXES).optional(),
  measure: oneOf(MEASURES).default(DEFAULT_VIEW.measure),
  cached: z
    .string(CACHED_TAKES)
    .regex(/^(100|\d{1,2})$/, CACHED_TAKES)
    .transform(Number)
    .default(DEFAULT_VIEW.cached),
  debug: oneOf(['1', '0'])
    .default('0')
    .transform((value) => value === '1'),
  counted: z
    .string()
    .regex(/^\d{1,15}~-?\d{1,9}\.\d{6}$/, 'takes requests and euros as a frozen link has them, such as 12~3.400000')
    .nullable()
    .default(DEFAULT_VIEW.counted),
};

/** Two different axes: whoever names one of them is given another beside it. */
export function axesOf(asked: {
  rows?: Axis | undefined;
  columns?: Axis | undefined;
}): Pick<ShownAs, 'rows' | 'columns'> {
  const rows = asked.rows ?? (asked.columns === DEFAULT_VIEW.rows ? DEFAULT_VIEW.columns : DEFAULT_VIEW.rows);
  const columns = asked.columns ?? (rows === DEFAULT_VIEW.columns ? DEFAULT_VIEW.rows : DEFAULT_VIEW.columns);
  return { rows, columns };
}

/** The parameters of an address that say a view, defaults left out. */
export function viewParameters(view: ShownAs): [name: string, value: string][] {
  return Object.keys(VIEW_SHAPE).flatMap((name): [string, string][] => {
    const value = view[name as keyof ShownAs];
    if (value === DEFAULT_VIEW[name as keyof ShownAs]) return [];
    return [[name, value === true ? '1' : String(value)]];
  });
}
