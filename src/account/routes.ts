import express, { type Router } from 'express';
import { z } from 'zod';
import { personOf } from '../auth/access/caller.ts';
import { inTurnOf, writeAuditLog } from '../db/audit-log.ts';
import type { Databases } from '../db/connect.ts';
import { NO_MAIL, type SendingSettings } from '../delivery/send.ts';
import { BadInput } from '../units/failures/bad-input.ts';
import type { Format } from '../units/format.ts';
import { readFields } from '../units/input/fields.ts';
import { now } from '../units/time.ts';
import { panel } from '../web/panel.ts';
import { takes } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { readChoice, saveChoice } from './digest/choice.ts';
import { DIGESTS, TOLD_FROM_HOUR } from './digest/period.ts';

type AccountDependencies = {
  databases: Pick<Databases, 'backoffice'>;
  render: Render;
  format: Format;
  sending: Pick<SendingSettings, 'mail'>;
};

const ACCOUNT_PATH = '/account';

const CHOICES = ['none', ...DIGESTS] as const;
const WORDS: Record<(typeof CHOICES)[number], string> = {
  none: 'No digest',
  daily: 'Every day, of the day before',
  weekly: 'Every Monday, of the week before',
};

/** What somebody has chosen for themselves. */
export function accountPage({ databases, render, format, sending }: AccountDependencies): Router {
  const { backoffice } = databases;
  const router = express.Router();

  router.get(ACCOUNT_PATH, takes([]), async (req, res) => {
    const { name, email, sub } = personOf(req);
    const choice = await panel(readChoice(backoffice, sub), req.log);
    const choices = (chosen: string) =>
      CHOICES.map((value) => ({ value, label: WORDS[value], checked: value === chosen }));
    const data = {
      ...{ name, email, action: ACCOUNT_PATH, retry: ACCOUNT_PATH, hour: TOLD_FROM_HOUR },
      noMail: sending.mail === null ? NO_MAIL : null,
      digest: choice.ok ? { ok: true, value: choices(choice.value ?? 'none') } : choice,
    };
    render(req, res, { title: 'Your account', view: 'account/account', data });
  });

  router.post(ACCOUNT_PATH, express.urlencoded({ extended: false, limit: '2kb' }), async (req, res) => {
    const shape = { digest: z.enum(CHOICES, `takes ${CHOICES.join(', ')}`) };
    const { values, problems } = readFields(shape, req.body ?? {}, 'an account');
    if (values === null || problems.length > 0) throw new BadInput(problems);
    const digest = values.digest === 'none' ? null : values.digest;
    await inTurnOf(backoffice, personOf(req), async (transaction) => {
      const isNew = await saveChoice(transaction, personOf(req), digest, now(), format.timeZone);
      const entry = { action: 'choose digest', subject: ACCOUNT_PATH, details: WORDS[values.digest] } as const;
      if (isNew) await writeAuditLog(transaction, personOf(req), entry);
    });
    res.redirect(303, ACCOUNT_PATH);
  });

  return router;
}
