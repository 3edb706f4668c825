import type { Router } from 'express';
import {
  OF_EXPLORE,
  OF_NUMBERS,
  PAGE_PARAMETERS,
  parseUsageQuery,
  type UsageQuery,
  usageUrl,
  WHICH_RECORDS,
} from '../../query/query.ts';
import { AXES, type Axis, COST_LABELS, COSTS, MEASURES } from '../../query/view.ts';
import { isRepricedPivot } from '../../stats/explore/pivot.ts';
import { noteLines, readNotesOf } from '../../stats/notes/notes-of.ts';
import { noNumberNotes } from '../../stats/records/odd-values.ts';
import { now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { takes, takesOnly } from '../../web/parameters.ts';
import { answerPage, readsUsage } from '../frame/answer-routes.ts';
import { hiddenFields } from '../frame/hidden-fields.ts';
import type { PageDependencies } from '../frame/page-routes.ts';
import { numberedPages } from '../frame/pages-to-show.ts';
import { EXPLORE_PATH, pivotOfPage } from './asked.ts';
import { AXIS_WORDS } from './axes.ts';
import { barsOf } from './bars.ts';
import { EXPLORE_EXPORT } from './export.ts';
import { exploreJson } from './json.ts';
import { MEASURE_WORDS } from './measures.ts';
import { pivotTable } from './pivot-table.ts';

const MOST_ROWS_OF_API = 1000;
const CHOSEN = ['page', 'pageSize'];
const DATED: readonly Axis[] = ['day', 'week', 'month'];
const OTHER_LISTS = ['after', 'before'];

/** Any two of what records are told apart by against each other. */
export function explorePages(dependencies: PageDependencies): Router {
  const { databases, reader, format } = dependencies;
  const router = answerPage(dependencies, {
    ...{ path: EXPLORE_PATH, name: 'Explore', view: 'ai-usage/explore/explore', files: EXPLORE_EXPORT },
    taken: takes(PAGE_PARAMETERS, {
      unused: OTHER_LISTS,
      carried: [
        'sortBy',
        'sortOrder',
        ...OF_NUMBERS.filter((parameter) => ![...OF_EXPLORE, 'cost'].includes(parameter)),
      ],
      check: readsUsage(format),
    }),
    asked: (query) => query,
    read: (reader, query) => reader.pivot(query, pivotOfPage(query)),
    // Where days, weeks or months stand, somebody may have said something of them.
    beside: async (query, log) => {
      if (![query.rows, query.columns].some((axis) => DATED.includes(axis))) return { noted: [], notNoted: null };
      const said = await panel(readNotesOf(databases.backoffice, query, format), log);
      return { noted: said.ok ? noteLines(said.value, format) : [], notNoted: said.ok ? null : said.message };
    },
    totalOf: ({ total }) => total,
    shown: (pivot, query, links) => ({
      choice: choiceOf(query),
      table: pivot && pivotTable(pivot, query, format),
      bars: pivot && barsOf(pivot, query, format),
      odd: pivot === null || isRepricedPivot(pivot) ? [] : noNumberNotes(pivot.total.noNumber, links, format),
      ...numberedPages(query.page, Math.ceil((pivot?.rowCount ?? 0) / query.pageSize), links.here, format),
      records: links.records({}),
    }),
  });

  /** The form that says what stands against what. */
  const choiceOf = (query: UsageQuery) => {
    const { rows, columns, measure } = query;
    const axes = (current: string) =>
      AXES.map((axis) => ({ value: axis, label: AXIS_WORDS[axis].label, selected: axis === current }));
    return {
      path: EXPLORE_PATH,
      hidden: hiddenFields(query, [...OF_EXPLORE, 'cost']),
      fields: [
        {
          ...{ name: 'measure', label: 'Show' },
          choices: MEASURES.map((one) => ({ value: one, label: MEASURE_WORDS[one].label, selected: one === measure })),
        },
        { name: 'rows', label: 'Rows', choices: axes(rows) },
        { name: 'columns', label: 'Columns', choices: axes(columns) },
        {
          ...{ name: 'cost', label: 'Costs' },
          choices: COSTS.map((one) => ({ value: one, label: COST_LABELS[one], selected: one === query.cost })),
        },
      ],
      swap: usageUrl(EXPLORE_PATH, query, { rows: columns, columns: rows }),
    };
  };

  const takenByApi = takesOnly(
    [...WHICH_RECORDS, ...OF_EXPLORE, 'cost', ...CHOSEN],
    ['sortBy', 'sortOrder', ...OTHER_LISTS],
  );
  router.get('/api/ai-usage/explore', takenByApi, async (req, res) => {
    const query = parseUsageQuery(req.query, { maxPageSize: MOST_ROWS_OF_API, timeZone: format.timeZone }, now());
    res.json(exploreJson(await reader.pivot(query, pivotOfPage(query)), format));
  });

  return router;
}
