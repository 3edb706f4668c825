import express, { type Request, type Response, type Router } from 'express';
import type { Knex } from 'knex';
import { auditedChange, inTurnOf, writeAuditLog } from '../../db/audit-log.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import type { Format } from '../../units/format.ts';
import { addTime, DAY_OF_24_HOURS, now } from '../../units/time.ts';
import { isUuid } from '../../units/uuid.ts';
import { takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { personOf } from '../access/caller.ts';
import { makeFormKey, secretOfForm } from './secret.ts';
import { hasEnded, MOST_TOKENS, makeToken, readTokens, revokeToken } from './store.ts';
import { parseToken } from './terms.ts';
import { EVERYBODYS_TOKENS_PATH, TOKENS_PATH, tokenForm, tokenRow } from './token-page.ts';

type TokenDependencies = { backoffice: Knex; render: Render; format: Format; sessionSecret: string };

const NOT_MADE = {
  full: `is one too many: you have ${MOST_TOKENS} tokens already`,
  'sent before': 'is of a form that was sent before: its token was shown then',
};

/** Of one person, those that have ended among them; of everybody. */
const MOST_SHOWN = { own: 100, everybody: 500 };

/** API tokens: each one's own, and for admins everybody's. */
export function tokenRoutes({ backoffice, render, format, sessionSecret }: TokenDependencies): Router {
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '5kb' });

  type Shown = { secret?: string; values?: Record<string, unknown>; error?: BadInput };
  const show = async (req: Request, res: Response, { secret, values = {}, error }: Shown) => {
    const at = now();
    const tokens = await readTokens(backoffice, personOf(req).sub, MOST_SHOWN.own);
    res.status(error ? 400 : 200);
    const data = {
      tokens: tokens.map((token) => tokenRow(token, TOKENS_PATH, at, format)),
      form: { ...tokenForm(values, error?.details ?? []), key: makeFormKey() },
      secret: secret ?? null,
      isFull: tokens.filter((token) => !hasEnded(token, at)).length >= MOST_TOKENS,
      everybody: EVERYBODYS_TOKENS_PATH,
      most: MOST_TOKENS,
    };
    render(req, res, { title: 'API tokens', view: 'auth/tokens/tokens', data });
  };
  router.get(TOKENS_PATH, takes([]), (req, res) => show(req, res, {}));

  /** Makes what a form asks for, once, and returns its secret to each who sends it at the same time. */
  const make = async (req: Request): Promise<string> => {
    const person = personOf(req);
    const { formKey, ...fields } = req.body ?? {};
    const terms = parseToken(fields);
    const secret = secretOfForm(formKey, [person.sub, terms], sessionSecret);
    const made = await inTurnOf(backoffice, person, async (transaction) => {
      const made = await makeToken(transaction, person, terms, secret);
      if (typeof made === 'string') return made;
      const until = format.minute(addTime(now(), BigInt(terms.days) * DAY_OF_24_HOURS));
      const details = `“${terms.name}” for ${terms.scopes.join(', ')}, until ${until}`;
      await writeAuditLog(transaction, person, { action: 'make token', subject: `${TOKENS_PATH}/${made.id}`, details });
      return 'made';
    });
    if (made === 'made' || made === 'sent twice') return secret;
    throw new BadInput([{ parameter: 'name', message: NOT_MADE[made] }]);
  };
  router.post(TOKENS_PATH, form, async (req, res) => {
    try {
      // Shown in the answer to the form, and never again: nobody keeps it for another page.
      await show(req, res, { secret: await make(req) });
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await show(req, res, { values: req.body ?? {}, error });
    }
  });

  const revoke = (req: Request, sub: string | null): Promise<void> =>
    auditedChange(backoffice, personOf(req), 'revoke token', async (transaction) => {
      const id = String(req.params.id);
      const token = isUuid(id) ? await revokeToken(transaction, id, sub) : null;
      if (token === null) throw new NotFound('There is no such token, or it has been revoked already.');
      const whose = token.person.sub === personOf(req).sub ? '' : ` of ${token.person.email}`;
      return { value: undefined, subject: `${TOKENS_PATH}/${id}`, details: `“${token.name}”${whose}` };
    });
  router.post(`${TOKENS_PATH}/:id/revoke`, async (req, res) => {
    await revoke(req, personOf(req).sub);
    res.redirect(303, TOKENS_PATH);
  });

  router.get(EVERYBODYS_TOKENS_PATH, takes([]), async (req, res) => {
    const at = now();
    const tokens = await readTokens(backoffice, null, MOST_SHOWN.everybody + 1);
    const data = {
      tokens: tokens.slice(0, MOST_SHOWN.everybody).map((token) => tokenRow(token, EVERYBODYS_TOKENS_PATH, at, format)),
      most: tokens.length > MOST_SHOWN.everybody ? MOST_SHOWN.everybody : null,
    };
    render(req, res, { title: 'Everybody’s API tokens', view: 'auth/tokens/everyone', data });
  });
  router.post(`${EVERYBODYS_TOKENS_PATH}/:id/revoke`, async (req, res) => {
    await revoke(req, null);
    res.redirect(303, EVERYBODYS_TOKENS_PATH);
  });

  return router;
}
