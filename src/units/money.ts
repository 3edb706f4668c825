import type { Branded, Plain } from './brand.ts';

/**
 * Micro-euros (1 € = 1,000,000). Whole in every record and sum, a safe integer up to nine billion euros, never a float sum; an
 * average or a forecast has a fraction of one until it is printed.
 */
export type MicroEuros = Branded<number, 'micro-euros'>;

/** Euros as a JSON number, for programs that read our answers: nothing is added up in them. */
export type Euros = Branded<number, 'euros'>;

/** A number that is known to count micro-euros: what arithmetic on them has left, or an amount written in the code. */
export const microEuros = (amount: Plain<number>): MicroEuros => amount as number as MicroEuros;

export const NO_EUROS = microEuros(0);
/** The sum of two amounts: of whole ones exact. */
export const plus = (a: MicroEuros, b: MicroEuros): MicroEuros => microEuros(a + b);
/** What the first amount is more than the second. */
export const minus = (a: MicroEuros, b: MicroEuros): MicroEuros => microEuros(a - b);

const EUROS_IN_NUMERIC = /^(-?)(\d+)(?:\.(\d{1,6})0*)?$/;

/** A sum that has no value (`NaN`): none of ours, for sums leave such costs out. */
export class NoNumber extends RangeError {}

/**
 * Reads PostgreSQL's text form of a `numeric` in euros ("1506.995366") as micro-euros, exactly.
 * @throws NoNumber for `NaN`; RangeError for more than six significant decimals or an amount beyond a safe integer: both would be a silent rounding.
 */
export function microEurosFromNumeric(text: Plain<string>): MicroEuros {
  return sixDecimals(text) ?? anyDecimals(text);
}

/** What is said of a cost that PostgreSQL holds as `NaN`: a writer whose price is undefined makes it. */
export const NO_NUMBER = 'no number';

/** The cost of one record; null where it is none (`NaN`), which no sum takes. */
export const costFromNumeric = (text: Plain<string>): MicroEuros | null =>
  text === 'NaN' ? null : microEurosFromNumeric(text);

/** The form of the column, "0.086030", which comes by the million: without a match to allocate. Null for any other. */
function sixDecimals(text: string): MicroEuros | null {
  const point = text.length - 7;
  if (point < 1 || point > 9) return null;
  let micro = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (i === point ? digit !== -2 : digit < 0 || digit > 9) return null;
    if (i !== point) micro = micro * 10 + digit;
  }
  return microEuros(micro);
}

function anyDecimals(text: string): MicroEuros {
  if (text === 'NaN') throw new NoNumber('not an amount: NaN');
  const match = EUROS_IN_NUMERIC.exec(text);
  if (!match) throw new RangeError(`not an amount of whole micro-euros: ${text}`);
  const [, sign, euros, decimals = ''] = match;
  const micro = Number(euros + decimals.padEnd(6, '0'));
  if (!Number.isSafeInteger(micro)) throw new RangeError(`amount too large to be exact: ${text}`);
  return microEuros(sign && micro !== 0 ? -micro : micro);
}

/** An average as whole micro-euros, halves away from zero as PostgreSQL's `numeric` rounds; zero has no sign. */
export function nearestMicro(average: MicroEuros): MicroEuros {
  return microEuros(Math.sign(average) * Math.round(Math.abs(average)) + 0);
}

/** Micro-euros as a JSON number of euros: the double nearest to the exact decimal, so it prints as that decimal. */
export function eurosNumber(micro: MicroEuros): Euros {
  return (micro / 1_000_000) as Euros;
}

/**
 * Micro-euros as euros with exactly six decimals: "0.004213".
 * @throws RangeError for a fraction of one, which six decimals cannot hold: an average is rounded first (nearestMicro)
 */
export function eurosText(micro: MicroEuros): string {
  if (!Number.isInteger(micro)) throw new RangeError(`not whole micro-euros: ${micro}`);
  const digits = String(Math.abs(micro)).padStart(7, '0');
  return `${micro < 0 ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** total ÷ count, with its fraction of a micro-euro; 0 when there is nothing to divide by. */
export const average = (total: MicroEuros, count: Plain<number>): MicroEuros =>
  count === 0 ? NO_EUROS : microEuros(total / count);

/** total ÷ count in euros, 0 when there is nothing to divide by. */
export function averageEuros(total: MicroEuros, count: Plain<number>): Euros {
  return (count === 0 ? 0 : eurosNumber(total) / count) as Euros;
}

const FEWEST_DECIMALS = 2;
const MOST_DECIMALS = 6;
const DIGITS = 3;

/**
 * How many decimals euros have that are read together, as those of a column are: the least that keeps
 * three digits of the smallest. Beside a euro or more four are enough, beside ten the cents.
 */
export function decimalsOf(amounts: MicroEuros[]): number {
  const sizes = amounts.map((micro) => Math.abs(nearestMicro(micro))).filter((size) => size > 0);
  const smallest = sizes.reduce((least, size) => Math.min(least, size), Number.POSITIVE_INFINITY);
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const most = largest >= 10_000_000 ? FEWEST_DECIMALS : largest >= 1_000_000 ? 4 : MOST_DECIMALS;
  for (let decimals = FEWEST_DECIMALS; decimals < most; decimals++) {
    const last = 10 ** (MOST_DECIMALS - decimals);
    if (smallest >= last * 10 ** (DIGITS - 1) || sizes.every((size) => size % last === 0)) return decimals;
  }
  return most;
}
