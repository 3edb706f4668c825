import { type BillLine, CURRENCIES, type Currency, shortestDecimal } from '../../stats/bills/bill-lines.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import { wrongFile } from '../../units/failures/wrong-file.ts';
import {
  atLine,
  type CsvLine,
  csvLines,
  csvNumber,
  csvText,
  type Delimiter,
  delimiterOf,
} from '../../units/input/csv.ts';
import { readableName } from '../../units/input/fields.ts';
import type { LineAt } from '../changes.ts';
import { MOST_LINES } from '../store.ts';
import {
  AMOUNT_TAKES,
  amountProblem,
  CURRENCY_TAKES,
  daysOf,
  isAmount,
  isQuantity,
  KIND_TAKES,
  lineKey,
  QUANTITY_TAKES,
} from '../terms.ts';
import { type Columns, type FieldName, placesOf } from './columns.ts';
import { kindOf } from './kinds.ts';

const ITEM = readableName(300, 'a text');
const PROJECT = readableName(200, 'a text');
const DAY_TAKES = 'takes a day (2026-10-31), an instant of UTC (2026-10-31T00:00:00Z) or a month (2026-10)';

/** The headings of a CSV, none of them empty. @throws BadInput for what is no CSV */
export function headingsOf(text: string): string[] {
  const [head] = csvLines(text, MOST_LINES, delimiterOf(text));
  return (head?.record ?? []).map((heading) => heading.trim()).filter((heading) => heading !== '');
}

/** "-12.5" of an exact sum of decimals. */
export function sumOfDecimals(one: string, other: string): string {
  const places = Math.max(...[one, other].map((text) => text.split('.')[1]?.length ?? 0));
  const units = (text: string) => {
    const [whole = '', fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(places, '0'));
  };
  const sum = units(one) + units(other);
  const digits = String(sum < 0n ? -sum : sum).padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return shortestDecimal(`${sum < 0n ? '-' : ''}${text}`);
}

type Cells = { line: number; cell: (name: FieldName) => string; delimiter: Delimiter; allIn: string; today: Day };

/** A line of a bill. @throws BadInput with every cell that is wrong */
function lineOf({ line, cell, delimiter, allIn, today }: Cells): BillLine {
  const problems: ParameterProblem[] = [];
  const wrong = (name: FieldName, message: string) => problems.push(atLine(line, name, message));
  /** Null where that is said already. */
  const text = (name: FieldName): string | null => {
    const meant = csvText(cell(name));
    if (meant === null) wrong(name, 'begins as a formula does');
    return meant;
  };
  const number = (name: FieldName): string | null => {
    const meant = csvNumber(cell(name), delimiter);
    if ('problem' in meant) wrong(name, meant.problem);
    return 'text' in meant ? meant.text : null;
  };
  const day = text('day');
  const days = daysOf(day ?? '');
  if (day !== null && days === null) wrong('day', DAY_TAKES);
  else if (days !== null && compareDays(days.firstDay, today) > 0) wrong('day', 'is a day to come');
  const item = text('item');
  if (item !== null && !ITEM.safeParse(item).success) wrong('item', 'takes what is billed, of at most 300 characters');
  const project = text('project');
  if (project && !PROJECT.safeParse(project).success) wrong('project', 'takes a name of at most 200 characters');
  const currency = (text('currency') || allIn).toUpperCase();
  if (!(CURRENCIES as readonly string[]).includes(currency)) wrong('currency', CURRENCY_TAKES);
  const quantity = number('quantity');
  if (quantity && !isQuantity(quantity)) wrong('quantity', QUANTITY_TAKES);
  const amount = number('amount');
  if (amount !== null && !isAmount(amount)) wrong('amount', AMOUNT_TAKES);
  const said = text('kind');
  if (problems.length > 0 || days === null || item === null || project === null || amount === null || said === null)
    throw new BadInput(problems);
  const kind = kindOf(item, amount, said);
  const problem = kind === null ? null : amountProblem(amount, kind);
  if (kind === null || problem !== null)
    throw new BadInput([kind === null ? atLine(line, 'kind', KIND_TAKES) : atLine(line, 'amount', problem ?? '')]);
  return {
    ...{ ...days, item, project, kind, currency: currency as Currency },
    ...{ quantity: quantity ? shortestDecimal(quantity) : null, amount: shortestDecimal(amount) },
  };
}

/** Lines of the same days, item, project and kind as one: providers bill some by further things, such as regions. */
export function together(lines: readonly LineAt[]): LineAt[] {
  const byKey = new Map<string, LineAt>();
  const problems: ParameterProblem[] = [];
  for (const line of lines) {
    const known = byKey.get(lineKey(line));
    if (known === undefined) byKey.set(lineKey(line), { ...line });
    else if (known.currency !== line.currency)
      problems.push({
        parameter: `${line.at}, currency`,
        message: `is another than in ${known.at}, which bills the same`,
      });
    else {
      known.amount = sumOfDecimals(known.amount, line.amount);
      known.quantity =
        known.quantity === null || line.quantity === null ? null : sumOfDecimals(known.quantity, line.quantity);
    }
  }
  if (problems.length > 0) throw wrongFile(problems);
  return [...byKey.values()];
}

/** What a file says, and how many of its lines are one with another. */
export type ReadBill = { lines: LineAt[]; added: number };

/**
 * Reads a CSV of a bill, whose columns are mapped. No line is of a day after `today`.
 * @throws BadInput with what is wrong, by line and field
 */
export function readBill(text: string, columns: Columns, today: Day): ReadBill {
  const delimiter = delimiterOf(text);
  const [head, ...rest] = csvLines(text, MOST_LINES, delimiter);
  if (head === undefined) throw new BadInput([{ parameter: 'The file', message: 'is empty' }]);
  const headings = head.record.map((heading) => heading.trim());
  const places = placesOf(columns, headings);
  const problems: ParameterProblem[] = [];
  const lines = rest.flatMap(({ record, info }: CsvLine): LineAt[] => {
    const line = info.lines;
    if (record.length !== headings.length) {
      problems.push(atLine(line, '', `has ${record.length} cells, and the first line has ${headings.length}`));
      return [];
    }
    const cell = (name: FieldName) => {
      const place = places[name];
      return place === undefined ? '' : (record[place] ?? '').trim();
    };
    try {
      return [{ ...lineOf({ line, cell, delimiter, allIn: columns.allIn ?? '', today }), at: `Line ${line}` }];
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      problems.push(...error.details);
      return [];
    }
  });
  if (problems.length > 0) throw wrongFile(problems);
  const all = together(lines);
  return { lines: all, added: lines.length - all.length };
}
