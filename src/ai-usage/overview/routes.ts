import express, { type Router } from 'express';
import type { Logger } from 'pino';
import { OVERVIEW_PATH, RECORDS_PATH, TIE_OUT_PATH } from '../../query/paths.ts';
import {
  OF_A_LIST,
  PAGE_PARAMETERS,
  parseUsageQuery,
  sameUrl,
  usageUrl,
  type ViewLinks,
  WHICH_PAGE,
} from '../../query/query.ts';
import { BREAKDOWNS_BESIDE, STACKS } from '../../query/view.ts';
import { noNumberNotes, oddTimesNotes } from '../../stats/odd-values.ts';
import { handled } from '../../units/promises/handled.ts';
import { now } from '../../units/time.ts';
import { type Panel, panel } from '../../web/panel.ts';
import { type Address, takes } from '../../web/parameters.ts';
import { BREAKDOWNS } from '../breakdowns/breakdowns.ts';
import { type Counted, comparisonBar } from '../breakdowns/compare.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { MOST_PER_PAGE, type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { HEAT_MAP_TITLE } from './heat-map.ts';
import { overviewOf } from './overview.ts';
import { readBeside, readCompared, readMonthCard } from './overview-panels.ts';
import { whyPanel } from './why-panel.ts';

/** The overview: its panels are read at once, each stands or falls alone, and all count until the same instant. */
export function overviewPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const { timeZone } = format;
  const limits = { maxPageSize: MOST_PER_PAGE, timeZone };
  const frame = pageFrame({ databases, reader, format });

  const check = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  router.get(
    OVERVIEW_PATH,
    takes(PAGE_PARAMETERS, { unused: WHICH_PAGE, carried: OF_A_LIST, check }),
    async (req, res) => {
      const at = now();
      const asked = parseUsageQuery(req.query, limits, at);
      if (shortened(req, res, OVERVIEW_PATH, asked)) return;
      const query = await reader.recent(asked);
      const fixed = { ...query, pinned: query.asOf };
      const links: ViewLinks = {
        here: (change) => usageUrl(OVERVIEW_PATH, query, change),
        records: (change) => usageUrl(RECORDS_PATH, query, change),
      };
      const size = bucketSizeOf(query);

      const earliest = handled(panel(reader.earliest(), req.log));
      const answering = handled(reader.stats(fixed, size));
      const comparing = handled(panel(readCompared(reader, fixed, size, timeZone), req.log));
      const counting = async (): Promise<Counted> => {
        const [{ value: stats }, compared] = await Promise.all([answering, comparing]);
        return { stats, compared: compared.ok ? compared.value : null };
      };
      const counted = handled(counting());
      const answered = handled(
        panel(
          answering.then((answer) => ({ ...answer, query })),
          req.log,
        ),
      );
      const [overview, why, month, beside, compared, first, odd, shared] = await Promise.all([
        timed(
          counted.then(({ stats, compared }) =>
            overviewOf(stats, compared, { links, query, size, by: query.by, stacks: STACKS, format }),
          ),
          req.log,
        ),
        timed(
          counted.then((counted) => whyPanel(counted, format)),
          req.log,
        ),
        timed(readMonthCard(reader, fixed, query.asOf, format), req.log),
        timed(readBeside({ databases, reader }, fixed, counted, { links, format }), req.log),
        comparing,
        earliest,
        panel(reader.oddTimes(at), req.log),
        frame(OVERVIEW_PATH, query, answered, req.log),
      ]);
      const stats = overview.ok ? (await counted).stats : null;
      const total = stats?.total ?? null;
      const data = {
        ...shared,
        notes: [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])],
        ...{ overview, why, month, beside },
        tabs: BREAKDOWNS_BESIDE.map((breakdown) => ({
          label: breakdown === 'hour' ? HEAT_MAP_TITLE : BREAKDOWNS[breakdown].title,
          href: links.here({ breakdown }),
          current: breakdown === query.breakdown,
        })),
        comparison: comparisonBar(query, first.ok ? first.value : null, links, format),
        odd: [
          ...(odd.ok ? oddTimesNotes(odd.value, query, at, format) : []),
          ...noNumberNotes(stats?.noNumber ?? 0, links, format),
        ],
        comparisonFailed: compared.ok ? null : compared.message,
        download: total ? tablesMenu(OVERVIEW_PATH, frozenUrl(OVERVIEW_PATH, query, total), total, format) : null,
        records: links.records({}),
        recompute: sameUrl(TIE_OUT_PATH, query),
        debug: query.debug,
      };
      render(req, res, { title: 'AI usage', view: 'ai-usage/overview/overview', data });
    },
  );

  return router;
}

/** A panel and how long it took, in whole milliseconds. */
async function timed<T>(work: Promise<T>, log: Logger): Promise<Panel<T> & { milliseconds: number }> {
  const begin = performance.now();
  const read = await panel(work, log);
  return { ...read, milliseconds: Math.round(performance.now() - begin) };
}
