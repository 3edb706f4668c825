import { providerOf } from '../../catalog/models.ts';
import { written } from '../../catalog/written.ts';
import { parseUsageQuery, type QueryLimits, type UsageQuery } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Answer } from '../../stats/source.ts';
import type { UsageStats } from '../../stats/stats.ts';
import { noSums, type Sums, sumOf } from '../../stats/sums.ts';
import { shareColumn, sumColumns } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable, type Table } from '../../tables/table.ts';
import { type Tile, tilesOf } from '../../tables/tiles.ts';
import { calendarDay, compareDays, type Day, firstDayOf, type Month, monthOf } from '../../units/calendar.ts';
import { BadInput, takenOnce } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, minus } from '../../units/money.ts';
import { addDays, dayOf, FIRST_DAY, type Instant } from '../../units/time.ts';
import { bucketsOf } from '../chart/buckets.ts';
import { actionColumns, modelColumn, noPriceColumn, providerColumn } from '../frame/name-columns.ts';
import { subjectUrl } from '../frame/subjects.ts';

export const STATEMENT_PATH = '/ai-usage/statement';
export const STATEMENT_PARAMETERS = ['month', 'asOf', 'cost'] as const;

const FIRST_MONTH = monthOf(FIRST_DAY);
const monthBefore = (month: Month): Month => monthOf(addDays(firstDayOf(month), -1));
const monthAfter = (month: Month): Month => monthOf(addDays(firstDayOf(month), 31));

/** The month before the one that an instant falls into: the last one that is over. */
export function lastWholeMonth(at: Instant, timeZone: string): Month {
  return monthBefore(monthOf(dayOf(at, timeZone)));
}

/**
 * The month that an address asks for, the last whole one where it names none, and the query that means it.
 * @throws BadInput when it is no month, or one that has not begun
 */
export function parseStatement(
  parameters: Record<string, unknown>,
  limits: QueryLimits,
  at: Instant,
): { month: Month; query: UsageQuery } {
  const { month: given, ...others } = takenOnce(parameters, STATEMENT_PARAMETERS);
  const month = parseMonth(given ?? lastWholeMonth(at, limits.timeZone), at, limits.timeZone);
  return { month, query: parseUsageQuery({ ...monthSpan(month), ...others }, limits, at) };
}

function parseMonth(value: string, at: Instant, timeZone: string): Month {
  const day = calendarDay(`${value}-01`);
  const month = day === null ? null : monthOf(day);
  if (!month || compareDays(month, FIRST_MONTH) < 0 || compareDays(month, monthOf(dayOf(at, timeZone))) > 0) {
    throw new BadInput([{ parameter: 'month', message: 'takes a month that has begun, such as 2026-10' }]);
  }
  return month;
}

/** The statement of a month, by the same costs as another view. */
export function statementUrl(month: string, { cost }: Pick<UsageQuery, 'cost'>, extension = ''): string {
  const whose = cost === 'recorded' ? '' : `&cost=${cost}`;
  return `${STATEMENT_PATH}${extension}?month=${encodeURIComponent(month)}${whose}`;
}

/** The parameters of the query that means a month, whole days of the business time zone. */
export function monthSpan(month: Month): { from: Day; to: Day } {
  // Time itself begins on a 24th.
  return {
    from: month === FIRST_MONTH ? FIRST_DAY : firstDayOf(month),
    to: addDays(firstDayOf(monthAfter(month)), -1),
  };
}

/** The days of a month, as the page and every file of it read them. Whoever reads it has the month compared with its records. */
export async function readStatement(reader: UsageReader, query: UsageQuery): Promise<Answer<UsageStats>> {
  try {
    return await reader.stats(query, 'day');
  } finally {
    reader.mend([query.window]);
  }
}

/** A month on paper, ready to print. */
export type Statement = {
  /** Null when the month is over. */
  soFar: string | null;
  tiles: Tile[];
  models: Table;
  actions: Table;
  days: Table;
  tieOut: Table;
};

export function statementOf(stats: UsageStats, query: UsageQuery, month: Month, format: Format): Statement {
  const isOver = query.window.to < query.asOf;
  const hasBegun = query.window.from !== query.window.to;
  const name = format.longMonth(firstDayOf(month));
  const { models, actions, days, tieOut } = statementTables(stats, query, format);
  return {
    soFar: isOver
      ? null
      : hasBegun
        ? `So far: ${name} is not over, this counts until ${format.minute(query.window.to)}.`
        : `${name} had not begun at ${format.minute(query.asOf)}, and nothing newer is counted.`,
    tiles: tilesOf(['cost', 'requests', 'inputTokens', 'outputTokens', 'stories'], stats.total, null, format),
    models: models.page(format),
    actions: actions.page(format),
    days: days.page(format),
    tieOut: tieOut.page(format),
  };
}

/** The statements before and after, where there are any. */
export function neighbours(month: Month, at: Instant, timeZone: string) {
  const current = monthOf(dayOf(at, timeZone));
  return {
    previous: month === FIRST_MONTH ? null : monthBefore(month),
    next: compareDays(month, current) < 0 ? monthAfter(month) : null,
  };
}

/** The tables of a month, each adding up to its total. */
export function statementTables(stats: UsageStats, query: UsageQuery, format: Format) {
  const { total } = stats;
  const tokensOnDesk = { inputTokens: { onDesk: true }, outputTokens: { onDesk: true } };
  const table = <Row extends Sums>(title: string, names: Column<Row>[], rows: Row[]) =>
    dataTable([...names, ...sumColumns<Row>(total, tokensOnDesk), shareColumn<Row>(total.cost)], {
      title,
      rows,
      faint: ({ requests }) => requests === 0,
    });
  const modelOf = ({ model }: UsageStats['models'][number]) => model;
  const actionOf = ({ action }: UsageStats['actions'][number]) => action;
  const days = new Map(stats.buckets.map((day) => [day.bucket, day]));
  return {
    models: table(
      'By model',
      [
        modelColumn(modelOf, {
          cell: (row) => ({
            text: written(row.model),
            href: subjectUrl('model', row.model, query),
            note: providerOf(row.model),
            ...(row.cost === 0 ? { flag: 'no price' } : {}),
          }),
          total: 'Total',
        }),
        providerColumn(modelOf, { only: 'file' }),
        noPriceColumn(modelOf),
      ],
      stats.models,
    ),
    actions: table(
      'By action',
      actionColumns(actionOf, {
        cell: ({ action }) => ({ href: subjectUrl('action', action, query) }),
        total: 'Total',
      }),
      stats.actions,
    ),
    days: table<Sums & { day: Day }>(
      'By day',
      [{ name: 'day', label: 'Day', kind: 'day', value: ({ day }) => day, totalCell: { text: 'Total' } }],
      bucketsOf(query.window, 'day', format.timeZone, []).map(({ bucket, firstDay }) => ({
        ...(days.get(bucket) ?? noSums()),
        day: firstDay,
      })),
    ),
    tieOut: tieOutTable(stats, format),
  };
}

function tieOutTable({ total, models, actions, buckets }: UsageStats, format: Format): DataTable {
  type Row = Sums & { of: string };
  const exact = (micro: MicroEuros) => ({ text: format.exactEuros(micro) });
  const columns: Column<Row>[] = [
    {
      ...{ name: 'sumOf', label: 'Sum of', kind: 'text', value: ({ of }) => of },
      cell: ({ of }) => ({ text: `the ${of}` }),
      total: 'Total of this statement',
    },
    {
      name: 'requests',
      label: 'Requests',
      kind: 'integer',
      value: ({ requests }) => requests,
      total: total.requests,
    },
    {
      ...{ name: 'cost', label: 'Cost', kind: 'euros', leads: true, value: ({ cost }) => cost, total: total.cost },
      cell: ({ cost }) => exact(cost),
      totalCell: exact(total.cost),
    },
    {
      name: 'difference',
      label: 'Difference',
      kind: 'euros',
      value: ({ cost }) => minus(total.cost, cost),
      cell: ({ cost }) => ({
        ...exact(minus(total.cost, cost)),
        ...(cost === total.cost ? {} : { flag: 'differs' }),
      }),
    },
  ];
  return dataTable(columns, {
    title: 'Tie-out',
    rows: [
      { of: 'models', ...sumOf(models) },
      { of: 'actions', ...sumOf(actions) },
      { of: 'days', ...sumOf(buckets) },
    ],
  });
}
