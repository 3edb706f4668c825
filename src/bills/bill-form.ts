import { CURRENCIES, KINDS } from '../stats/bills/bill-lines.ts';
import type { ParameterProblem } from '../units/failures/bad-input.ts';
import { type FormField, otherProblems, problemOf } from '../units/input/form-field.ts';
import { BILLING, KIND_LABELS } from './terms.ts';

type Choices = FormField & { choices: { value: string; label: string; selected: boolean }[] };

/** The choices of a field, the one of a value selected. */
export const choicesOf = (value: string, all: readonly { value: string; label: string }[]) =>
  all.map((one) => ({ ...one, selected: one.value === value }));

/** Providers as the choices of a field. */
export const PROVIDER_CHOICES = BILLING.map((value) => ({ value, label: value }));

/** The form of a line, ready to print: what was entered stays, and each field says what is wrong with it. */
export function billForm(values: Record<string, unknown>, problems: readonly ParameterProblem[]) {
  const of = (name: string): FormField => ({
    value: typeof values[name] === 'string' ? values[name] : '',
    problem: problemOf(problems, name),
  });
  const choices = (name: string, all: readonly { value: string; label: string }[]): Choices => {
    const field = of(name);
    return { ...field, choices: choicesOf(field.value, all) };
  };
  return {
    provider: choices('provider', PROVIDER_CHOICES),
    day: of('day'),
    item: of('item'),
    amount: of('amount'),
    currency: choices(
      'currency',
      CURRENCIES.map((value) => ({ value, label: value })),
    ),
    kind: choices(
      'kind',
      KINDS.map((value) => ({ value, label: KIND_LABELS[value] })),
    ),
    project: of('project'),
    quantity: of('quantity'),
    others: otherProblems(problems, ['provider', 'day', 'item', 'amount', 'currency', 'kind', 'project', 'quantity']),
  };
}
