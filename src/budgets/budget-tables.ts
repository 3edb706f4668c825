import type { BudgetPeriod } from '../stats/budgets/budget-use.ts';
import type { UsedBudget } from '../stats/budgets/read-use.ts';
import { leftOutCount } from '../stats/pricing/left-out.ts';
import { type Column, type DataTable, dataTable } from '../tables/table.ts';
import { monthOf } from '../units/calendar.ts';
import type { Per } from '../units/calendar-period.ts';
import type { Format } from '../units/format.ts';
import { addDays } from '../units/time.ts';

export const BUDGETS_PATH = '/budgets';

/** "November 2026", "Q4 2026", "2026", "23 Nov – Sun, 29 Nov 2026". */
export function periodText({ first, next }: Pick<BudgetPeriod, 'first' | 'next'>, per: Per, format: Format): string {
  if (per === 'month') return format.longMonth(first);
  if (per === 'year') return format.year(first);
  if (per === 'quarter') return `Q${Math.ceil(Number(monthOf(first).slice(-2)) / 3)} ${format.year(first)}`;
  return `${format.shortDay(first)} – ${format.longDay(addDays(next, -1))}`;
}

const share = (used: number, amount: number) => used / amount;

/** A budget in words, with what its filter means. */
export type NamedBudget = UsedBudget & { calls: string };

/** All budgets, each with its running period. */
export function budgetsTable(budgets: NamedBudget[], format: Format): DataTable {
  const columns: Column<NamedBudget>[] = [
    {
      ...{ name: 'budget', label: 'Budget', kind: 'text', value: ({ budget }) => budget.name },
      cell: ({ budget, use, calls, unpriced }) => ({
        href: `${BUDGETS_PATH}/${budget.id}`,
        note: [calls, ...[leftOutCount(unpriced, format) ?? []].flat()].join('; '),
        ...(use.left < 0 ? { flag: 'over' } : {}),
      }),
    },
    { name: 'calls', label: 'Of', kind: 'text', only: 'file', value: ({ calls }) => calls },
    {
      ...{ name: 'per', label: 'Period', kind: 'text', value: ({ budget }) => budget.per },
      cell: ({ budget, use }) => ({ text: periodText(use, budget.per, format) }),
    },
    { name: 'from', label: 'From', kind: 'day', only: 'file', value: ({ use }) => use.first },
    { name: 'to', label: 'To', kind: 'day', only: 'file', value: ({ use }) => addDays(use.next, -1) },
    { name: 'amount', label: 'Amount', kind: 'euros', value: ({ use }) => use.amount },
    {
      ...{ name: 'used', label: 'Used', kind: 'euros', leads: true, value: ({ use }) => use.used },
      cell: ({ use }) => ({ note: format.share(use.used, use.amount) }),
    },
    {
      name: 'usedShare',
      label: 'Used share',
      kind: 'ratio',
      only: 'file',
      value: ({ use }) => share(use.used, use.amount),
    },
    { name: 'left', label: 'Left', kind: 'euros', value: ({ use }) => use.left },
    { name: 'expected', label: 'Expected by now', kind: 'euros', value: ({ use }) => use.expected },
    { name: 'forecast', label: 'Forecast', kind: 'euros', value: ({ use }) => use.forecast.total },
    {
      name: 'forecastLow',
      label: 'Forecast at least',
      kind: 'euros',
      only: 'file',
      value: ({ use }) => use.forecast.range?.low ?? null,
    },
    {
      name: 'forecastHigh',
      label: 'Forecast at most',
      kind: 'euros',
      only: 'file',
      value: ({ use }) => use.forecast.range?.high ?? null,
    },
    { name: 'runsOutOn', label: 'Runs out on', kind: 'day', value: ({ use }) => use.runsOutOn },
    { name: 'costs', label: 'Costs', kind: 'text', only: 'file', value: ({ budget }) => budget.cost },
    {
      ...{ name: 'unpricedRequests', label: 'Without a price', kind: 'integer', only: 'file' },
      value: ({ unpriced }) => unpriced?.requests ?? null,
    },
    { name: 'owner', label: 'Owner', kind: 'text', only: 'file', value: ({ budget }) => budget.owner },
    { name: 'filter', label: 'Filter', kind: 'text', only: 'file', value: ({ budget }) => budget.filter },
    { name: 'budgetId', label: 'Budget id', kind: 'uuid', only: 'file', value: ({ budget }) => budget.id },
  ];
  return dataTable(columns, { title: 'Budgets', rows: budgets });
}

type PastPeriod = BudgetPeriod & { name: string; per: Per };

const periodsTable = (title: string, rows: PastPeriod[], named: boolean, format: Format): DataTable => {
  const columns: Column<PastPeriod>[] = [
    { name: 'budget', label: 'Budget', kind: 'text', value: ({ name }) => name, ...(named ? {} : { only: 'file' }) },
    {
      ...{ name: 'per', label: 'Period', kind: 'text', value: ({ per }) => per },
      cell: (row) => ({ text: periodText(row, row.per, format), ...(row.used > row.amount ? { flag: 'over' } : {}) }),
    },
    { name: 'from', label: 'From', kind: 'day', only: 'file', value: ({ first }) => first },
    { name: 'to', label: 'To', kind: 'day', only: 'file', value: ({ next }) => addDays(next, -1) },
    { name: 'amount', label: 'Amount', kind: 'euros', value: ({ amount }) => amount },
    { name: 'used', label: 'Used', kind: 'euros', leads: true, value: ({ used }) => used },
    { name: 'usedShare', label: 'Used share', kind: 'ratio', value: ({ used, amount }) => share(used, amount) },
    {
      ...{ name: 'left', label: 'Left', kind: 'euros', value: ({ used, amount }) => amount - used },
    },
  ];
  return dataTable(columns, { title, rows });
};

const pastOf = ({ budget: { name, per }, use }: UsedBudget): PastPeriod[] =>
  use.history.map((period) => ({ ...period, name, per }));

/** The past periods of one budget, newest first. */
export const historyTable = (budget: UsedBudget, format: Format): DataTable =>
  periodsTable('Past periods', pastOf(budget), false, format);

/** The same of all. */
export const historiesTable = (budgets: UsedBudget[], format: Format): DataTable =>
  periodsTable('Past periods', budgets.flatMap(pastOf), true, format);
