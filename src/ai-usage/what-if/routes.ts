import express, { type Router } from 'express';
import { OVERVIEW_PATH, WHAT_IF_PATH } from '../../query/paths.ts';
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
import { whatIf } from '../../stats/pricing/what-if.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { handled } from '../../units/promises/handled.ts';
import { dayOf, now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { type Address, takes } from '../../web/parameters.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { REPRICED_PATH } from '../repriced/export.ts';
import { WHAT_IF_EXPORT } from './export.ts';
import { aheadOf, candidatesTable } from './what-if-table.ts';

/** What the calls of a view would cost at other models' prices. */
export function whatIfPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  const read = async (reader: UsageReader, query: UsageQuery) => {
    const [answer, prices] = await Promise.all([reader.repriced(query, 'day'), reader.prices()]);
    return { ...answer, found: whatIf(answer.value, prices, dayOf(query.asOf, format.timeZone)) };
  };

  const check = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  const taken = takes(PAGE_PARAMETERS, { unused: WHICH_PAGE, carried: [...OF_A_LIST, ...OF_NUMBERS], check });
  router.get(WHAT_IF_PATH, taken, async (req, res) => {
    const asked = parseUsageQuery(req.query, limits, now());
    if (shortened(req, res, WHAT_IF_PATH, asked)) return;
    const data = await reader.ofOneState(async (reader) => {
      const query = ofRecorded(await reader.recent(asked));
      const fixed = { ...query, pinned: query.asOf };
      const reading = handled(
        panel(
          read(reader, fixed).then((answer) => ({ ...answer, query })),
          req.log,
        ),
      );
      const [answer, shared] = await Promise.all([reading, frame(WHAT_IF_PATH, query, reading, req.log)]);
      const found = answer.ok ? answer.value.found : null;
      const total = answer.ok ? answer.value.value.recorded.total : null;
      return {
        ...shared,
        title: shared.titled(found?.now.cost ?? null, 'What if'),
        notes: [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])],
        failed: answer.ok ? null : answer.message,
        isEmpty: total?.requests === 0,
        now: found?.now ?? null,
        others: found?.others ?? 0,
        table: found && found.candidates.length > 0 ? candidatesTable(found, query).page(format) : null,
        ahead: found && aheadOf(found, query, format),
        download: total ? tablesMenu(WHAT_IF_EXPORT, frozenUrl(WHAT_IF_PATH, query, total), total, format) : null,
        repriced: usageUrl(REPRICED_PATH, query),
        overview: usageUrl(OVERVIEW_PATH, query),
      };
    });
    render(req, res, { title: data.title, view: 'ai-usage/what-if/what-if', data });
  });

  return router;
}
