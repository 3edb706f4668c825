import { actionInfo } from '../../catalog/actions.ts';
import { providerOf } from '../../catalog/models.ts';
import { written } from '../../catalog/written.ts';
import { parseUsageQuery, type QueryLimits, type UsageQuery } from '../../query/query.ts';
import type { UsageStats } from '../../stats/stats.ts';
import { noSums, type Sums, sumOf } from '../../stats/sums.ts';
import { cellsOf } from '../../tables/cells.ts';
import { type Cell, type Column, type Table, tableOf } from '../../tables/table.ts';
import { calendarDay, compareDays, monthOf } from '../../units/calendar.ts';
import { BadInput, takenOnce } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { addDays, type Day, dayOf, FIRST_DAY, type Instant } from '../../units/time.ts';
import { bucketsOf } from '../chart/buckets.ts';
import { subjectUrl } from '../frame/subjects.ts';
import type { Tile } from '../frame/tiles.ts';

export const STATEMENT_PATH = '/ai-usage/statement';
export const STATEMENT_PARAMETERS = ['month', 'asOf'] as const;

/** A calendar month of the business time zone, "2026-10". */
export type Month = string;

const firstDayOf = (month: Month): Day => `${month}-01`;
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
  const { month: given, ...asOf } = takenOnce(parameters, STATEMENT_PARAMETERS);
  const month = parseMonth(given ?? lastWholeMonth(at, limits.timeZone), at, limits.timeZone);
  return { month, query: parseUsageQuery({ ...monthSpan(month), ...asOf }, limits, at) };
}

function parseMonth(value: string, at: Instant, timeZone: string): Month {
  const day = calendarDay(`${value}-01`);
  const month = day === null ? null : monthOf(day);
  if (!month || compareDays(month, FIRST_MONTH) < 0 || compareDays(month, monthOf(dayOf(at, timeZone))) > 0) {
    throw new BadInput([{ parameter: 'month', message: 'takes a month that has begun, such as 2026-10' }]);
  }
  return month;
}

/** The parameters of the query that means a month, whole days of the business time zone. */
export function monthSpan(month: Month): { from: Day; to: Day } {
  // Time itself begins on a 24th.
  return {
    from: month === FIRST_MONTH ? FIRST_DAY : firstDayOf(month),
    to: addDays(firstDayOf(monthAfter(month)), -1),
  };
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

type Named = Sums & { name: Cell };

export function statementOf(stats: UsageStats, query: UsageQuery, month: Month, format: Format): Statement {
  const { total } = stats;
  const isOver = query.window.to < query.asOf;
  const hasBegun = query.window.from !== query.window.to;
  const name = format.longMonth(firstDayOf(month));
  const days = new Map(stats.buckets.map((day) => [day.bucket, day]));
  const table = (label: string, caption: string, rows: Named[]) => sumTable(label, caption, rows, total, format);
  return {
    soFar: isOver
      ? null
      : hasBegun
        ? `So far: ${name} is not over, this counts until ${format.minute(query.window.to)}.`
        : `${name} had not begun at ${format.minute(query.asOf)}, and nothing newer is counted.`,
    tiles: tilesOf(stats, format),
    models: table(
      'Model',
      'By model',
      stats.models.map(({ model, ...sums }) => ({
        ...sums,
        name: {
          text: written(model),
          href: subjectUrl('model', model, query),
          note: providerOf(model),
          ...(sums.cost === 0 ? { flag: 'no price' } : {}),
        },
      })),
    ),
    actions: table(
      'Action',
      'By action',
      stats.actions.map(({ action, ...sums }) => ({
        ...sums,
        name: { text: actionInfo(action).label, href: subjectUrl('action', action, query) },
      })),
    ),
    days: table(
      'Day',
      'By day',
      bucketsOf(query.window, 'day', format.timeZone, []).map(({ bucket, firstDay }) => ({
        ...(days.get(bucket) ?? noSums()),
        name: { text: format.longDay(firstDay) },
      })),
    ),
    tieOut: tieOutTable(stats, format),
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

function tilesOf({ total }: UsageStats, format: Format): Tile[] {
  const exact = format.exactEuros(total.cost);
  return [
    { label: 'Total cost', text: format.euros(total.cost), value: exact, note: exact },
    { label: 'Requests', text: format.integer(total.requests) },
    { label: 'Tokens in', text: format.integer(total.inputTokens) },
    { label: 'Tokens out', text: format.integer(total.outputTokens) },
    { label: 'Stories', text: format.integer(total.stories) },
  ];
}

function sumTable(label: string, caption: string, rows: Named[], total: Sums, format: Format): Table {
  const { integer, euros, share } = cellsOf(format);
  const columns: Column<Named>[] = [
    { label, cell: ({ name }) => name, total: { text: 'Total' } },
    { label: 'Requests', numeric: true, cell: (row) => integer(row.requests), total: integer(total.requests) },
    { label: 'Tokens in', numeric: true, cell: (row) => integer(row.inputTokens), total: integer(total.inputTokens) },
    {
      label: 'Tokens out',
      numeric: true,
      cell: (row) => integer(row.outputTokens),
      total: integer(total.outputTokens),
    },
    { label: 'Cost', numeric: true, cell: (row) => euros(row.cost), total: euros(total.cost) },
    {
      label: 'Share',
      numeric: true,
      cell: (row) => share(row.cost, total.cost),
      total: share(total.cost, total.cost),
    },
  ];
  return tableOf(columns, { caption, rows, faint: ({ requests }) => requests === 0 });
}

function tieOutTable({ total, models, actions, buckets }: UsageStats, format: Format): Table {
  const { integer, exactEuros } = cellsOf(format);
  const rows = [
    { name: 'Sum of the models', ...sumOf(models) },
    { name: 'Sum of the actions', ...sumOf(actions) },
    { name: 'Sum of the days', ...sumOf(buckets) },
  ];
  const columns: Column<(typeof rows)[number]>[] = [
    { label: 'What', cell: ({ name }) => ({ text: name }), total: { text: 'Total of this statement' } },
    {
      label: 'Requests',
      numeric: true,
      cell: ({ requests }) => integer(requests),
      total: integer(total.requests),
    },
    {
      label: 'Cost',
      numeric: true,
      cell: ({ cost }) => exactEuros(cost),
      total: exactEuros(total.cost),
    },
    {
      label: 'Difference',
      numeric: true,
      cell: ({ cost }) => ({
        ...exactEuros(total.cost - cost),
        ...(cost === total.cost ? {} : { flag: 'differs' }),
      }),
      total: { text: '' },
    },
  ];
  return tableOf(columns, { caption: 'Tie-out', rows });
}
