import { createHash, randomBytes } from 'node:crypto';
import express, { type Router } from 'express';
import type { GoogleClient } from '../config.ts';
import type { Render } from '../web/render.ts';

const PATH = '/stand-in-for-google';

/** The people one can be while there is no Google client; two may enter, and two show what refusal looks like. */
export const PEOPLE = [
  { sub: '101', name: 'Ana Sousa', email: 'ana.sousa@mythoria.pt', email_verified: true, hd: 'mythoria.pt' },
  {
    sub: '102',
    name: 'Rui Costa',
    email: 'rui.costa@caravanconcierge.com',
    email_verified: true,
    hd: 'caravanconcierge.com',
  },
  { sub: '103', name: 'Eva Lindqvist', email: 'eva.lindqvist@example.com', email_verified: true, hd: 'example.com' },
  { sub: '104', name: 'Tiago Melo', email: 'tiago.melo@mythoria.pt', email_verified: false, hd: 'mythoria.pt' },
] as const;

type Grant = { sub: string; redirectUri: string; challenge: string; expires: number };

/** The client to configure for the stand-in; its secret is made anew at each start. */
export function standInClient(appUrl: URL): GoogleClient {
  return {
    clientId: 'stand-in',
    clientSecret: randomBytes(16).toString('hex'),
    authorizationUrl: new URL(`${PATH}/authorize`, appUrl).href,
    tokenUrl: new URL(`${PATH}/token`, appUrl).href,
    userinfoUrl: new URL(`${PATH}/userinfo`, appUrl).href,
  };
}

/**
 * Google's three addresses (authorization, token, userinfo) for demos and tests, checking what Google checks: client,
 * redirect address, one use of each code, PKCE (RFC 7636, S256). Never mounted in production.
 */
export function standInForGoogle({
  client,
  appUrl,
  render,
}: {
  client: GoogleClient;
  appUrl: URL;
  render: Render;
}): Router {
  const router = express.Router();
  const grants = new Map<string, Grant>();
  const tokens = new Map<string, string>();
  const callback = new URL('/auth/google/callback', appUrl).href;

  router.get(`${PATH}/authorize`, (req, res) => {
    const {
      client_id: id,
      redirect_uri: redirectUri,
      state = '',
      code_challenge: challenge,
      as,
    } = req.query as Record<string, string>;
    if (id !== client.clientId || redirectUri !== callback || typeof challenge !== 'string') {
      res.status(400).type('text').send('The stand-in for Google does not know this client or redirect address.');
      return;
    }
    const person = PEOPLE.find(({ sub }) => sub === as);
    if (!person) {
      const people = PEOPLE.map(({ sub, name, email, email_verified: verified }) => ({
        name,
        email,
        verified,
        href: `${PATH}/authorize?${new URLSearchParams({ ...(req.query as Record<string, string>), as: sub })}`,
      }));
      const cancel = `${callback}?${new URLSearchParams({ error: 'access_denied', state })}`;
      render(req, res, { title: 'Stand-in for Google', view: 'auth/stand-in', data: { people, cancel } });
      return;
    }
    const code = randomBytes(16).toString('base64url');
    grants.set(code, { sub: person.sub, redirectUri, challenge, expires: performance.now() + 60_000 });
    res.redirect(302, `${callback}?${new URLSearchParams({ code, state })}`);
  });

  router.post(`${PATH}/token`, express.urlencoded({ extended: false, limit: '10kb' }), (req, res) => {
    const form = (req.body ?? {}) as Record<string, string>;
    const grant = grants.get(form.code ?? '');
    grants.delete(form.code ?? '');
    const challenge = createHash('sha256').update(String(form.code_verifier)).digest('base64url');
    if (form.client_id !== client.clientId || form.client_secret !== client.clientSecret) {
      res.status(401).json({ error: 'invalid_client' });
    } else if (
      !grant ||
      grant.expires < performance.now() ||
      grant.redirectUri !== form.redirect_uri ||
      grant.challenge !== challenge
    ) {
      res.status(400).json({ error: 'invalid_grant' });
    } else {
      const token = randomBytes(16).toString('base64url');
      tokens.set(token, grant.sub);
      res.json({ access_token: token, token_type: 'Bearer', expires_in: 60, scope: 'openid email profile' });
    }
  });

  router.get(`${PATH}/userinfo`, (req, res) => {
    const token = req.get('Authorization')?.replace(/^Bearer /, '') ?? '';
    const person = PEOPLE.find(({ sub }) => sub === tokens.get(token));
    tokens.delete(token);
    if (person) res.json(person);
    else res.status(401).json({ error: 'invalid_token' });
  });

  return router;
}
