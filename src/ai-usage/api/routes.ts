import express, { type Request, type Router } from 'express';
import { ORDER_AND_PAGE, PARAMETERS, parseUsageQuery, type UsageQuery, WHICH_RECORDS } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { gapText } from '../../stats/records/record-reach.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { now } from '../../units/time.ts';
import { takesOnly } from '../../web/parameters.ts';
import { readCompared } from '../breakdowns/counted.ts';
import { comparedJson, recordsJson, statsJson } from './api.ts';

const MOST_PER_PAGE = 1000;
const COMPARE = 'compare';
const COST = 'cost';

/** The JSON that other programs read: docs/openapi.yaml. */
export function usageApi({ reader, format }: { reader: UsageReader; format: Format }): Router {
  const { timeZone } = format;
  const router = express.Router();
  const queryOf = (req: Request) => parseUsageQuery(req.query, { maxPageSize: MOST_PER_PAGE, timeZone }, now());

  /** Statistics, and those of the window compared with, where that is asked for. */
  const compared = (asked: UsageQuery) =>
    reader.ofOneState(async (reader) => {
      const recent = await reader.recent(asked);
      const fixed = { ...recent, pinned: recent.asOf };
      const [answer, before] = await Promise.all([
        reader.stats(fixed, 'day'),
        readCompared(reader, fixed, 'day', timeZone),
      ]);
      return { ...statsJson(answer, timeZone), compared: comparedJson(before) };
    });

  /** The JSON of answers that are being reused: under load, writing it takes longer than everything else. */
  const bodies = new WeakMap<object, string>();

  router.get('/api/ai-usage/stats', takesOnly([...WHICH_RECORDS, COMPARE, COST], ORDER_AND_PAGE), async (req, res) => {
    const query = queryOf(req);
    // Nothing is compared for those who do not ask: it is as much to read again.
    if (req.query[COMPARE] && query.compare !== 'none') return void res.json(await compared(query));
    const answer = await reader.stats(query, 'day');
    const body = bodies.get(answer) ?? JSON.stringify(statsJson(answer, timeZone));
    bodies.set(answer, body);
    res.type('json').send(body);
  });

  router.get('/api/ai-usage/records', takesOnly([...PARAMETERS, COST]), async (req, res) => {
    const query = queryOf(req);
    const answer = await reader.records(query);
    const { gap, inGap } = answer.value;
    if (gap && inGap) throw new BadInput([{ parameter: 'page', message: gapText(gap, format) }]);
    if (query.cost === 'recorded') return void res.json(recordsJson(answer, format, null));
    const [prices, { value }] = await Promise.all([reader.prices(), reader.repriced(query, 'day')]);
    res.json(recordsJson(answer, format, { prices, unpriced: value.unpriced }));
  });

  return router;
}
