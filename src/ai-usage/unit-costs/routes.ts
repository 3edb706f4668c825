import express, { type Router } from 'express';
import { OVERVIEW_PATH } from '../../query/paths.ts';
import {
  OF_A_LIST,
  OF_NUMBERS,
  ofRecorded,
  PAGE_PARAMETERS,
  parseUsageQuery,
  type UsageQuery,
  usageUrl,
  WHICH_PAGE,
  WHICH_RECORDS,
} from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { UNITS_OF_COST } from '../../stats/stories/unit-costs.ts';
import { handled } from '../../units/promises/handled.ts';
import { now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { type Address, takes, takesOnly } from '../../web/parameters.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { UNIT_COSTS_EXPORT, UNIT_COSTS_PATH } from './export.ts';
import { unitCostsJson } from './json.ts';
import { causesInWords, causesTable, UNIT_WORDS, unitTable } from './unit-tables.ts';

/** The page names so many actions and models; files have all. */
const MOST_CAUSES = 12;

/** What a story, a chapter, an image and an author cost, month by month: page and JSON. */
export function unitCostsPage({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  const read = async (reader: UsageReader, query: UsageQuery) => {
    const [answer, stats] = await Promise.all([reader.unitCosts(query), reader.stats(query, 'day')]);
    return { ...answer, total: stats.value.total };
  };

  const check = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  const taken = takes(PAGE_PARAMETERS, { unused: WHICH_PAGE, carried: [...OF_A_LIST, ...OF_NUMBERS], check });
  router.get(UNIT_COSTS_PATH, taken, async (req, res) => {
    const asked = parseUsageQuery(req.query, limits, now());
    if (shortened(req, res, UNIT_COSTS_PATH, asked)) return;
    const data = await reader.ofOneState(async (reader) => {
      const query = ofRecorded(await reader.recent(asked));
      const fixed = { ...query, pinned: query.asOf };
      const reading = handled(
        panel(
          read(reader, fixed).then((answer) => ({ ...answer, query })),
          req.log,
        ),
      );
      const [answer, shared] = await Promise.all([reading, frame(UNIT_COSTS_PATH, query, reading, req.log)]);
      const costs = answer.ok ? answer.value.value : null;
      const total = answer.ok ? answer.value.total : null;
      const links = {
        here: (change: Partial<UsageQuery>) => usageUrl(OVERVIEW_PATH, query, change),
        records: () => '',
      };
      return {
        ...shared,
        title: shared.titled(total?.cost ?? null, 'Unit costs'),
        notes: [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])],
        failed: answer.ok ? null : answer.message,
        isEmpty: total?.requests === 0,
        earlier: costs?.earlier ?? 0,
        units: costs
          ? UNITS_OF_COST.map((of) => ({
              ...{ name: of, title: UNIT_WORDS[of].title, counted: UNIT_WORDS[of].counted },
              table: unitTable(costs, of, links).page(format),
            }))
          : [],
        causes: costs?.causes
          ? {
              sentence: causesInWords(costs.causes, format),
              table: causesTable(costs.causes, format, MOST_CAUSES).page(format),
            }
          : null,
        download: total ? tablesMenu(UNIT_COSTS_EXPORT, frozenUrl(UNIT_COSTS_PATH, query, total), total, format) : null,
        overview: usageUrl(OVERVIEW_PATH, query),
        year: usageUrl(UNIT_COSTS_PATH, query, { period: 'this-year', from: null, to: null }),
      };
    });
    render(req, res, { title: data.title, view: 'ai-usage/unit-costs/unit-costs', data });
  });

  router.get(`/api${UNIT_COSTS_PATH}`, takesOnly(WHICH_RECORDS), async (req, res) => {
    const query = parseUsageQuery(req.query, limits, now());
    res.json(unitCostsJson(await reader.unitCosts(query)));
  });

  return router;
}
