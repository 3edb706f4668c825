import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { type Logger, pino } from 'pino';
import { createApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import {
  closeDatabases,
  DATABASE_OF,
  type Databases,
  type DatabaseUrls,
  openDatabases,
  openEmbeddedDatabases,
} from '../../src/db/connect.ts';
import type { Lookup } from '../../src/delivery/targets.ts';
import { openRedis } from '../../src/limits/redis.ts';
import { createMetrics, type Metrics } from '../../src/measuring/metrics.ts';
import { watchDatabases } from '../../src/measuring/watch-databases.ts';
import { openReader } from '../../src/stats/open-reader.ts';
import type { UsageReader } from '../../src/stats/reader.ts';
import { createOrigin, type Origin } from '../../src/stats/rollups/keep/origin.ts';
import { createOutage } from '../../src/units/failures/outage.ts';
import { createHttpServer } from '../../src/web/listening/http-server.ts';
import { securityHeaderValues } from '../../src/web/security.ts';
import { atTheEnd } from './at-the-end.ts';
import { databaseUrls, onServer } from './databases.ts';

export type RunningApp = {
  origin: string;
  express: Express;
  config: Config;
  databases: Databases;
  /** For a tick of the same process. */
  reader: UsageReader;
  rollupsOrigin: Origin;
  metrics: Metrics;
  close: () => Promise<void>;
};

type Overrides = {
  variables?: Record<string, string>;
  urls?: Partial<DatabaseUrls>;
  log?: Logger;
  google?: (origin: URL) => Config['google'];
  reuseForMs?: number;
  /** Names as DNS would tell them; without it no name is known, and no test asks a real one. */
  lookup?: Lookup;
};

const knowsNobody: Lookup = async (host) => {
  throw Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' });
};

/** The real app on a real socket, with the stand-in for Google, on this run's databases. */
export async function startApp({
  variables = {},
  urls = {},
  log = pino({ level: 'silent' }),
  google,
  reuseForMs = 0,
  lookup = knowsNobody,
}: Overrides = {}): Promise<RunningApp> {
  let answer: RequestListener = () => {};
  const headers = securityHeaderValues({ https: false });
  const keepAliveMs = readConfig(
    variables.KEEP_ALIVE_TIMEOUT ? { KEEP_ALIVE_TIMEOUT: variables.KEEP_ALIVE_TIMEOUT } : {},
  ).keepAliveMs;
  const server = createHttpServer({ keepAliveMs, headers }, (req, res) => answer(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const config = {
    // A run signs in from one address, and asks, as often as no person does.
    ...readConfig({ APP_URL: origin, NODE_ENV: 'test', SIGN_INS_PER_MINUTE: '0', API_PER_MINUTE: '0', ...variables }),
    ...(google ? { google: google(new URL(origin)) } : {}),
  };
  // As the program does: the embedded databases are one session each, where a second connection would read what belongs to
  // the first, a session that is not there among it. Tests of databases that are slow or dead want pools of their own.
  const open = onServer() || Object.keys(urls).length > 0 ? openDatabases : openEmbeddedDatabases;
  const databases = open({ ...databaseUrls(), ...urls });
  const rollupsOrigin = createOrigin(databases, log);
  const { timeZone, memoryBytes } = config;
  const isStopping = () => false;
  const metrics = createMetrics();
  watchDatabases(databases, DATABASE_OF, metrics);
  const reader = openReader({
    databases,
    timeZone,
    memoryBytes,
    log,
    origin: rollupsOrigin,
    reuseForMs,
    isStopping,
    metrics,
  });
  const redis =
    config.redisUrl === null
      ? null
      : await openRedis(config.redisUrl, createOutage(log, 'Redis is away', 'Redis is back'));
  const express = createApp({
    ...{ config, databases, log, isStopping, reader, rollupsOrigin, metrics, redis },
    secrets: config.sessionSecrets ?? ['a secret for tests only, long enough'],
    reuseForMs,
    sending: {
      appUrl: config.appUrl,
      mail: config.mail,
      targets: { allowedHosts: config.webhookAllowedHosts, lookup },
    },
  });
  answer = express;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    redis?.close();
    await closeDatabases(databases);
  };
  return { origin, express, config, databases, reader, rollupsOrigin, metrics, close };
}

let shared: RunningApp | null = null;

/** One app for all tests that need nothing special of it. */
export async function sharedApp(): Promise<RunningApp> {
  if (shared) return shared;
  shared = await startApp();
  atTheEnd(shared.close);
  return shared;
}
