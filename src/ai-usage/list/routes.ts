import express, { type Router } from 'express';
import { NO_NAMES } from '../../catalog/names.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import {
  OF_EXPLORE,
  OF_WHAT_IF,
  PAGE_PARAMETERS,
  parseUsageQuery,
  type UsageQuery,
  usageUrl,
  type ViewLinks,
} from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { handled } from '../../units/promises/handled.ts';
import { now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import { breakdownTable } from '../breakdowns/breakdown-table.ts';
import { BREAKDOWNS, breakdownOf, MOST_ROWS } from '../breakdowns/breakdowns.ts';
import { comparisonBar } from '../breakdowns/compare.ts';
import { readCounted } from '../breakdowns/counted.ts';
import { coursesOf } from '../breakdowns/courses.ts';
import { aboutTop, readTopBreakdown } from '../breakdowns/top-breakdown.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { LIST_PATHS, type Listed } from '../frame/lists.ts';
import { type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { numberedPages } from '../frame/pages-to-show.ts';
import { pageLimits } from '../frame/sources.ts';
import { LIST_EXPORTS } from './export.ts';

const NO_DRAWING = ['by', 'show', 'breakdown', ...OF_EXPLORE, ...OF_WHAT_IF];

/** All models, actions, providers, authors or stories of a view, so many a page, each page with the total of all. */
export function listPages({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  /** The rows of the page that is asked for. */
  const listed = async (reader: UsageReader, by: Listed, query: UsageQuery, links: ViewLinks) => {
    const counted = handled(readCounted({ reader, databases, query, format }));
    const skipped = (query.page - 1) * MOST_ROWS;
    const reading = async () => {
      if (by === 'author' || by === 'story') {
        const top = await readTopBreakdown({ reader, databases, format }, query, by, counted, { skipped });
        return { ...top, about: aboutTop(top, query, format) };
      }
      const { stats, compared } = await counted;
      const breakdown = breakdownOf(by, stats, compared?.stats ?? null, query, { skipped });
      return { breakdown, names: NO_NAMES, dayCosts: null, about: null };
    };
    const [{ stats }, { breakdown, names, dayCosts, about }] = await Promise.all([counted, reading()]);
    const models = stats.models.map(({ model }) => model);
    const courses = coursesOf(by, { stats, dayCosts }, query, format);
    const table = breakdownTable(breakdown, { links, query, names, models, courses, rest: null, format });
    const count = breakdown.rows.length + (breakdown.other?.count ?? 0);
    return { table: table.page(format), count, shown: breakdown.rows.length, names, about };
  };

  for (const by of Object.keys(LIST_PATHS) as Listed[]) {
    const path = LIST_PATHS[by];
    const { title, others } = BREAKDOWNS[by];
    const taken = takes(PAGE_PARAMETERS, {
      unused: ['after', 'before'],
      carried: [...NO_DRAWING, 'sortBy', 'sortOrder', 'pageSize'],
      check: ({ query }) => parseUsageQuery(query, limits, now()),
    });
    router.get(path, taken, async (req, res) => {
      const asked = parseUsageQuery(req.query, limits, now());
      if (shortened(req, res, path, asked)) return;
      const data = await reader.ofOneState(async (reader) => {
        const query = await reader.recent(asked);
        const links: ViewLinks = {
          here: (change) => usageUrl(path, query, change),
          records: (change) => usageUrl(RECORDS_PATH, query, change),
        };
        const fixed = { ...query, pinned: query.asOf };
        const answering = handled(
          panel(
            reader.stats(fixed, 'month').then((answer) => ({ ...answer, query })),
            req.log,
          ),
        );
        const [stats, list, earliest, shared] = await Promise.all([
          answering.then((answer) => (answer.ok ? { ok: true as const, value: answer.value.value.total } : answer)),
          panel(listed(reader, by, fixed, links), req.log),
          panel(reader.earliest(), req.log),
          frame(path, query, answering, req.log),
        ]);
        const pages = list.ok ? Math.ceil(list.value.count / MOST_ROWS) : 1;
        return {
          ...shared,
          notes: [...shared.notes, ...(stats.ok ? frozenNotes(query, stats.value, format) : [])],
          title,
          viewTitle: shared.titled(stats.ok ? stats.value.cost : null, title),
          list,
          many: list.ok && list.value.count === 1 ? others.one : others.many,
          comparison: comparisonBar(query, earliest.ok ? earliest.value : null, links, format),
          comparisonFailed: null,
          ...numberedPages(query.page, pages, links.here, format),
          page: query.page,
          overview: usageUrl(OVERVIEW_PATH, query),
          download: stats.ok
            ? tablesMenu(LIST_EXPORTS[by], frozenUrl(path, query, stats.value), stats.value, format)
            : null,
        };
      });
      render(req, res, { title: data.viewTitle, view: 'ai-usage/list/list', data });
    });
  }

  return router;
}
