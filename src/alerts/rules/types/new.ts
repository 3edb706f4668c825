import { z } from 'zod';
import { DAY_OF_24_HOURS } from '../../../units/time.ts';
import { SUBJECT_KEYS, type SubjectKey } from '../questions.ts';
import type { RuleType } from '../rule-type.ts';

export const NEW: RuleType<{ what: SubjectKey }> = {
  label: 'New model, action or provider',
  about: 'Tells when one is used for the first time. Those that are known when the rule is made are not new.',
  schema: z.object({ what: z.enum(SUBJECT_KEYS, `takes ${SUBJECT_KEYS.join(', ')}`) }),
  fields: {
    what: { label: 'What', kind: 'choice', choices: { model: 'a model', action: 'an action', provider: 'a provider' } },
  },
  sentence: ({ what }) => `${what === 'action' ? 'an' : 'a'} ${what} is used for the first time`,

  levels: () => ['warning'],
  measured: () => 'requests',
  every: 'minute',
  recording: ({ what }) => ({ by: what === 'action' ? 'action' : 'model' }),
  looksBack: () => 2n * DAY_OF_24_HOURS,
  ends: 'with its window',
  size: () => 'day',
  tellsEnd: false,
  once: true,
  observe: async ({ what }, at, { ask, window, timeZone, known }) => {
    const today = window('day', at, timeZone);
    const subjects = await ask({ ask: 'subjects', by: what, from: today.from, to: at });
    return [...subjects]
      .filter(([subject]) => !known.has(subject))
      .map(([subject, { requests }]) => ({
        ...{ subject, value: requests, reached: 1, calm: false, limit: null, usual: null, window: today },
      }));
  },
};
