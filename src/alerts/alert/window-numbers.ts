import { readNames } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { queryOfFilter } from '../../query/filter-text.ts';
import { queryWithin, type UsageQuery } from '../../query/query.ts';
import type { UsageStats } from '../../stats/stats.ts';
import { type Sums, totalTokens } from '../../stats/sums.ts';
import { shareColumn } from '../../tables/sum-columns.ts';
import { type Column, dataTable, type Table } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { shiftInstant } from '../../units/local-time.ts';
import { DAY_OF_24_HOURS, earliest, HOUR, type Instant, isoFromInstant } from '../../units/time.ts';
import { callsOfAlert } from '../round/wording.ts';
import { whoseCostOf } from '../rules/registry.ts';
import type { Span } from '../rules/windows.ts';
import type { AlertSources } from '../sources.ts';
import type { Alert } from '../store/alerts.ts';
import { type WhyView, whyView } from './why-table.ts';

/** The calls of an alert, within a window, and the costs that it counts. */
export const queryOf = (alert: Alert, window: Span, { timeZone }: Format, at: Instant): UsageQuery => ({
  ...queryWithin(queryOfFilter(callsOfAlert(alert), { timeZone }, at), window),
  cost: whoseCostOf(alert.asked, alert.asked.budget ?? null),
});

/** The window of an alert as far as it has run. */
const windowSoFar = ({ window }: Pick<Alert, 'window'>, at: Instant): Span => ({
  from: window.from,
  to: earliest(window.to, at),
});

const WEEK = 7n * DAY_OF_24_HOURS;

/** What a window is compared with: the same stretch of the week before, or of as many weeks before as it is long. */
function windowBefore(alert: Pick<Alert, 'window'>, at: Instant, timeZone: string): Span {
  const { from, to } = windowSoFar(alert, at);
  // A week in which clocks are put back has an hour more.
  const weeks = Number((alert.window.to - alert.window.from - HOUR + WEEK - 1n) / WEEK) || 1;
  const shift = (instant: Instant) => shiftInstant(instant, { days: -7 * weeks }, timeZone);
  return { from: shift(from), to: shift(to) };
}

/** The page of a subject, over a window. */
const pageOf = (kind: 'models' | 'stories', name: string, { from, to }: Span) =>
  `/ai-usage/${kind}/${encodeURIComponent(name)}?${new URLSearchParams({ from: isoFromInstant(from), to: isoFromInstant(to) })}`;

/** Why the window cost more or less than the one before, and the models that cost most in it. */
type WindowPanel = { why: WhyView | null; before: string; models: Table | null };

export async function readWindow(sources: AlertSources, alert: Alert, at: Instant): Promise<WindowPanel> {
  const { reader, format } = sources;
  const window = windowSoFar(alert, at);
  const before = windowBefore(alert, at, format.timeZone);
  const [query, queryBefore] = [queryOf(alert, window, format, at), queryOf(alert, before, format, at)];
  const [now, then] = await reader.ofOneState((one) =>
    Promise.all([one.stats(query, 'day'), one.stats(queryBefore, 'day')]),
  );
  const byModel = ({ models }: UsageStats) => new Map(models.map(({ model, ...sums }) => [model, sums]));
  const url = (model: string) => pageOf('models', model, window);
  return {
    why: whyView(byModel(now.value), byModel(then.value), url, format),
    before: `${format.minute(before.from)} – ${format.minute(before.to)}`,
    models: now.value.models.length === 0 ? null : modelsTable(now.value, url, format),
  };
}

const MOST_MODELS = 5;

function modelsTable({ models, total }: UsageStats, url: (model: string) => string, format: Format): Table {
  const columns: Column<Sums & { model: string }>[] = [
    {
      ...{ name: 'model', label: 'Model', kind: 'text', value: ({ model }) => written(model) },
      cell: ({ model }) => ({ href: url(model) }),
      total: 'All',
    },
    { name: 'requests', label: 'Requests', kind: 'integer', value: ({ requests }) => requests, total: total.requests },
    { name: 'totalTokens', label: 'Tokens', kind: 'integer', value: totalTokens, total: totalTokens(total) },
    { name: 'cost', label: 'Cost', kind: 'euros', leads: true, value: ({ cost }) => cost, total: total.cost },
    shareColumn(total.cost),
  ];
  const title =
    models.length > MOST_MODELS ? `The dearest ${MOST_MODELS} of ${format.integer(models.length)} models` : 'Models';
  return dataTable(columns, { title, rows: models.slice(0, MOST_MODELS) }).page(format);
}

const MOST_STORIES = 5;

/** The stories that cost most in the window. Null where there is none. */
export async function readStories(
  { reader, databases, format }: AlertSources,
  alert: Alert,
  at: Instant,
): Promise<Table | null> {
  const window = windowSoFar(alert, at);
  const asked = queryOf(alert, window, format, at);
  const { value } = await reader.storyCosts(asked, { most: MOST_STORIES, besides: null });
  const { top, stories, total } = value;
  if (top.length === 0) return null;
  const names = await readNames(databases, {
    authors: [...new Set(top.map(({ author }) => author))],
    stories: top.map(({ story }) => story),
  });
  const columns: Column<(typeof top)[number]>[] = [
    {
      ...{ name: 'story', label: 'Story', kind: 'text' },
      value: ({ story }) => names.stories.get(story) ?? format.shortId(story),
      cell: ({ story }) => ({ href: pageOf('stories', story, window) }),
      total: 'All',
    },
    {
      ...{ name: 'author', label: 'Author', kind: 'text' },
      value: ({ author }) => names.authors.get(author) ?? format.shortId(author),
    },
    { name: 'requests', label: 'Requests', kind: 'integer', value: ({ requests }) => requests, total: total.requests },
    { name: 'cost', label: 'Cost', kind: 'euros', leads: true, value: ({ cost }) => cost, total: total.cost },
    shareColumn(total.cost),
  ];
  const title = stories > top.length ? `The dearest ${top.length} of ${format.integer(stories)} stories` : 'Stories';
  const costs = asked.cost === 'repriced' ? ', as recorded' : '';
  return dataTable(columns, { title: title + costs, rows: top }).page(format);
}
