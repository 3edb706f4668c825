import type { Day } from '../../units/calendar.ts';
import { compareDays } from '../../units/calendar.ts';
import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import { wrongFile } from '../../units/failures/wrong-file.ts';
import { csvLines } from '../../units/input/csv.ts';
import { parseDay } from '../../units/time.ts';
import { type DayRate, MOST_RATES } from './store.ts';

export type RateAtLine = DayRate & { line: number };

const RATE = /^\d{1,4}(\.\d{1,8})?$/;
const RATE_TAKES = 'takes how many dollars a euro was, with at most eight decimals, such as 1.1325';
/** A day of which the ECB says nothing. */
const NONE = ['', 'N/A'];

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
].concat(['November', 'December']);

/** "2026-11-27", or "27 November 2026" as the ECB's file of one day has it. */
function dayOfText(text: string): Day | null {
  const [, day = '', month = '', year] = /^(\d{1,2}) ([A-Z][a-z]+) (\d{4})$/.exec(text) ?? [];
  if (year === undefined) return /^\d{4}-/.test(text) ? parseDay(text) : null;
  return parseDay(`${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`);
}

/**
 * Reads a CSV of the European Central Bank's form: `Date,USD,JPY,…`, a day a line, of which only the dollar is taken. No rate is of a day
 * after `today`.
 * @throws BadInput with what is wrong, by line and column
 */
export function readRateFile(text: string, today: Day): RateAtLine[] {
  const [head, ...lines] = csvLines(text, MOST_RATES, ',').map(({ record, info }) => ({
    ...{ record: record.map((cell) => cell.trim()), info },
  }));
  const [ofDay = -1, ofRate = -1] = ['date', 'usd'].map((name) =>
    (head?.record ?? []).findIndex((heading) => heading.toLowerCase() === name),
  );
  if (ofDay < 0 || ofRate < 0)
    throw new BadInput([
      { parameter: 'Line 1', message: 'takes the columns Date and USD, as the ECB’s files have them' },
    ]);
  const problems: ParameterProblem[] = [];
  const rates = new Map<Day, RateAtLine>();
  for (const { record, info } of lines) {
    const line = info.lines;
    const wrong = (column: string, message: string) => problems.push({ parameter: `Line ${line}, ${column}`, message });
    const [day, rate] = [dayOfText(record[ofDay] ?? ''), record[ofRate] ?? ''];
    const isRate = RATE.test(rate) && Number(rate) > 0;
    const known = day === null ? undefined : rates.get(day);
    if (day === null) wrong('Date', 'takes a day, such as 2026-11-27');
    else if (compareDays(day, today) > 0) wrong('Date', 'is a day to come');
    else if (known) wrong('Date', `is that of line ${known.line} too`);
    if (NONE.includes(rate)) continue;
    if (!isRate) wrong('USD', RATE_TAKES);
    else if (day !== null && !known)
      rates.set(day, { line, day, perEuro: rate.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') });
  }
  if (problems.length > 0) throw wrongFile(problems);
  if (rates.size === 0) throw new BadInput([{ parameter: 'The file', message: 'has no rate of a dollar' }]);
  return [...rates.values()];
}
