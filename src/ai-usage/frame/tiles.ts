import type { UsageStats } from '../../stats/stats.ts';
import { average } from '../../tables/cells.ts';
import type { Format } from '../../units/format.ts';

/** A figure above the tables; `change` against the window compared with, absolute and as a percentage. */
export type Tile = {
  label: string;
  text: string;
  value?: string;
  note?: string;
  change?: { text: string; share: string; before: string };
};

type Total = UsageStats['total'];

/** The figures of a total, and by how much each differs from the total before. */
export function tilesOf(total: Total, before: Total | null, format: Format): Tile[] {
  const euros = (label: string, value: (total: Total) => number): Tile => ({
    label,
    text: format.euros(value(total)),
    value: format.exactEuros(value(total)),
    ...(before === null ? {} : changeOf(value(total), value(before), format.eurosChange, format.euros, format)),
  });
  const count = (label: string, value: (total: Total) => number): Tile => ({
    label,
    text: format.integer(value(total)),
    ...(before === null ? {} : changeOf(value(total), value(before), format.integerChange, format.integer, format)),
  });
  return [
    { ...euros('Total cost', ({ cost }) => cost), note: format.exactEuros(total.cost) },
    count('Requests', ({ requests }) => requests),
    count('Tokens in', ({ inputTokens }) => inputTokens),
    count('Tokens out', ({ outputTokens }) => outputTokens),
    euros('Average per request', ({ cost, requests }) => average(cost, requests)),
    count('Stories', ({ stories }) => stories),
    euros('Average per story', ({ cost, stories }) => average(cost, stories)),
  ];
}

function changeOf(
  now: number,
  before: number,
  signed: (value: number) => string,
  plain: (value: number) => string,
  format: Format,
): Pick<Tile, 'change'> {
  return { change: { text: signed(now - before), share: format.shareChange(now, before), before: plain(before) } };
}
