import express, { type Router } from 'express';
import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import {
  OF_EXPLORE,
  OF_NUMBERS,
  PAGE_PARAMETERS,
  parseUsageQuery,
  type UsageQuery,
  usageUrl,
  WHICH_RECORDS,
} from '../../query/query.ts';
import { AXES, MEASURES } from '../../query/view.ts';
import { noNumberNotes } from '../../stats/records/odd-values.ts';
import { handled } from '../../units/promises/handled.ts';
import { now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { type Address, takes, takesOnly } from '../../web/parameters.ts';
import { tablesMenu } from '../frame/download-menu.ts';
import { frozenNotes, frozenUrl } from '../frame/frozen.ts';
import { hiddenFields } from '../frame/hidden-fields.ts';
import { type PageDependencies, pageFrame, shortened } from '../frame/page-routes.ts';
import { numberedPages } from '../frame/pages-to-show.ts';
import { pageLimits } from '../frame/sources.ts';
import { EXPLORE_PATH, pivotOfPage } from './asked.ts';
import { AXIS_WORDS } from './axes.ts';
import { barsOf } from './bars.ts';
import { EXPLORE_EXPORT } from './export.ts';
import { exploreJson } from './json.ts';
import { MEASURE_WORDS } from './measures.ts';
import { pivotTable } from './pivot-table.ts';

const MOST_ROWS_OF_API = 1000;
const CHOSEN = ['page', 'pageSize'];
const OTHER_LISTS = ['after', 'before'];

/** Any two of what records are told apart by against each other. */
export function explorePages({ databases, reader, render, format }: PageDependencies): Router {
  const router = express.Router();
  const { timeZone } = format;
  const limits = pageLimits(format);
  const frame = pageFrame({ databases, reader, format });

  const check = ({ query }: Pick<Address, 'query'>) => parseUsageQuery(query, limits, now());
  const taken = takes(PAGE_PARAMETERS, {
    unused: OTHER_LISTS,
    carried: ['sortBy', 'sortOrder', ...OF_NUMBERS.filter((parameter) => !OF_EXPLORE.includes(parameter))],
    check,
  });
  router.get(EXPLORE_PATH, taken, async (req, res) => {
    const asked = parseUsageQuery(req.query, limits, now());
    if (shortened(req, res, EXPLORE_PATH, asked)) return;
    const data = await reader.ofOneState(async (reader) => {
      const query = await reader.recent(asked);
      const fixed = { ...query, pinned: query.asOf };
      const answering = handled(
        panel(
          reader.pivot(fixed, pivotOfPage(fixed)).then((answer) => ({ ...answer, query })),
          req.log,
        ),
      );
      const [answer, shared] = await Promise.all([answering, frame(EXPLORE_PATH, query, answering, req.log)]);
      const pivot = answer.ok ? answer.value.value : null;
      const total = pivot?.total ?? null;
      const links = {
        here: (change: Partial<UsageQuery>) => usageUrl(EXPLORE_PATH, query, change),
        records: (change: Partial<UsageQuery>) => usageUrl(RECORDS_PATH, query, change),
      };
      return {
        ...shared,
        title: shared.titled(total?.cost ?? null, 'Explore'),
        notes: [...shared.notes, ...(total ? frozenNotes(query, total, format) : [])],
        failed: answer.ok ? null : answer.message,
        choice: choiceOf(query),
        isEmpty: total?.requests === 0,
        table: pivot && pivotTable(pivot, query, format),
        bars: pivot && barsOf(pivot, query, format),
        odd: noNumberNotes(total?.noNumber ?? 0, links, format),
        ...numberedPages(query.page, Math.ceil((pivot?.rowCount ?? 0) / query.pageSize), links.here, format),
        download: total ? tablesMenu(EXPLORE_EXPORT, frozenUrl(EXPLORE_PATH, query, total), total, format) : null,
        overview: usageUrl(OVERVIEW_PATH, query),
        records: links.records({}),
      };
    });
    render(req, res, { title: data.title, view: 'ai-usage/explore/explore', data });
  });

  /** The form that says what stands against what. */
  const choiceOf = (query: UsageQuery) => {
    const { rows, columns, measure } = query;
    const axes = (current: string) =>
      AXES.map((axis) => ({ value: axis, label: AXIS_WORDS[axis].label, selected: axis === current }));
    return {
      path: EXPLORE_PATH,
      hidden: hiddenFields(query, OF_EXPLORE),
      fields: [
        {
          ...{ name: 'measure', label: 'Show' },
          choices: MEASURES.map((one) => ({ value: one, label: MEASURE_WORDS[one].label, selected: one === measure })),
        },
        { name: 'rows', label: 'Rows', choices: axes(rows) },
        { name: 'columns', label: 'Columns', choices: axes(columns) },
      ],
      swap: usageUrl(EXPLORE_PATH, query, { rows: columns, columns: rows }),
    };
  };

  const takenByApi = takesOnly([...WHICH_RECORDS, ...OF_EXPLORE, ...CHOSEN], ['sortBy', 'sortOrder', ...OTHER_LISTS]);
  router.get('/api/ai-usage/explore', takenByApi, async (req, res) => {
    const query = parseUsageQuery(req.query, { maxPageSize: MOST_ROWS_OF_API, timeZone }, now());
    res.json(exploreJson(await reader.pivot(query, pivotOfPage(query)), format));
  });

  return router;
}
