import type { Router } from 'express';
import { OVERVIEW_PATH } from '../../query/paths.ts';
import { parseUsageQuery, type UsageQuery, usageUrl, WHICH_RECORDS } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { UNITS_OF_COST } from '../../stats/stories/unit-costs.ts';
import { now } from '../../units/time.ts';
import { takesOnly } from '../../web/parameters.ts';
import { answerPage, takesOfAnswer } from '../frame/answer-routes.ts';
import type { PageDependencies } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { UNIT_COSTS_EXPORT, UNIT_COSTS_PATH } from './export.ts';
import { unitCostsJson } from './json.ts';
import { causesInWords, causesTable, cutOffText, UNIT_WORDS, unitTable } from './unit-tables.ts';

/** The page names so many actions and models; files have all. */
const MOST_CAUSES = 12;

/** What a story, a chapter, an image and an author cost, month by month: page and JSON. */
export function unitCostsPage(dependencies: PageDependencies): Router {
  const { reader, format } = dependencies;
  const read = async (reader: UsageReader, query: UsageQuery) => {
    const [answer, stats] = await Promise.all([reader.unitCosts(query), reader.stats(query, 'day')]);
    return { ...answer, value: { ...answer.value, total: stats.value.total } };
  };
  const router = answerPage(dependencies, {
    ...{ path: UNIT_COSTS_PATH, name: 'Unit costs', view: 'ai-usage/unit-costs/unit-costs', files: UNIT_COSTS_EXPORT },
    taken: takesOfAnswer(format, ['cost']),
    asked: (query) => query,
    read,
    totalOf: ({ total }) => total,
    shown: (costs, query) => {
      const links = {
        here: (change: Partial<UsageQuery>) => usageUrl(OVERVIEW_PATH, query, change),
        records: () => '',
      };
      return {
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
              cutOff: cutOffText(costs.causes, query, format),
              table: causesTable(costs.causes, format, MOST_CAUSES).page(format),
            }
          : null,
        isByPrice: query.cost === 'repriced',
        byPrice: usageUrl(UNIT_COSTS_PATH, query, { cost: 'repriced' }),
        year: usageUrl(UNIT_COSTS_PATH, query, { period: 'this-year', from: null, to: null }),
      };
    },
  });

  router.get(`/api${UNIT_COSTS_PATH}`, takesOnly([...WHICH_RECORDS, 'cost']), async (req, res) => {
    const query = parseUsageQuery(req.query, pageLimits(format), now());
    res.json(unitCostsJson(await reader.unitCosts(query)));
  });

  return router;
}
