import { plainNumber } from '../../export/plain-number.ts';
import { CURRENCIES, type Currency, type Kind, shortestDecimal } from '../../stats/bills/bill-lines.ts';
import { itemModels } from '../../stats/bills/item-models.ts';
import type { Day } from '../../units/calendar.ts';
import type { LineAt } from '../changes.ts';
import { kindOf } from '../import/kinds.ts';
import { NotAnswered } from './ask.ts';

const MOST_DECIMALS = 30;
const MOST_OF_AN_ITEM = 300;
const MOST_OF_A_PROJECT = 200;

/** What an API says of a charge. */
export type Charge = {
  day: Day;
  item: string | null;
  project: string | null;
  amount: string;
  currency: string;
  kind: Kind | null;
};

/** A number of JSON, or a text of one, as its shortest decimal. @throws NotAnswered for what is none */
export function decimalOf(value: number | string): string {
  const text = typeof value === 'number' ? plainNumber(value) : value.trim();
  const [, whole, fraction = ''] = /^(-?\d{1,9})(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) throw new NotAnswered(`it answers an amount that is none: ${text.slice(0, 40)}`);
  return shortestDecimal(fraction === '' ? whole : `${whole}.${fraction.slice(0, MOST_DECIMALS)}`);
}

/** A hundredth of a decimal, exactly. */
export function hundredthOf(text: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  const digits = whole.padStart(3, '0');
  return shortestDecimal(`${sign}${digits.slice(0, -2)}.${(digits.slice(-2) + fraction).slice(0, MOST_DECIMALS)}`);
}

/** A charge as a line. What is less than nothing is a credit; what names no model of the provider, as searches or storage, is no usage of one. */
export function lineOf(provider: string, { day, item, project, amount, currency, kind }: Charge): LineAt {
  const code = currency.toUpperCase();
  if (!(CURRENCIES as readonly string[]).includes(code))
    throw new NotAnswered(
      `it answers an amount in ${code.slice(0, 10)}, and ${CURRENCIES.join(' and ')} are known here`,
    );
  const text = (item?.trim() || 'Not itemized').slice(0, MOST_OF_AN_ITEM);
  const ofNoModel = item !== null && itemModels(provider, [])(text) === null;
  const likely = kind ?? kindOf(text, amount, '') ?? 'usage';
  return {
    ...{ firstDay: day, lastDay: day, item: text, project: (project ?? '').slice(0, MOST_OF_A_PROJECT) },
    kind: amount.startsWith('-') ? 'credit' : likely === 'credit' || (ofNoModel && likely !== 'tax') ? 'other' : likely,
    ...{ quantity: null, amount, currency: code as Currency, at: `${day}, ${text}` },
  };
}
