import { actionInfo } from '../../catalog/actions.ts';
import type { Names } from '../../catalog/names.ts';
import type { UsageQuery } from '../../query/query.ts';
import type { Stack } from '../../query/view.ts';
import type { PastForecast } from '../../stats/forecast.ts';
import { type BucketSize, bucketOf, group, type UsageStats } from '../../stats/stats.ts';
import type { Story } from '../../stats/stories/story.ts';
import type { StoryCosts } from '../../stats/stories/story-costs.ts';
import { type Cell, noSums, restOf, type Sums, sumOf, totalTokens } from '../../stats/sums.ts';
import type { Week } from '../../stats/week.ts';
import { whyOf } from '../../stats/why.ts';
import { costPerMillionTokens } from '../../tables/cells.ts';
import { monthOf } from '../../units/calendar.ts';
import { byCodePoint } from '../../units/code-points.ts';
import type { Format } from '../../units/format.ts';
import { nearestMicro } from '../../units/money.ts';
import { floorDivided, type Instant, SECOND } from '../../units/time.ts';
import { BREAKDOWNS, type Breakdown, type BreakdownBy, sumsOfEach } from '../breakdowns/breakdowns.ts';
import { bucketsOf } from '../chart/buckets.ts';
import { costsBefore, titleOf } from '../chart/usage-over-time.ts';
import { HEAT_MAP_TITLE } from '../overview/heat-map.ts';
import type { Counted } from '../overview/overview-panels.ts';
import { rowsShown } from '../overview/why-panel.ts';
import {
  ACTION,
  AUTHOR,
  averageColumn,
  CHANGE,
  changeShare,
  column,
  type FileColumn,
  type FileTable,
  fileTable,
  MODEL,
  MODELS,
  OTHERS,
  SHARE,
  STORY,
  SUMS,
} from './file-columns.ts';

type BreakdownFileRow = Sums & {
  key: string | null;
  others: number | null;
  ofCost: number;
  costBefore: number | null;
  stories: number | null;
};

const keyed =
  <K extends string>(name: K) =>
  ({ key }: { key: string | null }) =>
    ({ [name]: key }) as Record<K, string | null>;

/** Columns of another kind of row, read through what this kind of row is to them. */
function through<Row, Other>(columns: FileColumn<Other>[], otherOf: (row: Row) => Other): FileColumn<Row>[] {
  return columns.map((one) => ({ ...one, value: (row) => one.value(otherOf(row)) }));
}

/** A breakdown as its page shows it: the first rows, and all others as one that says how many they are. */
export function breakdownFile({ by, rows, other, total }: Breakdown, names: Names): FileTable {
  const name = (known: Map<string, string>, key: string | null) => (key === null ? null : (known.get(key) ?? null));
  const keyColumns: Record<BreakdownBy, FileColumn<BreakdownFileRow>[]> = {
    model: through(MODELS, (row) => ({ ...row, ...keyed('model')(row) })),
    action: through(ACTION, keyed('action')),
    provider: [column('text', 'provider', 'Provider', ({ key }) => key)],
    author: through(AUTHOR, ({ key }) => ({ authorId: key, author: name(names.authors, key) })),
    story: through(STORY, ({ key }) => ({ storyId: key, story: name(names.stories, key) })),
  };
  const ofTokens = by === 'model' || by === 'provider';
  const columns: FileColumn<BreakdownFileRow>[] = [
    ...keyColumns[by],
    OTHERS,
    ...SUMS,
    ...CHANGE,
    SHARE,
    averageColumn('costPerRequest', 'Per request', ({ requests }) => requests),
    ...(ofTokens
      ? [
          column('euros', 'costPerMillionTokens', '€ per million tokens', (row: BreakdownFileRow) =>
            nearestMicro(costPerMillionTokens(row.cost, totalTokens(row))),
          ),
        ]
      : []),
    ...(by === 'action'
      ? [
          column('integer', 'stories', 'Stories', ({ stories }: BreakdownFileRow) => stories),
          averageColumn('costPerStory', 'Per story', ({ stories }: BreakdownFileRow) => stories),
        ]
      : []),
  ];
  const rest = other === null ? [] : [{ ...other, key: null, others: other.count, stories: null }];
  const all = [...rows.map((row) => ({ ...row, others: null })), ...rest];
  return fileTable(
    BREAKDOWNS[by].title,
    columns,
    all.map((row) => ({ ...row, ofCost: total.cost, costBefore: row.before?.cost ?? null })),
  );
}

type BucketFileRow = { hour: Instant | null; day: string | null; month: string };

/** Which hour, day or month a row is of, all that it lies in included. */
const BUCKET: FileColumn<BucketFileRow>[] = [
  column('instant', 'hour', 'Hour', ({ hour }) => hour),
  column('day', 'day', 'Day', ({ day }) => day),
  column('month', 'month', 'Month', ({ month }) => month),
];

type UsageOptions = { query: UsageQuery; size: BucketSize; by: Stack; timeZone: string };

/** Usage over time, the newest first, each with what it cost by model, action or provider. */
export function usageFile({ stats, compared }: Counted, options: UsageOptions): FileTable {
  const { size } = options;
  type Row = BucketFileRow & Sums & { partial: boolean; costBefore: number | null; parts: Map<string, Sums> };
  const columns: FileColumn<Row>[] = [
    ...BUCKET,
    column('boolean', 'partial', 'Partial', ({ partial }) => partial),
    ...SUMS,
    ...CHANGE,
    column('parts', 'parts', 'Parts', ({ parts }) => new Map([...parts].map(([key, { cost }]) => [key, cost]))),
  ];
  const buckets = bucketsWithParts(stats, options);
  const before = costsBefore(compared, size, buckets.length, options.timeZone);
  const rows = buckets.map((bucket, i) => ({ ...bucket, costBefore: before?.[i] ?? null }));
  return fileTable(titleOf(size), columns, rows.reverse());
}

/** The parts of those bars as rows of their own, for spreadsheets. */
export function partsFile(stats: UsageStats, options: UsageOptions): FileTable {
  const { size, by } = options;
  type Row = BucketFileRow & Sums & { part: string };
  const columns: FileColumn<Row>[] = [
    ...BUCKET,
    column('text', 'by', 'By', () => by),
    column('text', 'part', 'Part id', ({ part }) => part),
    column('text', 'partLabel', 'Part', ({ part }) => (by === 'action' ? actionInfo(part).label : part)),
    ...SUMS,
  ];
  const rows = bucketsWithParts(stats, options).flatMap(({ hour, day, month, parts }) =>
    [...parts].map(([part, sums]) => ({ hour, day, month, part, ...sums })),
  );
  return fileTable(`${titleOf(size)}, in parts`, columns, rows.reverse());
}

/** Every bucket of a window, oldest first, with its sums and those of its parts in the order of their total cost. */
function bucketsWithParts(stats: UsageStats, { query, size, by, timeZone }: UsageOptions) {
  const keyOf = BREAKDOWNS[by].keyOf ?? (() => '');
  const places = [...sumsOfEach(stats, by)].sort(([a, one], [b, other]) => other.cost - one.cost || byCodePoint(a, b));
  const place = new Map(places.map(([key], i) => [key, i]));
  const cells = new Map<string, Cell[]>();
  for (const cell of stats.cells) {
    const bucket = bucketOf[size](cell);
    const found = cells.get(bucket);
    if (found) found.push(cell);
    else cells.set(bucket, [cell]);
  }
  const filled = stats.buckets.map(({ bucket }) => bucket);
  return bucketsOf(query.window, size, timeZone, filled).map(({ bucket, from, firstDay, partial }) => {
    const parts = [...group(cells.get(bucket) ?? [], keyOf)];
    const inOrder = parts.sort(([a], [b]) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
    return {
      hour: size === 'hour' ? from : null,
      day: size === 'month' ? null : firstDay,
      month: monthOf(firstDay),
      partial,
      ...sumOf(parts.map(([, sums]) => sums)),
      parts: new Map(inOrder),
    };
  });
}

/** Why the cost changed; without rows where nothing is compared. */
export function causesFile({ stats, compared }: Counted): FileTable {
  type Row = ReturnType<typeof rowsShown>[number];
  const columns: FileColumn<Row>[] = [
    ...through([MODEL], keyed('model')),
    OTHERS,
    column('euros', 'before', 'Before', ({ before }) => before),
    column('euros', 'volume', 'Volume', ({ volume }) => volume),
    column('euros', 'modelMix', 'Model mix', ({ mix }) => mix),
    column('euros', 'tokensPerRequest', 'Tokens per request', ({ tokens }) => tokens),
    column('euros', 'pricePerToken', 'Price per token', ({ price }) => price),
    column('euros', 'now', 'Now', ({ now }) => now),
  ];
  const rows =
    compared === null ? [] : rowsShown(whyOf(sumsOfEach(stats, 'model'), sumsOfEach(compared.stats, 'model')).rows);
  return fileTable('Why the cost changed, by model', columns, rows);
}

export function forecastsFile(past: PastForecast[]): FileTable {
  const columns: FileColumn<PastForecast>[] = [
    column('month', 'month', 'Month', ({ firstDay }) => monthOf(firstDay)),
    column('euros', 'forecast', 'Forecast', ({ forecast }) => forecast),
    column('euros', 'actual', 'Turned out', ({ actual }) => actual),
    column('euros', 'offBy', 'Off by', ({ forecast, actual }) => forecast - actual),
    column('ratio', 'offByShare', 'Off by share', ({ forecast, actual }) => changeShare(forecast, actual)),
  ];
  return fileTable('Past forecasts', columns, past);
}

/** What each hour of the week cost, a weekday a row: 1 for Monday. */
export function weekFile(week: Week, { weekday, clockHour }: Format): FileTable {
  type Row = { number: number; costs: number[] };
  const columns: FileColumn<Row>[] = [
    column('integer', 'weekday', 'Weekday number', ({ number }) => number),
    column('text', 'weekdayLabel', 'Weekday', ({ number }) => weekday(number)),
    ...Array.from({ length: 24 }, (_, hour) =>
      column('euros', `hour${clockHour(hour)}`, clockHour(hour), ({ costs }: Row) => costs[hour] ?? 0),
    ),
    column('euros', 'weekdayCost', 'Total', ({ costs }) => costs.reduce((sum, cost) => sum + cost, 0)),
  ];
  return fileTable(
    HEAT_MAP_TITLE,
    columns,
    week.map((costs, i) => ({ number: i + 1, costs })),
  );
}

/** The most expensive stories, and all others as one row. */
export function storiesFile({ stories, total, top }: StoryCosts, names: Names): FileTable {
  type Row = Sums & { story: string | null; author: string | null; others: number | null; ofCost: number };
  const name = (known: Map<string, string>, id: string | null) => (id === null ? null : (known.get(id) ?? null));
  const columns: FileColumn<Row>[] = [
    ...through(STORY, ({ story }: Row) => ({ storyId: story, story: name(names.stories, story) })),
    ...through(AUTHOR, ({ author }: Row) => ({ authorId: author, author: name(names.authors, author) })),
    OTHERS,
    ...SUMS,
    SHARE,
  ];
  const others = stories - top.length;
  const rest = others > 0 ? [{ ...restOf(total, top), story: null, author: null, others }] : [];
  const rows = [...top.map((row) => ({ ...row, others: null })), ...rest];
  return fileTable(
    'Top stories',
    columns,
    rows.map((row) => ({ ...row, ofCost: total.cost })),
  );
}

/** The steps of a story in order of time. */
export function stepsFile({ steps, total }: Story): FileTable {
  type Row = Story['steps'][number] & { ofCost: number };
  const columns: FileColumn<Row>[] = [
    ...ACTION,
    column('json', 'models', 'Models', ({ models }) => JSON.stringify(models)),
    column('instant', 'began', 'Began', ({ first }) => first),
    column('seconds', 'took', 'Took', ({ first, last, requests }) =>
      requests === 1 ? null : Number(floorDivided(last - first, SECOND)),
    ),
    ...SUMS,
    SHARE,
  ];
  return fileTable(
    'Cost by action, in order of time',
    columns,
    steps.map((step) => ({ ...step, ofCost: total.cost })),
  );
}

export function repeatsFile({ repeats }: Story): FileTable {
  type Row = Story['repeats'][number];
  const columns: FileColumn<Row>[] = [
    ...ACTION,
    MODEL,
    column('integer', 'inputTokensEach', 'Tokens in, each', ({ inputTokens }) => inputTokens),
    column('integer', 'requests', 'Requests', ({ calls }) => calls),
    column('euros', 'costAfterFirst', 'Cost after the first', ({ beyond }) => beyond),
  ];
  return fileTable('Repeated calls', columns, repeats);
}

/** The tables of a month's statement. */
export const STATEMENT_FILES = {
  models: ({ models, total }: UsageStats): FileTable => sumsFile('By model', MODELS, models, total),
  actions: ({ actions, total }: UsageStats): FileTable => sumsFile('By action', ACTION, actions, total),
  days: ({ buckets, total }: UsageStats, { query, timeZone }: Pick<UsageOptions, 'query' | 'timeZone'>): FileTable => {
    const sums = new Map(buckets.map((day) => [day.bucket, day]));
    const days = bucketsOf(query.window, 'day', timeZone, []);
    const rows = days.map(({ bucket }) => ({ ...(sums.get(bucket) ?? noSums()), day: bucket }));
    return sumsFile('By day', [column('day', 'day', 'Day', ({ day }: { day: string }) => day)], rows, total);
  },
  tieOut: ({ total, models, actions, buckets }: UsageStats): FileTable => {
    type Row = { of: string } & Sums;
    const columns: FileColumn<Row>[] = [
      column('text', 'sumOf', 'Sum of', ({ of }) => of),
      column('integer', 'requests', 'Requests', ({ requests }) => requests),
      column('euros', 'cost', 'Cost', ({ cost }) => cost),
      column('euros', 'difference', 'Difference', ({ cost }) => total.cost - cost),
    ];
    return fileTable('Tie-out', columns, [
      { of: 'models', ...sumOf(models) },
      { of: 'actions', ...sumOf(actions) },
      { of: 'days', ...sumOf(buckets) },
    ]);
  },
};

function sumsFile<Row extends Sums>(title: string, key: FileColumn<Row>[], rows: Row[], total: Sums): FileTable {
  const columns: FileColumn<Row & { ofCost: number }>[] = [...key, ...SUMS, SHARE];
  return fileTable(
    title,
    columns,
    rows.map((row) => ({ ...row, ofCost: total.cost })),
  );
}
