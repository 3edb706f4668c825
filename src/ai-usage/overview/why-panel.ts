import { written } from '../../catalog/written.ts';
import type { UsageStats } from '../../stats/stats.ts';
import { type Causes, sumOfRows, type WhyRow, whyOf } from '../../stats/why.ts';
import { cellsOf } from '../../tables/cells.ts';
import { type Cell, type Column, type Table, tableOf } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import type { MicroEuros } from '../../units/money.ts';
import { sumsOfEach } from '../breakdowns/breakdowns.ts';
import type { Compared } from '../breakdowns/compare.ts';

/** Why the cost changed, ready to print: the difference, its four causes, and the models that moved it most. */
export type WhyPanel = { lead: string; causes: { label: string; text: string; note: string }[]; table: Table };

const MOST_ROWS = 5;

const CAUSES: Record<keyof Causes, { label: string; note: string }> = {
  volume: { label: 'Volume', note: 'more or fewer requests' },
  mix: { label: 'Model mix', note: 'other models than before' },
  tokens: { label: 'Tokens per request', note: 'longer or shorter calls' },
  price: { label: 'Price per token', note: 'dearer or cheaper tokens' },
};
const NAMES = Object.keys(CAUSES) as (keyof Causes)[];

/** A model, or with `key` null all `others` as one. */
type Row = Omit<WhyRow, 'key'> & { key: string | null; others: number | null };

/** The models that moved the cost most, and all others as one row. */
export function rowsShown(rows: WhyRow[]): Row[] {
  const shown: Row[] = rows.slice(0, MOST_ROWS).map((row) => ({ ...row, others: null }));
  const rest = rows.slice(MOST_ROWS);
  return rest.length === 0 ? shown : [...shown, { ...sumOfRows(rest), key: null, others: rest.length }];
}

/** Null when nothing is compared. */
export function whyPanel(stats: UsageStats, compared: Compared | null, format: Format): WhyPanel | null {
  if (compared === null) return null;
  const { total, rows } = whyOf(sumsOfEach(stats, 'model'), sumsOfEach(compared.stats, 'model'));
  return {
    lead: leadOf(total, format),
    causes: NAMES.map((name) => ({ ...CAUSES[name], text: format.eurosChange(total[name]) })),
    table: tableOf(columnsOf(total, format), {
      caption: 'Why the cost changed, by model',
      rows: rowsShown(rows),
      faint: ({ key }) => key === null,
    }),
  };
}

function leadOf({ now, before }: { now: MicroEuros; before: MicroEuros }, format: Format): string {
  if (now === before) return `The same as before, ${format.euros(now)}.`;
  const share = format.shareChange(now, before);
  return `${format.eurosChange(now - before)}${share ? ` (${share})` : ''}: from ${format.euros(before)} to ${format.euros(now)}.`;
}

function columnsOf(total: Omit<WhyRow, 'key'>, format: Format): Column<Row>[] {
  const { euros } = cellsOf(format);
  const othersText = (count: number) => `${format.integer(count)} other ${count === 1 ? 'model' : 'models'}`;
  const money = (
    label: string,
    text: (micro: MicroEuros) => string,
    value: (row: Omit<WhyRow, 'key'>) => MicroEuros,
  ) => {
    const cell = (row: Omit<WhyRow, 'key'>): Cell => ({
      ...euros(value(row)),
      text: text(value(row)),
    });
    return { label, numeric: true, cell, total: cell(total) } satisfies Column<Row>;
  };
  return [
    {
      label: 'Model',
      cell: ({ key, others }) => ({ text: key === null ? othersText(others ?? 0) : written(key) }),
      total: { text: 'Total' },
    },
    money('Before', format.euros, ({ before }) => before),
    ...NAMES.map((name) => money(CAUSES[name].label, format.eurosChange, (row) => row[name])),
    money('Now', format.euros, ({ now }) => now),
  ];
}
