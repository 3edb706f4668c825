import type { Channel } from '../../delivery/channels.ts';
import type { Budget } from '../../stats/budgets/budgets.ts';
import type { ParameterProblem } from '../../units/failures/bad-input.ts';
import { type FormField, otherProblems, problemOf } from '../../units/input/form-field.ts';
import { channelWords } from '../channels/channel-words.ts';
import { RULE_TYPE_NAMES, type RuleTypeName, ruleTypeOf } from '../rules/registry.ts';
import type { AnyRuleType, RuleField } from '../rules/rule-type.ts';
import { RULES_PATH } from '../sources.ts';
import type { Rule } from '../store/rules.ts';

type Choice = { value: string; label: string; selected: boolean };

/** A field of the type, ready to print. */
type TypeField = FormField & {
  name: string;
  label: string;
  help: string | null;
  /** Null where it is written. */
  choices: Choice[] | null;
  decimal: boolean;
  required: boolean;
  placeholder: string;
};

/** The form of a rule, ready to print: what was entered stays, and each field says what is wrong with it. */
export type RuleForm = {
  action: string;
  saves: string;
  /** Of a rule that is there. */
  id: string | null;
  type: { name: RuleTypeName; about: string; choices: Choice[] };
  name: FormField;
  fields: TypeField[];
  /** Null where a budget says which calls. */
  filter: FormField | null;
  evaluations: FormField;
  remindHours: FormField;
  channels: { choices: { id: string; name: string; where: string; checked: boolean }[]; problem: string | null };
  muted: boolean;
  /** Of no field of the form. */
  others: string[];
  /** Where what it says is rehearsed, and whether it says enough for that already. */
  rehearsal: { href: string; ready: boolean };
};

/** What somebody has entered, or what stands in an address: text, repeated for channels. */
export type Entered = Record<string, unknown>;

const SHARED = ['id', 'type', 'name', 'filter', 'evaluations', 'remindHours', 'channels', 'muted'];
const fieldNames = (type: RuleTypeName) => Object.keys(ruleTypeOf(type).fields);

/** All that an address of the form may say. */
export const FORM_PARAMETERS = [...new Set([...SHARED, ...RULE_TYPE_NAMES.flatMap(fieldNames)])];

export const REHEARSAL_PATH = `${RULES_PATH}/rehearsal`;

/** The type that is asked for; a threshold where none is, or an unknown one. */
export const typeIn = ({ type }: Entered): RuleTypeName => RULE_TYPE_NAMES.find((one) => one === type) ?? 'threshold';

/** Of what stands in an address only what a rule of its type takes: what was carried over from another type is left out. */
export function enteredOf(parameters: Entered): Entered {
  const type = typeIn(parameters);
  const names = [...SHARED, ...fieldNames(type)];
  const kept = names.filter((name) => name in parameters).map((name) => [name, parameters[name]]);
  return { ...Object.fromEntries(kept), type };
}

/** What the form of a rule holds before anything is entered. */
export function enteredIn({
  id,
  name,
  type,
  filter,
  fields,
  evaluations,
  remindHours,
  channels,
  muted,
}: Rule): Entered {
  return { id, name, type, filter, ...fields, evaluations, remindHours, channels, ...(muted ? { muted: 'on' } : {}) };
}

/** The same as the parameters of an address. */
export function addressOf(path: string, entered: Entered): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(entered)) {
    const texts = name === 'channels' ? [value ?? []].flat().map(String) : [textOf(value)];
    for (const text of texts) if (text !== '') parameters.append(name, text);
  }
  return `${path}?${parameters}`;
}

/** A number as somebody writes it, some of them with commas; text as it was entered. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** What a form needs to know besides what was entered. */
type Asked = {
  action: string;
  saves: string;
  id: string | null;
  entered: Entered;
  problems: readonly ParameterProblem[];
  channels: Channel[];
  budgets: Budget[];
  ready: boolean;
};

export function ruleForm({ entered, problems, channels, budgets, ready, id, ...form }: Asked): RuleForm {
  const name = typeIn(entered);
  const type = ruleTypeOf(name);
  const of = (field: string): FormField => ({ value: textOf(entered[field]), problem: problemOf(problems, field) });
  const chosen = [entered.channels ?? []].flat().map(String);
  const fields = Object.entries(type.fields as Record<string, RuleField>).map(([field, about]) =>
    typeField(field, about, of(field), type, budgets),
  );
  const hasBudget = 'budget' in type.fields;
  const shown = [...SHARED, ...fieldNames(name)].filter((one) => one !== 'id' && (one !== 'filter' || !hasBudget));
  return {
    ...form,
    id,
    type: {
      ...{ name, about: type.about },
      choices: RULE_TYPE_NAMES.map((value) => ({ value, label: ruleTypeOf(value).label, selected: value === name })),
    },
    name: of('name'),
    fields,
    filter: hasBudget ? null : of('filter'),
    evaluations: of('evaluations'),
    remindHours: of('remindHours'),
    channels: {
      choices: channels.map((channel) => ({
        ...{ id: channel.id, name: channel.name, where: channelWords(channel) },
        checked: chosen.includes(channel.id),
      })),
      problem: problemOf(problems, 'channels'),
    },
    muted: entered.muted === 'on' || entered.muted === 'true',
    others: otherProblems(problems, shown),
    rehearsal: { href: addressOf(REHEARSAL_PATH, entered), ready },
  };
}

function typeField(name: string, about: RuleField, field: FormField, type: AnyRuleType, budgets: Budget[]): TypeField {
  const { help = null } = about;
  const unit = 'unit' in about && about.unit ? `, ${about.unit}` : '';
  const without = withoutIt(type, name);
  const choices = choicesOf(about, field.value, budgets);
  return {
    ...{ ...field, name, help, choices, label: `${about.label}${unit}`, decimal: about.kind === 'number' },
    required: without === null,
    placeholder: without ?? '',
  };
}

function choicesOf(about: RuleField, value: string, budgets: Budget[]): Choice[] | null {
  const of = (one: string, label: string): Choice => ({ value: one, label, selected: one === value });
  if (about.kind === 'choice') return Object.entries(about.choices).map(([one, label]) => of(one, label));
  if (about.kind === 'budget') return budgets.map(({ id, name }) => of(id, name));
  return null;
}

/** What a field means that is left empty, as text; null where it may not be. */
function withoutIt({ schema }: AnyRuleType, name: string): string | null {
  const { shape } = schema as unknown as { shape: Record<string, typeof schema> };
  const read = shape[name]?.safeParse('');
  return read?.success ? textOf(read.data) : null;
}
