import type { UsageStats } from '../../stats/stats.ts';
import { type Figure, figuresOf, sameFigures } from '../../stats/tie-out.ts';
import { type Column, dataTable, type Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { microEuros } from '../../units/money.ts';

/** Each figure as the page shows it, from raw rows, and their difference; `equal` when every difference is 0. */
export function tieOutOf(kept: UsageStats, raw: UsageStats, format: Format): { equal: boolean; table: Table } {
  const number = (value: number, euros: boolean) => ({
    text: euros ? format.exactEuros(microEuros(value)) : format.integer(value),
  });
  const figure = (name: string, label: string, value: (figure: Figure) => number): Column<Figure> => ({
    ...{ name, label, kind: 'integer', value },
    cell: (row) => number(value(row), row.euros),
  });
  const columns: Column<Figure>[] = [
    { name: 'figure', label: 'Figure', kind: 'text', value: ({ label }) => label },
    { ...figure('shown', 'As shown', ({ kept }) => kept), leads: true },
    figure('raw', 'Record by record', ({ raw }) => raw),
    {
      ...{
        name: 'difference',
        label: 'Difference',
        kind: 'integer',
        value: ({ kept, raw }) => kept - raw,
      },
      cell: ({ kept, raw, euros }) => ({ ...number(kept - raw, euros), ...(kept === raw ? {} : { flag: 'differs' }) }),
    },
  ];
  return {
    equal: sameFigures(kept, raw),
    table: dataTable(columns, { title: 'Recomputed', rows: figuresOf(kept, raw) }).page(format),
  };
}
