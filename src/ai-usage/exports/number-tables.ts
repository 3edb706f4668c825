import { type Names, NO_NAMES } from '../../catalog/names.ts';
import { type ViewLinks, WHICH_RECORDS } from '../../query/query.ts';
import type { Stack } from '../../query/view.ts';
import type { DataTable } from '../../tables/table.ts';
import { breakdownTable } from '../breakdowns/breakdown-table.ts';
import { type Breakdown, breakdownOf } from '../breakdowns/breakdowns.ts';
import type { Counted } from '../breakdowns/compare.ts';
import { readCounted } from '../breakdowns/counted.ts';
import { causesTable } from '../breakdowns/why-panel.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import { partsTable, usageTable } from '../chart/usage-tables.ts';
import type { UsageView } from '../frame/sources.ts';
import type { UsageTable } from './usage-export.ts';

/** What breakdowns are ordered by. */
export const RANK = ['rankBy', 'rankOrder'];
export const PERIOD = ['period', 'from', 'to'];

/** All that decides which records are meant, but for some. */
export const allBut = (parameters: string[]) => WHICH_RECORDS.filter((parameter) => !parameters.includes(parameter));

/** A file has no links. */
export const NOWHERE: ViewLinks = { here: () => '', records: () => '' };

const breakdownFile = (breakdown: Breakdown, names: Names, { query, format }: UsageView): DataTable =>
  breakdownTable(breakdown, { links: NOWHERE, query, names, models: [], courses: null, rest: null, format });

/** Why the cost changed, by model. */
export const causesFile = (heeds: readonly string[]): UsageTable => ({
  heeds,
  read: async (view) => causesTable(await readCounted(view), view.format),
});

export const usageCost = async ({ reader, query }: UsageView) =>
  (await reader.stats(query, bucketSizeOf(query))).value.total.cost;

/**
 * The tables of numbers that the overview and the pages of subjects have; `stackOf` says what the bars are made of where
 * that is asked.
 */
export function numberTables(
  count: (view: UsageView) => Promise<Counted>,
  heeds: readonly string[],
  stackOf = (asked: Stack): Stack => asked,
) {
  const options = ({ query, format }: UsageView) => ({
    query,
    size: bucketSizeOf(query),
    by: stackOf(query.by),
    timeZone: format.timeZone,
  });
  const breakdown = (by: 'model' | 'action'): UsageTable => ({
    heeds: [...heeds, ...RANK],
    read: async (view) => {
      const { stats, compared } = await count(view);
      return breakdownFile(breakdownOf(by, stats, compared?.stats ?? null, view.query), NO_NAMES, view);
    },
  });
  return {
    usage: { heeds: [...heeds, 'by'], read: async (view) => usageTable(await count(view), options(view)) },
    // What they were before is not told.
    parts: {
      heeds: [...heeds.filter((one) => one !== 'compare'), 'by'],
      read: async (view) => partsTable((await count(view)).stats, options(view)),
    },
    models: breakdown('model'),
    actions: breakdown('action'),
  } satisfies Record<string, UsageTable>;
}
