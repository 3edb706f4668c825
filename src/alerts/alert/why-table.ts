import { written } from '../../catalog/written.ts';
import type { Sums } from '../../stats/sums.ts';
import { type Causes, type WhyRow, whyOf } from '../../stats/why.ts';
import { type Column, dataTable, type Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, minus } from '../../units/money.ts';

/** Why a window cost more or less than another: how much, by which causes, and the models that moved it most. */
export type WhyView = { lead: string; causes: { label: string; text: string; note: string }[]; table: Table };

const CAUSES: Record<keyof Causes, { label: string; note: string }> = {
  volume: { label: 'Volume', note: 'more or fewer requests' },
  mix: { label: 'Model mix', note: 'other models than before' },
  tokens: { label: 'Tokens per request', note: 'longer or shorter calls' },
  price: { label: 'Price per token', note: 'dearer or cheaper tokens' },
};
const NAMES = Object.keys(CAUSES) as (keyof Causes)[];
const MOST_MODELS = 5;

/** Of the sums of each model in both. Null where neither has any. */
export function whyView(
  now: Map<string, Sums>,
  before: Map<string, Sums>,
  modelUrl: (model: string) => string,
  format: Format,
): WhyView | null {
  const { total, rows } = whyOf(now, before);
  if (rows.length === 0) return null;
  const { euros, change } = format.eurosCompared(total.now, total.before);
  const share = format.shareChange(total.now, total.before);
  const title = rows.length > MOST_MODELS ? `The ${MOST_MODELS} models that moved it most` : 'By model';
  return {
    lead: `${change(minus(total.now, total.before))}${share ? ` (${share})` : ''}: from ${euros(total.before)} to ${euros(total.now)}.`,
    causes: NAMES.map((name) => ({ ...CAUSES[name], text: change(total[name]) })),
    table: dataTable(columnsOf(modelUrl), { title, rows: rows.slice(0, MOST_MODELS) }).page(format),
  };
}

function columnsOf(modelUrl: (model: string) => string): Column<WhyRow>[] {
  const money = (name: string, label: string, value: (row: WhyRow) => MicroEuros, isChange?: true): Column<WhyRow> => ({
    ...{ name, label, kind: 'euros', value, isChange },
  });
  return [
    {
      ...{ name: 'model', label: 'Model', kind: 'text', value: ({ key }) => written(key) },
      cell: ({ key }) => ({ href: modelUrl(key) }),
    },
    money('before', 'Before', ({ before }) => before),
    ...NAMES.map((cause) => money(cause, CAUSES[cause].label, (row) => row[cause], true)),
    { ...money('now', 'Now', ({ now }) => now), leads: true },
  ];
}
