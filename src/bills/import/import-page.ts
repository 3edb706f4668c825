import { type BillLine, CURRENCIES } from '../../stats/bills/bill-lines.ts';
import { type Column, dataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { choicesOf, PROVIDER_CHOICES } from '../bill-form.ts';
import type { Compared, Imported } from '../changes.ts';
import { KIND_LABELS } from '../terms.ts';
import { type Columns, FIELDS } from './columns.ts';
import { sumOfDecimals } from './read-bill.ts';

/** The most that is read of a file. */
export const LARGEST_FILE = 5_000_000;

/** What the page lists of the lines of a file. */
const MOST_SHOWN = 20;

/** A line of a bill and what of it counted before, if anything did. */
type Shown = { line: BillLine; before: string | null };

/** "31 Oct 2026", or "Oct 2026" for all of a month, or from a day to another. */
export function daysInWords({ firstDay, lastDay }: Pick<BillLine, 'firstDay' | 'lastDay'>, format: Format): string {
  return firstDay === lastDay
    ? format.mediumDay(firstDay)
    : `${format.mediumDay(firstDay)} – ${format.mediumDay(lastDay)}`;
}

/** "$12.50", with all of its decimals. */
export const amountInWords = ({ amount, currency }: Pick<BillLine, 'amount' | 'currency'>, format: Format): string =>
  format.rate(Number(amount), currency);

const count = (number: number, one: string, many: string, format: Format) =>
  `${format.integer(number)} ${number === 1 ? one : many}`;

/** "12 lines are new, 1 corrects what was there, 3 are there already: $185.42 and €3.10." */
function foundInWords({ added, corrected, same, gone }: Compared, lines: readonly BillLine[], format: Format): string {
  const parts = [
    `${count(added.length, 'line is', 'lines are', format)} new`,
    corrected.length > 0 && `${count(corrected.length, 'corrects', 'correct', format)} what was there`,
    gone.length > 0 && `${count(gone.length, 'is', 'are', format)} in it no more`,
    same > 0 && `${count(same, 'is', 'are', format)} there already`,
  ].filter(Boolean);
  const sums = CURRENCIES.flatMap((currency) => {
    const of = lines.filter((line) => line.currency === currency);
    const amount = of.reduce((sum, line) => sumOfDecimals(sum, line.amount), '0');
    return of.length === 0 ? [] : [amountInWords({ amount, currency }, format)];
  });
  return `${parts.join(', ')}: ${sums.join(' and ')} in all.`;
}

/** What a file would change, before it is saved. */
export function previewOf(
  compared: Compared,
  { lines, added }: { lines: readonly BillLine[]; added: number },
  format: Format,
) {
  const { corrected, gone } = compared;
  const shown: Shown[] = [
    ...corrected.map(({ line, before }) => ({ line, before: amountInWords(before, format) })),
    ...gone.map((line) => ({ line: { ...line, amount: '0' }, before: amountInWords(line, format) })),
    ...compared.added.map((line) => ({ line, before: null })),
  ];
  const columns: Column<Shown>[] = [
    { name: 'days', label: 'Days (UTC)', kind: 'text', value: ({ line }) => daysInWords(line, format) },
    { name: 'item', label: 'Model or line item', kind: 'text', value: ({ line }) => line.item },
    { name: 'project', label: 'Project', kind: 'text', value: ({ line }) => line.project },
    { name: 'kind', label: 'Kind', kind: 'text', value: ({ line }) => KIND_LABELS[line.kind] },
    {
      ...{ name: 'quantity', label: 'Quantity', kind: 'decimal' },
      value: ({ line }) => (line.quantity === null ? null : Number(line.quantity)),
    },
    {
      ...{ name: 'amount', label: 'Amount', kind: 'decimal', value: ({ line }) => Number(line.amount) },
      cell: ({ line, before }) => ({
        text: amountInWords(line, format),
        ...(before === null ? {} : { note: `was ${before}` }),
      }),
      note: () =>
        shown.length > MOST_SHOWN
          ? `The first ${format.integer(MOST_SHOWN)} of ${format.integer(shown.length)} lines that change something.`
          : undefined,
    },
  ];
  return {
    sentence: foundInWords(compared, lines, format),
    added:
      added === 0
        ? null
        : `${count(added, 'line of the file was', 'lines of the file were', format)} added to another of the same day, item, project and kind.`,
    table:
      shown.length === 0
        ? null
        : dataTable(columns, { title: 'What changes', rows: shown.slice(0, MOST_SHOWN) }).page(format),
  };
}

/** "12 lines were added, 1 was corrected, 3 were there already." */
export function importedInWords({ added, corrected, same, gone }: Imported, format: Format): string {
  const parts = [
    `${count(added, 'line was', 'lines were', format)} added`,
    corrected > 0 && `${count(corrected, 'was', 'were', format)} corrected`,
    gone > 0 && `${count(gone, 'counts', 'count', format)} no more`,
    same > 0 && `${count(same, 'was', 'were', format)} there already`,
  ].filter(Boolean);
  return `${parts.join(', ')}.`;
}

/** The form, ready to print; the columns of a file once it is there. */
export function importForm(
  values: { provider: string; text: string; name: string; isComplete: boolean },
  headings: readonly string[],
  columns: Columns,
) {
  const all = headings.map((heading) => ({ value: heading, label: heading }));
  return {
    ...values,
    providers: choicesOf(values.provider, PROVIDER_CHOICES),
    fields:
      headings.length === 0
        ? []
        : FIELDS.map(({ name, label, needed }) => ({
            ...{ name, label },
            field: {
              problem: null,
              choices: choicesOf(columns[name] ?? '', [{ value: '', label: needed ? 'say which' : 'none' }, ...all]),
            },
          })),
    allIn: {
      problem: null,
      choices: choicesOf(columns.allIn ?? '', [
        { value: '', label: 'as its column says' },
        ...CURRENCIES.map((value) => ({ value, label: value })),
      ]),
    },
  };
}
