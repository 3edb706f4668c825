import { PER_WORDS, PERS } from '../units/calendar-period.ts';
import type { ParameterProblem } from '../units/failures/bad-input.ts';
import { type DateField, dateField } from '../units/input/date-field.ts';
import { type FormField, otherProblems, problemOf } from '../units/input/form-field.ts';
import { eurosText, microEuros } from '../units/money.ts';

/** The form of a budget, ready to print: what was entered stays, and each field says what is wrong with it. */
export type BudgetForm = {
  action: string;
  saves: string;
  isNew: boolean;
  name: FormField;
  amount: FormField;
  per: FormField & { choices: { value: string; label: string; selected: boolean }[] };
  filter: FormField;
  from: FormField & DateField;
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
  const of = (name: string): FormField => ({
    value: textOf(values[name]),
    problem: problemOf(problems, name),
  });
  const per = of('per');
  const from = of('from');
  return {
    ...form,
    name: of('name'),
    amount: of('amount'),
    per: {
      ...per,
      choices: PERS.map((value) => ({ value, label: PER_WORDS[value], selected: value === per.value })),
    },
    filter: of('filter'),
    from: { ...from, ...dateField(from.value) },
    others: otherProblems(problems, ['name', 'amount', 'per', 'filter', 'from']),
  };
}

/** Micro-euros as somebody would write them, "250" or "48.20"; text as it was entered. */
function textOf(value: unknown): string {
  if (typeof value === 'number') return eurosText(microEuros(value)).replace(/\.?0+$/, '');
  return typeof value === 'string' ? value : '';
}
