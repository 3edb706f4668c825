import { providerOf, UNKNOWN_PROVIDER } from '../catalog/models.ts';
import { billPath } from '../query/paths.ts';
import type { BillSum } from '../stats/bills/read-lines.ts';
import type { UsageCell } from '../stats/sums.ts';
import { changeShare } from '../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable } from '../tables/table.ts';
import { compareDays, type Day, type Month, monthOf } from '../units/calendar.ts';
import { byCodePoint } from '../units/code-points.ts';
import type { Format } from '../units/format.ts';
import { type MicroEuros, minus, NO_EUROS, plus } from '../units/money.ts';
import { NO_TIME } from '../units/time.ts';

/** What was recorded of a provider's models in a month, and what it has billed; `bill` is null where there is none. */
export type BillRow = { provider: string; month: Month; recorded: MicroEuros; bill: BillSum | null };

/** The newest month first, of one the dearest provider first. `cells` are of business days; what is of no provider that we know is in none. */
export function billRows(cells: readonly UsageCell[], bills: readonly BillSum[]): BillRow[] {
  const rows = new Map<string, BillRow>();
  const rowOf = (provider: string, month: Month): BillRow => {
    const key = `${month} ${provider}`;
    const row = rows.get(key) ?? { provider, month, recorded: NO_EUROS, bill: null };
    rows.set(key, row);
    return row;
  };
  for (const { bucket, model, cost } of cells) {
    const provider = providerOf(model);
    if (bucket === NO_TIME || provider === UNKNOWN_PROVIDER) continue;
    const row = rowOf(provider, monthOf(bucket as Day));
    row.recorded = plus(row.recorded, cost);
  }
  for (const bill of bills) rowOf(bill.provider, bill.month).bill = bill;
  const size = ({ recorded, bill }: BillRow) => bill?.billed ?? recorded;
  return [...rows.values()].sort(
    (a, b) => compareDays(b.month, a.month) || size(b) - size(a) || byCodePoint(a.provider, b.provider),
  );
}

/** By how much a bill differs from what was recorded; null without one. */
const differenceOf = ({ recorded, bill }: BillRow): MicroEuros | null => bill && minus(bill.billed, recorded);

const MONTH: Column<BillRow> = { name: 'month', label: 'Month', kind: 'month', value: ({ month }) => month };
const PROVIDER: Column<BillRow> = {
  ...{ name: 'provider', label: 'Provider', kind: 'text', leads: true, value: ({ provider }) => provider },
  cell: ({ provider, month }) => ({ href: billPath(provider, month) }),
};

/** What was recorded of months that no bill is there of. */
export function unbilledTable(rows: BillRow[]): DataTable {
  const total = rows.map(({ recorded }) => recorded).reduce(plus, NO_EUROS);
  const recorded: Column<BillRow> = {
    ...{ name: 'recorded', label: 'Recorded', kind: 'euros', leads: true, total },
    value: ({ recorded }) => recorded,
  };
  const month = { ...MONTH, totalCell: { text: 'Total' } };
  return dataTable([month, PROVIDER, recorded], { title: 'Without a bill', rows });
}

export function billsTable(rows: BillRow[], format: Format): DataTable {
  return dataTable<BillRow>(
    [
      MONTH,
      PROVIDER,
      { name: 'recorded', label: 'Recorded', kind: 'euros', value: ({ recorded }) => recorded },
      {
        ...{ name: 'billed', label: 'Billed', kind: 'euros', value: ({ bill }) => bill?.billed ?? null },
        cell: ({ bill }) =>
          bill !== null && bill.withoutRate > 0
            ? { note: `without ${format.integer(bill.withoutRate)} that have no exchange rate` }
            : {},
      },
      { name: 'difference', label: 'Difference', kind: 'euros', isChange: true, leads: true, value: differenceOf },
      {
        ...{ name: 'differenceShare', label: 'Share', kind: 'ratio', isChange: true },
        value: ({ recorded, bill }) => (bill === null ? null : changeShare(bill.billed, recorded)),
        cell: ({ bill }) => (bill === null ? { text: '' } : {}),
      },
      { name: 'lines', label: 'Lines', kind: 'integer', value: ({ bill }) => bill?.lines ?? null },
    ],
    { title: 'Recorded and billed', rows },
  );
}
