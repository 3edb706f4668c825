import { type Names, NO_NAMES, readNames } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import type { Databases } from '../../db/connect.ts';
import { OVERVIEW_PATH } from '../../query/paths.ts';
import {
  PAGE_PARAMETERS,
  parseUsageQuery,
  type QueryLimits,
  queryWithin,
  type UsageQuery,
  usageUrl,
  type ViewLinks,
  WHICH_RECORDS,
} from '../../query/query.ts';
import { type Stack, stackOfModel } from '../../query/view.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { DataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import type { MicroEuros } from '../../units/money.ts';
import { handled } from '../../units/promises/handled.ts';
import { type Instant, isoFromInstant } from '../../units/time.ts';
import { breakdownTable } from '../breakdowns/breakdown-table.ts';
import { type Breakdown, breakdownOf } from '../breakdowns/breakdowns.ts';
import type { Counted } from '../breakdowns/compare.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import { partsTable, usageTable } from '../chart/usage-tables.ts';
import { narrowedTo, SUBJECTS, type SubjectKind, wholeStory } from '../frame/subjects.ts';
import { heatMap } from '../overview/heat-map.ts';
import { forecastAt, forecastTable, monthCardWindow } from '../overview/month-card.ts';
import { readCompared, readTopBreakdown } from '../overview/overview-panels.ts';
import { causesTable } from '../overview/why-panel.ts';
import {
  parseStatement,
  readStatement,
  STATEMENT_PARAMETERS,
  STATEMENT_PATH,
  statementTables,
} from '../statement/statement.ts';
import { repeatTable, stepTable } from '../story/story-page.ts';
import { MOST_TOP_STORIES, topStoryTable } from '../subjects/top-stories.ts';
/** What an address asks to export: `address` is the page's with every default left out and asOf pinned. */
export type Asked = { query: UsageQuery; address: string; title: string };

/** Everything that the tables of a page are read from. */
export type View = { reader: UsageReader; databases: Databases; query: UsageQuery; format: Format };

type TableReader = (view: View) => Promise<DataTable>;

const RANK = ['rankBy', 'rankOrder'];

/** A table of a page, and those of its page's parameters that it depends on. */
type Table = { heeds: readonly string[]; read: TableReader };
const table = (heeds: readonly string[], read: TableReader): Table => ({ heeds, read });

/** A page with tables beside which their data stands. `path` is its route, with `:name` for a subject's. */
export type ExportPage = {
  path: string;
  /** What its address takes. */
  parameters: readonly string[];
  /** Null where the address can name nothing. @throws BadInput */
  asked: (name: string, parameters: Record<string, unknown>, limits: QueryLimits, at: Instant) => Asked | null;
  /** By their names in addresses and JSON, in the order of the page. */
  tables: Record<string, Table>;
  cost: (view: View) => Promise<MicroEuros>;
};

const usageCost = async ({ reader, query }: View) => (await reader.stats(query, bucketSizeOf(query))).value.total.cost;

/** Which parameters of a page change something in one of its tables, or in any: a command line takes no others. */
export function heedsOf({ tables }: ExportPage, name: string | null, { breakdown }: { breakdown?: unknown }): string[] {
  const shown = name === null ? Object.values(tables) : [tables[name] ?? []].flat();
  const heeds = [...new Set(shown.flatMap(({ heeds }) => heeds))];
  // The hours of the week are neither compared nor ranked.
  return name === 'breakdown' && breakdown === 'hour'
    ? heeds.filter((one) => one !== 'compare' && !RANK.includes(one))
    : heeds;
}

/** The numbers of the overview, with those that they are compared with. */
const compared = async ({ reader, query, format }: View): Promise<Counted> => {
  const size = bucketSizeOf(query);
  const [{ value: stats }, before] = await Promise.all([
    reader.stats(query, size),
    readCompared(reader, query, size, format.timeZone),
  ]);
  return { stats, compared: before };
};

/** The numbers of a subject's page, which compares nothing. */
const alone = async ({ reader, query }: View): Promise<Counted> => {
  const { value: stats } = await reader.stats(query, bucketSizeOf(query));
  return { stats, compared: null };
};

/** The tables of numbers that the overview and the pages of subjects have; `stackOf` says what the bars are made of where that is asked. */
const numbers = (
  count: (view: View) => Promise<Counted>,
  heeds: readonly string[],
  stackOf = (asked: Stack): Stack => asked,
) => {
  const options = ({ query, format }: View) => ({
    query,
    size: bucketSizeOf(query),
    by: stackOf(query.by),
    timeZone: format.timeZone,
  });
  const breakdown = (by: 'model' | 'action') => async (view: View) => {
    const { stats, compared } = await count(view);
    return breakdownData(breakdownOf(by, stats, compared?.stats ?? null, view.query), NO_NAMES, view);
  };
  return {
    usage: table([...heeds, 'by'], async (view) => usageTable(await count(view), options(view))),
    // What they were before is not told.
    parts: table([...heeds.filter((one) => one !== 'compare'), 'by'], async (view) =>
      partsTable((await count(view)).stats, options(view)),
    ),
    models: table([...heeds, ...RANK], breakdown('model')),
    actions: table([...heeds, ...RANK], breakdown('action')),
  };
};

/** A file has no links. */
const NOWHERE: ViewLinks = { here: () => '', records: () => '' };

const breakdownData = (breakdown: Breakdown, names: Names, { query, format }: View): DataTable =>
  breakdownTable(breakdown, { links: NOWHERE, query, names, models: [], format });

/** The breakdown that the query asks for besides models and actions. */
const breakdownBeside: TableReader = async (view) => {
  const { reader, query, format } = view;
  const { breakdown: by } = query;
  if (by === 'hour') return heatMap((await reader.week(query)).value, format);
  if (by !== 'provider') {
    const { breakdown, names } = await readTopBreakdown(view, query, by, handled(compared(view)));
    return breakdownData(breakdown, names, view);
  }
  const { stats, compared: before } = await compared(view);
  return breakdownData(breakdownOf('provider', stats, before?.stats ?? null, query), NO_NAMES, view);
};

const topStories: TableReader = async ({ reader, databases, query, format }) => {
  const { value } = await reader.storyCosts(query, { most: MOST_TOP_STORIES, besides: null });
  const authors = [...new Set(value.top.map(({ author }) => author))];
  const stories = value.top.map(({ story }) => story);
  return topStoryTable(value, query, await readNames(databases, { authors, stories }, { keep: false }), format);
};

const forecasts: TableReader = async ({ reader, query, format }) => {
  const { timeZone } = format;
  const { value } = await reader.dailyCosts(queryWithin(query, monthCardWindow(query.asOf, timeZone)));
  return forecastTable(forecastAt(value, query.asOf, timeZone).past, format);
};

const ofMonth = (name: keyof ReturnType<typeof statementTables>) =>
  table(STATEMENT_PARAMETERS, async ({ reader, query, format }) => {
    const { value } = await readStatement(reader, query);
    return statementTables(value, query, format)[name];
  });

/** The query at an instant that is written down, so that several readings of it are of one moment. */
const pinnedAt = (query: UsageQuery): UsageQuery => ({ ...query, pinned: query.asOf });

const askedSubject =
  (kind: SubjectKind): ExportPage['asked'] =>
  (text, parameters, limits, at) => {
    const name = SUBJECTS[kind].read(text);
    if (name === null) return null;
    const { path, query, narrowed } = narrowedTo(kind, name, pinnedAt(parseUsageQuery(parameters, limits, at)));
    return {
      query: kind === 'story' ? wholeStory(narrowed) : narrowed,
      address: usageUrl(path, query),
      title: `${SUBJECTS[kind].label} ${written(name)}`,
    };
  };

const subjectPage = (kind: SubjectKind, tables: ExportPage['tables'], cost = usageCost): ExportPage => ({
  path: `${SUBJECTS[kind].path}/:name`,
  parameters: PAGE_PARAMETERS,
  asked: askedSubject(kind),
  tables,
  cost,
});

const PERIOD = ['period', 'from', 'to'];
const allBut = (parameters: string[]) => WHICH_RECORDS.filter((parameter) => !parameters.includes(parameter));
const OF = { author: allBut(['author']), model: allBut(['model']), action: allBut(['action']) };
/** A story is told as a whole. */
const OF_STORY = allBut(['story', ...PERIOD]);
const COMPARED = [...WHICH_RECORDS, 'compare'];
const OF_AUTHOR = numbers(alone, OF.author);
const OF_MODEL = numbers(alone, OF.model, stackOfModel);
const OF_ACTION = numbers(alone, OF.action);

/** Every page whose tables are exported, and its tables: a new table is one entry here. */
export const EXPORT_PAGES: ExportPage[] = [
  {
    path: OVERVIEW_PATH,
    parameters: PAGE_PARAMETERS,
    asked: (_name, parameters, limits, at) => {
      const query = pinnedAt(parseUsageQuery(parameters, limits, at));
      return { query, address: usageUrl(OVERVIEW_PATH, query), title: 'AI usage' };
    },
    tables: {
      ...numbers(compared, COMPARED),
      breakdown: table([...COMPARED, 'breakdown', ...RANK], breakdownBeside),
      causes: table(COMPARED, async (view) => causesTable(await compared(view), view.format)),
      // Of whole months, whatever the window.
      forecasts: table(allBut(PERIOD), forecasts),
    },
    cost: usageCost,
  },
  subjectPage('author', { ...OF_AUTHOR, stories: table(OF.author, topStories) }),
  subjectPage('model', {
    usage: OF_MODEL.usage,
    parts: OF_MODEL.parts,
    actions: OF_MODEL.actions,
    stories: table(OF.model, topStories),
  }),
  subjectPage('action', {
    usage: OF_ACTION.usage,
    parts: OF_ACTION.parts,
    models: OF_ACTION.models,
    stories: table(OF.action, topStories),
  }),
  subjectPage(
    'story',
    {
      steps: table(OF_STORY, async ({ reader, query, format }) =>
        stepTable((await reader.story(query)).value, query, format),
      ),
      repeats: table(OF_STORY, async ({ reader, query }) => repeatTable((await reader.story(query)).value)),
    },
    async ({ reader, query }) => (await reader.story(query)).value.total.cost,
  ),
  {
    path: STATEMENT_PATH,
    parameters: STATEMENT_PARAMETERS,
    asked: (_name, parameters, limits, at) => {
      const { month, query: asked } = parseStatement(parameters, limits, at);
      const query = pinnedAt(asked);
      const address = `${STATEMENT_PATH}?month=${encodeURIComponent(month)}&asOf=${isoFromInstant(query.asOf)}`;
      return { query, address, title: `Statement ${month}` };
    },
    tables: {
      models: ofMonth('models'),
      actions: ofMonth('actions'),
      days: ofMonth('days'),
      tieOut: ofMonth('tieOut'),
    },
    cost: async ({ reader, query }) => (await readStatement(reader, query)).value.total.cost,
  },
];
