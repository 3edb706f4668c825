import type { Count, Sums } from '../stats/sums.ts';
import type { Format } from '../units/format.ts';
import { average, type MicroEuros, microEuros } from '../units/money.ts';
import { type Direction, directionOf } from './cells.ts';

/** A figure above the tables; `change` against the window compared with, absolute and as a percentage. */
export type Tile = {
  label: string;
  text: string;
  value?: string;
  note?: string;
  change?: { text: string; share: string; before: string; direction?: Direction; isCost: boolean };
};

/** Of all records of a view; `stories` is how many different ones they are of. */
type Total = Sums & { stories: Count };
/** Null for an average of nothing. */
type Figure = { label: string; kind: 'euros' | 'count'; value: (total: Total) => number | null };

const averageOf = (cost: MicroEuros, count: Count) => (count === 0 ? null : average(cost, count));

/** Every figure that a tile can show: the one place to add another. */
const FIGURES = {
  cost: { label: 'Total cost', kind: 'euros', value: ({ cost }) => cost },
  requests: { label: 'Requests', kind: 'count', value: ({ requests }) => requests },
  inputTokens: { label: 'Tokens in', kind: 'count', value: ({ inputTokens }) => inputTokens },
  outputTokens: { label: 'Tokens out', kind: 'count', value: ({ outputTokens }) => outputTokens },
  perRequest: {
    label: 'Average per request',
    kind: 'euros',
    value: ({ cost, requests }) => averageOf(cost, requests),
  },
  stories: { label: 'Stories', kind: 'count', value: ({ stories }) => stories },
  perStory: { label: 'Average per story', kind: 'euros', value: ({ cost, stories }) => averageOf(cost, stories) },
} satisfies Record<string, Figure>;

type Name = keyof typeof FIGURES;

/** Figures of a total, and by how much each differs from the total before. */
export function tilesOf(names: readonly Name[], total: Total, before: Total | null, format: Format): Tile[] {
  return names.map((name) => {
    const { label, kind, value }: Figure = FIGURES[name];
    const isEuros = kind === 'euros';
    const [now, then] = [value(total), before === null ? null : value(before)];
    if (now === null) return { label, text: '–' };
    const compared = format.eurosCompared(microEuros(now), microEuros(then ?? now));
    const plain = isEuros ? (micro: number) => format.spokenEuros(microEuros(micro)) : format.integer;
    const signed = isEuros ? (micro: number) => compared.change(microEuros(micro)) : format.integerChange;
    return {
      label,
      text: plain(now),
      ...(isEuros ? { value: format.exactEuros(microEuros(now)) } : {}),
      ...(then === null
        ? {}
        : {
            change: {
              ...{ text: signed(now - then), share: format.shareChange(now, then), before: plain(then) },
              ...{ direction: directionOf(now - then), isCost: isEuros },
            },
          }),
    };
  });
}
