import { written } from '../../catalog/written.ts';
import { type QueryChange, spanOf, type UsageQuery, type ViewLinks } from '../../query/query.ts';
import { type Causes, sumOfRows, type WhyRow, whyOf } from '../../stats/why.ts';
import type { Cell } from '../../tables/cells.ts';
import { type Column, type DataTable, dataTable, type Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, minus } from '../../units/money.ts';
import { modelColumn, OTHERS } from '../frame/name-columns.ts';
import { BREAKDOWNS, sumsOfEach } from './breakdowns.ts';
import type { Counted } from './compare.ts';

/** Why the cost changed, ready to print: the difference, its four causes, and the models that moved it most. */
export type WhyPanel = { lead: string; causes: { label: string; text: string; note: string }[]; table: Table };

const MOST_MODELS = 5;

const CAUSES: Record<keyof Causes, { name: string; label: string; note: string }> = {
  volume: { name: 'volume', label: 'Volume', note: 'more or fewer requests' },
  mix: { name: 'modelMix', label: 'Model mix', note: 'other models than before' },
  tokens: { name: 'tokensPerRequest', label: 'Tokens per request', note: 'longer or shorter calls' },
  price: { name: 'pricePerToken', label: 'Price per token', note: 'dearer or cheaper tokens' },
};
const NAMES = Object.keys(CAUSES) as (keyof Causes)[];

/** A model, or with `key` null all `others` as one. */
type Row = Omit<WhyRow, 'key'> & { key: string | null; others: number | null };

/** The models that moved the cost most, and all others as one row. */
function rowsShown(rows: WhyRow[]): Row[] {
  const shown: Row[] = rows.slice(0, MOST_MODELS).map((row) => ({ ...row, others: null }));
  const rest = rows.slice(MOST_MODELS);
  return rest.length === 0 ? shown : [...shown, { ...sumOfRows(rest), key: null, others: rest.length }];
}

/** The page that it stands on: `query` and links of its view. */
type Page = { query: UsageQuery; links: Pick<ViewLinks, 'records'> };

/** Null when nothing is compared. */
export function whyPanel({ stats, compared }: Counted, page: Page, format: Format): WhyPanel | null {
  if (compared === null) return null;
  const { total } = whyOf(sumsOfEach(stats, 'model'), sumsOfEach(compared.stats, 'model'));
  const { change } = format.eurosCompared(total.now, total.before);
  return {
    lead: leadOf(total, format),
    causes: NAMES.map((name) => ({ ...CAUSES[name], text: change(total[name]) })),
    table: causesTable({ stats, compared }, format, page).page(format),
  };
}

/** The models that moved the cost, each with its causes, on a page with the ways to their records; without rows where nothing is compared. */
export function causesTable({ stats, compared }: Counted, format: Format, page?: Page): DataTable {
  const { total, rows } =
    compared === null
      ? { total: sumOfRows([]), rows: [] }
      : whyOf(sumsOfEach(stats, 'model'), sumsOfEach(compared.stats, 'model'));
  const shown = rowsShown(rows);
  const named = shown.flatMap(({ key }) => key ?? []);
  const recordsOf = (key: string | null, when: QueryChange): Partial<Cell> => {
    const which =
      key === null ? page && BREAKDOWNS.model.but(named, { models: [], query: page.query }) : { models: [key] };
    return page && which ? { href: page.links.records({ ...which, ...when }) } : {};
  };
  const before = compared && spanOf(compared.window);
  return dataTable(
    columnsOf(total, format, {
      before: ({ key, before: cost }) => (cost === 0 || before === null ? {} : recordsOf(key, before)),
      now: ({ key, now }) => (now === 0 ? {} : recordsOf(key, {})),
    }),
    {
      title: 'Why the cost changed, by model',
      rows: shown,
      faint: ({ key }) => key === null,
    },
  );
}

function leadOf({ now, before }: { now: MicroEuros; before: MicroEuros }, format: Format): string {
  if (now === before) return `The same as before, ${format.spokenEuros(now)}.`;
  const { euros, change } = format.eurosCompared(now, before);
  const share = format.shareChange(now, before);
  return `${change(minus(now, before))}${share ? ` (${share})` : ''}: from ${euros(before)} to ${euros(now)}.`;
}

type Ways = Record<'before' | 'now', (row: Row) => Partial<Cell>>;

function columnsOf(total: Omit<WhyRow, 'key'>, format: Format, ways: Ways): Column<Row>[] {
  const othersText = (count: number) => `${format.integer(count)} other ${count === 1 ? 'model' : 'models'}`;
  const money = (
    name: string,
    label: string,
    value: (row: Omit<WhyRow, 'key'>) => MicroEuros,
    isChange?: true,
  ): Column<Row> => ({ name, label, kind: 'euros', value, total: value(total), isChange });
  return [
    modelColumn(({ key }) => key, {
      cell: ({ key, others }) => ({ text: key === null ? othersText(others ?? 0) : written(key) }),
      total: 'Total',
    }),
    OTHERS,
    { ...money('before', 'Before', ({ before }) => before), cell: ways.before },
    ...NAMES.map((cause) => ({
      ...money(CAUSES[cause].name, CAUSES[cause].label, (row) => row[cause], true),
      onDesk: true,
    })),
    { ...money('now', 'Now', ({ now }) => now), cell: ways.now, leads: true },
  ];
}
