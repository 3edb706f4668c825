import express, { type Router } from 'express';
import type { Logger } from 'pino';
import { type Databases, MOST_EXPORTS } from '../db/connect.ts';
import { createLimit } from '../export/limit.ts';
import { createUsageReader, type UsageReader } from '../stats/reader.ts';
import { createReuse } from '../stats/reuse.ts';
import { createMend } from '../stats/rollups/keep/mend.ts';
import type { Origin } from '../stats/rollups/keep/origin.ts';
import type { Format } from '../units/format.ts';
import type { Render } from '../web/render.ts';
import { usageApi } from './api/routes.ts';
import { usageExports } from './exports/routes.ts';
import { usagePages } from './frame/page-routes.ts';
import { overviewPage } from './overview/routes.ts';
import { recordPages } from './record/routes.ts';
import { statementPages } from './statement/routes.ts';
import { subjectPages } from './subjects/routes.ts';

/** Of one person at once. */
const MOST_DOWNLOADS = 2;

type ReaderDependencies = {
  databases: Databases;
  timeZone: string;
  reuseForMs: number;
  log: Logger;
  isStopping: () => boolean;
  /** Whether the rollups are of the source. */
  origin: Origin;
};

/** The one reader of an app, which has rollups mended where it meets records that they do not know. */
export function usageReader({ reuseForMs, isStopping, ...rest }: ReaderDependencies): UsageReader {
  const mend = createMend(rest.databases, rest.origin, rest.log, isStopping);
  return createUsageReader({ ...rest, reuse: createReuse(reuseForMs), mend });
}

type UsageDependencies = {
  databases: Databases;
  reader: UsageReader;
  render: Render;
  format: Format;
};

/** All of the feature: pages, one record, subjects, the statement, and the API, over one reader. */
export function usageRoutes({ databases, reader, render, format }: UsageDependencies): Router {
  const atOnce = createLimit({ each: MOST_DOWNLOADS, all: MOST_EXPORTS });
  const router = express.Router();
  // Before the pages, whose last part would take any name.
  router.use(usageExports({ databases, reader, format, atOnce }));
  router.use(overviewPage({ databases, reader, render, format }));
  router.use(usagePages({ databases, reader, render, format }));
  router.use(recordPages({ databases, render, format, atOnce }));
  router.use(subjectPages({ databases, reader, render, format }));
  router.use(statementPages({ reader, render, format }));
  router.use(usageApi({ reader, format }));
  return router;
}
