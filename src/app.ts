import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { usageReader, usageRoutes } from './ai-usage/routes.ts';
import { auditPages } from './audit/routes.ts';
import { cookiesOf } from './auth/cookies.ts';
import { requirePerson } from './auth/require-person.ts';
import { sessionRoutes, signInRoutes } from './auth/routes.ts';
import { sessions } from './auth/session.ts';
import { standInClient, standInForGoogle } from './auth/stand-in.ts';
import type { Config } from './config.ts';
import type { Databases } from './db/connect.ts';
import { health } from './health.ts';
import { clockProblem } from './units/clock.ts';
import { createFormat } from './units/format.ts';
import { assets, filesAtTheRoot } from './web/assets.ts';
import { compress } from './web/compress.ts';
import { errorHandler, notFound } from './web/errors.ts';
import { requestLog } from './web/log.ts';
import { readParameters } from './web/parameters.ts';
import { createRender } from './web/render.ts';
import { noStore, pathsOnly, sameOriginChanges, securityHeaders } from './web/security.ts';

export type Dependencies = {
  config: Config;
  databases: Databases;
  log: Logger;
  /** Signs sessions and sealed cookies; the newest first. */
  secrets: string[];
  isStopping: () => boolean;
  /** How long an answer may serve again, in milliseconds. */
  reuseForMs: number;
  /** Whether the rollups are of the source. */
  rollupsOrigin: Parameters<typeof usageReader>[0]['origin'];
};

const NAVIGATION = [
  { label: 'Overview', href: '/ai-usage' },
  { label: 'Records', href: '/ai-usage/records' },
  { label: 'Statement', href: '/ai-usage/statement' },
];

/** The map of the app: every mount, in order. What stands below `requirePerson` is closed to strangers. */
export function createApp({
  config,
  databases,
  log,
  secrets,
  isStopping,
  reuseForMs,
  rollupsOrigin,
}: Dependencies): Express {
  const { appUrl, allowedDomains, production } = config;
  const app = express();
  app.set('query parser', readParameters);

  const format = createFormat(config.locale, config.timeZone);
  const demo = config.databaseUrls === null;
  const render = createRender({
    format,
    chromeOf: (req) => ({
      person: req.session?.person ?? null,
      navigation: NAVIGATION,
      demo,
      warning: req.session?.person ? [clockProblem(), rollupsOrigin.problem()].filter(Boolean).join(' ') || null : null,
    }),
  });
  const client = config.google ?? standInClient(appUrl);
  const cookies = cookiesOf(appUrl);
  const auth = { client, appUrl, allowedDomains, secrets, cookies, database: databases.sessions, render, log };

  const reader = usageReader({
    databases,
    timeZone: config.timeZone,
    reuseForMs,
    log,
    isStopping,
    origin: rollupsOrigin,
  });

  app.use(securityHeaders({ https: appUrl.protocol === 'https:' }));
  app.use(pathsOnly);
  app.use(health(databases, isStopping, { isAnswering: reader.isAnswering, rollupsProblem: rollupsOrigin.problem }));
  app.use(requestLog(log));
  app.use(compress());
  app.use('/assets', assets());
  app.use(filesAtTheRoot());
  app.use(noStore);
  if (!config.google && !production) app.use(standInForGoogle({ client, appUrl, render }));
  app.use(sameOriginChanges(appUrl));
  app.use(sessions({ database: databases.sessions, secrets, cookies }));
  app.use(signInRoutes(auth));

  app.use(requirePerson({ appUrl, allowedDomains }));
  app.get('/', (req, res) => res.redirect(302, req.originalUrl.replace(/^[^?]*/, '/ai-usage')));
  app.use(usageRoutes({ databases, reader, render, format }));
  app.use(auditPages({ backoffice: databases.backoffice, render, format }));
  app.use(sessionRoutes(auth));

  app.use(notFound);
  app.use(errorHandler({ render, log, appUrl }));
  return app;
}
