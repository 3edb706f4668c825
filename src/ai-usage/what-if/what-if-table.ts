import { written } from '../../catalog/written.ts';
import type { UsageQuery } from '../../query/query.ts';
import type { WhatIf } from '../../stats/pricing/what-if.ts';
import { changeShare } from '../../tables/sum-columns.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import { periodOf } from '../../units/calendar-period.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, microEuros, minus, nearestMicro } from '../../units/money.ts';
import { dayOf, HOUR, startOfDay } from '../../units/time.ts';
import { subjectUrl } from '../frame/subjects.ts';

type Row = WhatIf['candidates'][number];

/** ", 30% of tokens in cached"; empty where none is assumed to be. */
export const assumedText = ({ cached }: Pick<UsageQuery, 'cached'>): string =>
  cached === 0 ? '' : `, ${cached}% of tokens in cached`;

/** The same tokens at the prices of each model, the cheapest first. `leads`: whether each leads to its page. */
export function candidatesTable({ assumed, candidates }: WhatIf, query: UsageQuery, leads: boolean): DataTable {
  const differenceOf = ({ cost }: Row) => minus(cost, assumed);
  const columns: Column<Row>[] = [
    {
      ...{ name: 'model', label: 'Model', kind: 'text', value: ({ model }) => model },
      cell: ({ model, hasCachedPrice }) => ({
        text: written(model),
        ...(leads ? { href: subjectUrl('model', model, query) } : {}),
        ...(query.cached > 0 && !hasCachedPrice ? { note: 'no price of cached input: all at that of input' } : {}),
      }),
    },
    { name: 'provider', label: 'Provider', kind: 'text', value: ({ provider }) => provider },
    { name: 'costOfInput', label: 'Tokens in', kind: 'euros', value: ({ input }) => input },
    { name: 'costOfOutput', label: 'Tokens out', kind: 'euros', value: ({ output }) => output },
    { name: 'cost', label: 'Cost', kind: 'euros', value: ({ cost }) => cost },
    { name: 'difference', label: 'Difference', kind: 'euros', isChange: true, leads: true, value: differenceOf },
    {
      ...{ name: 'differenceShare', label: 'Share', kind: 'ratio', isChange: true },
      value: ({ cost }) => changeShare(cost, assumed),
    },
    {
      ...{ name: 'hasCachedPrice', label: 'Has a price of cached input', kind: 'boolean', only: 'file' },
      value: ({ hasCachedPrice }) => hasCachedPrice,
    },
  ];
  return dataTable(columns, { title: `At other models’ prices${assumedText(query)}`, rows: candidates });
}

/** The shortest day: the first call of a month would make a fortune of its first minutes. */
const SHORTEST_PACE = 23n * HOUR;

/**
 * "At this pace December 2026 comes to €62.00 as now, and to €12.40 at the prices of gpt-5-nano; with twice the stories to €124.00 and €24.80."
 * Null where a window has no beginning or is shorter than any day, or nothing has a price.
 */
export function aheadOf({ now, assumed, candidates }: WhatIf, query: UsageQuery, format: Format): string | null {
  const [cheapest] = candidates;
  const { from, to } = query.window;
  if (from === null || to - from < SHORTEST_PACE || cheapest === undefined || now.requests === 0) return null;
  const { next: first } = periodOf(dayOf(query.asOf, format.timeZone), 'month');
  const { next } = periodOf(first, 'month');
  const month = startOfDay(next, format.timeZone) - startOfDay(first, format.timeZone);
  const pace = Number(month) / Number(to - from);
  const ofMonth = (cost: MicroEuros, times: number) => format.euros(nearestMicro(microEuros(cost * pace * times)));
  const [asNow, twice] = [ofMonth(assumed, 1), ofMonth(assumed, 2)];
  const [then, thenTwice] = [ofMonth(cheapest.cost, 1), ofMonth(cheapest.cost, 2)];
  const named = `at the prices of ${written(cheapest.model)}`;
  return `At this pace${query.cached === 0 ? '' : `${assumedText(query)},`} ${format.longMonth(first)} comes to ${asNow} as now, and to ${then} ${named}; with twice the stories to ${twice} and ${thenTwice}.`;
}
