import express, { type Request, type Router } from 'express';
import { ORDER_AND_PAGE, PARAMETERS, parseUsageQuery, WHICH_RECORDS } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { gapText } from '../../stats/records/record-reach.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { now } from '../../units/time.ts';
import { takesOnly } from '../../web/parameters.ts';
import { recordsJson, statsJson } from './api.ts';

const MOST_PER_PAGE = 1000;

/** The JSON that other programs read: docs/openapi.yaml. */
export function usageApi({ reader, format }: { reader: UsageReader; format: Format }): Router {
  const { timeZone } = format;
  const router = express.Router();
  const queryOf = (req: Request) => parseUsageQuery(req.query, { maxPageSize: MOST_PER_PAGE, timeZone }, now());

  /** The JSON of answers that are being reused: under load, writing it takes longer than everything else. */
  const bodies = new WeakMap<object, string>();

  router.get('/api/ai-usage/stats', takesOnly(WHICH_RECORDS, ORDER_AND_PAGE), async (req, res) => {
    const answer = await reader.stats(queryOf(req), 'day');
    const body = bodies.get(answer) ?? JSON.stringify(statsJson(answer, timeZone));
    bodies.set(answer, body);
    res.type('json').send(body);
  });

  router.get('/api/ai-usage/records', takesOnly(PARAMETERS), async (req, res) => {
    const answer = await reader.records(queryOf(req));
    const { gap, inGap } = answer.value;
    if (gap && inGap) throw new BadInput([{ parameter: 'page', message: gapText(gap, format) }]);
    res.json(recordsJson(answer, format));
  });

  return router;
}
