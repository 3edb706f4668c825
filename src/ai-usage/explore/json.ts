import type { Axis, Measure } from '../../query/view.ts';
import { isRepricedPivot, type Line, type Pivot, type PivotSums } from '../../stats/explore/pivot.ts';
import type { Answer } from '../../stats/source.ts';
import { inFile } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { eurosNumber, type MicroEuros } from '../../units/money.ts';
import { isoFromInstant, isoWindow } from '../../units/time.ts';
import { AXIS_WORDS } from './axes.ts';
import { amountOf, MEASURE_WORDS } from './measures.ts';

/** A figure as the API has it: euros, or a count; null where there is none. */
function valueJson(measure: Measure, sums: PivotSums): number | null {
  const { kind } = MEASURE_WORDS[measure];
  const value = inFile(kind, amountOf(measure, sums));
  return kind === 'euros' && value !== null ? eurosNumber(value as MicroEuros) : (value as number | null);
}

function sumsJson(measure: Measure, sums: PivotSums) {
  const { requests, inputTokens, outputTokens, cost, stories, noNumber } = sums;
  return {
    value: valueJson(measure, sums),
    totalCost: eurosNumber(cost),
    requests,
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    // Told apart only where the measure asks for them.
    ...(stories === null ? {} : { uniqueStories: stories }),
    requestsWithoutNumber: noNumber,
  };
}

const lineJson = (axis: Axis, measure: Measure, { key, count, ...sums }: Line, format: Format) => ({
  key: key === null ? null : AXIS_WORDS[axis].written(key),
  label: key === null ? null : AXIS_WORDS[axis].row(key, format),
  count,
  ...sumsJson(measure, sums),
});

/** The contract of docs/openapi.yaml. */
export function exploreJson({ query, value }: Answer<Pivot>, format: Format) {
  const { rows, columns, measure, page, pageSize } = query;
  return {
    ...{ rows, columns, measure },
    total: sumsJson(measure, value.total),
    rowTotals: value.rows.map((line) => lineJson(rows, measure, line, format)),
    columnTotals: value.columns.map((line) => lineJson(columns, measure, line, format)),
    cells: value.cells.map((line) => line.map((sums) => sums && sumsJson(measure, sums))),
    rowCount: value.rowCount,
    ...(isRepricedPivot(value) ? { unpriced: value.unpriced } : {}),
    ...{ page, pageSize, totalPages: Math.ceil(value.rowCount / pageSize) },
    window: isoWindow(query.window),
    timeZone: format.timeZone,
    asOf: isoFromInstant(query.asOf),
  };
}
