import type { Databases } from '../db/connect.ts';
import type { Format } from '../units/format.ts';
import { handled } from '../units/handled.ts';
import type { MicroEuros } from '../units/money.ts';
import { type Instant, isoFromInstant } from '../units/time.ts';
import { breakdownOf } from './breakdowns.ts';
import { bucketSizeOf } from './buckets.ts';
import type { FileTable } from './file-columns.ts';
import {
  breakdownFile,
  causesFile,
  forecastsFile,
  partsFile,
  repeatsFile,
  STATEMENT_FILES,
  stepsFile,
  storiesFile,
  usageFile,
  weekFile,
} from './file-tables.ts';
import { forecastAt, monthCardWindow } from './month-card.ts';
import { NO_NAMES, readNames } from './names.ts';
import { type Counted, readCompared, readTopBreakdown } from './overview-panels.ts';
import { OVERVIEW_PATH } from './paths.ts';
import {
  PAGE_PARAMETERS,
  parseUsageQuery,
  type QueryLimits,
  queryWithin,
  type UsageQuery,
  usageUrl,
  WHICH_RECORDS,
} from './query.ts';
import type { UsageReader } from './reader.ts';
import { parseStatement, STATEMENT_PARAMETERS, STATEMENT_PATH } from './statement.ts';
import { narrowedTo, SUBJECTS, type SubjectKind, wholeStory } from './subjects.ts';
import { MOST_TOP_STORIES } from './top-stories.ts';
import { type Stack, stackOfModel } from './view.ts';
import { written } from './written.ts';

/** What an address asks to export: `address` is the page's with every default left out and asOf pinned. */
export type Asked = { query: UsageQuery; address: string; title: string };

/** Everything that the tables of a page are read from. */
export type View = { reader: UsageReader; databases: Databases; query: UsageQuery; format: Format };

type TableReader = (view: View) => Promise<FileTable>;

/** A page with tables beside which their data stands. `path` is its route, with `:name` for a subject's. */
export type ExportPage = {
  path: string;
  /** What its address takes. */
  parameters: readonly string[];
  /** Those of them that its tables depend on: a command line takes no others. */
  heeds: readonly string[];
  /** Null where the address can name nothing. @throws BadInput */
  asked: (name: string, parameters: Record<string, unknown>, limits: QueryLimits, at: Instant) => Asked | null;
  /** By their names in addresses and JSON, in the order of the page. */
  tables: Record<string, TableReader>;
  cost: (view: View) => Promise<MicroEuros>;
};

const usageCost = async ({ reader, query }: View) => (await reader.stats(query, bucketSizeOf(query))).value.total.cost;

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
const numbers = (count: (view: View) => Promise<Counted>, stackOf = (asked: Stack): Stack => asked) => {
  const options = ({ query, format }: View) => ({
    query,
    size: bucketSizeOf(query),
    by: stackOf(query.by),
    timeZone: format.timeZone,
  });
  const breakdown = (by: 'model' | 'action') => async (view: View) => {
    const { stats, compared } = await count(view);
    return breakdownFile(breakdownOf(by, stats, compared?.stats ?? null, view.query), NO_NAMES);
  };
  return {
    usage: async (view: View) => usageFile(await count(view), options(view)),
    parts: async (view: View) => partsFile((await count(view)).stats, options(view)),
    models: breakdown('model'),
    actions: breakdown('action'),
  };
};

const OF_SUBJECT = numbers(alone);
const OF_MODEL = numbers(alone, stackOfModel);

/** The breakdown that the query asks for besides models and actions. */
const breakdownBeside: TableReader = async (view) => {
  const { reader, query, format } = view;
  const { breakdown: by } = query;
  if (by === 'hour') return weekFile((await reader.week(query)).value, format);
  if (by !== 'provider') {
    const { breakdown, names } = await readTopBreakdown(view, query, by, handled(compared(view)));
    return breakdownFile(breakdown, names);
  }
  const { stats, compared: before } = await compared(view);
  return breakdownFile(breakdownOf('provider', stats, before?.stats ?? null, query), NO_NAMES);
};

const topStories: TableReader = async ({ reader, databases, query }) => {
  const { value } = await reader.storyCosts(query, { most: MOST_TOP_STORIES, besides: null });
  const authors = [...new Set(value.top.map(({ author }) => author))];
  return storiesFile(value, await readNames(databases, { authors, stories: value.top.map(({ story }) => story) }));
};

const forecasts: TableReader = async ({ reader, query, format: { timeZone } }) => {
  const { value } = await reader.dailyCosts(queryWithin(query, monthCardWindow(query.asOf, timeZone)));
  return forecastsFile(forecastAt(value, query.asOf, timeZone).past);
};

const days = async ({ reader, query }: View) => (await reader.stats(query, 'day')).value;

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

/** A story is told as a whole. */
const IGNORED: Partial<Record<SubjectKind, string[]>> = { story: ['period', 'from', 'to'] };
const RANK = ['rankBy', 'rankOrder'];

const subjectPage = (
  kind: SubjectKind,
  heeds: string[],
  tables: ExportPage['tables'],
  cost = usageCost,
): ExportPage => ({
  path: `${SUBJECTS[kind].path}/:name`,
  parameters: PAGE_PARAMETERS,
  heeds: [...WHICH_RECORDS.filter((parameter) => parameter !== kind && !IGNORED[kind]?.includes(parameter)), ...heeds],
  asked: askedSubject(kind),
  tables,
  cost,
});

/** Every page whose tables are exported, and its tables: a new table is one entry here. */
export const EXPORT_PAGES: ExportPage[] = [
  {
    path: OVERVIEW_PATH,
    parameters: PAGE_PARAMETERS,
    heeds: [...WHICH_RECORDS, 'compare', 'by', 'breakdown', ...RANK],
    asked: (_name, parameters, limits, at) => {
      const query = pinnedAt(parseUsageQuery(parameters, limits, at));
      return { query, address: usageUrl(OVERVIEW_PATH, query), title: 'AI usage' };
    },
    tables: {
      ...numbers(compared),
      breakdown: breakdownBeside,
      causes: async (view) => causesFile(await compared(view)),
      forecasts,
    },
    cost: usageCost,
  },
  subjectPage('author', ['by', ...RANK], { ...OF_SUBJECT, stories: topStories }),
  subjectPage('model', ['by', ...RANK], {
    usage: OF_MODEL.usage,
    parts: OF_MODEL.parts,
    actions: OF_MODEL.actions,
    stories: topStories,
  }),
  subjectPage('action', ['by', ...RANK], {
    usage: OF_SUBJECT.usage,
    parts: OF_SUBJECT.parts,
    models: OF_SUBJECT.models,
    stories: topStories,
  }),
  subjectPage(
    'story',
    [],
    {
      steps: async ({ reader, query }) => stepsFile((await reader.story(query)).value),
      repeats: async ({ reader, query }) => repeatsFile((await reader.story(query)).value),
    },
    async ({ reader, query }) => (await reader.story(query)).value.total.cost,
  ),
  {
    path: STATEMENT_PATH,
    parameters: STATEMENT_PARAMETERS,
    heeds: STATEMENT_PARAMETERS,
    asked: (_name, parameters, limits, at) => {
      const { month, query: asked } = parseStatement(parameters, limits, at);
      const query = pinnedAt(asked);
      const address = `${STATEMENT_PATH}?month=${encodeURIComponent(month)}&asOf=${isoFromInstant(query.asOf)}`;
      return { query, address, title: `Statement ${month}` };
    },
    tables: {
      models: async (view) => STATEMENT_FILES.models(await days(view)),
      actions: async (view) => STATEMENT_FILES.actions(await days(view)),
      days: async (view) =>
        STATEMENT_FILES.days(await days(view), { query: view.query, timeZone: view.format.timeZone }),
      tieOut: async (view) => STATEMENT_FILES.tieOut(await days(view)),
    },
    cost: async ({ reader, query }) => (await reader.stats(query, 'day')).value.total.cost,
  },
];
