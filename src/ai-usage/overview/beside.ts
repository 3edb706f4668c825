import { NO_NAMES } from '../../catalog/names.ts';
import type { UsageQuery, ViewLinks } from '../../query/query.ts';
import { BREAKDOWNS_BESIDE, type BreakdownBeside } from '../../query/view.ts';
import type { TopBy } from '../../stats/stories/story-sums.ts';
import type { DataTable } from '../../tables/table.ts';
import { handled } from '../../units/promises/handled.ts';
import { breakdownTable } from '../breakdowns/breakdown-table.ts';
import { BREAKDOWNS, breakdownOf } from '../breakdowns/breakdowns.ts';
import type { Counted } from '../breakdowns/compare.ts';
import { coursesOf } from '../breakdowns/courses.ts';
import { aboutTop, readTopBreakdown, type TopBreakdown } from '../breakdowns/top-breakdown.ts';
import { RANK } from '../exports/number-tables.ts';
import { listUrl } from '../frame/lists.ts';
import type { UsageView } from '../frame/sources.ts';
import { HEAT_MAP_TITLE, heatMap } from './heat-map.ts';

/** `counted`: the numbers of the same view, which are read only once; `asked`: the query that links carry on. */
type BesideSources = UsageView & { counted: Promise<Counted>; links: ViewLinks; asked: UsageQuery };
type Beside = {
  title: string;
  /** Which parameters of a view change it, besides those that decide which records are meant. */
  heeds: readonly string[];
  read: (view: BesideSources) => Promise<Shown>;
};
/** `about`: what there is to say of whose costs its are. */
type Shown = { table: DataTable; namesAvailable: boolean; about: string | null };

const COMPARED = ['compare', 'cost', ...RANK];

/** What the total can be broken down by, besides models and actions: the one place to add another. */
export const BESIDE: Record<BreakdownBeside, Beside> = {
  provider: {
    title: BREAKDOWNS.provider.title,
    heeds: COMPARED,
    read: async (view) => {
      const { stats, compared } = await view.counted;
      const breakdown = breakdownOf('provider', stats, compared?.stats ?? null, view.query);
      return { ...(await shown({ breakdown, names: NO_NAMES, dayCosts: null }, view)), about: null };
    },
  },
  author: { title: BREAKDOWNS.author.title, heeds: COMPARED, read: (view) => readTop(view, 'author') },
  story: { title: BREAKDOWNS.story.title, heeds: COMPARED, read: (view) => readTop(view, 'story') },
  hour: {
    title: HEAT_MAP_TITLE,
    heeds: ['cost'],
    read: async ({ reader, query, links, format }) => ({
      table: heatMap((await reader.week(query)).value, { query, links, format }),
      namesAvailable: true,
      about: null,
    }),
  },
};

/** The ways from one to another. */
export const besideTabs = (query: UsageQuery, { here }: ViewLinks) =>
  BREAKDOWNS_BESIDE.map((breakdown) => ({
    label: BESIDE[breakdown].title,
    href: here({ breakdown }),
    current: breakdown === query.breakdown,
  }));

async function readTop(view: BesideSources, by: TopBy) {
  const reading = handled(readTopBreakdown(view, view.query, by, view.counted));
  // Both are waited for: which of them fails first must not matter.
  const [top] = await Promise.all([reading, view.counted]);
  return { ...(await shown(top, view)), about: aboutTop(top, view.query, view.format) };
}

async function shown(
  { breakdown, names, dayCosts }: Omit<TopBreakdown, 'cut'>,
  { counted, links, asked, format }: BesideSources,
): Promise<Omit<Shown, 'about'>> {
  const { stats } = await counted;
  return {
    table: breakdownTable(breakdown, {
      links,
      query: asked,
      names,
      models: stats.models.map(({ model }) => model),
      courses: coursesOf(breakdown.by, { stats, dayCosts }, asked, format),
      rest: listUrl(breakdown.by, asked),
      few: true,
      format,
    }),
    namesAvailable: names.available,
  };
}
