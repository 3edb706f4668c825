import { filterText } from '../../query/filter-text.ts';
import type { UsageQuery } from '../../query/query.ts';
import type { WhoseCost } from '../../query/view.ts';
import type { UsedBudget } from '../../stats/budgets/read-use.ts';
import {
  type DailyCosts,
  type Forecast,
  forecastPeriod,
  historyBegins,
  type PastForecast,
} from '../../stats/forecast.ts';
import { leftOutCount } from '../../stats/pricing/left-out.ts';
import { changeShare } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable, type Table } from '../../tables/table.ts';
import { type Day, firstDayOf, monthOf } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import { type Format, hasShares } from '../../units/format.ts';
import { minus, NO_EUROS } from '../../units/money.ts';
import { addDays, dayOf, endOfDay, type Instant, startOfDay } from '../../units/time.ts';

/** The month under way, ready to print: so far, to its end, and how good such forecasts were. */
export type MonthCard = {
  title: string;
  soFar: string;
  forecast: string | null;
  range: string | null;
  /** What is missing for a forecast or a range, and how far off the past ones were. */
  note: string;
  past: Table | null;
  /** The budgets a month of just these calls (none of a frozen view: they are of now), and the way to another. */
  budgets: { name: string; href: string; used: string; text: string }[];
  /** Null of a frozen view. */
  newBudget: string | null;
};

/** The window whose days a month card is made of: until now, and as far back as its forecasts look. */
export function monthCardWindow(asOf: Instant, timeZone: string): { from: Instant; to: Instant } {
  return { from: startOfDay(historyBegins(dayOf(asOf, timeZone), 'month'), timeZone), to: asOf };
}

/** The forecast of the month that an instant lies in, as it was made then. */
export function forecastAt(costs: DailyCosts, asOf: Instant, timeZone: string): Forecast {
  const today = dayOf(asOf, timeZone);
  const start = startOfDay(today, timeZone);
  return forecastPeriod(costs, today, Number(asOf - start) / Number(endOfDay(today, timeZone) - start), 'month');
}

const budgetLine = ({ budget, use, unpriced }: UsedBudget, format: Format) => ({
  name: budget.name,
  href: `/budgets/${budget.id}`,
  used: format.share(use.used, use.amount),
  text: [
    `of ${format.euros(use.amount)}`,
    ...(use.left < 0 ? [`over by ${format.euros(minus(NO_EUROS, use.left))}`] : []),
    ...(use.left < 0 || use.runsOutOn === null ? [] : [`runs out on ${format.longDay(use.runsOutOn)}`]),
    ...[leftOutCount(unpriced, format) ?? []].flat(),
  ].join(', '),
});

export function monthCard(
  costs: DailyCosts,
  budgets: UsedBudget[],
  { asOf, ...query }: UsageQuery,
  isFrozen: boolean,
  format: Format,
): MonthCard {
  const today = dayOf(asOf, format.timeZone);
  const month = forecastAt(costs, asOf, format.timeZone);
  const { spent, total, range, past } = month;
  return {
    title: format.longMonth(firstDayOf(monthOf(today))),
    soFar: format.spokenEuros(spent),
    forecast: total === null ? null : format.spokenEuros(total),
    range: range === null ? null : `${format.spokenEuros(range.low)} to ${format.spokenEuros(range.high)}`,
    note: noteOf(month, today, format),
    past: past.length === 0 ? null : forecastTable(past, format).page(format),
    budgets: budgets.map((one) => budgetLine(one, format)),
    newBudget: isFrozen ? null : newBudgetPath(filterText(query), query.cost),
  };
}

function newBudgetPath(filter: string, cost: WhoseCost): string {
  const parameters = new URLSearchParams();
  if (filter !== '') parameters.set('filter', filter);
  if (cost === 'repriced') parameters.set('cost', cost);
  return `/budgets/new${parameters.size === 0 ? '' : `?${parameters}`}`;
}

function noteOf({ total, range, past }: Forecast, today: Day, format: Format): string {
  if (total === null) return 'No forecast yet: it takes a week of history.';
  const basis = 'The days to come as their weekdays were in the eight weeks before.';
  const offs = past
    .filter(({ forecast, actual }) => hasShares(forecast, actual))
    .map(({ forecast, actual }) => Math.abs(forecast / actual - 1));
  if (offs.length === 0) return `${basis} There is no past month yet to measure such a forecast against.`;
  const mean = offs.reduce((sum, off) => sum + off, 0) / offs.length;
  const months = offs.length === 1 ? 'the last month' : `the last ${offs.length} months`;
  const missed = `Made on day ${dayOfMonth(today)}${shorterText(past, today)} of ${months}, it was ${format.percent(mean)} off on average.`;
  return range === null
    ? `${basis} ${missed} A range takes two past months.`
    : `${basis} ${missed} The range: as far off as they were at most.`;
}

const dayOfMonth = (day: Day): number => Number(day.slice(-2));

/** Where past months have no such day, their forecasts are of their last one. */
const shorterText = (past: PastForecast[], today: Day): string => {
  const isShorter = ({ firstDay }: PastForecast) =>
    dayOfMonth(addDays(periodOf(firstDay, 'month').next, -1)) < dayOfMonth(today);
  return past.some(isShorter) ? ' (or the last day)' : '';
};

/** How forecasts made on this day of past months turned out. */
export function forecastTable(past: PastForecast[], format: Format): DataTable {
  const columns: Column<PastForecast>[] = [
    { name: 'month', label: 'Month', kind: 'month', value: ({ firstDay }) => monthOf(firstDay) },
    { name: 'forecast', label: 'Forecast', kind: 'euros', value: ({ forecast }) => forecast },
    { name: 'actual', label: 'Turned out', kind: 'euros', value: ({ actual }) => actual },
    {
      name: 'offBy',
      label: 'Off by',
      kind: 'euros',
      isChange: true,
      value: ({ forecast, actual }) => forecast - actual,
      cell: ({ forecast, actual }) => ({ note: format.shareChange(forecast, actual) || undefined }),
    },
    {
      ...{ name: 'offByShare', label: 'Off by share', kind: 'ratio', only: 'file' },
      value: ({ forecast, actual }) => changeShare(forecast, actual),
    },
  ];
  return dataTable(columns, { title: 'Past forecasts', rows: past });
}
