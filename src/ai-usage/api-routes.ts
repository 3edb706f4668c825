import express, { type Request, type Router } from 'express';
import { BadInput } from '../units/bad-input.ts';
import { now } from '../units/time.ts';
import { recordsJson, statsJson } from './api.ts';
import { parseUsageQuery } from './query.ts';
import type { UsageReader } from './reader.ts';
import { NUMBERED_RECORDS } from './record-pages.ts';

const MOST_PER_PAGE = 1000;

/** The JSON that other programs read: docs/openapi.yaml. */
export function usageApi({ reader, timeZone }: { reader: UsageReader; timeZone: string }): Router {
  const router = express.Router();
  const queryOf = (req: Request) => parseUsageQuery(req.query, { maxPageSize: MOST_PER_PAGE, timeZone }, now());

  /** The JSON of answers that are being reused: under load, writing it takes longer than everything else. */
  const bodies = new WeakMap<object, string>();

  router.get('/api/ai-usage/stats', async (req, res) => {
    const answer = await reader.stats(queryOf(req), 'day');
    const body = bodies.get(answer) ?? JSON.stringify(statsJson(answer, timeZone));
    bodies.set(answer, body);
    res.type('json').send(body);
  });

  router.get('/api/ai-usage/records', async (req, res) => {
    const answer = await reader.records(queryOf(req));
    if (answer.value.outOfReach) {
      const message = `reaches the first ${NUMBERED_RECORDS} records in this order: follow "after" from there, or sort by createdAt`;
      throw new BadInput([{ parameter: 'page', message }]);
    }
    res.json(recordsJson(answer));
  });

  return router;
}
