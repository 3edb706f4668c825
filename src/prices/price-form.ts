import { actionInfo } from '../catalog/actions.ts';
import type { ParameterProblem } from '../units/failures/bad-input.ts';
import { type DateField, dateField } from '../units/input/date-field.ts';
import { type FormField, otherProblems, problemOf } from '../units/input/form-field.ts';
import { CURRENCIES, RATES } from './store.ts';

type Choices = FormField & { choices: { value: string; label: string; selected: boolean }[] };
type NamedField = FormField & { name: string; label: string };

/** The form of a price, ready to print: what was entered stays, and each field says what is wrong with it. */
export type PriceForm = {
  action: string;
  saves: string;
  model: FormField;
  ofAction: Choices;
  from: FormField & DateField;
  currency: Choices;
  perTokens: NamedField[];
  perOther: NamedField[];
  outputTokensPerImage: FormField;
  aboveInputTokens: FormField;
  source: FormField;
  /** Of no field of the form. */
  others: string[];
};

type Asked = {
  action: string;
  saves: string;
  values: Record<string, unknown>;
  /** Those that there are calls of. */
  actions: readonly string[];
  problems: readonly ParameterProblem[];
};

const OF_TOKENS = /PerMillion$/;
const NAMES = ['model', 'action', 'from', 'currency', 'outputTokensPerImage', 'aboveInputTokens', 'source'];

export function priceForm({ action, saves, values, actions, problems }: Asked): PriceForm {
  const of = (name: string): FormField => ({
    value: ['string', 'number'].includes(typeof values[name]) ? String(values[name]) : '',
    problem: problemOf(problems, name),
  });
  const choices = (name: string, all: readonly { value: string; label: string }[]): Choices => {
    const field = of(name);
    const known = all.some(({ value }) => value === field.value);
    const given = known || field.value === '' ? [] : [{ value: field.value, label: field.value }];
    return {
      ...field,
      choices: [...all, ...given].map((one) => ({ ...one, selected: one.value === field.value })),
    };
  };
  const rates = RATES.map(({ name, label }) => ({ ...of(name), name, label }));
  const from = of('from');
  return {
    ...{ action, saves, model: of('model'), source: of('source') },
    ofAction: choices('action', [
      { value: '', label: 'All' },
      ...actions.map((value) => ({ value, label: actionInfo(value).label })),
    ]),
    from: { ...from, ...dateField(from.value) },
    currency: choices(
      'currency',
      CURRENCIES.map((value) => ({ value, label: value })),
    ),
    perTokens: rates.filter(({ name }) => OF_TOKENS.test(name)),
    perOther: rates.filter(({ name }) => !OF_TOKENS.test(name)),
    outputTokensPerImage: of('outputTokensPerImage'),
    aboveInputTokens: of('aboveInputTokens'),
    others: otherProblems(problems, [...NAMES, ...RATES.map(({ name }) => name)]),
  };
}
