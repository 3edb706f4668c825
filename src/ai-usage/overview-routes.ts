import express, { type Router } from 'express';
import type { Logger } from 'pino';
import type { Databases } from '../db/connect.ts';
import { now } from '../units/time.ts';
import { type Panel, panel } from '../web/panel.ts';
import { breakdownTable } from './breakdown-table.ts';
import { BREAKDOWNS, type Breakdown, breakdownOf, breakdownOfTop, MOST_ROWS } from './breakdowns.ts';
import { bucketSizeOf } from './buckets.ts';
import { type Compared, comparedWindow, comparisonBar, reachOf } from './compare.ts';
import { HEAT_MAP_TITLE, heatMap } from './heat-map.ts';
import { monthCard, monthCardWindow } from './month-card.ts';
import { type Names, NO_NAMES, readNames } from './names.ts';
import { overviewOf } from './overview.ts';
import { MOST_PER_PAGE, type PageDependencies, pageFrame, shortened } from './page-routes.ts';
import { OVERVIEW_PATH, RECORDS_PATH, TIE_OUT_PATH } from './paths.ts';
import { parseUsageQuery, queryWithin, sameUrl, type UsageQuery, usageUrl, type ViewLinks } from './query.ts';
import type { UsageReader } from './reader.ts';
import type { BucketSize, UsageStats } from './stats.ts';
import type { Table } from './table.ts';
import type { TopBy } from './top.ts';
import { BREAKDOWNS_BESIDE } from './view.ts';
import { whyPanel } from './why-panel.ts';

/** The overview: its panels are read at once, each stands or falls alone, and all count until the same instant. */
export function overviewPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const { timeZone } = format;
  const limits = { maxPageSize: MOST_PER_PAGE, timeZone };
  const frame = pageFrame({ databases, reader, format });

  router.get(OVERVIEW_PATH, async (req, res) => {
    const asked = parseUsageQuery(req.query, limits, now());
    if (shortened(req, res, OVERVIEW_PATH, asked)) return;
    const query = await reader.recent(asked);
    const fixed = { ...query, pinned: query.asOf };
    const links: ViewLinks = {
      here: (change) => usageUrl(OVERVIEW_PATH, query, change),
      records: (change) => usageUrl(RECORDS_PATH, query, change),
    };
    const size = bucketSizeOf(query);

    const earliest = panel(reader.earliest(), req.log);
    const answering = reader.stats(fixed, size);
    const comparing = panel(readCompared(reader, fixed, size, timeZone), req.log);
    const counting = async (): Promise<Counted> => {
      const [{ value: stats }, compared] = await Promise.all([answering, comparing]);
      return { stats, compared: compared.ok ? compared.value : null };
    };
    const counted = counting();
    const [overview, why, month, beside, compared, first, shared] = await Promise.all([
      timed(
        counted.then(({ stats, compared }) =>
          overviewOf(stats, compared, { links, query, size, by: query.by, format }),
        ),
        req.log,
      ),
      timed(
        counted.then(({ stats, compared }) => whyPanel(stats, compared, format)),
        req.log,
      ),
      timed(
        reader
          .dailyCosts(queryWithin(fixed, monthCardWindow(query.asOf, timeZone)))
          .then(({ value }) => monthCard(value, query.asOf, format)),
        req.log,
      ),
      timed(besideOf(fixed, query, counted, links), req.log),
      comparing,
      earliest,
      frame(
        OVERVIEW_PATH,
        query,
        panel(
          answering.then((answer) => ({ ...answer, query })),
          req.log,
        ),
        req.log,
      ),
    ]);
    const data = {
      ...shared,
      ...{ overview, why, month, beside },
      tabs: BREAKDOWNS_BESIDE.map((breakdown) => ({
        label: breakdown === 'hour' ? HEAT_MAP_TITLE : BREAKDOWNS[breakdown].title,
        href: links.here({ breakdown }),
        current: breakdown === query.breakdown,
      })),
      comparison: comparisonBar(query, first.ok ? first.value : null, links, format),
      comparisonFailed: compared.ok ? null : compared.message,
      records: links.records({}),
      recompute: sameUrl(TIE_OUT_PATH, query),
      debug: query.debug,
    };
    render(req, res, { title: 'AI usage', view: 'ai-usage/overview', data });
  });

  /** The breakdown that a view asks for besides models and actions. */
  async function besideOf(fixed: UsageQuery, query: UsageQuery, counted: Promise<Counted>, links: ViewLinks) {
    const { breakdown: by } = fixed;
    if (by === 'hour') {
      const { value: week } = await reader.week(fixed);
      return { table: heatMap(week, format), namesAvailable: true };
    }
    const topping = by === 'provider' ? null : readTopBreakdown({ databases, reader }, fixed, by, counted);
    const [{ stats, compared }, top] = await Promise.all([counted, topping]);
    const breakdown = top?.breakdown ?? breakdownOf('provider', stats, compared?.stats ?? null, query);
    const names = top?.names ?? NO_NAMES;
    const models = stats.models.map(({ model }) => model);
    return {
      table: breakdownTable(breakdown, { links, query, names, models, format }),
      namesAvailable: names.available,
    } satisfies { table: Table; namesAvailable: boolean };
  }

  return router;
}

type Counted = { stats: UsageStats; compared: Compared | null };

/** A panel and how long it took, in whole milliseconds. */
async function timed<T>(work: Promise<T>, log: Logger): Promise<Panel<T> & { milliseconds: number }> {
  const begin = performance.now();
  const read = await panel(work, log);
  return { ...read, milliseconds: Math.round(performance.now() - begin) };
}

/** Null when nothing is compared, or there is nothing to compare with. */
async function readCompared(
  reader: UsageReader,
  query: UsageQuery,
  size: BucketSize,
  timeZone: string,
): Promise<Compared | null> {
  const window = comparedWindow(query, query.compare, timeZone);
  if (window === null || reachOf(window, await reader.earliest()) === 'none') return null;
  const { value } = await reader.stats(queryWithin(query, window), size);
  return { window, stats: value };
}

/** The first authors or stories, with their names and what they were before. */
async function readTopBreakdown(
  { databases, reader }: { databases: Databases; reader: UsageReader },
  query: UsageQuery,
  by: TopBy,
  counted: Promise<Counted>,
): Promise<{ breakdown: Breakdown; names: Names }> {
  const [{ value: top }, { compared }] = await Promise.all([reader.top(query, by, MOST_ROWS), counted]);
  const keys = top.rows.map(({ key }) => key);
  const [names, before] = await Promise.all([
    readNames(databases, { authors: by === 'author' ? keys : [], stories: by === 'story' ? keys : [] }),
    compared === null ? null : reader.sumsOf(queryWithin(query, compared.window), by, keys),
  ]);
  const then = compared === null || before === null ? null : { rows: before.value, total: compared.stats.total };
  return { breakdown: breakdownOfTop(by, top, then), names };
}
