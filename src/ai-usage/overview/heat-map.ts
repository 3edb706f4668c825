import { isOfHours } from '../../query/filters/hours.ts';
import type { UsageQuery, ViewLinks } from '../../query/query.ts';
import type { Week } from '../../stats/explore/week.ts';
import { heatOf } from '../../tables/heat.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';

export const HEAT_MAP_TITLE = 'Hours of the week';

const sum = (costs: MicroEuros[]) => costs.reduce(plus, NO_EUROS);

/**
 * The hours of a week as a table whose cells are coloured by what they cost and lead to their records; in files a weekday is 1 for
 * Monday to 7, and has all hours: the page leaves out those of which a filter lets nothing through.
 */
export function heatMap(
  week: Week,
  { query, links: { records }, format }: { query: UsageQuery; links: Pick<ViewLinks, 'records'>; format: Format },
): DataTable {
  const level = heatOf(week.flat());
  const bare = (cost: MicroEuros) => ({ text: cost === 0 ? '' : format.bareEuros(cost), exact: undefined });
  const only = (one: number) => ({ first: one, last: one });
  type Row = { weekday: number; costs: MicroEuros[] };
  const hours = Array.from({ length: 24 }, (_, hour): Column<Row> => {
    const cost = ({ costs }: Row) => costs[hour] ?? NO_EUROS;
    const total = sum(week.map((costs) => costs[hour] ?? NO_EUROS));
    const label = format.clockHour(hour);
    return {
      ...{ name: `hour${label}`, label, kind: 'euros', value: cost },
      ...(query.hours === null || isOfHours(query.hours, hour) ? {} : { only: 'file' }),
      cell: (row) => ({
        ...{ ...bare(cost(row)), level: level(cost(row)) },
        ...(cost(row) === 0 ? {} : { href: records({ weekdays: only(row.weekday), hours: only(hour) }) }),
      }),
      total,
      totalCell: { ...bare(total), ...(total === 0 ? {} : { href: records({ hours: only(hour) }) }) },
    };
  });
  const aboutHours = () => `In euros, by the clock of ${format.timeZone}: 09 is from 09:00 until 10:00.`;
  const weekdayOf = ({ weekday }: Row) => format.weekday(weekday);
  const columns: Column<Row>[] = [
    { name: 'weekday', label: 'Weekday number', kind: 'integer', only: 'file', value: ({ weekday }) => weekday },
    { name: 'weekdayLabel', label: 'Weekday', kind: 'text', only: 'file', value: weekdayOf },
    // On the page its cells have no sign of the unit.
    {
      name: 'weekdayLabel',
      label: '€ at',
      kind: 'text',
      only: 'page',
      value: weekdayOf,
      total: 'Total',
      note: aboutHours,
    },
    ...hours,
    {
      ...{ name: 'weekdayCost', label: 'Total', kind: 'euros', total: sum(week.flat()) },
      value: ({ costs }) => sum(costs),
      cell: ({ weekday, costs }) => (sum(costs) === 0 ? {} : { href: records({ weekdays: only(weekday) }) }),
    },
  ];
  return dataTable(columns, { title: HEAT_MAP_TITLE, rows: week.map((costs, i) => ({ weekday: i + 1, costs })) });
}
