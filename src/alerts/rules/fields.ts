import { z } from 'zod';
import { COST_LABELS, COSTS, type WhoseCost } from '../../query/view.ts';
import { type MicroEuros, microEurosFromNumeric } from '../../units/money.ts';
import type { RuleField } from './rule-type.ts';

const decimal = /^\d{1,12}(\.\d{1,6})?$/;
/** JSON has numbers, a form has text. */
const asText = (takes: string) =>
  z
    .union([z.string(), z.number()], takes)
    .transform((value) =>
      typeof value === 'number' && Number.isFinite(value) ? plainText(value) : String(value).trim(),
    );

/** 0.000001, not 1e-6. */
const plainText = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(7).replace(/0$/, ''));

/** A number with at most six decimals. */
export function numberField({ least, most, takes }: { least: number; most: number; takes: string }) {
  return asText(takes).pipe(
    z
      .string()
      .regex(decimal, takes)
      .transform(Number)
      .refine((value) => value >= least && value <= most, takes),
  );
}

/** A whole number. */
export function wholeField({ least, most, takes }: { least: number; most: number; takes: string }) {
  return numberField({ least, most, takes }).refine(Number.isInteger, takes);
}

/** A field that a form may leave empty. */
export const emptyAs = <T extends z.ZodType>(value: unknown, schema: T) =>
  z.preprocess((given) => (given === undefined || given === null || given === '' ? value : given), schema);

/** Euros of a rule as micro-euros: its fields hold euros, as its JSON does. */
export const microOf = (euros: number): MicroEuros => microEurosFromNumeric(euros.toFixed(6));

/** Whose costs a rule of costs counts. Rules of before do not say it, and count those that were recorded. */
export const whoseCost = emptyAs('recorded', z.enum(COSTS, `takes ${COSTS.join(' or ')}`));
export const WHOSE_COST: RuleField = { label: 'Costs', kind: 'choice', choices: COST_LABELS };
export const byThePriceList = (cost: WhoseCost | undefined): string =>
  cost === 'repriced' ? ' by the price list' : '';
