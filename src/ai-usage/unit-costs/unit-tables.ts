import { actionInfo } from '../../catalog/actions.ts';
import { written } from '../../catalog/written.ts';
import type { Period } from '../../query/periods/registry.ts';
import type { UsageQuery, ViewLinks } from '../../query/query.ts';
import type { UnitCause, UnitCauses } from '../../stats/stories/unit-causes.ts';
import type { MonthOfUnits, UnitCosts, UnitOfCost } from '../../stats/stories/unit-costs.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import { firstDayOf } from '../../units/calendar.ts';
import { periodOf } from '../../units/calendar-period.ts';
import type { Format } from '../../units/format.ts';
import { average, minus, NO_EUROS, plus } from '../../units/money.ts';
import { startOfDay } from '../../units/time.ts';

/** How each is called, and what of it is counted. */
export const UNIT_WORDS: Record<UnitOfCost, { title: string; label: string; counted: string }> = {
  stories: {
    title: 'A story',
    label: 'Stories',
    counted:
      'A story counts in the month of its first call of this period, whole: with all its calls until the period ends. So the months add up to all calls, and a story that goes on in the next month is no cheap one there.',
  },
  chapters: {
    title: 'A chapter',
    label: 'Chapters',
    counted: `A chapter is a call of “${actionInfo('chapter_writing').label}” in the month, each try of it. The spread is that of what a chapter cost on average in each story.`,
  },
  images: {
    title: 'An image',
    label: 'Images',
    counted: `An image is a call of “${actionInfo('image_generation').label}” in the month, each try of it; edits are not counted. The spread is that of what an image cost on average in each story.`,
  },
  authors: {
    title: 'An author',
    label: 'Authors',
    counted: 'An author counts in every month with calls of theirs, with what those cost.',
  },
};

/** A month as a period: years of other than four digits are none. */
const monthUrl = (month: string, links: ViewLinks): string | null =>
  /^\d{4}-/.test(month) ? links.here({ period: month as Period, from: null, to: null }) : null;

/** What one of something cost, by month, the latest first. */
export function unitTable({ months }: UnitCosts, of: UnitOfCost, links: ViewLinks): DataTable {
  const { title, label } = UNIT_WORDS[of];
  const columns: Column<MonthOfUnits>[] = [
    {
      ...{ name: 'month', label: 'Month', kind: 'month', value: ({ month }) => month },
      cell: ({ month }) => {
        const href = monthUrl(month, links);
        return href ? { href } : {};
      },
    },
    { name: of, label, kind: 'integer', value: (month) => month[of].count },
    { name: 'cost', label: 'Cost', kind: 'euros', value: (month) => month[of].cost },
    {
      ...{ name: 'mean', label: 'Average', kind: 'euros', leads: true },
      value: (month) => (month[of].count === 0 ? null : average(month[of].cost, month[of].count)),
      cell: (month) => (month[of].count === 0 ? { text: '–' } : {}),
    },
    { name: 'median', label: 'Half cost at most', kind: 'euros', value: (month) => month[of].median },
    { name: 'p90', label: 'Nine in ten at most', kind: 'euros', value: (month) => month[of].p90 },
  ];
  const rows = [...months].reverse();
  return dataTable(columns, { title: `${title} by month`, rows });
}

const causeName = ({ action, model }: UnitCause): string =>
  action === null || model === null ? 'All others' : `${actionInfo(action).label}, ${written(model)}`;

/** The first rows, and all others as one. */
function upTo(most: number, rows: readonly UnitCause[]): UnitCause[] {
  const others = rows.slice(most);
  if (others.length < 2) return [...rows];
  const sum = (name: 'before' | 'now' | 'calls' | 'price') =>
    others.reduce((all, row) => plus(all, row[name]), NO_EUROS);
  const all = { before: sum('before'), now: sum('now'), calls: sum('calls'), price: sum('price') };
  return [...rows.slice(0, most), { action: null, model: null, ...all }];
}

/** Why a story cost more, or less, than one of the month before: all actions and models, or `most` of them by name. */
export function causesTable(causes: UnitCauses | null, format: Format, most = Number.POSITIVE_INFINITY): DataTable {
  const rows = upTo(most, causes?.rows ?? []);
  const total = { before: causes?.before ?? null, now: causes?.now ?? null };
  const sum = (name: 'calls' | 'price') => rows.reduce((all, row) => all + row[name], 0);
  const columns: Column<UnitCause>[] = [
    {
      ...{ name: 'actionLabel', label: 'Action', kind: 'text', value: causeName, only: 'page' as const },
      ...{ total: null, totalCell: { text: 'A story' } },
    },
    { name: 'action', label: 'Action id', kind: 'text', only: 'file', value: ({ action }) => action },
    { name: 'model', label: 'Model', kind: 'text', only: 'file', value: ({ model }) => model },
    {
      ...{ name: 'before', label: 'Before', kind: 'euros', value: ({ before }) => before, total: total.before },
    },
    {
      name: 'byCalls',
      label: 'Requests',
      kind: 'euros',
      isChange: true,
      value: ({ calls }) => calls,
      total: sum('calls'),
    },
    {
      ...{ name: 'byPrice', label: 'Cost per request', kind: 'euros', isChange: true },
      ...{ value: ({ price }) => price, total: sum('price') },
    },
    { name: 'now', label: 'Now', kind: 'euros', leads: true, value: ({ now }) => now, total: total.now },
  ];
  const title =
    causes === null
      ? 'Why a story cost something else'
      : `A story of ${format.longMonth(firstDayOf(causes.month))} and one of ${format.longMonth(firstDayOf(causes.monthBefore))}`;
  return dataTable(columns, { title, rows });
}

/**
 * What there is to say of the newer month where the window ends within it, as on its first days: most stories that have begun in it
 * are still being written, and cost little by then. Null where all of it is counted.
 */
export function cutOffText({ month }: UnitCauses, { window }: UsageQuery, format: Format): string | null {
  const { first, next } = periodOf(firstDayOf(month), 'month');
  if (window.to >= startOfDay(next, format.timeZone)) return null;
  return `${format.longMonth(first)} is counted until ${format.minute(window.to)}, its newest stories without the calls after that: they seem cheap.`;
}

/** "A story of November 2026 cost €0.421 on average, +€0.051 (+13.8%) beside one of October 2026." */
export function causesInWords({ month, monthBefore, before, now }: UnitCauses, format: Format): string {
  const change = minus(now, before);
  const [name, nameBefore] = [month, monthBefore].map((one) => format.longMonth(firstDayOf(one)));
  const share = format.shareChange(now, before);
  const compared = format.eurosCompared(now, before);
  const said = change === 0 ? 'as much as' : `${compared.change(change)}${share ? ` (${share})` : ''} beside`;
  return `A story of ${name} cost ${compared.euros(now)} on average, ${said} one of ${nameBefore}.`;
}
