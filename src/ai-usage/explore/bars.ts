import type { UsageQuery } from '../../query/query.ts';
import type { Line, Pivot } from '../../stats/explore/pivot.ts';
import { columnPrinter, printed, type Strip } from '../../tables/cells.ts';
import type { Format } from '../../units/format.ts';
import { AXIS_WORDS, othersText } from './axes.ts';
import { amountOf, MEASURE_WORDS, noCostOf } from './measures.ts';

/** Rows as bars, as long as their figures; parts that add up stand beside each other in the colours of their columns. */
export type Bars = {
  legend: { swatch: string; label: string }[];
  bars: { label: string; figure: string; strip: Strip }[];
  /** What of it cannot be drawn. */
  note: string | null;
};

/** As many colours as can be told apart, the last for all others. */
const COLOURS = 6;
const WIDTH = 1000;

export function barsOf(pivot: Pivot, query: UsageQuery, format: Format): Bars {
  const { rows, columns, cells } = pivot;
  const { adds, kind, figure } = MEASURE_WORDS[query.measure];
  const columnWords = AXIS_WORDS[query.columns];
  const isDivided = adds && ['action', 'model', 'provider'].includes(query.columns) && columns.length > 1;
  const value = (line: Line) => amountOf(query.measure, line) ?? 0;
  const figures = rows.map(value);
  const longest = Math.max(0, ...figures);
  const say = (micro: number) => printed(kind, micro, format).text;
  const print = columnPrinter(
    kind,
    rows.map((line) => amountOf(query.measure, line)),
    format,
  );
  const named = columns.filter(({ key }) => key !== null).slice(0, columns.length > COLOURS ? COLOURS - 1 : COLOURS);
  const rest = columns.length - named.length;
  const series = isDivided
    ? [
        ...named.map(({ key }, j) => ({ label: columnWords.heading(key ?? '', format), of: [j] })),
        ...(rest > 0 ? [{ label: 'Others', of: columns.map((_, j) => j).slice(named.length) }] : []),
      ]
    : [];
  const partsOf = (row: number) =>
    series.map(({ label, of }, i) => {
      const all = of
        .map((j) => cells[row]?.[j] ?? null)
        .flatMap((sums) => (sums === null ? [] : [amountOf(query.measure, sums) ?? 0]));
      return { label, kind: `s${i}`, value: all.reduce((sum, one) => sum + one, 0) };
    });
  const stripOf = (line: Line, i: number): Strip => {
    const parts = isDivided ? partsOf(i) : [{ label: '', kind: 's0', value: figures[i] ?? 0 }];
    const shown = parts.filter(({ value }) => value !== 0);
    let from = 0;
    const runs = parts.flatMap(({ kind, value }) => {
      const length = longest > 0 ? Math.round((WIDTH * Math.max(0, value)) / longest) : 0;
      const run = { kind, from, length };
      from += length;
      return length > 0 ? [run] : [];
    });
    const words = isDivided ? shown.map((part) => `${part.label} ${say(part.value)}`).join(', ') : figureText(line);
    return { text: words || figureText(line), width: Math.max(WIDTH, from), runs };
  };
  const figureText = (line: Line) => {
    const found = figure(line, noCostOf(pivot));
    return 'value' in found ? print(found.value).text : found.none;
  };
  const isBelow =
    figures.some((one) => one < 0) ||
    (isDivided && cells.flat().some((sums) => sums !== null && (amountOf(query.measure, sums) ?? 0) < 0));
  return {
    legend: series.map(({ label }, i) => ({ swatch: `s${i}`, label })),
    bars: rows.map((line, i) => ({
      label:
        line.key === null ? othersText(query.rows, line.count, format) : AXIS_WORDS[query.rows].row(line.key, format),
      figure: figureText(line),
      strip: stripOf(line, i),
    })),
    note: isBelow
      ? 'Refunds, which are below zero, are not drawn: bars are longer than their figures by as much.'
      : null,
  };
}
