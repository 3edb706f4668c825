import express, { type Router } from 'express';
import { OVERVIEW_PATH, RECORDS_PATH, WHAT_IF_PATH } from '../../query/paths.ts';
import {
  OF_A_LIST,
  OF_NUMBERS,
  ofRecorded,
  PAGE_PARAMETERS,
  parseUsageQuery,
  type UsageQuery,
  usageUrl,
  WHICH_PAGE,
} from '../../query/query.ts';
import { noNumberNotes } from '../../stats/records/odd-values.ts';
import { handled } from '../../units/promises/handled.ts';
import { now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { type Address, takes } from '../../web/parameters.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { REPRICED_EXPORT, REPRICED_PATH } from './export.ts';
import { repricedTable, tablesOfPage, totalOf } from './repriced-tables.ts';
import { hasPrices, sentenceOf } from './sentence.ts';

/** What was recorded of calls beside what the price list says of them. */
export function repricedPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  const check = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  const taken = takes(PAGE_PARAMETERS, { unused: WHICH_PAGE, carried: [...OF_A_LIST, ...OF_NUMBERS], check });
  router.get(REPRICED_PATH, taken, async (req, res) => {
    const asked = parseUsageQuery(req.query, limits, now());
    if (shortened(req, res, REPRICED_PATH, asked)) return;
    const data = await reader.ofOneState(async (reader) => {
      const query = ofRecorded(await reader.recent(asked));
      const fixed = { ...query, pinned: query.asOf };
      const answering = handled(
        panel(
          reader.repriced(fixed, 'day').then((answer) => ({ ...answer, query })),
          req.log,
        ),
      );
      const [answer, shared] = await Promise.all([answering, frame(REPRICED_PATH, query, answering, req.log)]);
      const stats = answer.ok ? answer.value.value : null;
      const total = stats?.recorded.total ?? null;
      const links = {
        here: (change: Partial<UsageQuery>) => usageUrl(REPRICED_PATH, query, change),
        records: (change: Partial<UsageQuery>) => usageUrl(RECORDS_PATH, query, change),
      };
      return {
        ...shared,
        title: shared.titled(total?.cost ?? null, 'By the price list'),
        notes: [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])],
        failed: answer.ok ? null : answer.message,
        isEmpty: total?.requests === 0,
        tellsNothing: stats !== null && !hasPrices(stats),
        withoutRate: stats?.withoutRate ?? 0,
        sentence: stats && sentenceOf(totalOf(stats), format),
        unpriced: stats?.unpriced ?? null,
        tables: stats ? tablesOfPage(stats).map((by) => repricedTable(stats, by, links).page(format)) : [],
        odd: noNumberNotes(stats?.recorded.noNumber ?? 0, links, format),
        download: total ? tablesMenu(REPRICED_EXPORT, frozenUrl(REPRICED_PATH, query, total), total, format) : null,
        overview: usageUrl(OVERVIEW_PATH, query),
        whatIf: usageUrl(WHAT_IF_PATH, query),
        everywhere: usageUrl(OVERVIEW_PATH, query, { cost: 'repriced' }),
      };
    });
    render(req, res, { title: data.title, view: 'ai-usage/repriced/repriced', data });
  });

  return router;
}
