import type { Router } from 'express';
import { OVERVIEW_PATH, WHAT_IF_PATH } from '../../query/paths.ts';
import { ofRecorded, usageUrl } from '../../query/query.ts';
import { noNumberNotes } from '../../stats/records/odd-values.ts';
import { answerPage, takesOfAnswer } from '../frame/answer-routes.ts';
import type { PageDependencies } from '../frame/page-routes.ts';
import { REPRICED_EXPORT, REPRICED_PATH } from './export.ts';
import { repricedTable, tablesOfPage, totalOf } from './repriced-tables.ts';
import { hasPrices, sentenceOf } from './sentence.ts';

/** What was recorded of calls beside what the price list says of them. */
export function repricedPage(dependencies: PageDependencies): Router {
  const { format } = dependencies;
  return answerPage(dependencies, {
    ...{ path: REPRICED_PATH, name: 'By the price list', view: 'ai-usage/repriced/repriced', files: REPRICED_EXPORT },
    taken: takesOfAnswer(format),
    asked: ofRecorded,
    read: (reader, query) => reader.repriced(query, 'day'),
    totalOf: ({ recorded }) => recorded.total,
    shown: (stats, query, links) => ({
      tellsNothing: stats !== null && !hasPrices(stats),
      withoutRate: stats?.withoutRate ?? 0,
      sentence: stats && sentenceOf(totalOf(stats), format),
      unpriced: stats?.unpriced ?? null,
      tables: stats ? tablesOfPage(stats).map((by) => repricedTable(stats, by, links).page(format)) : [],
      odd: noNumberNotes(stats?.recorded.noNumber ?? 0, links, format),
      whatIf: usageUrl(WHAT_IF_PATH, query),
      everywhere: usageUrl(OVERVIEW_PATH, query, { cost: 'repriced' }),
    }),
  });
}
