import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { roles } from './auth/access/roles.ts';
import { cookiesOf } from './auth/cookies.ts';
import { limitCallers, limitForms } from './auth/limits.ts';
import { requirePerson } from './auth/require-person.ts';
import { signInRoutes } from './auth/routes.ts';
import { sessions } from './auth/session.ts';
import { sessionRoutes } from './auth/sessions/routes.ts';
import { standInClient, standInForGoogle } from './auth/stand-in.ts';
import { bearer, forBrowsers } from './auth/tokens/bearer.ts';
import { metricsForTokens } from './auth/tokens/metrics.ts';
import { tokenRoutes } from './auth/tokens/routes.ts';
import { METRICS_PATH, scopesOf } from './auth/tokens/scopes.ts';
import type { Config } from './config.ts';
import { type Databases, MOST_EXPORTS } from './db/connect.ts';
import type { SendingSettings } from './delivery/send.ts';
import { createUndeliveredCount } from './delivery/undelivered.ts';
import { createDownloadPlaces } from './downloads/places.ts';
import { exportRoutes } from './downloads/routes.ts';
import { EXTENSIONS } from './export/formats.ts';
import { health } from './health.ts';
import { createRateLimit } from './limits/rate-limit.ts';
import type { Redis } from './limits/redis.ts';
import type { Metrics } from './measuring/metrics.ts';
import { EXPORT_PAGES, NAVIGATION, PAGES } from './pages.ts';
import type { UsageReader } from './stats/reader.ts';
import type { Origin } from './stats/rollups/keep/origin.ts';
import { clockProblem } from './units/clock.ts';
import { createOutage } from './units/failures/outage.ts';
import { createFormat, type Format } from './units/format.ts';
import { assets, filesAtTheRoot } from './web/assets.ts';
import { compress } from './web/compress.ts';
import { errorHandler, notFound } from './web/errors.ts';
import { requestLog } from './web/log.ts';
import { measureRequests } from './web/measure.ts';
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
  reader: UsageReader;
  /** How long an answer may serve again, in milliseconds. */
  reuseForMs: number;
  /** Whether the rollups are of the source. */
  rollupsOrigin: Origin;
  sending: SendingSettings;
  metrics: Metrics;
  redis: Redis | null;
};

const undeliveredNote = (count: number, isAdmin: boolean, format: Format) => ({
  text: `${format.integer(count)} ${count === 1 ? 'message' : 'messages'} could not be delivered${isAdmin ? ': send again or dismiss' : ''}`,
  href: '/alerts/channels',
});

const FILE_PATHS = EXPORT_PAGES.flatMap(({ path }) => EXTENSIONS.map((extension) => `${path}.${extension}`));

/** The map of the app: every mount, in order. What stands below `requirePerson` is closed to strangers. */
export function createApp({
  config,
  databases,
  log,
  secrets,
  isStopping,
  reader,
  reuseForMs,
  rollupsOrigin,
  sending,
  metrics,
  redis,
}: Dependencies): Express {
  const { appUrl, allowedDomains, adminEmails, production, databaseUrls } = config;
  const app = express();
  app.set('query parser', readParameters);
  app.set('trust proxy', config.proxies);

  const format = createFormat(config.locale, config.timeZone);
  const demo = config.databaseUrls === null;
  const render = createRender({
    format,
    isAdmin: (req) => req.caller?.isAdmin ?? false,
    chromeOf: (req) => ({
      person: req.session?.person ?? null,
      navigation: NAVIGATION,
      demo,
      undelivered: req.res?.locals.undelivered ?? null,
      warning: req.session?.person ? [clockProblem(), rollupsOrigin.problem()].filter(Boolean).join(' ') || null : null,
    }),
  });
  const client = config.google ?? standInClient(appUrl);
  const cookies = cookiesOf(appUrl);
  const counting = {
    ...{ database: databases.sessions, redis },
    outage: createOutage(log, 'requests cannot be counted: limits let everybody through', 'requests are counted again'),
  };
  const signIns = createRateLimit({ name: 'sign-in', perMinute: config.signInsPerMinute, ...counting });
  const asked = createRateLimit({ name: 'api', perMinute: config.apiPerMinute, ...counting });
  const auth = {
    ...{ client, appUrl, allowedDomains, secrets, cookies, render, log, metrics, signIns },
    database: databases.sessions,
  };

  const atOnce = createDownloadPlaces(databases.backoffice, MOST_EXPORTS, metrics);

  app.use(measureRequests(metrics));
  app.use(securityHeaders({ https: appUrl.protocol === 'https:' }));
  app.use(pathsOnly);
  app.use(health(databases, isStopping, { isAnswering: reader.isAnswering, rollupsProblem: rollupsOrigin.problem }));
  app.use(requestLog(log));
  app.use(compress());
  app.use('/assets', assets());
  app.use(filesAtTheRoot());
  app.use(noStore);
  if (!config.google && !production) app.use(standInForGoogle({ client, appUrl, render }));
  app.use(bearer({ database: databases.sessions, allowedDomains, adminEmails }));
  app.use(scopesOf(FILE_PATHS));
  app.get(METRICS_PATH, metricsForTokens(metrics, limitCallers(asked)));
  app.use(forBrowsers([sameOriginChanges(appUrl), ...sessions({ database: databases.sessions, secrets, cookies })]));
  app.use(signInRoutes(auth));

  app.use(requirePerson({ appUrl, allowedDomains, adminEmails, cookies }));
  // What programs ask for: each file is a line of the audit log as well.
  app.use(['/api', ...FILE_PATHS], limitCallers(asked));
  app.use(limitForms(asked));
  app.use(roles(adminEmails));
  const undelivered = createUndeliveredCount(databases.backoffice, reuseForMs);
  app.use(async (req, res, next) => {
    const count = await undelivered();
    res.locals.undelivered = count === 0 ? null : undeliveredNote(count, req.caller?.isAdmin ?? false, format);
    next();
  });
  // Before the pages, some of which would take any name.
  app.use(exportRoutes(EXPORT_PAGES, { databases, reader, format }, atOnce));
  for (const { routes } of PAGES) app.use(routes({ databases, reader, render, format, atOnce, sending, databaseUrls }));
  app.use(sessionRoutes({ database: databases.sessions, cookies, render, format }));
  app.use(tokenRoutes({ backoffice: databases.backoffice, render, format, sessionSecret: secrets[0] ?? '' }));

  app.use(notFound);
  app.use(errorHandler({ render, log, appUrl }));
  return app;
}
