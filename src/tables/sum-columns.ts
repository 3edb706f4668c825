import { type Sums, totalTokens } from '../stats/sums.ts';
import { hasShares } from '../units/format.ts';
import { average, type MicroEuros } from '../units/money.ts';
import type { Column } from './table.ts';

type SumName = 'requests' | 'inputTokens' | 'outputTokens' | 'totalTokens' | 'cost';

/**
 * Requests, tokens and cost, as every table of usage has them, with their totals where there is one. `besides` is what a
 * table has more in one of them: a link, an order; the sum of both tokens stands in files only, unless it says otherwise.
 */
export function sumColumns<Row extends Sums>(
  total: Sums | null,
  besides: Partial<Record<SumName, Partial<Column<Row>>>> = {},
): Column<Row>[] {
  const sum = (
    name: SumName,
    label: string,
    kind: 'integer' | 'euros',
    value: (sums: Sums) => number,
    more: Partial<Column<Row>> = {},
  ): Column<Row> => ({
    ...{ name, label, kind, value },
    ...(total === null ? {} : { total: value(total) }),
    ...more,
    ...besides[name],
  });
  return [
    sum('requests', 'Requests', 'integer', ({ requests }) => requests),
    sum('inputTokens', 'Tokens in', 'integer', ({ inputTokens }) => inputTokens),
    sum('outputTokens', 'Tokens out', 'integer', ({ outputTokens }) => outputTokens),
    sum('totalTokens', 'Tokens', 'integer', totalTokens, { only: 'file' }),
    sum('cost', 'Cost', 'euros', ({ cost }) => cost, { leads: true }),
  ];
}

export const REFUNDED =
  'A cost below zero is a refund. Shares are of the total after refunds: they can be below zero or above 100%, and there are none (–) where next to nothing is left.';

/** What part of a total cost each row has; none of a total of nothing or less. Refunds among the rows are explained. */
export function shareColumn<Row extends Sums>(total: MicroEuros): Column<Row> {
  const shareOf = (cost: MicroEuros) => (hasShares(cost, total) ? cost / total : null);
  return {
    name: 'share',
    label: 'Share',
    kind: 'ratio',
    bars: true,
    value: ({ cost }) => shareOf(cost),
    total: shareOf(total),
    note: (rows) => (rows.some(({ cost }) => cost < 0) ? REFUNDED : undefined),
  };
}

/** By how much an amount differs from the one before: 0.25 for a quarter more. From nothing or less there is no share. */
export function changeShare(now: MicroEuros, before: MicroEuros | null): number | null {
  return before === null || before <= 0 ? null : now / before - 1;
}

/** For files: the cost in the window compared with, and the change since; empty where nothing is compared. */
export function changeColumns<Row extends Sums>(
  beforeOf: (row: Row) => MicroEuros | null,
  change: Partial<Column<Row>> = { only: 'file' },
): Column<Row>[] {
  const changeOf = (row: Row) => {
    const before = beforeOf(row);
    return before === null ? null : row.cost - before;
  };
  return [
    { name: 'costBefore', label: 'Cost before', kind: 'euros', only: 'file', value: beforeOf },
    { name: 'change', label: 'Change', kind: 'euros', isChange: true, value: changeOf, ...change },
    {
      name: 'changeShare',
      label: 'Change share',
      kind: 'ratio',
      only: 'file',
      value: (row) => changeShare(row.cost, beforeOf(row)),
    },
  ];
}

/** Cost by a count of something, empty where that is not known or nothing. */
export function averageColumn<Row extends Sums>(
  name: string,
  label: string,
  countOf: (row: Row) => number | null,
  total?: { cost: MicroEuros; count: number },
): Column<Row> {
  return {
    ...{ name, label, kind: 'euros' },
    value: (row) => {
      const count = countOf(row);
      return count === null || count === 0 ? null : average(row.cost, count);
    },
    ...(total === undefined ? {} : { total: average(total.cost, total.count) }),
  };
}
