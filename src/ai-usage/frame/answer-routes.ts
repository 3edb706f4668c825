import express, { type Request, type RequestHandler, type Router } from 'express';
import type { ExportPage } from '../../downloads/export-page.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import {
  OF_A_LIST,
  OF_NUMBERS,
  PAGE_PARAMETERS,
  parseUsageQuery,
  type UsageQuery,
  usageUrl,
  type ViewLinks,
  WHICH_PAGE,
} from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Answer } from '../../stats/source.ts';
import type { Sums } from '../../stats/sums.ts';
import type { Format } from '../../units/format.ts';
import { handled } from '../../units/promises/handled.ts';
import { now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { type Address, takes } from '../../web/parameters.ts';
import { tablesMenu } from './download-menu.ts';
import { frozenNotes, frozenUrl } from './frozen.ts';
import { type PageDependencies, pageFrame, shortened } from './page-routes.ts';
import { pageLimits } from './sources.ts';

/** A page of one answer: what it asks, and what it shows of the answer (null where that failed). */
type AnswerPage<T> = {
  path: string;
  /** What tabs say after the view: "What if". */
  name: string;
  view: string;
  taken: RequestHandler;
  /** The query as the page answers it. */
  asked: (query: UsageQuery) => UsageQuery;
  read: (reader: UsageReader, query: UsageQuery) => Promise<Answer<T>>;
  totalOf: (value: T) => Sums;
  files: Pick<ExportPage<never>, 'tables'>;
  shown: (value: T | null, query: UsageQuery, links: ViewLinks) => object;
  /** What stands beside the answer, and neither waits for it nor fails with it. */
  beside?: (query: UsageQuery, log: Request['log']) => Promise<object>;
};

/** What the address of a page takes that heeds period and filters only, and some of how numbers are drawn. */
export const takesOfAnswer = (format: Format, drawn: string[] = []): RequestHandler =>
  takes(PAGE_PARAMETERS, {
    unused: WHICH_PAGE,
    carried: [...OF_A_LIST, ...OF_NUMBERS.filter((parameter) => !drawn.includes(parameter))],
    check: readsUsage(format),
  });

/** Reads an address as pages over AI usage do. @throws BadInput */
export const readsUsage =
  (format: Format) =>
  ({ query }: Pick<Address, 'query'>) =>
    parseUsageQuery(query, pageLimits(format), now());

/** Head, filters, the answer that may fail, and its files, all of one state of the rollups. */
export function answerPage<T>(
  { databases, reader, render, format }: PageDependencies,
  { path, name, view, taken, asked: answeredAs, read, totalOf, files, shown, beside }: AnswerPage<T>,
): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  router.get(path, taken, async (req, res) => {
    const asked = parseUsageQuery(req.query, limits, now());
    if (shortened(req, res, path, asked)) return;
    const data = await reader.ofOneState(async (reader) => {
      const query = answeredAs(await reader.recent(asked));
      const fixed = { ...query, pinned: query.asOf };
      const answering = handled(
        panel(
          read(reader, fixed).then((answer) => ({ ...answer, query })),
          req.log,
        ),
      );
      const [answer, shared, others] = await Promise.all([
        answering,
        frame(path, query, answering, req.log),
        beside?.(fixed, req.log),
      ]);
      const value = answer.ok ? answer.value.value : null;
      const total = value && totalOf(value);
      const links: ViewLinks = {
        here: (change) => usageUrl(path, query, change),
        records: (change) => usageUrl(RECORDS_PATH, query, change),
      };
      return {
        ...shared,
        title: shared.titled(total?.cost ?? null, name),
        notes: [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])],
        failed: answer.ok ? null : answer.message,
        isEmpty: total?.requests === 0,
        download: total ? tablesMenu(files, frozenUrl(path, query, total), total, format) : null,
        overview: usageUrl(OVERVIEW_PATH, query),
        ...others,
        ...shown(value, query, links),
      };
    });
    render(req, res, { title: data.title, view, data });
  });

  return router;
}
