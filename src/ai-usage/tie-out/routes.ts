import express, { type Router } from 'express';
import { MOST_RECOMPUTATIONS } from '../../db/connect.ts';
import { createLimit } from '../../export/limit.ts';
import { OVERVIEW_PATH, TIE_OUT_PATH } from '../../query/paths.ts';
import {
  OF_A_LIST,
  OF_NUMBERS,
  PAGE_PARAMETERS,
  parseUsageQuery,
  recordsMeant,
  sameUrl,
  usageUrl,
  WHICH_PAGE,
} from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { handled } from '../../units/promises/handled.ts';
import { createShared } from '../../units/promises/shared.ts';
import { addTime, isoFromInstant, now, SECOND } from '../../units/time.ts';
import { goneSignal } from '../../web/download.ts';
import { TooMany } from '../../web/errors.ts';
import { panel } from '../../web/panel.ts';
import { type Address, takes } from '../../web/parameters.ts';
import { windowText } from '../frame/filter-bar.ts';
import { freshness } from '../frame/freshness.ts';
import type { PageDependencies } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { tieOutOf } from './tie-out.ts';

const left = (gone: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (gone.aborted) resolve();
    else gone.addEventListener('abort', () => resolve());
  });

type Recomputed = Awaited<ReturnType<UsageReader['tieOut']>>;

const TOO_MANY_RECOMPUTATIONS =
  'Two other windows are being counted again, record by record, and more would slow down everybody. Each takes a minute at most: please try again in a minute.';

/** The overview, recomputed from raw rows. */
export function tieOutPage({ reader, render, format }: Omit<PageDependencies, 'databases'>): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const recompute = createShared<Recomputed>();
  const place = createLimit({ each: MOST_RECOMPUTATIONS });
  const inPlace = async (gone: AbortSignal, work: () => Promise<Recomputed>) => {
    const taken = place('');
    if (typeof taken !== 'function') throw new TooMany(TOO_MANY_RECOMPUTATIONS, 60);
    // Whoever comes next waits for the connection, which is given back at once, and need not be told.
    gone.addEventListener('abort', taken);
    return work().finally(taken);
  };

  const check = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  const taken = takes(PAGE_PARAMETERS, { unused: WHICH_PAGE, carried: [...OF_A_LIST, ...OF_NUMBERS], check });
  router.get(TIE_OUT_PATH, taken, async (req, res) => {
    const asked = parseUsageQuery(req.query, limits, now());
    // A few seconds ago, so that no transaction still under way falls between the two readings.
    const query =
      asked.pinned === null
        ? parseUsageQuery({ ...req.query, asOf: isoFromInstant(addTime(asked.asOf, -5n * SECOND)) }, limits, now())
        : asked;
    const gone = goneSignal(res);
    const recomputed = handled(
      recompute(recordsMeant(asked), gone, (gone) => inPlace(gone, () => reader.tieOut(query, gone))),
    );
    // What was stopped because everybody has left is no failure, and nobody's answer.
    await Promise.race([recomputed.catch(() => {}), left(gone)]);
    if (gone.aborted) return;
    const answer = await panel(recomputed, req.log);
    const tieOut = answer.ok
      ? { ok: true, value: tieOutOf(answer.value.value.kept, answer.value.value.raw, format) }
      : answer;
    const data = {
      tieOut,
      // As it was answered: somebody may have asked a moment before.
      window: windowText(answer.ok ? answer.value.query : query, format),
      isRepriced: asked.cost === 'repriced',
      back: usageUrl(OVERVIEW_PATH, asked),
      retry: sameUrl(TIE_OUT_PATH, asked),
      // Its end is an instant only because a transaction might be under way.
      freshness: answer.ok ? freshness(answer.value, format, asked) : null,
    };
    render(req, res, { title: 'Recomputed', view: 'ai-usage/tie-out/tie-out', data });
  });

  return router;
}
