import type { Measure } from '../../query/view.ts';
import { isRepricedPivot, type Pivot, type PivotSums } from '../../stats/explore/pivot.ts';
import { totalTokens } from '../../stats/sums.ts';
import { costPerMillionTokens } from '../../tables/cells.ts';
import { average, NO_NUMBER } from '../../units/money.ts';

/** A figure of some records, or the words for why there is none. */
type Figure = { value: number } | { none: string };

type Entry = {
  label: string;
  kind: 'integer' | 'euros';
  /** Whether figures of parts add up to that of the whole: only then has a part a share. */
  adds: boolean;
  figure: (sums: PivotSums, noCost?: string) => Figure;
};

const amount = (label: string, value: (sums: PivotSums) => number): Entry => ({
  ...{ label, kind: 'integer', adds: true },
  figure: (sums) => ({ value: value(sums) }),
});

/** An average of a total is of its total: never an average of averages. */
const averaged = (label: string, none: string, value: (sums: PivotSums) => number | null): Entry => ({
  ...{ label, kind: 'euros', adds: false },
  figure: (sums, noCost = NO_NUMBER) => {
    const found = hasNoCost(sums) ? null : value(sums);
    if (found !== null) return { value: found };
    return { none: hasNoCost(sums) ? noCost : none };
  },
});

/** What is said where nobody knows what any of some records cost. */
export const noCostOf = (pivot: Pivot): string => (isRepricedPivot(pivot) ? 'no price' : NO_NUMBER);

/** Where no cost of any record is a number, or none has a price, nobody knows what they cost. */
const hasNoCost = ({ requests, noNumber }: PivotSums) => requests > 0 && noNumber === requests;

/** What stands in the cells: the one place to add another. */
export const MEASURE_WORDS: Record<Measure, Entry> = {
  cost: {
    ...{ label: 'Cost', kind: 'euros', adds: true },
    figure: (sums, noCost = NO_NUMBER) => (hasNoCost(sums) ? { none: noCost } : { value: sums.cost }),
  },
  requests: amount('Requests', ({ requests }) => requests),
  inputTokens: amount('Tokens in', ({ inputTokens }) => inputTokens),
  outputTokens: amount('Tokens out', ({ outputTokens }) => outputTokens),
  totalTokens: amount('Tokens', totalTokens),
  costPerRequest: averaged('€ per request', 'no calls', ({ cost, requests }) =>
    requests === 0 ? null : average(cost, requests),
  ),
  costPerStory: averaged('€ per story', 'no stories', ({ cost, stories }) => (stories ? average(cost, stories) : null)),
  costPerMillionTokens: averaged('€ per million tokens', 'no tokens', (sums) =>
    totalTokens(sums) === 0 ? null : costPerMillionTokens(sums.cost, totalTokens(sums)),
  ),
};

/** A figure as a value, null where there is none. */
export function amountOf(measure: Measure, sums: PivotSums): number | null {
  const figure = MEASURE_WORDS[measure].figure(sums);
  return 'value' in figure ? figure.value : null;
}
