import type { Budget } from '../../stats/budgets/budgets.ts';
import type { Format } from '../../units/format.ts';
import { microEuros } from '../../units/money.ts';
import type { Rule } from '../store/rules.ts';
import { ruleTypeOf } from './registry.ts';
import type { Measured } from './rule-type.ts';

/** A value as people read it: "€48.20", "1,204 requests", "83%". */
export function valueText(value: number, measured: Measured, format: Format): string {
  switch (measured) {
    case 'euros':
      return format.euros(microEuros(value));
    case 'share':
      return format.percent(value);
    case 'hours':
      return value === 1 ? '1 hour' : `${format.integer(value)} hours`;
    default:
      return `${format.integer(value)} ${measured}`;
  }
}

export const measuredOf = ({ type, fields }: Pick<Rule, 'type' | 'fields'>): Measured =>
  ruleTypeOf(type).measured(fields);

/** What a rule tells of, as one sentence without its end: "cost of a day is €20 or more". */
export function ruleSentence(
  { type, fields }: Pick<Rule, 'type' | 'fields'>,
  budget: Budget | null,
  format: Format,
): string {
  const words = {
    euros: (micro: number) => format.euros(microEuros(micro)),
    budget: budget?.name ?? 'a budget that was deleted',
  };
  return ruleTypeOf(type).sentence(fields, words);
}
