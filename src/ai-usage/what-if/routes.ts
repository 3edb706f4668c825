import type { Router } from 'express';
import { WHAT_IF_PATH } from '../../query/paths.ts';
import { OF_WHAT_IF, ofRecorded, type UsageQuery, usageUrl } from '../../query/query.ts';
import { whatIf } from '../../stats/pricing/what-if.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { dayOf } from '../../units/time.ts';
import { answerPage, takesOfAnswer } from '../frame/answer-routes.ts';
import { hiddenFields } from '../frame/hidden-fields.ts';
import type { PageDependencies } from '../frame/page-routes.ts';
import { REPRICED_PATH } from '../repriced/export.ts';
import { WHAT_IF_EXPORT } from './export.ts';
import { aheadOf, candidatesTable } from './what-if-table.ts';

/** What the calls of a view would cost at other models' prices. */
export function whatIfPage(dependencies: PageDependencies): Router {
  const { format } = dependencies;
  const read = async (reader: UsageReader, query: UsageQuery) => {
    const [answer, prices] = await Promise.all([reader.repriced(query, 'day'), reader.prices()]);
    const found = whatIf(answer.value, prices, dayOf(query.asOf, format.timeZone), query.cached);
    return { ...answer, value: { found, total: answer.value.recorded.total } };
  };
  return answerPage(dependencies, {
    ...{ path: WHAT_IF_PATH, name: 'What if', view: 'ai-usage/what-if/what-if', files: WHAT_IF_EXPORT },
    taken: takesOfAnswer(format, OF_WHAT_IF),
    asked: ofRecorded,
    read,
    totalOf: ({ total }) => total,
    shown: (value, query) => {
      const found = value?.found ?? null;
      return {
        now: found?.now ?? null,
        others: found?.others ?? 0,
        assumed: found?.assumed ?? null,
        choice: { path: WHAT_IF_PATH, hidden: hiddenFields(query, OF_WHAT_IF), cached: query.cached },
        table: found && found.candidates.length > 0 ? candidatesTable(found, query, true).page(format) : null,
        ahead: found && aheadOf(found, query, format),
        repriced: usageUrl(REPRICED_PATH, query),
      };
    },
  });
}
