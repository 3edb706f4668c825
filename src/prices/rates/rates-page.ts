import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import { compareDays, type Day, daysBetween, weekdayOf } from '../../units/calendar.ts';
import type { Format } from '../../units/format.ts';
import { addDays } from '../../units/time.ts';
import type { ImportedRates } from './import-rates.ts';
import type { KeptRate } from './store.ts';

/** What the page lists; all are in the file. */
const MOST_ROWS = 30;
const MOST_GAPS = 30;

/** The European Central Bank says four digits, also where the last ones are none: "1.1370". */
const asPublished = (rate: string): string => {
  const [whole, fraction = ''] = rate.split('.');
  return `${whole}.${fraction.padEnd(4, '0')}`;
};

const columns: Column<KeptRate>[] = [
  { name: 'date', label: 'Date', kind: 'day', value: ({ day }) => day },
  {
    ...{ name: 'usd', label: 'USD', kind: 'decimal', value: ({ perEuro }) => Number(perEuro) },
    cell: ({ perEuro }) => ({ text: asPublished(perEuro) }),
  },
  { name: 'source', label: 'Source', kind: 'text', only: 'file', value: ({ source }) => source },
  { name: 'importedAt', label: 'Imported', kind: 'instant', only: 'file', value: ({ importedAt }) => importedAt },
  { name: 'importedBy', label: 'Imported by', kind: 'text', only: 'file', value: ({ importedBy }) => importedBy },
];

/** The newest first. */
export const ratesTable = (rates: KeptRate[]): DataTable =>
  dataTable(columns, { title: 'Exchange rates', rows: rates });

const isWeekday = (day: Day) => weekdayOf(day) < 6;

/** Weekdays without a rate, from the first that there is until yesterday, as stretches; the newest first. */
function gapsOf(rates: readonly KeptRate[], today: Day): { first: Day; last: Day }[] {
  const known = new Set(rates.map(({ day }) => day));
  const oldest = rates.at(-1)?.day;
  const gaps: { first: Day; last: Day }[] = [];
  let last: Day | null = null;
  let first: Day | null = null;
  for (let day = addDays(today, -1); oldest !== undefined && compareDays(day, oldest) >= 0; day = addDays(day, -1)) {
    if (!isWeekday(day)) continue;
    if (!known.has(day)) {
      last ??= day;
      first = day;
    } else if (first !== null && last !== null) {
      gaps.push({ first, last });
      first = last = null;
    }
  }
  return gaps;
}

/** What the page of exchange rates says. */
export function ratesView(rates: KeptRate[], today: Day, format: Format) {
  const [latest] = rates;
  const oldest = rates.at(-1);
  if (latest === undefined || oldest === undefined) return null;
  const gaps = gapsOf(rates, today);
  const said = gaps
    .slice(0, MOST_GAPS)
    .map(({ first, last }) =>
      first === last ? format.mediumDay(first) : `${format.mediumDay(first)} – ${format.mediumDay(last)}`,
    );
  const age = daysBetween(latest.day, today);
  return {
    tiles: [
      {
        label: 'A euro is',
        text: `$${latest.perEuro}`,
        note: [format.longDay(latest.day), latest.source].filter(Boolean).join(', '),
      },
      { label: 'Days with a rate', text: format.integer(rates.length), note: `since ${format.mediumDay(oldest.day)}` },
      { label: 'Weekdays without', text: format.integer(gaps.reduce((sum, gap) => sum + weekdaysOf(gap), 0)) },
    ],
    old: age > 7 ? `The latest rate is ${format.integer(age)} days old; later days take it.` : null,
    gaps: said.length === 0 ? null : `${said.join(', ')}${gaps.length > MOST_GAPS ? ' and others' : ''}`,
    table: ratesTable(rates.slice(0, MOST_ROWS)).page(format),
    more: rates.length > MOST_ROWS,
  };
}

function weekdaysOf({ first, last }: { first: Day; last: Day }): number {
  let count = 0;
  for (let day = first; compareDays(day, last) <= 0; day = addDays(day, 1)) if (isWeekday(day)) count += 1;
  return count;
}

/** "12 days were added, 1 was replaced, 3 were there already." */
export function importedRatesInWords({ added, replaced, same }: ImportedRates, format: Format): string {
  const were = (count: number) => `${format.integer(count)} ${count === 1 ? 'was' : 'were'}`;
  const days = `${format.integer(added)} ${added === 1 ? 'day was' : 'days were'} added`;
  const rest = [replaced > 0 && `${were(replaced)} replaced`, same > 0 && `${were(same)} there already`].filter(
    Boolean,
  );
  return `${[days, ...rest].join(', ')}.`;
}
