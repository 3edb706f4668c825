import express, { type Request, type Router } from 'express';
import type { Knex } from 'knex';
import { type AuditedAction, auditedChange } from '../../db/audit-log.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import type { Format } from '../../units/format.ts';
import { takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { personOf } from '../access/caller.ts';
import type { Cookies } from '../cookies.ts';
import { endSessions, type ListedSession, type SessionsAsked, sessionsOf, sidHash } from '../session-store.ts';
import { browserWords } from './browser-words.ts';

const SESSIONS_PATH = '/account/sessions';
const EVERYBODYS_PATH = `${SESSIONS_PATH}/everyone`;
const MOST_SHOWN = 500;
const HASH = /^[\w-]{43}$/;

type SessionRouteOptions = { database: Knex; cookies: Cookies; render: Render; format: Format };

/** Who is signed in where: each one's own sessions, and for admins everybody's. One that is ended is ended for all processes. */
export function sessionRoutes({ database, cookies, render, format }: SessionRouteOptions): Router {
  const router = express.Router();

  const rowOf = (req: Request, path: string) => (one: ListedSession) => ({
    ...one,
    browser: browserWords(one.userAgent),
    current: one.sidHash === sidHash(req.sessionID),
    end: `${path}/${one.sidHash}/end`,
  });
  const inWords = ({ userAgent, address, signedInAt, person }: ListedSession, req: Request) =>
    [
      `${browserWords(userAgent)}${address === '' ? '' : ` at ${address}`}`,
      `signed in ${format.minute(signedInAt)}`,
      ...(person.sub === personOf(req).sub ? [] : [`of ${person.email}`]),
    ].join(', ');
  const end = (req: Request, action: AuditedAction, asked: SessionsAsked): Promise<void> =>
    auditedChange(database, personOf(req), action, async (transaction) => {
      const isHash = asked.hash === undefined || HASH.test(asked.hash);
      const ended = isHash ? await endSessions(transaction, asked) : [];
      if (ended.length === 0 && asked.hash) throw new NotFound('There is no such session, or it has ended already.');
      const count = `${ended.length} ${ended.length === 1 ? 'session' : 'sessions'}`;
      const [only] = ended;
      return { value: undefined, subject: SESSIONS_PATH, details: asked.hash && only ? inWords(only, req) : count };
    });

  router.post('/sign-out', (req, res, next) => {
    req.session.destroy((problem) => {
      if (problem) return next(problem);
      res.clearCookie(cookies.session, cookies.options).redirect(303, '/sign-in');
    });
  });

  router.get(SESSIONS_PATH, takes([]), async (req, res) => {
    const sessions = await sessionsOf(database, personOf(req).sub, MOST_SHOWN);
    const data = { sessions: sessions.map(rowOf(req, SESSIONS_PATH)), path: SESSIONS_PATH, everybody: EVERYBODYS_PATH };
    render(req, res, { title: 'Your sessions', view: 'auth/sessions/sessions', data });
  });
  router.post(`${SESSIONS_PATH}/end-all`, async (req, res) => {
    await end(req, 'end all sessions', { sub: personOf(req).sub });
    res.clearCookie(cookies.session, cookies.options).redirect(303, '/sign-in');
  });
  router.post(`${SESSIONS_PATH}/end-others`, async (req, res) => {
    await end(req, 'end other sessions', { sub: personOf(req).sub, but: sidHash(req.sessionID) });
    res.redirect(303, SESSIONS_PATH);
  });
  router.post(`${SESSIONS_PATH}/:id/end`, async (req, res) => {
    const hash = String(req.params.id);
    await end(req, 'end session', { sub: personOf(req).sub, hash });
    if (hash !== sidHash(req.sessionID)) return res.redirect(303, SESSIONS_PATH);
    res.clearCookie(cookies.session, cookies.options).redirect(303, '/sign-in');
  });

  router.get(EVERYBODYS_PATH, takes([]), async (req, res) => {
    const sessions = await sessionsOf(database, null, MOST_SHOWN + 1);
    const data = {
      sessions: sessions.slice(0, MOST_SHOWN).map(rowOf(req, EVERYBODYS_PATH)),
      most: sessions.length > MOST_SHOWN ? MOST_SHOWN : null,
    };
    render(req, res, { title: 'Everybody’s sessions', view: 'auth/sessions/everyone', data });
  });
  router.post(`${EVERYBODYS_PATH}/:id/end`, async (req, res) => {
    await end(req, 'end session', { hash: String(req.params.id) });
    res.redirect(303, EVERYBODYS_PATH);
  });

  return router;
}
