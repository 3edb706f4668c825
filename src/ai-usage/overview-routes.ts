import express, { type Router } from 'express';
import type { Databases } from '../db/connect.ts';
import { now } from '../units/time.ts';
import { panel } from '../web/panel.ts';
import { breakdownTable } from './breakdown-table.ts';
import { BREAKDOWNS, type Breakdown, breakdownOf, breakdownOfTop, MOST_ROWS } from './breakdowns.ts';
import { bucketSizeOf } from './buckets.ts';
import { type Compared, comparedWindow, comparisonBar, reachOf } from './compare.ts';
import { NO_NAMES, readNames } from './names.ts';
import { overviewOf } from './overview.ts';
import { MOST_PER_PAGE, type PageDependencies, pageFrame, shortened } from './page-routes.ts';
import { OVERVIEW_PATH, RECORDS_PATH, TIE_OUT_PATH } from './paths.ts';
import { parseUsageQuery, queryWithin, sameUrl, type UsageQuery, usageUrl, type ViewLinks } from './query.ts';
import type { UsageReader } from './reader.ts';
import type { UsageStats } from './stats.ts';
import { BREAKDOWNS_BESIDE } from './view.ts';

/** The overview: each of its panels is read at once with the others, and stands or falls alone. */
export function overviewPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const { timeZone } = format;
  const limits = { maxPageSize: MOST_PER_PAGE, timeZone };
  const frame = pageFrame({ databases, reader, format });

  router.get(OVERVIEW_PATH, async (req, res) => {
    const asked = parseUsageQuery(req.query, limits, now());
    if (shortened(req, res, OVERVIEW_PATH, asked)) return;
    const query = await reader.recent(asked);
    const links: ViewLinks = {
      here: (change) => usageUrl(OVERVIEW_PATH, query, change),
      records: (change) => usageUrl(RECORDS_PATH, query, change),
    };
    // All panels count until the same instant, which is part of what they ask.
    const fixed = { ...query, pinned: query.asOf };
    const size = bucketSizeOf(query);
    const part = <T>(work: Promise<T>) => panel(work, req.log);

    const earliest = part(reader.earliest());
    const stats = reader.stats(fixed, size);
    const comparing = part(readCompared(reader, fixed, size, timeZone));
    const counted = async () => {
      const [{ value }, compared] = await Promise.all([stats, comparing]);
      return { stats: value, compared: compared.ok ? compared.value : null };
    };
    const [overview, beside, compared, first, shared] = await Promise.all([
      part(
        counted().then(({ stats, compared }) =>
          overviewOf(stats, compared, { links, query, size, by: query.by, format }),
        ),
      ),
      part(readBeside(counted(), fixed)),
      comparing,
      earliest,
      frame(OVERVIEW_PATH, query, part(stats.then((answer) => ({ ...answer, query }))), req.log),
    ]);
    const data = {
      ...shared,
      overview,
      beside,
      tabs: BREAKDOWNS_BESIDE.map((by) => ({
        label: BREAKDOWNS[by].title,
        href: links.here({ breakdown: by }),
        current: by === query.breakdown,
      })),
      comparison: comparisonBar(query, first.ok ? first.value : null, links, format),
      comparisonFailed: compared.ok ? null : compared.message,
      records: links.records({}),
      recompute: sameUrl(TIE_OUT_PATH, query),
    };
    render(req, res, { title: 'AI usage', view: 'ai-usage/overview', data });

    /** The breakdown that the view asks for besides models and actions. */
    async function readBeside(counting: ReturnType<typeof counted>, fixed: UsageQuery) {
      const { stats, compared } = await counting;
      const { breakdown, names } = await readBreakdown({ databases, reader }, fixed, stats, compared);
      const models = stats.models.map(({ model }) => model);
      return {
        table: breakdownTable(breakdown, { links, query, names, models, format }),
        namesAvailable: names.available,
      };
    }
  });

  return router;
}

/** Null when nothing is compared, or there is nothing to compare with. */
async function readCompared(
  reader: UsageReader,
  query: UsageQuery,
  size: Parameters<UsageReader['stats']>[1],
  timeZone: string,
): Promise<Compared | null> {
  const window = comparedWindow(query, query.compare, timeZone);
  if (window === null || reachOf(window, await reader.earliest()) === 'none') return null;
  const { value } = await reader.stats(queryWithin(query, window), size);
  return { window, stats: value };
}

async function readBreakdown(
  { databases, reader }: { databases: Databases; reader: UsageReader },
  query: UsageQuery,
  stats: UsageStats,
  compared: Compared | null,
): Promise<{ breakdown: Breakdown; names: typeof NO_NAMES }> {
  const { breakdown: by } = query;
  if (by === 'provider') return { breakdown: breakdownOf(by, stats, compared?.stats ?? null, query), names: NO_NAMES };
  const { value: top } = await reader.top(query, by, MOST_ROWS);
  const keys = top.rows.map(({ key }) => key);
  const [names, before] = await Promise.all([
    readNames(databases, { authors: by === 'author' ? keys : [], stories: by === 'story' ? keys : [] }),
    compared === null ? null : reader.sumsOf(queryWithin(query, compared.window), by, keys),
  ]);
  const then = compared === null || before === null ? null : { rows: before.value, total: compared.stats.total };
  return { breakdown: breakdownOfTop(by, top, then), names };
}
