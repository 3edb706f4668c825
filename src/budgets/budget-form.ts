import { PERS } from '../units/calendar-period.ts';
import { type DateField, dateField } from '../units/date-field.ts';
import type { ParameterProblem } from '../units/failures/bad-input.ts';
import { eurosText, microEuros } from '../units/money.ts';
import { PER_WORDS } from './budget-tables.ts';

type Field<Value = string> = { value: Value; problem: string | null };

/** The form of a budget, ready to print: what was entered stays, and each field says what is wrong with it. */
export type BudgetForm = {
  action: string;
  saves: string;
  isNew: boolean;
  name: Field;
  amount: Field;
  per: Field & { choices: { value: string; label: string; selected: boolean }[] };
  filter: Field;
  from: Field & DateField;
  /** Of no field of the form. */
  others: string[];
};

type Asked = {
  action: string;
  saves: string;
  isNew: boolean;
  values: Record<string, unknown>;
  problems: ParameterProblem[];
};

export function budgetForm({ values, problems, ...form }: Asked): BudgetForm {
  const of = (name: string): Field => ({
    value: textOf(values[name]),
    problem:
      problems
        .filter(({ parameter }) => parameter === name)
        .map(({ message }) => message)
        .join('; ') || null,
  });
  const per = of('per');
  const from = of('from');
  const fields = ['name', 'amount', 'per', 'filter', 'from'];
  return {
    ...form,
    name: of('name'),
    amount: of('amount'),
    per: {
      ...per,
      choices: PERS.map((value) => ({ value, label: PER_WORDS[value].per, selected: value === per.value })),
    },
    filter: of('filter'),
    from: { ...from, ...dateField(from.value) },
    others: problems
      .filter(({ parameter }) => !fields.includes(parameter))
      .map(({ parameter, message }) => `${parameter} ${message}`),
  };
}

/** Micro-euros as somebody would write them, "250" or "48.20"; text as it was entered. */
function textOf(value: unknown): string {
  if (typeof value === 'number') return eurosText(microEuros(value)).replace(/\.?0+$/, '');
  return typeof value === 'string' ? value : '';
}
