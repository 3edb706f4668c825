import { scalePow } from 'd3-scale';
import type { Week } from '../../stats/week.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';

export const HEAT_MAP_TITLE = 'Hours of the week';

/** The darkest of the colours that a cell can have, below zero of those for refunds; 0 is none. */
const DARKEST = 5;
const sum = (costs: MicroEuros[]) => costs.reduce(plus, NO_EUROS);

/** The hours of a week as a table whose cells are coloured by what they cost; in files a weekday is 1 for Monday to 7. */
export function heatMap(week: Week, format: Format): DataTable {
  const furthest = Math.max(...week.flat().map(Math.abs));
  // By the square root, so that ordinary hours can be told apart beside an expensive one.
  const scale = scalePow().exponent(0.5).domain([0, furthest]).range([0, DARKEST]).clamp(true);
  const level = (cost: number) => (cost === 0 ? 0 : Math.sign(cost) * Math.max(1, Math.round(scale(Math.abs(cost)))));
  const bare = (cost: MicroEuros) => ({ text: cost === 0 ? '' : format.bareEuros(cost), exact: undefined });
  type Row = { weekday: number; costs: MicroEuros[] };
  const hours = Array.from({ length: 24 }, (_, hour): Column<Row> => {
    const cost = ({ costs }: Row) => costs[hour] ?? NO_EUROS;
    const total = sum(week.map((costs) => costs[hour] ?? NO_EUROS));
    const label = format.clockHour(hour);
    return {
      ...{ name: `hour${label}`, label, kind: 'euros', value: cost },
      cell: (row) => ({ ...bare(cost(row)), level: level(cost(row)) }),
      total,
      totalCell: bare(total),
    };
  });
  const weekdayOf = ({ weekday }: Row) => format.weekday(weekday);
  const columns: Column<Row>[] = [
    { name: 'weekday', label: 'Weekday number', kind: 'integer', only: 'file', value: ({ weekday }) => weekday },
    { name: 'weekdayLabel', label: 'Weekday', kind: 'text', only: 'file', value: weekdayOf },
    // On the page its cells have no sign of the unit.
    { name: 'weekdayLabel', label: '€ at', kind: 'text', only: 'page', value: weekdayOf, total: 'Total' },
    ...hours,
    {
      ...{ name: 'weekdayCost', label: 'Total', kind: 'euros', total: sum(week.flat()) },
      value: ({ costs }) => sum(costs),
    },
  ];
  return dataTable(columns, { title: HEAT_MAP_TITLE, rows: week.map((costs, i) => ({ weekday: i + 1, costs })) });
}
