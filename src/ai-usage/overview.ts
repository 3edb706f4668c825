import type { Format } from '../units/format.ts';
import { isoFromInstant } from '../units/time.ts';
import { actionInfo } from './actions.ts';
import { type Bucket, bucketsOf } from './buckets.ts';
import { type Chart, chartOf, costPerMillionTokens } from './chart.ts';
import { parseBound } from './period.ts';
import { providerOf, UNKNOWN_PROVIDER } from './providers.ts';
import { type QueryChange, type UsageQuery, usageUrl } from './query.ts';
import type { BucketSize, UsageStats } from './stats.ts';
import { detailsOf } from './subjects.ts';
import type { Sums } from './sums.ts';
import { type Column, cellsOf, type Table, tableOf } from './table.ts';
import { tiesOut } from './tie-out.ts';

export const OVERVIEW_PATH = '/ai-usage';
export const RECORDS_PATH = '/ai-usage/records';

export type Tile = { label: string; text: string; value?: string; note?: string };

/** The overview's numbers, ready to print. */
export type Overview = {
  tiles: Tile[];
  models: Table;
  actions: Table;
  usage: { title: string; unit: string; chart: Chart; table: Table };
  empty: boolean;
  tiesOut: boolean;
};

const totalTokens = (sums: Sums) => sums.inputTokens + sums.outputTokens;
const average = (total: number, count: number) => (count === 0 ? 0 : total / count);

export function overviewOf(stats: UsageStats, query: UsageQuery, size: BucketSize, format: Format): Overview {
  return {
    tiles: tilesOf(stats, format),
    models: modelTable(stats, query, format),
    actions: actionTable(stats, query, format),
    usage: usageOverTime(stats, query, size, format),
    empty: stats.total.requests === 0,
    tiesOut: tiesOut(stats),
  };
}

function tilesOf({ total }: UsageStats, format: Format): Tile[] {
  const euros = (label: string, micro: number, note?: string): Tile => ({
    label,
    text: format.euros(micro),
    value: format.exactEuros(micro),
    note,
  });
  const count = (label: string, number: number): Tile => ({ label, text: format.integer(number) });
  return [
    { ...euros('Total cost', total.cost), note: format.exactEuros(total.cost) },
    count('Requests', total.requests),
    count('Tokens in', total.inputTokens),
    count('Tokens out', total.outputTokens),
    euros('Average per request', average(total.cost, total.requests)),
    count('Stories', total.stories),
    euros('Average per story', average(total.cost, total.stories)),
  ];
}

function modelTable({ models, total }: UsageStats, query: UsageQuery, format: Format): Table {
  const { integer, euros, share } = cellsOf(format);
  type Row = UsageStats['models'][number];
  const columns: Column<Row>[] = [
    {
      label: 'Model',
      cell: ({ model, cost }) => ({
        text: model,
        href: usageUrl(RECORDS_PATH, query, { models: [model] }),
        ...detailsOf('model', model, model, query),
        ...(cost === 0 ? { flag: 'no price' } : {}),
      }),
      total: { text: 'Total' },
    },
    {
      label: 'Provider',
      cell: ({ model }) => {
        const provider = providerOf(model);
        return provider === UNKNOWN_PROVIDER ? { text: '', flag: provider } : { text: provider };
      },
    },
    { label: 'Requests', numeric: true, cell: (row) => integer(row.requests), total: integer(total.requests) },
    { label: 'Tokens in', numeric: true, cell: (row) => integer(row.inputTokens), total: integer(total.inputTokens) },
    {
      label: 'Tokens out',
      numeric: true,
      cell: (row) => integer(row.outputTokens),
      total: integer(total.outputTokens),
    },
    { label: 'Tokens', numeric: true, cell: (row) => integer(totalTokens(row)), total: integer(totalTokens(total)) },
    { label: 'Cost', numeric: true, cell: (row) => euros(row.cost), total: euros(total.cost) },
    {
      label: 'Share',
      numeric: true,
      cell: (row) => share(row.cost, total.cost),
      total: share(total.cost, total.cost),
    },
    {
      label: 'Per request',
      numeric: true,
      cell: (row) => euros(average(row.cost, row.requests)),
      total: euros(average(total.cost, total.requests)),
    },
    {
      label: '€ per million tokens',
      numeric: true,
      cell: (row) => euros(costPerMillionTokens(row.cost, totalTokens(row))),
      total: euros(costPerMillionTokens(total.cost, totalTokens(total))),
    },
  ];
  return tableOf(columns, { caption: 'Models', rows: models });
}

function actionTable({ actions, total }: UsageStats, query: UsageQuery, format: Format): Table {
  const { integer, euros, share } = cellsOf(format);
  type Row = UsageStats['actions'][number];
  const columns: Column<Row>[] = [
    {
      label: 'Action',
      cell: ({ action }) => {
        const { label, description, kind } = actionInfo(action);
        return {
          text: label,
          id: action,
          note: description,
          icon: kind,
          href: usageUrl(RECORDS_PATH, query, { actions: [action] }),
          ...detailsOf('action', action, label, query),
        };
      },
      total: { text: 'Total', note: 'each story counted once' },
    },
    { label: 'Requests', numeric: true, cell: (row) => integer(row.requests), total: integer(total.requests) },
    { label: 'Stories', numeric: true, cell: (row) => integer(row.stories), total: integer(total.stories) },
    { label: 'Tokens in', numeric: true, cell: (row) => integer(row.inputTokens), total: integer(total.inputTokens) },
    {
      label: 'Tokens out',
      numeric: true,
      cell: (row) => integer(row.outputTokens),
      total: integer(total.outputTokens),
    },
    { label: 'Cost', numeric: true, cell: (row) => euros(row.cost), total: euros(total.cost) },
    {
      label: 'Share',
      numeric: true,
      cell: (row) => share(row.cost, total.cost),
      total: share(total.cost, total.cost),
    },
    {
      label: 'Per request',
      numeric: true,
      cell: (row) => euros(average(row.cost, row.requests)),
      total: euros(average(total.cost, total.requests)),
    },
    {
      label: 'Per story',
      numeric: true,
      cell: (row) => euros(average(row.cost, row.stories)),
      total: euros(average(total.cost, total.stories)),
    },
  ];
  return tableOf(columns, { caption: 'Actions', rows: actions });
}

const USAGE_TITLES: Record<BucketSize, string> = {
  hour: 'Usage by hour',
  day: 'Usage by day',
  month: 'Usage by month',
};
const BUCKET_NAMES: Record<BucketSize, string> = { hour: 'Hour', day: 'Day', month: 'Month' };

/** What a link to a bucket's records changes: whole days by their dates, parts and hours by their instants. */
function bucketSpan(bucket: Bucket, { window }: UsageQuery, timeZone: string): QueryChange {
  const from = isoFromInstant(Math.max(bucket.from, window.from ?? bucket.from));
  const to = isoFromInstant(Math.min(bucket.to, window.to));
  return { period: null, from: parseBound(from, 'from', timeZone), to: parseBound(to, 'to', timeZone) };
}

function usageOverTime(stats: UsageStats, query: UsageQuery, size: BucketSize, format: Format): Overview['usage'] {
  const { integer, euros } = cellsOf(format);
  const { timeZone } = format;
  const sums = new Map(stats.buckets.map((bucket) => [bucket.bucket, bucket]));
  const none: Sums = { requests: 0, inputTokens: 0, outputTokens: 0, cost: 0 };
  const rows = bucketsOf(query.window, size, timeZone, stats.buckets[0]?.bucket ?? null).map((bucket) => ({
    ...bucket,
    ...(sums.get(bucket.bucket) ?? none),
    label: bucketLabel(bucket, size, format),
    href: usageUrl(RECORDS_PATH, query, bucketSpan(bucket, query, timeZone)),
  }));
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    {
      label: `${BUCKET_NAMES[size]} (${timeZone})`,
      cell: ({ label, bucket, from, href, partial, requests }) => ({
        text: label,
        id: size === 'hour' ? isoFromInstant(from) : bucket,
        ...(requests > 0 ? { href } : {}),
        ...(partial ? { note: 'part' } : {}),
      }),
      total: { text: 'Total' },
    },
    { label: 'Requests', numeric: true, cell: (row) => integer(row.requests), total: integer(stats.total.requests) },
    {
      label: 'Tokens in',
      numeric: true,
      cell: (row) => integer(row.inputTokens),
      total: integer(stats.total.inputTokens),
    },
    {
      label: 'Tokens out',
      numeric: true,
      cell: (row) => integer(row.outputTokens),
      total: integer(stats.total.outputTokens),
    },
    { label: 'Cost', numeric: true, cell: (row) => euros(row.cost), total: euros(stats.total.cost) },
  ];
  const newestFirst = [...rows].reverse();
  const bars = rows.map((row) => ({ ...row, axisLabel: axisLabel(row, size, format) }));
  return {
    title: USAGE_TITLES[size],
    unit: `${size}s`,
    chart: chartOf(bars, format),
    table: tableOf(columns, {
      caption: USAGE_TITLES[size],
      rows: newestFirst,
      faint: ({ requests }) => requests === 0,
    }),
  };
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
