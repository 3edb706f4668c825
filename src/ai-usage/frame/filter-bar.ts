import { actionInfo } from '../../catalog/actions.ts';
import type { Names } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import type { Dimensions } from '../../query/dimensions.ts';
import { PERIOD_LABELS, PERIODS } from '../../query/period.ts';
import { freshQuery, type UsageQuery, usageUrl } from '../../query/query.ts';
import { type DateField, dateField } from '../../units/date-field.ts';
import type { Format } from '../../units/format.ts';
import { NO_NUMBER } from '../../units/money.ts';
import { dayOf, isOfNoTime } from '../../units/time.ts';
import { type SubjectKind, subjectUrl } from './subjects.ts';

/**
 * An active filter: the words that a person reads, and the way out of it. `joint` makes a sentence of all of them:
 * "Calls whose model is gpt-5 or tts-1 and whose author is Ana"; `page` leads to what the filter names.
 */
export type Chip = { joint: string; label: string; value: string; remove: string; page: string | null };

export type Choice = { value: string; label: string; selected: boolean };

/** Everything above the numbers: period, filters and what is active; all of it links and GET forms. */
export type FilterBar = {
  path: string;
  periods: { label: string; href: string; current: boolean }[];
  custom: { open: boolean; from: DateField; to: DateField; hidden: Hidden[] };
  /** null where the address says which model or action the page is about. */
  form: { models: Choice[] | null; actions: Choice[] | null; search: string; hidden: Hidden[] };
  chips: Chip[];
  clear: string | null;
  window: string;
  pinned: { label: string; release: string } | null;
};

type Hidden = { name: string; value: string };

const except = (values: string[], value: string) => values.filter((other) => other !== value);

/** The fields that a form must carry along because it does not show them: every parameter but those named. */
function hiddenFields(query: UsageQuery, shown: string[]): Hidden[] {
  const { searchParams } = new URL(usageUrl('/', query), 'http://localhost');
  return [...searchParams].filter(([name]) => !shown.includes(name)).map(([name, value]) => ({ name, value }));
}

function chipsOf(query: UsageQuery, names: Names, path: string, format: Format): Chip[] {
  const { models, actions, author, story, search, without } = query;
  const about = (kind: SubjectKind, name: string) => {
    const page = subjectUrl(kind, name, query);
    return page.split('?')[0] === path ? null : page;
  };
  const groups: Omit<Chip, 'joint'>[][] = [
    models.map((model) => ({
      label: 'model is',
      value: written(model),
      remove: usageUrl(path, query, { models: except(models, model) }),
      page: about('model', model),
    })),
    actions.map((action) => ({
      label: 'action is',
      value: actionInfo(action).label,
      remove: usageUrl(path, query, { actions: except(actions, action) }),
      page: about('action', action),
    })),
    author === null
      ? []
      : [
          {
            label: 'author is',
            value: names.authors.get(author) ?? format.shortId(author),
            remove: usageUrl(path, query, { author: null }),
            page: about('author', author),
          },
        ],
    story === null
      ? []
      : [
          {
            label: 'story is',
            value: names.stories.get(story) ?? format.shortId(story),
            remove: usageUrl(path, query, { story: null }),
            page: about('story', story),
          },
        ],
    search === null
      ? []
      : [{ label: 'matches', value: `“${search}”`, remove: usageUrl(path, query, { search: null }), page: null }],
    without === null
      ? []
      : [{ label: 'cost is', value: NO_NUMBER, remove: usageUrl(path, query, { without: null }), page: null }],
  ];
  return groups
    .filter((group) => group.length > 0)
    .flatMap((group, g) =>
      group.map((chip, i) => {
        const whose = `${g > 0 ? 'and' : 'Calls'} whose${chip.label === 'matches' ? ' name or id' : ''}`;
        return { ...chip, joint: i > 0 ? 'or' : whose };
      }),
    );
}

/** "Calls whose model is gpt-5 or tts-1 and whose author is Ana": what an export says of itself. */
export function filterSentence(query: UsageQuery, names: Names, format: Format): string {
  const chips = chipsOf(query, names, '', format);
  if (chips.length === 0) return 'All calls';
  return chips
    .map(({ joint, label, value }) => (joint === 'or' ? `or ${value}` : `${joint} ${label} ${value}`))
    .join(' ');
}

/** One select for the usual single value; with several active, it adds another and the chips take away. */
function choices(known: string[], active: string[], labelOf: (value: string) => string, none: string): Choice[] {
  const [only] = active.length === 1 ? active : [];
  const values = [...new Set([...known, ...(only === undefined ? [] : [only])])];
  return [
    { value: '', label: active.length > 1 ? 'Add another…' : none, selected: only === undefined },
    ...values.map((value) => ({ value: written(value), label: labelOf(value), selected: value === only })),
  ];
}

/**
 * "1 Nov 2026, 00:00 – 22 Nov 2026, 11:04 (Europe/Lisbon, UTC+00:00)"; where clocks changed meanwhile, each end has its own
 * offset: "1 Oct 2026, 00:00 UTC+01:00 – 1 Nov 2026, 00:00 UTC+00:00 (Europe/Lisbon)".
 */
export function windowText({ window }: Pick<UsageQuery, 'window'>, format: Format): string {
  if (isOfNoTime(window)) return 'Records without a time: they are of no period';
  const { from, to } = window;
  if (from === null) return `Everything until ${format.minute(to)} (${format.zone(to)})`;
  const ends = [from, to].map((end) => ({ text: format.minute(end), offset: format.utcOffset(end) }));
  const changed = ends[0]?.offset !== ends[1]?.offset;
  const span = ends.map(({ text, offset }) => (changed ? `${text} ${offset}` : text)).join(' – ');
  return `${span} (${changed ? format.timeZone : format.zone(to)})`;
}

export function filterBar(
  path: string,
  query: UsageQuery,
  dimensions: Dimensions | null,
  names: Names,
  format: Format,
  subject: SubjectKind | null = null,
): FilterBar {
  const { models, actions, from, to, window, pinned } = query;
  const manyModels = models.length > 1 ? models : [];
  const manyActions = actions.length > 1 ? actions : [];
  const chips = chipsOf(query, names, path, format);
  const none = isOfNoTime(window);
  const lastDay = none ? '' : dayOf(window.to - 1n, format.timeZone);
  const kept = hiddenFields(query, ['model', 'action', 'search']);
  return {
    path,
    periods: (query.period === 'none' ? [...PERIODS, 'none' as const] : PERIODS).map((period) => ({
      label: PERIOD_LABELS[period],
      href: usageUrl(path, query, { period, from: null, to: null }),
      current: query.period === period,
    })),
    custom: {
      open: query.period === null,
      from: dateField(from?.day ?? (window.from === null || none ? '' : dayOf(window.from, format.timeZone))),
      to: dateField(to?.day ?? lastDay),
      hidden: hiddenFields(query, ['period', 'from', 'to']),
    },
    form: {
      models: subject === 'model' ? null : choices(dimensions?.models ?? [], models, written, 'All models'),
      actions:
        subject === 'action'
          ? null
          : choices(dimensions?.actions ?? [], actions, (action) => actionInfo(action).label, 'All actions'),
      search: query.search ?? '',
      hidden: [
        ...kept,
        ...manyModels.map((model) => ({ name: 'model', value: written(model) })),
        ...manyActions.map((action) => ({ name: 'action', value: written(action) })),
      ],
    },
    chips,
    clear:
      chips.length > 1
        ? usageUrl(path, query, { models: [], actions: [], author: null, story: null, search: null, without: null })
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
export const freshUrl = (path: string, query: UsageQuery): string => usageUrl(path, freshQuery(query));
