import { type BarChart, barChart } from '../tables/bar-chart.ts';
import { type Column, type DataTable, dataTable } from '../tables/table.ts';
import { firstDayOf, monthOf } from '../units/calendar.ts';
import type { Format } from '../units/format.ts';
import { findingPath } from './explanations.ts';
import { counted, type Part, type Trend } from './finding.ts';
import type { ExplainedFinding, FoundOfKind } from './read-findings.ts';

/** So many parts of a trend stand in a line of the list. */
const PARTS_IN_A_LINE = 3;

const partName = ({ first }: Part, per: Trend['per'], format: Format): string =>
  per === 'month' ? format.month(firstDayOf(monthOf(first))) : format.mediumDay(first);

const partFigure = ({ count, euros }: Part, { label }: Trend, format: Format): string =>
  label === null || euros === null ? format.integer(count) : format.euros(euros);

/** "Sep 2026: 12 → Oct 2026: 30 → Nov 2026: 44". */
function trendInWords(trend: Trend, format: Format): string {
  const parts = trend.parts.slice(-PARTS_IN_A_LINE);
  return parts.map((part) => `${partName(part, trend.per, format)}: ${partFigure(part, trend, format)}`).join(' → ');
}

export const explainedInWords = (explanation: NonNullable<ExplainedFinding['explanation']>, format: Format): string =>
  `${explanation.text} (${explanation.by}, ${format.minute(explanation.at)})`;

/** Findings of a kind as the page lists them. */
export function kindTable(
  { kind }: Pick<FoundOfKind, 'kind'>,
  findings: ExplainedFinding[],
  format: Format,
): DataTable {
  const columns: Column<ExplainedFinding>[] = [
    {
      ...{ name: 'subject', label: 'What', kind: 'text', value: ({ subject }) => subject },
      cell: ({ id, sentence }) => ({ href: findingPath(id), note: sentence }),
    },
    {
      ...{ name: 'count', label: kind.counts === 'days' ? 'Days' : 'Requests', kind: 'integer' },
      value: ({ count }) => count,
      cell: ({ records }) => ({ href: records }),
    },
    {
      ...{ name: 'euros', label: 'Euros', kind: 'euros', leads: true, value: ({ euros }) => euros },
      cell: ({ euros }) => (euros === null ? { text: 'not known' } : {}),
    },
    {
      ...{ name: 'since', label: 'Since', kind: 'day', value: ({ since }) => since },
      cell: ({ since }) => ({ text: format.mediumDay(since) }),
    },
    {
      ...{ name: 'trend', label: 'Trend', kind: 'text', value: ({ trend }) => trendInWords(trend, format) },
      cell: () => ({ label: 'Trend' }),
    },
    ...(findings.some(({ explanation }) => explanation !== null)
      ? [
          {
            ...{ name: 'explanation', label: 'Explained', kind: 'text' as const },
            value: ({ explanation }: ExplainedFinding) =>
              explanation === null ? '' : explainedInWords(explanation, format),
            cell: ({ explanation, isExplained }: ExplainedFinding) =>
              explanation !== null && !isExplained ? { flag: 'has grown since' } : {},
          },
        ]
      : []),
  ];
  return dataTable(columns, { title: kind.title, rows: findings });
}

/** All findings as a file. */
export function findingsTable(findings: ExplainedFinding[]): DataTable {
  const columns: Column<ExplainedFinding>[] = [
    { name: 'findingId', label: 'Finding id', kind: 'text', value: ({ id }) => id },
    { name: 'findingKind', label: 'Kind of finding', kind: 'text', value: ({ kind }) => kind.name },
    { name: 'finding', label: 'Finding', kind: 'text', value: ({ subject }) => subject },
    { name: 'inWords', label: 'In words', kind: 'text', value: ({ sentence }) => sentence },
    { name: 'count', label: 'Count', kind: 'integer', value: ({ count }) => count },
    { name: 'counts', label: 'Counts', kind: 'text', value: ({ kind }) => kind.counts },
    { name: 'euros', label: 'Amount', kind: 'euros', value: ({ euros }) => euros },
    { name: 'since', label: 'Since', kind: 'day', value: ({ since }) => since },
    { name: 'explained', label: 'Explained', kind: 'boolean', value: ({ isExplained }) => isExplained },
    {
      ...{ name: 'explanation', label: 'Explanation', kind: 'text' },
      value: ({ explanation }) => explanation?.text ?? null,
    },
    {
      ...{ name: 'explainedBy', label: 'Explained by', kind: 'text' },
      value: ({ explanation }) => explanation?.by ?? null,
    },
    {
      ...{ name: 'explainedAt', label: 'Explained at', kind: 'instant' },
      value: ({ explanation }) => explanation?.at ?? null,
    },
  ];
  return dataTable(columns, { title: 'Findings', rows: findings });
}

/** The parts of all findings as a file. */
export function partsTable(findings: ExplainedFinding[]): DataTable {
  const rows = findings.flatMap(({ id, trend }) => trend.parts.map((part) => ({ id, trend, part })));
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { name: 'findingId', label: 'Finding id', kind: 'text', value: ({ id }) => id },
    { name: 'from', label: 'From', kind: 'day', value: ({ part }) => part.first },
    { name: 'per', label: 'Period', kind: 'text', value: ({ trend }) => trend.per },
    { name: 'count', label: 'Count', kind: 'integer', value: ({ part }) => part.count },
    { name: 'euros', label: 'Amount', kind: 'euros', value: ({ part }) => part.euros },
    { name: 'eurosAre', label: 'Euros are', kind: 'text', value: ({ trend }) => trend.label },
  ];
  return dataTable(columns, { title: 'Findings over time', rows });
}

/** How a finding went, as bars and as a table of the same. */
export function trendView({ kind, trend }: ExplainedFinding, format: Format): { chart: BarChart; table: DataTable } {
  const say = (count: number) => format.roundInteger(count);
  const barOf = (part: Part) => (trend.label === null ? part.count : (part.euros ?? 0) / 1_000_000);
  const counts = kind.counts === 'days' ? 'Days' : 'Requests';
  const title = `${trend.label ?? counts} by ${trend.per}`;
  const bars = trend.parts.map((part) => {
    const name = partName(part, trend.per, format);
    return { label: name, axisLabel: name, value: barOf(part), marked: false };
  });
  const columns: Column<Part>[] = [
    {
      ...{
        name: 'from',
        label: trend.per === 'month' ? 'Month' : trend.per === 'week' ? 'Week of' : 'Day',
        kind: 'day',
      },
      value: ({ first }) => first,
      cell: (part) => ({ text: partName(part, trend.per, format) }),
    },
    { name: 'count', label: counts, kind: 'integer', value: ({ count }) => count },
    {
      ...{ name: 'euros', label: trend.label ?? 'Euros', kind: 'euros', value: ({ euros }) => euros },
      cell: ({ euros }) => (euros === null ? { text: 'not known' } : {}),
    },
  ];
  const text = `${title}: ${counted(trend.parts.length, trend.per, format)}, the last ${trendInWords({ ...trend, parts: trend.parts.slice(-1) }, format)}`;
  return { chart: barChart(bars, { limit: null, say, text }), table: dataTable(columns, { title, rows: trend.parts }) };
}
