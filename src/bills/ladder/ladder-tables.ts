import { OVERVIEW_PATH } from '../../query/paths.ts';
import { usageUrl } from '../../query/query.ts';
import type { KeptLine } from '../../stats/bills/read-lines.ts';
import type { Cell } from '../../tables/cells.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';
import { amountInWords, daysInWords } from '../import/import-page.ts';
import { KIND_LABELS } from '../terms.ts';
import { focusTable } from './focus.ts';
import { type Ladder, RUNGS, type RungName, type Rungs, rungsBy, rungsOf, sumOfRungs } from './ladder.ts';
import type { Bill } from './read-ladder.ts';
import { RUNG_LABELS, rungInWords } from './words.ts';

type Step = { rung: RungName | 'billed'; amount: MicroEuros; total: MicroEuros; about: string };

/** The steps from what was recorded to what was billed. */
function stepsOf(ladder: Ladder, format: Format): Step[] {
  const rungs = rungsOf(ladder.parts);
  let total = NO_EUROS;
  const steps = RUNGS.map((rung): Step => {
    total = plus(total, rungs[rung]);
    return { rung, amount: rungs[rung], total, about: rungInWords(rung, ladder, format) };
  });
  return [...steps, { rung: 'billed', amount: ladder.billed, total, about: 'What the provider has billed, in euros.' }];
}

/** What a rung leads to: the rows behind it. */
function behind(rung: Step['rung'], { query }: Bill): Partial<Cell> {
  if (rung === 'recorded' || rung === 'monthEdges') return { href: usageUrl(OVERVIEW_PATH, query) };
  if (rung === 'priceList') return { href: usageUrl('/ai-usage/repriced', query) };
  if (rung === 'exchangeRate') return { href: '/rates' };
  return rung === 'recordedNotBilled' ? { href: '#models' } : { href: '#lines' };
}

/** The ladder; `bill` has the calls and lines that its rungs lead to. */
export function ladderTable(bill: Bill, format: Format): DataTable {
  const steps = stepsOf(bill.ladder, format);
  const { change } = format.eurosBeside(steps.map(({ amount }) => amount));
  return dataTable<Step>(
    [
      { name: 'rung', label: 'Rung id', kind: 'text', only: 'file', value: ({ rung }) => rung },
      {
        ...{ name: 'rungLabel', label: 'Rung', kind: 'text' },
        value: ({ rung }) => (rung === 'billed' ? 'Billed' : RUNG_LABELS[rung]),
        cell: ({ rung }) => behind(rung, bill),
      },
      {
        ...{ name: 'amount', label: 'Amount', kind: 'euros', leads: true, value: ({ amount }) => amount },
        cell: ({ rung, amount }) => (rung === 'recorded' || rung === 'billed' ? {} : { text: change(amount) }),
      },
      { name: 'total', label: 'So far', kind: 'euros', value: ({ total }) => total },
      { name: 'about', label: 'What it is', kind: 'text', value: ({ about }) => about },
    ],
    { title: 'From recorded to billed', rows: steps, idOf: ({ rung }) => `rung-${rung}` },
  );
}

type Line = { key: string; rungs: Rungs };

/** Most rungs are nothing of most models and days: what is something would be lost among zeros. */
const emptyWhereNothing = (amount: MicroEuros): Partial<Cell> => (amount === 0 ? { text: '', exact: '' } : {});

/** Columns of all rungs, those that are nothing everywhere only in files; with what they add up to. */
function rungColumns(lines: Line[], all: Rungs): Column<Line>[] {
  const columns = RUNGS.map(
    (name): Column<Line> => ({
      ...{ name, label: RUNG_LABELS[name], kind: 'euros', value: ({ rungs }) => rungs[name], total: all[name] },
      ...(name === 'recorded' ? {} : { isChange: true as const, cell: ({ rungs }) => emptyWhereNothing(rungs[name]) }),
      ...(lines.every(({ rungs }) => rungs[name] === 0) ? { only: 'file' as const } : {}),
    }),
  );
  const billed: Column<Line> = {
    ...{ name: 'billed', label: 'Billed', kind: 'euros', leads: true, value: ({ rungs }) => sumOfRungs(rungs) },
    total: sumOfRungs(all),
  };
  return [...columns, billed];
}

/** The same by model: each with the rungs that lead from its calls to its lines. */
export function modelsTable({ ladder, query, recordedAs }: Bill): DataTable {
  const lines = [...rungsBy(ladder.parts, ({ model }) => model ?? '')]
    .map(([key, rungs]): Line => ({ key, rungs }))
    .sort((a, b) => sumOfRungs(b.rungs) - sumOfRungs(a.rungs) || byCodePoint(a.key, b.key));
  return dataTable<Line>(
    [
      {
        ...{ name: 'model', label: 'Model', kind: 'text', value: ({ key }) => (key === '' ? null : key), total: null },
        totalCell: { text: 'Total' },
        cell: ({ key }) => {
          const models = recordedAs.get(key);
          if (key === '') return { text: 'No model' };
          return models === undefined ? {} : { href: usageUrl(OVERVIEW_PATH, query, { models, providers: [] }) };
        },
      },
      ...rungColumns(lines, rungsOf(ladder.parts)),
    ],
    { title: 'By model', rows: lines },
  );
}

/** The same by day: calls by business day, lines by their last day. */
export function daysTable({ ladder }: Bill, format: Format): DataTable {
  const lines = [...rungsBy(ladder.parts, ({ day }) => day)]
    .map(([key, rungs]): Line => ({ key, rungs }))
    .sort((a, b) => compareDays(a.key, b.key));
  return dataTable<Line>(
    [
      {
        ...{
          name: 'day',
          label: 'Day',
          kind: 'day',
          value: ({ key }) => key,
          total: null,
          totalCell: { text: 'Total' },
        },
        cell: ({ key }) => ({ text: format.mediumDay(key as Day) }),
      },
      ...rungColumns(lines, rungsOf(ladder.parts)),
    ],
    { title: 'By day', rows: lines },
  );
}

/** What the page lists of the lines; all are in the file. */
const MOST_ROWS = 50;

/** A line and what it corrects, from the newest on; `newest` is the one that counts. */
type LineRow = { line: KeptLine; counts: boolean };
const rowsOf = (lines: readonly KeptLine[]): LineRow[] =>
  lines.flatMap((line) => [{ line, counts: true }, ...line.before.map((before) => ({ line: before, counts: false }))]);

/** The lines of a bill, of which there are so many, with those that were corrected below the one that counts. */
export function linesTable(lines: readonly KeptLine[], format: Format, all = lines.length): DataTable {
  const rows = rowsOf(lines);
  const columns: Column<LineRow>[] = [
    {
      ...{ name: 'firstDay', label: 'First day', kind: 'day', value: ({ line }) => line.firstDay },
      cell: ({ line, counts }) => ({ text: daysInWords(line, format), ...(counts ? {} : { flag: 'corrected' }) }),
    },
    { name: 'lastDay', label: 'Last day', kind: 'day', only: 'file', value: ({ line }) => line.lastDay },
    { name: 'item', label: 'Line item', kind: 'text', value: ({ line }) => line.item },
    { name: 'project', label: 'Project', kind: 'text', value: ({ line }) => line.project },
    {
      ...{ name: 'charge', label: 'Charge', kind: 'text', value: ({ line }) => line.kind },
      cell: ({ line }) => ({ text: KIND_LABELS[line.kind] }),
    },
    {
      ...{ name: 'quantity', label: 'Quantity', kind: 'decimal' },
      value: ({ line }) => (line.quantity === null ? null : Number(line.quantity)),
    },
    {
      ...{ name: 'inCurrency', label: 'In its currency', kind: 'decimal', value: ({ line }) => Number(line.amount) },
      cell: ({ line }) => ({ text: amountInWords(line, format) }),
    },
    { name: 'currency', label: 'Currency', kind: 'text', only: 'file', value: ({ line }) => line.currency },
    {
      ...{ name: 'billed', label: 'Billed', kind: 'euros', leads: true, value: ({ line }) => line.euros },
      cell: ({ line }) => (line.euros === null ? { text: 'no rate' } : {}),
    },
    { name: 'counts', label: 'Counts', kind: 'boolean', only: 'file', value: ({ counts }) => counts },
    {
      ...{ name: 'source', label: 'Source', kind: 'text', value: ({ line }) => line.source },
      note: () => cut(all, format),
    },
    { name: 'importedAt', label: 'Imported', kind: 'instant', value: ({ line }) => line.importedAt },
    { name: 'importedBy', label: 'Imported by', kind: 'text', only: 'file', value: ({ line }) => line.importedBy },
  ];
  return dataTable(columns, { title: 'Lines of the bill', rows, faint: ({ counts }) => !counts });
}

const cut = (count: number, format: Format) =>
  count > MOST_ROWS
    ? `The first ${format.integer(MOST_ROWS)} of ${format.integer(count)}; all are in the file.`
    : undefined;

/** As the page has them: the first of them. */
export const shownLines = (lines: readonly KeptLine[]): readonly KeptLine[] => lines.slice(0, MOST_ROWS);

export const FILE_TABLES = ['ladder', 'models', 'days', 'lines', 'focus'] as const;

/** All tables of a bill, by their names in files. */
export const tablesOf = (bill: Bill, format: Format): Record<(typeof FILE_TABLES)[number], DataTable> => ({
  ladder: ladderTable(bill, format),
  models: modelsTable(bill),
  days: daysTable(bill, format),
  lines: linesTable(bill.lines, format),
  focus: focusTable(bill.provider, bill.lines),
});
