import type { Format } from '../units/format.ts';
import { dayOf, earliest, isoFromInstant, latest } from '../units/time.ts';
import { BREAKDOWNS, sumsOfEach } from './breakdowns.ts';
import { type Bucket, bucketsOf } from './buckets.ts';
import { cellsOf } from './cells.ts';
import { type Chart, type ChartBar, chartOf } from './chart.ts';
import type { Compared } from './compare.ts';
import { parseBound } from './period.ts';
import type { QueryChange, UsageQuery, ViewLinks } from './query.ts';
import { type BucketSize, bucketOf, type UsageStats } from './stats.ts';
import { noSums, type Sums } from './sums.ts';
import { type Column, type Table, tableOf } from './table.ts';
import { SHOWN, STACKS, type Stack } from './view.ts';

/** A window's cost and tokens by hour, day or month, each bar divided by model, action or provider. */
export type UsageOverTime = {
  title: string;
  /** "days" */
  unit: string;
  stacks: { label: string; href: string; current: boolean }[];
  /** What the colours stand for, in their order. */
  legend: { swatch: string; label: string; cost: string; href?: string }[];
  /** One of the two, and the way to the other. */
  shown: { label: string; href: string; current: boolean }[];
  chart: Chart | null;
  table: Table | null;
};

/** As many colours as can be told apart; the rest is one more, "Other". */
const MOST_SERIES = 5;

export const TITLES: Record<BucketSize, string> = {
  hour: 'Usage by hour',
  day: 'Usage by day',
  month: 'Usage by month',
};
const NAMES: Record<BucketSize, string> = { hour: 'Hour', day: 'Day', month: 'Month' };

type Options = { links: ViewLinks; query: UsageQuery; size: BucketSize; by: Stack; format: Format };
type Row = Sums & ChartBar & Bucket & { records: string };

export function usageOverTime(stats: UsageStats, compared: Compared | null, options: Options): UsageOverTime {
  const { links, query, size, by, format } = options;
  const series = seriesOf(stats, options);
  const rows = rowsOf(stats, compared, series, options);
  return {
    title: TITLES[size],
    unit: `${size}s`,
    stacks: STACKS.map((stack) => ({
      label: BREAKDOWNS[stack].label.toLowerCase(),
      href: links.here({ by: stack }),
      current: stack === by,
    })),
    legend: series.map(({ label, cost, href }, i) => ({ swatch: `s${i}`, label, cost: format.euros(cost), href })),
    shown: SHOWN.map((show) => ({ label: show, href: links.here({ show }), current: show === query.show })),
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
        ? tableOf(columnsOf(stats, rows, series, options), {
            caption: TITLES[size],
            rows: [...rows].reverse(),
            faint: ({ requests }) => requests === 0,
          })
        : null,
  };
}

type Series = { label: string; keys: Set<string>; cost: number; href?: string };

/** The most expensive ones, and all others as one. */
function seriesOf(stats: UsageStats, { links, by }: Options): Series[] {
  const { labelOf, only } = BREAKDOWNS[by];
  const costs = [...sumsOfEach(stats, by)].sort(([a, { cost }], [b, other]) => other.cost - cost || (a < b ? -1 : 1));
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
    const cost = rest.reduce((sum, [, sums]) => sum + sums.cost, 0);
    series.push({ label: 'Other', keys: new Set(rest.map(([key]) => key)), cost });
  }
  return series;
}

function rowsOf(stats: UsageStats, compared: Compared | null, series: Series[], options: Options): Row[] {
  const { links, query, size, by, format } = options;
  const { timeZone } = format;
  const keyOf = BREAKDOWNS[by].keyOf ?? (() => '');
  const sums = new Map(stats.buckets.map((bucket) => [bucket.bucket, bucket]));
  const costs = new Map(stats.buckets.map(({ bucket }) => [bucket, series.map(() => 0)]));
  const places = new Map(series.flatMap(({ keys }, i) => [...keys].map((key) => [key, i])));
  for (const cell of stats.cells) {
    const ofBucket = costs.get(bucketOf[size](cell)) as number[];
    const i = places.get(keyOf(cell)) as number;
    ofBucket[i] = (ofBucket[i] as number) + cell.cost;
  }
  const buckets = bucketsOf(query.window, size, timeZone, stats.buckets[0]?.bucket ?? null);
  const before = costsBefore(compared, size, buckets.length, timeZone);
  return buckets.map((bucket, i) => {
    const { requests, inputTokens, outputTokens, cost } = sums.get(bucket.bucket) ?? noSums();
    const span = bucketSpan(bucket, size, query, timeZone);
    const records = links.records(span);
    return {
      ...bucket,
      ...{ requests, inputTokens, outputTokens, cost, records },
      costs: costs.get(bucket.bucket) ?? series.map(() => 0),
      before: before?.[i] ?? null,
      label: bucketLabel(bucket, size, format),
      axisLabel: axisLabel(bucket, size, format),
      // A bar that is all there is has nothing to narrow.
      href: buckets.length === 1 ? records : links.here(span),
    };
  });
}

/** What each bar cost in the window compared with, when both have as many; months are of different lengths and have none. */
export function costsBefore(
  compared: Compared | null,
  size: BucketSize,
  bars: number,
  timeZone: string,
): number[] | null {
  if (compared === null || size === 'month') return null;
  const buckets = bucketsOf(compared.window, size, timeZone, null);
  if (buckets.length !== bars) return null;
  const costs = new Map(compared.stats.buckets.map(({ bucket, cost }) => [bucket, cost]));
  return buckets.map(({ bucket }) => costs.get(bucket) ?? 0);
}

function columnsOf(stats: UsageStats, rows: Row[], series: Series[], { size, format }: Options): Column<Row>[] {
  const { total } = stats;
  const { integer, euros, change } = cellsOf(format);
  const hasBefore = rows.some(({ before }) => before !== null);
  const sumBefore = rows.reduce((sum, { before }) => sum + (before ?? 0), 0);
  const count = (label: string, value: (sums: Sums) => number): Column<Row> => ({
    label,
    numeric: true,
    cell: (row) => integer(value(row)),
    total: integer(value(total)),
  });
  return [
    {
      label: `${NAMES[size]} (${format.timeZone})`,
      cell: ({ label, href, partial, requests }) => ({
        text: label,
        ...(requests > 0 ? { href, narrows: rows.length > 1 } : {}),
        ...(partial ? { note: 'part' } : {}),
      }),
      total: { text: 'Total' },
    },
    {
      label: 'Requests',
      numeric: true,
      cell: ({ requests, records }) => ({
        ...integer(requests),
        ...(requests > 0 ? { href: records } : {}),
      }),
      total: integer(total.requests),
    },
    count('Tokens in', ({ inputTokens }) => inputTokens),
    count('Tokens out', ({ outputTokens }) => outputTokens),
    {
      label: 'Cost',
      numeric: true,
      cell: ({ cost }) => euros(cost),
      total: euros(total.cost),
    },
    ...(hasBefore
      ? [
          {
            label: 'Change',
            numeric: true as const,
            // Rounded where it is large, as what it is made of is a cell away: ninety times over its decimals weigh too much.
            cell: (row: Row) => ({
              ...change(row.cost, row.before ?? 0, row.before === 0 && row.cost > 0),
              exact: undefined,
            }),
            total: change(total.cost, sumBefore, false),
          },
        ]
      : []),
    ...(series.length > 1
      ? series.map(
          ({ label, cost }, i): Column<Row> => ({
            label,
            numeric: true,
            // Rounded: the exact figures are a click away, and a page of ninety days stays light.
            cell: ({ costs }) => ({
              ...euros(costs[i] ?? 0),
              text: costs[i] ? format.roundEuros(costs[i]) : '–',
              exact: undefined,
            }),
            total: euros(cost),
          }),
        )
      : []),
  ];
}

/**
 * What a link to a bucket changes: whole days by their dates, today as well, so that it is compared with the day before
 * until the same time; hours and parts of days by their instants.
 */
function bucketSpan(bucket: Bucket, size: BucketSize, { window, asOf }: UsageQuery, timeZone: string): QueryChange {
  const isWhole = bucket.from >= (window.from ?? bucket.from) && (bucket.to <= window.to || window.to === asOf);
  const [from, to] =
    size !== 'hour' && isWhole
      ? [bucket.firstDay, size === 'day' ? bucket.firstDay : dayOf(bucket.to - 1n, timeZone)]
      : [
          isoFromInstant(latest(bucket.from, window.from ?? bucket.from)),
          isoFromInstant(earliest(bucket.to, window.to)),
        ];
  return { period: null, from: parseBound(from, 'from', timeZone), to: parseBound(to, 'to', timeZone) };
}

function bucketLabel(bucket: Bucket, size: BucketSize, format: Format): string {
  if (size === 'hour')
    return `${format.shortDay(bucket.firstDay)}, ${format.timeOfDay(bucket.from)}–${format.timeOfDay(bucket.to)}`;
  return size === 'day' ? format.longDay(bucket.firstDay) : format.month(bucket.firstDay);
}

function axisLabel(bucket: Bucket, size: BucketSize, format: Format): string {
  if (size === 'hour') return format.timeOfDay(bucket.from);
  return size === 'day' ? format.shortDay(bucket.firstDay) : format.month(bucket.firstDay);
}
