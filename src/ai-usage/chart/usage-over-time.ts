import { parseBound } from '../../query/period.ts';
import type { QueryChange, UsageQuery, ViewLinks } from '../../query/query.ts';
import { SHOWN, type Stack } from '../../query/view.ts';
import type { DailyCosts } from '../../stats/forecast.ts';
import { type BucketSize, bucketOf, costsOfDays, type UsageStats } from '../../stats/stats.ts';
import { addTo, noSums, type Sums } from '../../stats/sums.ts';
import { unusualDays } from '../../stats/unusual/unusual.ts';
import { besideChange, columnPrinter } from '../../tables/cells.ts';
import { sumColumns } from '../../tables/sum-columns.ts';
import { type Column, dataTable, type Table } from '../../tables/table.ts';
import { byCodePoint } from '../../units/code-points.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';
import { addTime, dayOf, earliest, type Instant, isOfNoTime, isoFromInstant, latest } from '../../units/time.ts';
import { BREAKDOWNS, sumsOfEach } from '../breakdowns/breakdowns.ts';
import type { Compared } from '../breakdowns/compare.ts';
import { axisLabel, barLabel, beforeLabel } from './bar-labels.ts';
import { type Bar, type BarSize, barsOf } from './bars.ts';
import { type Bucket, bucketsOf } from './buckets.ts';
import { type Chart, type ChartBar, chartOf } from './chart.ts';
import { type RunningCost, runningCost } from './running-cost.ts';
import { type UnusualLegend, unusualLegend, usualText } from './unusual.ts';

/** What bars are marked with besides usage: what it is (its page, and how it went) stands in the legend, `text` of each mark at its bar. */
export type ChartNote = {
  label: string;
  href: string;
  text: string;
  marks: { at: Instant; text: string }[];
  /** What somebody said of days: listed below the chart, not in its legend. */
  ofDays?: true;
};

/** The panel of what was used over time, ready to print: a bar for each hour, day or month of the window, or a table of the same. */
export type UsageOverTime = {
  title: string;
  /** What a bar stands for: "days". */
  unit: string;
  /** What the bars can be divided by (model, action, provider), a link each. */
  stacks: { label: string; href: string; current: boolean }[];
  /** The parts of a bar in the order of their colours, with what each cost in all. */
  legend: { swatch: string; label: string; cost: string; href?: string }[];
  /** Chart and table: one of them is shown, and the other a link away. */
  shown: { label: string; href: string; current: boolean }[];
  notes: readonly ChartNote[];
  unusual: UnusualLegend;
  running: RunningCost | null;
  chart: Chart | null;
  table: Table | null;
};

/** More colours than these cannot be told apart: the models (actions, providers) that cost less are one more, "Other". */
const MOST_SERIES = 5;

/** Of more bars than of two months day by day, the dates that they are compared with weigh more than they tell. */
const MOST_DATED = 62;

/** What a bar stands for, in headings (`one`) and sentences (`many`). */
const NAMES: Record<BarSize, { one: string; many: string }> = {
  hour: { one: 'Hour', many: 'hours' },
  day: { one: 'Day', many: 'days' },
  month: { one: 'Month', many: 'months' },
  year: { one: 'Year', many: 'years' },
  century: { one: 'Century', many: 'centuries' },
  millennium: { one: 'Millennium', many: 'millennia' },
};

export const titleOf = (size: BarSize): string => `Usage by ${NAMES[size].one.toLowerCase()}`;

type Options = {
  links: ViewLinks;
  query: UsageQuery;
  size: BucketSize;
  by: Stack;
  stacks: readonly Stack[];
  notes: readonly ChartNote[];
  /** What the days before the window cost, by which a bar is known to be unusual. */
  daysBefore: DailyCosts;
  format: Format;
};
type Row = Sums &
  ChartBar &
  Bar & { /** An address that only tables have. */ records: () => string; usual: MicroEuros | null };

/** Makes the panel of the statistics of a window, and of the one that it is compared with (null: none). */
export function usageOverTime(stats: UsageStats, compared: Compared | null, options: Options): UsageOverTime {
  const { links, query, size, by, format } = options;
  const series = seriesOf(stats, options);
  const filled = stats.buckets.map(({ bucket }) => bucket);
  const buckets = bucketsOf(query.window, size, format.timeZone, filled);
  const shown = barsOf(buckets, size, query.window, format.timeZone);
  const rows = rowsOf(stats, compared, series, shown, options);
  const title = titleOf(shown.size);
  const printed = columnPrinter(
    'euros',
    series.map(({ cost }) => cost),
    format,
  );
  return {
    title,
    unit: NAMES[shown.size].many,
    stacks: options.stacks.map((stack) => ({
      label: BREAKDOWNS[stack].label.toLowerCase(),
      href: links.here({ by: stack }),
      current: stack === by,
    })),
    legend: series.map(({ label, cost, href }, i) => ({ swatch: `s${i}`, label, cost: printed(cost).text, href })),
    shown: SHOWN.map((show) => ({ label: show, href: links.here({ show }), current: show === query.show })),
    notes: options.notes,
    unusual: unusualLegend(
      rows.flatMap((row) => (row.usual === null ? [] : { ...row, usual: row.usual })),
      format,
    ),
    running: runningCost(rows),
    chart:
      query.show === 'chart'
        ? chartOf(
            rows,
            series.map(({ label }) => label),
            format,
          )
        : null,
    table:
      query.show === 'table'
        ? dataTable(columnsOf(stats, rows, series, shown.size, options), {
            title,
            rows: [...rows].reverse(),
            faint: ({ requests }) => requests === 0,
          }).page(format)
        : null,
  };
}

type Series = { label: string; keys: Set<string>; cost: MicroEuros; href?: string };

/** What a bar is divided into: the most expensive models, actions or providers, and all others as one. */
function seriesOf(stats: UsageStats, { links, query, by }: Options): Series[] {
  const { labelOf, only, but } = BREAKDOWNS[by];
  const costs = [...sumsOfEach(stats, by)].sort(([a, { cost }], [b, other]) => other.cost - cost || byCodePoint(a, b));
  const models = stats.models.map(({ model }) => model);
  const ofOne = costs.length > MOST_SERIES + 1 ? costs.slice(0, MOST_SERIES) : costs;
  const rest = costs.slice(ofOne.length);
  const series = ofOne.map(([key, { cost }]): Series => {
    const change = costs.length > 1 ? only(key, { models }) : null;
    return {
      label: labelOf(key),
      keys: new Set([key]),
      cost,
      ...(change === null ? {} : { href: links.here(change) }),
    };
  });
  if (rest.length > 0) {
    const cost = rest.reduce((sum, [, sums]) => plus(sum, sums.cost), NO_EUROS);
    const change = but(
      ofOne.map(([key]) => key),
      { models, query },
    );
    series.push({
      label: 'Other',
      keys: new Set(rest.map(([key]) => key)),
      cost,
      ...(change === null ? {} : { href: links.here(change) }),
    });
  }
  return series;
}

function rowsOf(
  stats: UsageStats,
  compared: Compared | null,
  series: Series[],
  { size: barSize, bars }: ReturnType<typeof barsOf>,
  options: Options,
): Row[] {
  const { links, query, size, by, notes, daysBefore, format } = options;
  const { timeZone } = format;
  const keyOf = BREAKDOWNS[by].keyOf ?? (() => '');
  const barOf = new Map(bars.flatMap(({ buckets }, bar) => buckets.map((bucket) => [bucket, bar])));
  const sums = bars.map(noSums);
  for (const { bucket, ...more } of stats.buckets) addTo(sums[barOf.get(bucket) as number] as Sums, more);
  const costs = bars.map(() => series.map(() => NO_EUROS));
  const places = new Map(series.flatMap(({ keys }, i) => [...keys].map((key) => [key, i])));
  for (const cell of stats.cells) {
    const ofBar = costs[barOf.get(bucketOf[size](cell)) as number] as MicroEuros[];
    const i = places.get(keyOf(cell)) as number;
    ofBar[i] = plus(ofBar[i] as MicroEuros, cell.cost);
  }
  const before = costsBefore(compared, size, bars.length, timeZone);
  const marks = notes.flatMap((note) => note.marks);
  const whole = size === 'day' ? bars.filter(({ partial }) => !partial).map(({ firstDay }) => firstDay) : [];
  const usually = unusualDays(new Map([...daysBefore, ...(size === 'day' ? costsOfDays(stats) : [])]), whole);
  return bars.map((bar, i) => {
    const span = isOfNoTime(bar) ? {} : barSpan(bar, barSize, query, timeZone);
    const records = () => links.records(span);
    const usual = bar.partial ? null : (usually.get(bar.firstDay) ?? null);
    return {
      ...bar,
      ...(sums[i] as Sums),
      records,
      costs: costs[i] as MicroEuros[],
      before: before?.[i]?.cost ?? null,
      beforeLabel: before?.[i] && bars.length <= MOST_DATED ? beforeLabel(before[i], size, format) : null,
      usual,
      unusual: usual === null ? null : usualText(usual, format),
      notes: [...new Set(marks.flatMap(({ at, text }) => (at >= bar.from && at < bar.to ? text : [])))],
      label: barLabel(bar, barSize, format),
      axisLabel: axisLabel(bar, barSize, format),
      // A bar that is all there is has nothing to narrow.
      href: bars.length === 1 ? records() : links.here(span),
    };
  });
}

/** What each bar cost in the window compared with, when both have as many; months are of different lengths and have none. */
export function costsBefore(
  compared: Compared | null,
  size: BucketSize,
  bars: number,
  timeZone: string,
): (Bucket & { cost: MicroEuros })[] | null {
  if (compared === null || size === 'month') return null;
  const buckets = bucketsOf(compared.window, size, timeZone, []);
  if (buckets.length !== bars) return null;
  const costs = new Map(compared.stats.buckets.map(({ bucket, cost }) => [bucket, cost]));
  return buckets.map((one) => ({ ...one, cost: costs.get(one.bucket) ?? NO_EUROS }));
}

function columnsOf(
  { total }: UsageStats,
  rows: Row[],
  series: Series[],
  size: BarSize,
  { format }: Options,
): Column<Row>[] {
  const hasBefore = rows.some(({ before }) => before !== null);
  const sumBefore = rows.reduce((sum, { before }) => plus(sum, before ?? NO_EUROS), NO_EUROS);
  return [
    {
      ...{ name: 'bar', label: `${NAMES[size].one} (${format.timeZone})`, kind: 'text', total: 'Total' },
      value: ({ label }) => label,
      cell: ({ href, partial, requests, notes, unusual }) => ({
        ...(requests > 0 ? { href, narrows: rows.length > 1 } : {}),
        note:
          [...(partial ? ['part'] : []), ...(unusual === null ? [] : [`unusual: ${unusual}`]), ...notes].join('; ') ||
          undefined,
      }),
    },
    ...sumColumns<Row>(total, {
      requests: { cell: ({ requests, records }) => (requests > 0 ? { href: records() } : {}) },
      inputTokens: { onDesk: true },
      outputTokens: { onDesk: true },
    }),
    ...(hasBefore
      ? [
          {
            ...{ name: 'change', label: 'Change', kind: 'euros' as const, isChange: true as const },
            value: ({ cost, before }: Row) => cost - (before ?? 0),
            // Without the exact amount, as what it is made of is a cell away: ninety times over its decimals weigh too much.
            cell: ({ cost, before }: Row) => ({
              ...besideChange(cost, before ?? NO_EUROS, before === 0 && cost > 0, format),
              exact: undefined,
            }),
            total: total.cost - sumBefore,
            totalCell: besideChange(total.cost, sumBefore, false, format),
          },
        ]
      : []),
    ...(series.length > 1
      ? series.map(
          ({ label, cost }, i): Column<Row> => ({
            ...{ name: 'part', label, kind: 'euros', total: cost },
            value: ({ costs }) => costs[i] ?? 0,
            // Rounded: the exact figures are a click away, and a page of ninety days stays light.
            cell: ({ costs }) => ({ ...(costs[i] ? {} : { text: '–' }), exact: undefined }),
          }),
        )
      : []),
  ];
}

/**
 * What a link to a bar changes: whole days by their dates, today as well, so that it is compared with the day before
 * until the same time; hours and parts of days by their instants.
 */
function barSpan(bar: Bar, size: BarSize, { window, asOf }: UsageQuery, timeZone: string): QueryChange {
  const isWhole = bar.from >= (window.from ?? bar.from) && (bar.to <= window.to || window.to === asOf);
  const [from, to] =
    size !== 'hour' && isWhole && !bar.isGap
      ? [bar.firstDay, size === 'day' ? bar.firstDay : dayOf(addTime(bar.to, -1n), timeZone)]
      : [isoFromInstant(latest(bar.from, window.from ?? bar.from)), isoFromInstant(earliest(bar.to, window.to))];
  return { period: null, from: parseBound(from, 'from', timeZone), to: parseBound(to, 'to', timeZone) };
}
