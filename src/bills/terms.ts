import { z } from 'zod';
import { PROVIDERS } from '../catalog/model-families.ts';
import {
  type BillLine,
  CURRENCIES,
  type Days,
  daysOfMonth,
  KINDS,
  type Kind,
  shortestDecimal,
} from '../stats/bills/bill-lines.ts';
import { compareDays, type Day, type Month, monthOf } from '../units/calendar.ts';
import { periodBefore, periodOf } from '../units/calendar-period.ts';
import { BadInput, type ParameterProblem, takenOnce } from '../units/failures/bad-input.ts';
import { readableName, readFields } from '../units/input/fields.ts';
import { parseDay } from '../units/time.ts';

/** Who sends bills: who makes models, by the catalogue, which says whose calls they are of. */
export const BILLING = PROVIDERS.map(({ provider }) => provider);

export const KIND_LABELS: Record<Kind, string> = {
  usage: 'Usage',
  cached: 'Cached input',
  batch: 'Batch',
  tax: 'Tax',
  credit: 'Credit',
  other: 'Other',
};

/** Two lines are of the same where this is: the newer one counts. */
export const lineKey = ({ firstDay, lastDay, item, project, kind }: BillLine): string =>
  JSON.stringify([firstDay, lastDay, item, project, kind]);

/** Whether two lines of the same say the same. */
export const isEqualLine = (one: BillLine, other: BillLine): boolean =>
  one.amount === other.amount && one.currency === other.currency && one.quantity === other.quantity;

const MOST_OF_AN_ITEM = 300;
const MOST_OF_A_PROJECT = 200;

const DAY_TAKES = 'takes a day (2026-10-31), or a month (2026-10) for all of it';
export const AMOUNT_TAKES = 'takes an amount with at most nine digits before and thirty after the point, such as 12.50';
const CREDIT_TAKES = 'takes an amount of 0 or less: a credit is what is given back';
const CHARGE_TAKES = 'takes an amount from 0: only what is of kind credit is less';
export const QUANTITY_TAKES = 'takes a number from 0, or nothing';
export const CURRENCY_TAKES = `takes ${CURRENCIES.join(' or ')}`;
export const KIND_TAKES = `takes ${KINDS.join(', ')}`;
const MONTH = /^[1-9]\d{3}-(0[1-9]|1[0-2])$/;
const AMOUNT = /^-?\d{1,9}(\.\d{1,30})?$/;
const QUANTITY = /^\d{1,15}(\.\d{1,12})?$/;

/** The days that a text names: a day, the day of an instant of UTC ("2026-10-31T00:00:00Z", "2026-10-31 08:00:00 UTC"), or a month; null for any other. */
export function daysOf(text: string): Days | null {
  if (MONTH.test(text)) return daysOfMonth(text as Month);
  const [, date = ''] =
    /^([1-9]\d{3}-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?UTC|Z|[+]00:?00)?)?$/.exec(text) ?? [];
  const day = parseDay(date);
  return day === null ? null : { firstDay: day, lastDay: day };
}

export const isAmount = (text: string): boolean => AMOUNT.test(text);
export const isQuantity = (text: string): boolean => QUANTITY.test(text);

/** What keeps an amount from being of a kind; null where nothing does. */
export const amountProblem = (amount: string, kind: Kind): string | null => {
  if (!isAmount(amount)) return AMOUNT_TAKES;
  const isLess = shortestDecimal(amount).startsWith('-');
  if (isLess && kind !== 'credit') return CHARGE_TAKES;
  return kind === 'credit' && !isLess && shortestDecimal(amount) !== '0' ? CREDIT_TAKES : null;
};

const optional = (most: number, what: string) =>
  z.preprocess(
    (given) => (typeof given === 'string' && given.trim() === '' ? null : (given ?? null)),
    readableName(most, what).nullable(),
  );

const shape = {
  provider: z.enum(BILLING, 'takes a provider of the list'),
  day: z
    .string(DAY_TAKES)
    .trim()
    .refine((text) => daysOf(text) !== null, DAY_TAKES),
  item: readableName(MOST_OF_AN_ITEM, 'what is billed, as the bill says it, such as gpt-5,'),
  project: optional(MOST_OF_A_PROJECT, 'the name of a project').transform((project) => project ?? ''),
  kind: z.enum(KINDS, KIND_TAKES),
  quantity: z
    .string(QUANTITY_TAKES)
    .trim()
    .default('')
    .refine((text) => text === '' || isQuantity(text), QUANTITY_TAKES)
    .transform((text) => (text === '' ? null : shortestDecimal(text))),
  amount: z.string(AMOUNT_TAKES).trim().refine(isAmount, AMOUNT_TAKES).transform(shortestDecimal),
  currency: z.enum(CURRENCIES, CURRENCY_TAKES),
};

/** Reads the form of a line. @throws BadInput with every field that is wrong and what it takes */
export function parseBillLine(body: unknown, today: Day): { provider: string; line: BillLine } {
  const { values, problems } = readFields(shape, body, 'a line of a bill');
  if (values === null) throw new BadInput(problems);
  const { provider, day, ...rest } = values;
  const days = daysOf(day) as Days;
  const wrong = amountProblem(values.amount, values.kind);
  const together: ParameterProblem[] = wrong === null ? [] : [{ parameter: 'amount', message: wrong }];
  if (compareDays(days.firstDay, today) > 0) together.push({ parameter: 'day', message: 'is a day to come' });
  if (problems.length + together.length > 0) throw new BadInput([...problems, ...together]);
  return { provider, line: { ...days, ...rest } };
}

/** "OpenAI, 31 Oct 2026: gpt-5, input (usage), USD 12.5", for whoever reads a line of the audit log. */
export const lineInWords = (provider: string, { firstDay, lastDay, item, kind, amount, currency }: BillLine): string =>
  `${provider}, ${firstDay}${lastDay === firstDay ? '' : ` – ${lastDay}`}: ${item} (${kind}), ${currency} ${amount}`;

/** The month that an address asks for: without one the last that is over. @throws BadInput */
export function askedMonth(parameters: Record<string, unknown>, today: Day): Month {
  const { month } = takenOnce(parameters, ['month']);
  if (month === undefined) return monthOf(periodBefore(periodOf(today, 'month'), 'month').first);
  if (!MONTH.test(month)) throw new BadInput([{ parameter: 'month', message: 'takes a month, such as 2026-10' }]);
  return month as Month;
}
