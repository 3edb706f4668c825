import type { Databases } from '../db/connect.ts';
import { monthOf } from '../units/calendar.ts';
import type { Format } from '../units/format.ts';
import { handled } from '../units/handled.ts';
import type { MicroEuros } from '../units/money.ts';
import { type Instant, isoFromInstant } from '../units/time.ts';
import { bucketSizeOf } from './buckets.ts';
import { type Names, readNames } from './names.ts';
import { type Overview, overviewOf } from './overview.ts';
import { type Counted, readBeside, readCompared, readMonthCard } from './overview-panels.ts';
import { OVERVIEW_PATH, RECORDS_PATH } from './paths.ts';
import { parseUsageQuery, type QueryLimits, type UsageQuery, usageUrl, type ViewLinks } from './query.ts';
import type { UsageReader } from './reader.ts';
import { lastWholeMonth, monthSpan, parseMonth, STATEMENT_PATH, type Statement, statementOf } from './statement.ts';
import { type StoryPage, storyPageOf } from './story-page.ts';
import { narrowedTo, SUBJECTS, type SubjectKind, wholeStory } from './subjects.ts';
import type { Table } from './table.ts';
import { MOST_TOP_STORIES, topStoriesOf } from './top-stories.ts';
import type { Stack } from './view.ts';
import { whyPanel } from './why-panel.ts';

/** What an address asks to export: `address` is the page's with every default left out and asOf pinned. */
export type Asked = { query: UsageQuery; address: string; title: string };

/** Everything that the tables of a page are read from. */
export type View = { reader: UsageReader; databases: Databases; query: UsageQuery; format: Format };

type TableReader = (view: View) => Promise<Table | null>;

/** A page with tables beside which their data stands. `path` is its route, with `:name` for a subject's. */
export type ExportPage = {
  path: string;
  /** Null where the address can name nothing. @throws BadInput */
  asked: (name: string, parameters: Record<string, unknown>, limits: QueryLimits, at: Instant) => Asked | null;
  /** By their names in addresses and JSON, in the order of the page. */
  tables: Record<string, TableReader>;
  cost: (view: View) => Promise<MicroEuros>;
};

const NO_IDS = { authors: [], stories: [] };

/** Links that nobody follows: a file has none. */
const NO_LINKS: ViewLinks = { here: () => OVERVIEW_PATH, records: () => RECORDS_PATH };

async function count({ reader, query, format }: View): Promise<Counted> {
  const size = bucketSizeOf(query);
  const [{ value: stats }, compared] = await Promise.all([
    reader.stats(query, size),
    readCompared(reader, query, size, format.timeZone),
  ]);
  return { stats, compared };
}

function numbers({ query, format }: View, { stats, compared }: Counted, by = query.by): Overview {
  const shown: UsageQuery = { ...query, show: 'table' };
  return overviewOf(stats, compared, { links: NO_LINKS, query: shown, size: bucketSizeOf(query), by, format });
}

/** The numbers of the overview, which stand beside those that they are compared with. */
const overview = async (view: View) => numbers(view, await count(view));

/** The numbers of a subject's page, which compares nothing. */
const subject = (by?: Stack) => async (view: View) => {
  const { value: stats } = await view.reader.stats(view.query, bucketSizeOf(view.query));
  return numbers(view, { stats, compared: null }, by);
};

const tablesOf = (read: (view: View) => Promise<Overview>) => ({
  usage: async (view: View) => (await read(view)).usage.table,
  models: async (view: View) => (await read(view)).models,
  actions: async (view: View) => (await read(view)).actions,
});

const SUBJECT_TABLES = tablesOf(subject());
/** A model is not made of models, but of what it is used for. */
const ofModel = tablesOf(subject('action'));

const topStories: TableReader = async ({ reader, databases, query, format }) => {
  const { value, query: answered } = await reader.storyCosts(query, { most: MOST_TOP_STORIES, cost: 0 });
  const authors = [...new Set(value.top.map(({ author }) => author))];
  const names = await readNames(databases, { authors, stories: value.top.map(({ story }) => story) });
  return topStoriesOf(value, answered, names, format).table;
};

const usageCost = async ({ reader, query }: View) => (await reader.stats(query, bucketSizeOf(query))).value.total.cost;

async function story({ reader, databases, query, format }: View): Promise<StoryPage | null> {
  const { value } = await reader.story(query);
  const names: Names = await readNames(databases, NO_IDS);
  return value.total.requests === 0 ? null : storyPageOf(value, query, names, format);
}

async function statement({ reader, query, format }: View): Promise<Statement> {
  const { value, query: answered } = await reader.stats(query, 'day');
  return statementOf(value, answered, monthOf(query.from?.day ?? ''), format);
}

/** The query at an instant that is written down, so that several readings of it are of one moment. */
const pinnedAt = (query: UsageQuery): UsageQuery => ({ ...query, pinned: query.asOf });

const askedSubject =
  (kind: SubjectKind): ExportPage['asked'] =>
  (name, parameters, limits, at) => {
    if (!SUBJECTS[kind].isName(name)) return null;
    const { path, query, narrowed } = narrowedTo(kind, name, pinnedAt(parseUsageQuery(parameters, limits, at)));
    return {
      query: kind === 'story' ? wholeStory(narrowed) : narrowed,
      address: usageUrl(path, query),
      title: `${SUBJECTS[kind].label} ${name}`,
    };
  };

const subjectPage = (kind: SubjectKind, tables: ExportPage['tables'], cost = usageCost): ExportPage => ({
  path: `${SUBJECTS[kind].path}/:name`,
  asked: askedSubject(kind),
  tables,
  cost,
});

/** Every page whose tables are exported, and its tables: a new table is one entry here. */
export const EXPORT_PAGES: ExportPage[] = [
  {
    path: OVERVIEW_PATH,
    asked: (_name, parameters, limits, at) => {
      const query = pinnedAt(parseUsageQuery(parameters, limits, at));
      return { query, address: usageUrl(OVERVIEW_PATH, query), title: 'AI usage' };
    },
    tables: {
      ...tablesOf(overview),
      breakdown: async (view) =>
        (await readBeside(view, view.query, handled(count(view)), { links: NO_LINKS, format: view.format })).table,
      causes: async (view) => {
        const { stats, compared } = await count(view);
        return whyPanel(stats, compared, view.format)?.table ?? null;
      },
      forecasts: async ({ reader, query, format }) => (await readMonthCard(reader, query, query.asOf, format)).past,
    },
    cost: usageCost,
  },
  subjectPage('author', { ...SUBJECT_TABLES, stories: topStories }),
  subjectPage('model', { usage: ofModel.usage, actions: ofModel.actions, stories: topStories }),
  subjectPage('action', { usage: SUBJECT_TABLES.usage, models: SUBJECT_TABLES.models, stories: topStories }),
  subjectPage(
    'story',
    {
      steps: async (view) => (await story(view))?.steps ?? null,
      repeats: async (view) => (await story(view))?.repeats.table ?? null,
    },
    async ({ reader, query }) => (await reader.story(query)).value.total.cost,
  ),
  {
    path: STATEMENT_PATH,
    asked: (_name, parameters, limits, at) => {
      const { timeZone } = limits;
      const given = parameters.month === undefined || parameters.month === '' ? null : parameters.month;
      const month = parseMonth(given ?? lastWholeMonth(at, timeZone), at, timeZone);
      const query = pinnedAt(parseUsageQuery({ ...monthSpan(month), asOf: parameters.asOf }, limits, at));
      const address = `${STATEMENT_PATH}?month=${encodeURIComponent(month)}&asOf=${isoFromInstant(query.asOf)}`;
      return { query, address, title: `Statement ${month}` };
    },
    tables: {
      models: async (view) => (await statement(view)).models,
      actions: async (view) => (await statement(view)).actions,
      days: async (view) => (await statement(view)).days,
      tieOut: async (view) => (await statement(view)).tieOut,
    },
    cost: async ({ reader, query }) => (await reader.stats(query, 'day')).value.total.cost,
  },
];
