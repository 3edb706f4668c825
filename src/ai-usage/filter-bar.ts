import type { Format } from '../units/format.ts';
import { dayOf } from '../units/time.ts';
import { actionInfo } from './actions.ts';
import type { Dimensions } from './dimensions.ts';
import type { Names } from './names.ts';
import { DEFAULT_PERIOD, PERIOD_LABELS, PERIODS } from './period.ts';
import { type QueryChange, type UsageQuery, usageUrl } from './query.ts';

/** An active filter: the sentence a person reads, and the way out of it. */
export type Chip = { label: string; value: string; remove: string };

export type Choice = { value: string; label: string; selected: boolean };

/** Everything above the numbers: period, filters and what is active; all of it links and GET forms. */
export type FilterBar = {
  path: string;
  periods: { label: string; href: string; current: boolean }[];
  custom: { open: boolean; from: string; to: string; hidden: Hidden[] };
  form: { models: Choice[]; actions: Choice[]; search: string; hidden: Hidden[] };
  chips: Chip[];
  clear: string | null;
  window: string;
  pinned: { label: string; release: string } | null;
};

type Hidden = { name: string; value: string };

const without = (values: string[], value: string) => values.filter((other) => other !== value);

/** The fields that a form must carry along because it does not show them: every parameter but those named. */
function hiddenFields(query: UsageQuery, shown: string[]): Hidden[] {
  const { searchParams } = new URL(usageUrl('/', query), 'http://localhost');
  return [...searchParams].filter(([name]) => !shown.includes(name)).map(([name, value]) => ({ name, value }));
}

function chipsOf(query: UsageQuery, names: Names, path: string, format: Format): Chip[] {
  const chip = (label: string, value: string, change: QueryChange): Chip => ({
    label,
    value,
    remove: usageUrl(path, query, change),
  });
  const { models, actions, author, story, search } = query;
  return [
    ...models.map((model) => chip('model is', model, { models: without(models, model) })),
    ...actions.map((action) => chip('action is', actionInfo(action).label, { actions: without(actions, action) })),
    ...(author ? [chip('author is', names.authors.get(author) ?? format.shortId(author), { author: null })] : []),
    ...(story ? [chip('story is', names.stories.get(story) ?? format.shortId(story), { story: null })] : []),
    ...(search ? [chip('matches', `“${search}”`, { search: null })] : []),
  ];
}

/** One select for the usual single value; with several active, it adds another and the chips take away. */
function choices(known: string[], active: string[], labelOf: (value: string) => string, none: string): Choice[] {
  const [only] = active.length === 1 ? active : [];
  const values = [...new Set([...known, ...(only ? [only] : [])])];
  return [
    { value: '', label: active.length > 1 ? 'Add another…' : none, selected: only === undefined },
    ...values.map((value) => ({ value, label: labelOf(value), selected: value === only })),
  ];
}

/** "1 Oct 2026, 00:00 – 22 Nov 2026, 11:04 (Europe/Lisbon, UTC+00:00)". */
export function windowText({ window }: Pick<UsageQuery, 'window'>, format: Format): string {
  const to = format.minute(window.to);
  const span = window.from === null ? `Everything until ${to}` : `${format.minute(window.from)} – ${to}`;
  return `${span} (${format.zone(window.to)})`;
}

export function filterBar(
  path: string,
  query: UsageQuery,
  dimensions: Dimensions | null,
  names: Names,
  format: Format,
): FilterBar {
  const { models, actions, from, to, window, pinned } = query;
  const manyModels = models.length > 1 ? models : [];
  const manyActions = actions.length > 1 ? actions : [];
  const chips = chipsOf(query, names, path, format);
  const lastDay = dayOf(window.to - 1, format.timeZone);
  const kept = hiddenFields(query, ['model', 'action', 'search']);
  return {
    path,
    periods: PERIODS.map((period) => ({
      label: PERIOD_LABELS[period],
      href: usageUrl(path, query, { period, from: null, to: null }),
      current: query.period === period,
    })),
    custom: {
      open: query.period === null,
      from: from?.day ?? (window.from === null ? '' : dayOf(window.from, format.timeZone)),
      to: to?.day ?? lastDay,
      hidden: hiddenFields(query, ['period', 'from', 'to']),
    },
    form: {
      models: choices(dimensions?.models ?? [], models, (model) => model, 'All models'),
      actions: choices(dimensions?.actions ?? [], actions, (action) => actionInfo(action).label, 'All actions'),
      search: query.search ?? '',
      hidden: [
        ...kept,
        ...manyModels.map((value) => ({ name: 'model', value })),
        ...manyActions.map((value) => ({ name: 'action', value })),
      ],
    },
    chips,
    clear:
      chips.length > 1
        ? usageUrl(path, query, { models: [], actions: [], author: null, story: null, search: null })
        : null,
    window: windowText(query, format),
    pinned:
      pinned === null
        ? null
        : {
            label: `As of ${format.instant(pinned)}: nothing newer is counted`,
            release: usageUrl(path, query, { pinned: null }),
          },
  };
}

/** The same page with no filter and the default period: the way out of an empty answer. */
export function freshUrl(path: string, query: UsageQuery): string {
  return usageUrl(path, query, {
    period: DEFAULT_PERIOD,
    from: null,
    to: null,
    models: [],
    actions: [],
    author: null,
    story: null,
    search: null,
    pinned: null,
  });
}
