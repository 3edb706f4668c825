import { COST_LABELS, COSTS } from '../query/view.ts';
import { PER_WORDS, PERS } from '../units/calendar-period.ts';
import type { ParameterProblem } from '../units/failures/bad-input.ts';
import { type DateField, dateField } from '../units/input/date-field.ts';
import { type FormField, otherProblems, problemOf } from '../units/input/form-field.ts';
import { eurosText, microEuros } from '../units/money.ts';

type Choices = FormField & { choices: { value: string; label: string; selected: boolean }[] };

/** The form of a budget, ready to print: what was entered stays, and each field says what is wrong with it. */
export type BudgetForm = {
  action: string;
  saves: string;
  isNew: boolean;
  name: FormField;
  amount: FormField;
  per: Choices;
  cost: Choices;
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
  const choicesOf = <Value extends string>(name: string, values: readonly Value[], labels: Record<Value, string>) => {
    const field = of(name);
    const choices = values.map((value) => ({ value, label: labels[value], selected: value === field.value }));
    return { ...field, choices };
  };
  const from = of('from');
  return {
    ...form,
    name: of('name'),
    amount: of('amount'),
    per: choicesOf('per', PERS, PER_WORDS),
    cost: choicesOf('cost', COSTS, COST_LABELS),
    filter: of('filter'),
    from: { ...from, ...dateField(from.value) },
    others: otherProblems(problems, ['name', 'amount', 'per', 'filter', 'cost', 'from']),
  };
}

/** Micro-euros as somebody would write them, "250" or "48.20"; text as it was entered. */
function textOf(value: unknown): string {
  if (typeof value === 'number') return eurosText(microEuros(value)).replace(/\.?0+$/, '');
  return typeof value === 'string' ? value : '';
}
