import { type Channel, WEBHOOK_FORMATS } from '../../delivery/channels.ts';
import type { ParameterProblem } from '../../units/failures/bad-input.ts';
import { type FormField, otherProblems, problemOf } from '../../units/input/form-field.ts';
import { FORMAT_WORDS, shownUrl } from './channel-words.ts';

/** The form of a channel, ready to print: what was entered stays, and each field says what is wrong with it. */
export type ChannelForm = {
  action: string;
  saves: string;
  type: Channel['type'];
  name: FormField;
  to: FormField;
  url: FormField;
  format: FormField & { choices: { value: string; label: string; selected: boolean }[] };
  /** Of no field of the form. */
  others: string[];
};

type Asked = Pick<ChannelForm, 'action' | 'saves' | 'type'> & {
  values: Record<string, unknown>;
  problems: readonly ParameterProblem[];
};

/** What the form of a channel holds before anything is entered. */
export function enteredValues(channel: Channel): Record<string, unknown> {
  return channel.type === 'email' ? { ...channel, to: channel.to.join('\n') } : { ...channel, url: shownUrl(channel) };
}

export function channelForm({ values, problems, type, ...form }: Asked): ChannelForm {
  const of = (name: string): FormField => ({
    value: typeof values[name] === 'string' ? values[name] : '',
    problem: problemOf(problems, name),
  });
  const format = of('format');
  const choices = WEBHOOK_FORMATS.map((value) => ({
    value,
    label: FORMAT_WORDS[value],
    selected: value === format.value,
  }));
  const shown = ['name', ...(type === 'email' ? ['to'] : ['url', 'format'])];
  return {
    ...{ ...form, type, name: of('name'), to: of('to'), url: of('url'), format: { ...format, choices } },
    others: otherProblems(problems, shown),
  };
}
