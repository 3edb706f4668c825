import type { SlowRequest } from '../measuring/recent.ts';
import { type Column, dataTable, type Table } from '../tables/table.ts';
import type { Format } from '../units/format.ts';
import type { FailureLine, JobLine, Process, TableSize } from './read.ts';
import type { Lookback, Quantiles, RouteTimes } from './response-times.ts';

const whole = (ms: number | null) => (ms === null ? null : Math.round(ms));
const megabytes = (bytes: number) => Math.round(bytes / 1_000_000);
/** Of a cell that has no value. */
const NONE = '–';

const quantile = (span: Lookback, name: keyof Quantiles, label: string): Column<RouteTimes> => ({
  ...{ name: `${span}${name}`, label, kind: 'integer', value: (row) => whole(row[span][name]) },
  cell: (row) => (row[span][name] === null ? { text: NONE } : {}),
});

export const routeTable = (routes: RouteTimes[], format: Format): Table =>
  dataTable<RouteTimes>(
    [
      { name: 'route', label: 'Route', kind: 'text', value: ({ route }) => route },
      quantile('hour', 'requests', 'Last hour'),
      quantile('hour', 'p50', 'p50'),
      quantile('hour', 'p95', 'p95'),
      quantile('hour', 'p99', 'p99'),
      quantile('day', 'requests', 'Last 24 hours'),
      quantile('day', 'p50', 'p50'),
      quantile('day', 'p95', 'p95'),
      quantile('day', 'p99', 'p99'),
      quantile('week', 'requests', 'Last 7 days'),
      quantile('week', 'p50', 'p50'),
      quantile('week', 'p95', 'p95'),
      quantile('week', 'p99', 'p99'),
    ],
    { title: 'Response times by route', rows: routes },
  ).page(format);

/** "stats 12 ms in 3, records 4 ms in 1": what the database was asked for, the longest first. */
const askedText = (asked: SlowRequest['asked'], format: Format) =>
  Object.entries(asked)
    .sort(([, a], [, b]) => b.ms - a.ms)
    .map(([name, { queries, ms }]) => `${name} ${format.integer(Math.round(ms))} ms in ${format.integer(queries)}`)
    .join(', ');

export const slowTable = (lines: SlowRequest[], format: Format): Table =>
  dataTable<SlowRequest>(
    [
      { name: 'at', label: 'Time', kind: 'instant', value: ({ at }) => at },
      { name: 'ms', label: 'ms', kind: 'integer', value: ({ ms }) => whole(ms), leads: true },
      { name: 'databaseMs', label: 'Database', kind: 'integer', value: ({ databaseMs }) => whole(databaseMs) },
      { name: 'renderingMs', label: 'Rendering', kind: 'integer', value: ({ renderingMs }) => whole(renderingMs) },
      { name: 'status', label: 'Status', kind: 'text', value: ({ status }) => String(status) },
      {
        ...{ name: 'address', label: 'Address', kind: 'text', value: ({ address }) => address },
        cell: ({ id }) => ({ note: id }),
      },
      { name: 'asked', label: 'Asked of the databases', kind: 'text', value: ({ asked }) => askedText(asked, format) },
    ],
    { title: 'Slowest requests', rows: lines },
  ).page(format);

export const failureTable = (lines: FailureLine[], format: Format): Table =>
  dataTable<FailureLine>(
    [
      { name: 'kind', label: 'Error', kind: 'text', value: ({ kind }) => kind },
      { name: 'count', label: 'Times', kind: 'integer', value: ({ count }) => count, leads: true },
      { name: 'lastAt', label: 'Last', kind: 'instant', value: ({ lastAt }) => lastAt },
      {
        name: 'ids',
        label: 'Last requests, as the log names them',
        kind: 'text',
        value: ({ ids }) => ids.join(', ') || NONE,
      },
    ],
    { title: 'Errors by kind', rows: lines },
  ).page(format);

export const jobTable = (lines: JobLine[], format: Format): Table =>
  dataTable<JobLine>(
    [
      { name: 'name', label: 'Job', kind: 'text', value: ({ name }) => name, cell: ({ does }) => ({ note: does }) },
      {
        ...{
          name: 'lastSuccess',
          label: 'Last went through',
          kind: 'instant',
          value: ({ lastSuccess }) => lastSuccess,
        },
        cell: ({ lastSuccess }) => (lastSuccess === null ? { text: 'not yet' } : {}),
      },
      {
        ...{ name: 'failedAt', label: 'Last failed', kind: 'instant', value: ({ failedAt }) => failedAt },
        cell: ({ failedAt, reason }) => (failedAt === null ? { text: NONE } : { note: reason ?? '' }),
      },
    ],
    { title: 'Jobs', rows: lines },
  ).page(format);

export const processTable = (processes: Process[], format: Format): Table =>
  dataTable<Process>(
    [
      { name: 'host', label: 'Process', kind: 'text', value: ({ host, pid }) => `${host}, ${pid}` },
      { name: 'state', label: 'State', kind: 'text', value: ({ state }) => state },
      {
        ...{ name: 'version', label: 'Version', kind: 'text', value: ({ version }) => version },
        cell: ({ commit, node }) => ({ note: [commit?.slice(0, 10), `Node ${node}`].filter(Boolean).join(', ') }),
      },
      { name: 'startedAt', label: 'Started', kind: 'instant', value: ({ startedAt }) => startedAt },
      { name: 'seenAt', label: 'Last heard of', kind: 'instant', value: ({ seenAt }) => seenAt },
      { name: 'memory', label: 'MB', kind: 'integer', value: ({ memory }) => megabytes(memory), leads: true },
    ],
    { title: 'Processes', rows: processes, faint: ({ state }) => state !== 'running' },
  ).page(format);

export const sizeTable = (title: string, tables: TableSize[], format: Format): Table =>
  dataTable<TableSize>(
    [
      { name: 'name', label: 'Table', kind: 'text', value: ({ name }) => name },
      { name: 'rows', label: 'Rows, about', kind: 'integer', value: ({ rows }) => rows },
      { name: 'bytes', label: 'MB with indexes', kind: 'integer', value: ({ bytes }) => megabytes(bytes) },
    ],
    { title, rows: tables },
  ).page(format);
