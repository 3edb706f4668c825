import { queryWithin, type UsageQuery, type ViewLinks, WHICH_RECORDS } from '../../query/query.ts';
import { STACKS } from '../../query/view.ts';
import type { Budget } from '../../stats/budgets/budgets.ts';
import { readUses } from '../../stats/budgets/read-use.ts';
import { handled } from '../../units/promises/handled.ts';
import { BREAKDOWNS } from '../breakdowns/breakdowns.ts';
import type { Counted } from '../breakdowns/compare.ts';
import { readCounted } from '../breakdowns/counted.ts';
import { whyPanel } from '../breakdowns/why-panel.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import type { DaysBefore } from '../chart/unusual.ts';
import { allBut, causesFile, NOWHERE, numberTables, PERIOD } from '../exports/number-tables.ts';
import type { UsageTable } from '../exports/usage-export.ts';
import { numbersBy, numbersOf } from '../frame/numbers.ts';
import type { UsageView } from '../frame/sources.ts';
import { BESIDE } from './beside.ts';
import { forecastAt, forecastTable, monthCard, monthCardWindow } from './month-card.ts';
import type { Marked } from './used-up.ts';

/** What panels are read from: the view at a fixed instant, its numbers, which are read only once, and the query that links carry on. */
type PanelSources = UsageView & {
  counted: Promise<Counted>;
  /** Of just these calls; none of a frozen view, nor beside costs by the price list. */
  budgets: Promise<Budget[]>;
  /** When those were used up within the window. */
  marked: Promise<Marked>;
  /** What people said of days of the window. */
  noted: Promise<Marked>;
  /** What the days before the window cost, by which bars are known to be unusual. */
  daysBefore: Promise<DaysBefore>;
  links: ViewLinks;
  asked: UsageQuery;
};

/**
 * A part of the overview that is read, timed and fails by itself. `view` prints what `read` makes ready, null being nothing
 * to show; `tables` are its files.
 */
export type OverviewPanel = {
  name: string;
  view: string;
  read: (sources: PanelSources) => Promise<object | null>;
  tables: Record<string, UsageTable>;
};

const COMPARED = [...WHICH_RECORDS, 'compare', 'cost'];
const numbers = numberTables(readCounted, COMPARED);

const breakdownPanel =
  (by: 'model' | 'action'): OverviewPanel['read'] =>
  async ({ counted, asked, format, links }) => ({
    title: BREAKDOWNS[by].title,
    table: numbersBy(by, await counted, { links, query: asked, format }),
  });

/** The panels of the overview, in their order, each with its files: the one place to add another. */
export const PANELS: OverviewPanel[] = [
  {
    name: 'numbers',
    view: 'ai-usage/overview/numbers',
    read: async ({ counted, marked, noted, daysBefore, asked, format, links }) => {
      const [{ notes, failed }, said, before] = await Promise.all([marked, noted, daysBefore]);
      const options = { links, query: asked, size: bucketSizeOf(asked), by: asked.by, stacks: STACKS, format };
      const numbers = numbersOf(await counted, {
        ...options,
        notes: [...notes, ...said.notes],
        daysBefore: before.costs,
      });
      return { ...numbers, notMarked: failed, notNoted: said.failed, notJudged: before.failed };
    },
    tables: { usage: numbers.usage, parts: numbers.parts },
  },
  {
    name: 'month',
    view: 'ai-usage/overview/month-card',
    read: async ({ reader, budgets, query, asked, format }) => {
      const { timeZone } = format;
      const ofMonth = async () => (await budgets).filter(({ per }) => per === 'month');
      const [{ value }, used] = await Promise.all([
        reader.dailyCosts(queryWithin(query, monthCardWindow(query.asOf, timeZone))),
        ofMonth().then((some) => readUses(reader, some, query.asOf, timeZone)),
      ]);
      return monthCard(value, used, query, asked.pinned !== null, format);
    },
    tables: {
      forecasts: {
        // Of whole months, whatever the window.
        heeds: [...allBut(PERIOD), 'cost'],
        read: async ({ reader, query, format }) => {
          const { timeZone } = format;
          const { value } = await reader.dailyCosts(queryWithin(query, monthCardWindow(query.asOf, timeZone)));
          return forecastTable(forecastAt(value, query.asOf, timeZone).past, format);
        },
      },
    },
  },
  {
    name: 'why',
    view: 'ai-usage/breakdowns/why',
    read: async ({ counted, asked, links, format }) => whyPanel(await counted, { query: asked, links }, format),
    tables: {
      causes: causesFile(COMPARED),
    },
  },
  {
    name: 'models',
    view: 'ai-usage/overview/breakdown',
    read: breakdownPanel('model'),
    tables: { models: numbers.models },
  },
  {
    name: 'actions',
    view: 'ai-usage/overview/breakdown',
    read: breakdownPanel('action'),
    tables: { actions: numbers.actions },
  },
  {
    name: 'beside',
    view: 'ai-usage/overview/beside',
    read: async (sources) => {
      const { asked, format } = sources;
      const { table, ...shown } = await BESIDE[asked.breakdown].read(sources);
      return { ...shown, table: table.page(format) };
    },
    tables: {
      breakdown: {
        heeds: ({ breakdown }) => {
          const asked = Object.hasOwn(BESIDE, String(breakdown))
            ? [BESIDE[breakdown as keyof typeof BESIDE]]
            : Object.values(BESIDE);
          return [...WHICH_RECORDS, 'breakdown', ...asked.flatMap(({ heeds }) => heeds)];
        },
        read: async (view) => {
          const counted = handled(readCounted(view));
          return (await BESIDE[view.query.breakdown].read({ ...view, counted, links: NOWHERE, asked: view.query }))
            .table;
        },
      },
    },
  },
];
