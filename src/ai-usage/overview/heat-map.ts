import { scalePow } from 'd3-scale';
import type { Week } from '../../stats/week.ts';
import { cellsOf } from '../../tables/cells.ts';
import { type Column, type Table, tableOf } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';

export const HEAT_MAP_TITLE = 'Hours of the week';

/** The darkest of the colours that a cell can have, below zero of those for refunds; 0 is none. */
const DARKEST = 5;
const sum = (costs: number[]) => costs.reduce((total, cost) => total + cost, 0);

/** The hours of a week as a table whose cells are coloured by what they cost. */
export function heatMap(week: Week, format: Format): Table {
  const furthest = Math.max(...week.flat().map(Math.abs));
  // By the square root, so that ordinary hours can be told apart beside an expensive one.
  const scale = scalePow().exponent(0.5).domain([0, furthest]).range([0, DARKEST]).clamp(true);
  const level = (cost: number) => (cost === 0 ? 0 : Math.sign(cost) * Math.max(1, Math.round(scale(Math.abs(cost)))));
  const { euros } = cellsOf(format);
  const bare = (cost: number) => ({ ...euros(cost), text: cost === 0 ? '' : format.bareEuros(cost), exact: undefined });
  type Row = { label: string; costs: number[] };
  const hours: Column<Row>[] = Array.from({ length: 24 }, (_, hour) => {
    const cost = (row: Row) => row.costs[hour] ?? 0;
    const total = sum(week.map((costs) => costs[hour] ?? 0));
    return {
      label: format.clockHour(hour),
      numeric: true,
      cell: (row) => ({
        ...bare(cost(row)),
        level: level(cost(row)),
      }),
      total: bare(total),
    };
  });
  const columns: Column<Row>[] = [
    { label: '€ at', cell: ({ label }) => ({ text: label }), total: { text: 'Total' } },
    ...hours,
    {
      label: 'Total',
      numeric: true,
      cell: ({ costs }) => euros(sum(costs)),
      total: euros(sum(week.flat())),
    },
  ];
  return tableOf(columns, {
    caption: HEAT_MAP_TITLE,
    rows: week.map((costs, i) => ({ label: format.weekday(i + 1), costs })),
  });
}
