import { z } from 'zod';
import { type Actor, auditedChange } from '../../db/audit-log.ts';
import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import { readFields } from '../../units/input/fields.ts';
import { addTime, DAY_OF_24_HOURS, type Instant, isoFromInstant, parseInstant } from '../../units/time.ts';
import { ALERTS_PATH } from '../frame/words.ts';
import type { AlertSources } from '../sources.ts';
import {
  type Alert,
  type EventKind,
  FEEDBACK,
  type NewAnswers,
  writeAlertLine,
  writeAnswers,
} from '../store/alerts.ts';
import { setMuted } from '../store/rules.ts';

/** What somebody may do about an alert, by the word of its address. */
export const ANSWERS = ['acknowledge', 'snooze', 'feedback', 'mute'] as const;
export type AnswerName = (typeof ANSWERS)[number];

const MOST_OF_A_NOTE = 1000;
const NOTE_TAKES = `takes text of at most ${MOST_OF_A_NOTE} characters`;
const LONGEST_SNOOZE_DAYS = 90;
const UNTIL_TAKES = `takes an instant to come, at most ${LONGEST_SNOOZE_DAYS} days away, such as 2026-12-01T09:00:00Z; or nothing, to be told again`;

const note = z
  .string(NOTE_TAKES)
  .trim()
  .refine(
    (text) => Array.from(text).length <= MOST_OF_A_NOTE && !/(?![\t\r\n])[\p{Cc}\p{Cs}\p{Bidi_Control}]/u.test(text),
    NOTE_TAKES,
  )
  .nullish()
  .transform((text) => text ?? '');
const SHAPES = {
  acknowledge: { note },
  snooze: { until: z.string(UNTIL_TAKES).trim().nullish() },
  feedback: { feedback: z.enum(FEEDBACK, `takes ${FEEDBACK.join(', ')}`), note },
  mute: { muted: z.union([z.boolean(), z.enum(['true', 'false'])], 'takes true or false') },
} as const;

/** What an answer changes, and what is written down of it. */
type GivenAnswer = { kind: EventKind; note: string; answers: NewAnswers; muted?: boolean };

/** @throws BadInput with every field that is wrong and what it takes */
function read<Name extends AnswerName>(name: Name, body: unknown): z.infer<z.ZodObject<(typeof SHAPES)[Name]>> {
  const { values, problems } = readFields(SHAPES[name], body, 'such an answer');
  if (values === null || problems.length > 0) throw new BadInput(problems);
  return values;
}

const refuse = (problem: ParameterProblem): never => {
  throw new BadInput([problem]);
};

const READ: Record<AnswerName, (body: unknown, alert: Alert, actor: Actor, at: Instant) => GivenAnswer> = {
  acknowledge: (body, _alert, { email }, at) => ({
    kind: 'acknowledged',
    note: read('acknowledge', body).note,
    answers: { acknowledged: { at, by: email } },
  }),
  snooze: (body, _alert, _actor, at) => {
    const { until } = read('snooze', body);
    if (!until) return { kind: 'snoozed', note: 'no longer', answers: { snoozedUntil: null } };
    const instant = parseInstant(until);
    if (instant === null || instant <= at || instant > addTime(at, BigInt(LONGEST_SNOOZE_DAYS) * DAY_OF_24_HOURS))
      return refuse({ parameter: 'until', message: UNTIL_TAKES });
    return { kind: 'snoozed', note: `until ${isoFromInstant(instant)}`, answers: { snoozedUntil: instant } };
  },
  feedback: (body, { asked }) => {
    const { feedback, note } = read('feedback', body);
    if (asked.type !== 'unusual')
      return refuse({ parameter: 'feedback', message: 'is of alerts of unusual usage: other rules learn nothing' });
    return { kind: 'feedback', note: [feedback, note].filter(Boolean).join(': '), answers: { feedback } };
  },
  mute: (body) => {
    const muted = String(read('mute', body).muted) === 'true';
    return { kind: 'muted', note: muted ? 'The rule was muted.' : 'The rule tells again.', answers: {}, muted };
  },
};

/**
 * What somebody does about an alert: it stands in its history and in the audit log, or nothing of it is done.
 * @throws BadInput with every field that is wrong and what it takes
 */
export function answerAlert(
  { databases }: Pick<AlertSources, 'databases'>,
  alert: Alert,
  name: AnswerName,
  body: unknown,
  actor: Actor,
  at: Instant,
): Promise<void> {
  const { kind, note, answers, muted } = READ[name](body ?? {}, alert, actor, at);
  return auditedChange(databases.backoffice, actor, 'answer alert', async (transaction) => {
    if (Object.keys(answers).length > 0) await writeAnswers(transaction, alert.id, answers);
    if (muted !== undefined && !(await setMuted(transaction, alert.ruleId, muted)))
      refuse({ parameter: 'muted', message: 'is of a rule that was deleted, and tells nothing any more' });
    await writeAlertLine(transaction, { alertId: alert.id, at, kind, email: actor.email, note });
    const details = `${kind}${note === '' ? '' : `: ${note}`}`;
    return { value: undefined, subject: `${ALERTS_PATH}/${alert.id}`, details };
  });
}
