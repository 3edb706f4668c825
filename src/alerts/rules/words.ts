import { written } from '../../catalog/written.ts';
import type { Budget } from '../../stats/budgets/budgets.ts';
import type { Format } from '../../units/format.ts';
import { microEuros } from '../../units/money.ts';
import type { Rule } from '../store/rules.ts';
import { byThePriceList } from './fields.ts';
import { ruleTypeOf } from './registry.ts';
import { type Level, type Measured, reachedOf } from './rule-type.ts';

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
      return `${format.integer(value)} ${value === 1 ? measured.slice(0, -1) : measured}`;
  }
}

export const measuredOf = ({ type, fields }: Pick<Rule, 'type' | 'fields'>): Measured =>
  ruleTypeOf(type).measured(fields);

/** The level that a value has reached, the first where it has reached none; `limit` where each window has a level of its own. */
export function levelAt(
  { type, fields }: Pick<Rule, 'type' | 'fields'>,
  value: number | null,
  limit: number | null = null,
): { level: Level; at: number | null } {
  const { levels, levelValues } = ruleTypeOf(type);
  const values = levelValues?.(fields) ?? [];
  const reached = Math.max(0, reachedOf(value ?? 0, values) - 1);
  return { level: levels(fields)[reached] ?? 'critical', at: values[reached] ?? limit };
}

/** Whether a rule looks at each model, action or provider by itself; else it is about all of its calls together. */
export const isBySubject = ({ type, fields }: Pick<Rule, 'type' | 'fields'>): boolean =>
  (ruleTypeOf(type).recording(fields).by ?? null) !== null;

/** What an alert is about, as pages write it, with what follows it; empty where that is all calls of its rule. */
export const subjectText = (asked: Pick<Rule, 'type' | 'fields'>, subject: string, followed = ': '): string =>
  isBySubject(asked) ? `${written(subject)}${followed}` : '';

/** What a rule tells of, as one sentence without its end: "cost of a day is €20 or more". */
export function ruleSentence(
  { type, fields }: Pick<Rule, 'type' | 'fields'>,
  budget: Budget | null,
  format: Format,
): string {
  const words = {
    euros: (micro: number) => format.euros(microEuros(micro)),
    budget: budget === null ? 'a budget that was deleted' : budget.name + byThePriceList(budget.cost),
  };
  return ruleTypeOf(type).sentence(fields, words);
}
