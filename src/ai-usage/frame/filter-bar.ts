import type { Names } from '../../catalog/names.ts';
import type { Dimensions } from '../../query/dimensions.ts';
import type { FieldView, SeveralChoices } from '../../query/filters/entry.ts';
import {
  FILTER_NAMES,
  type FilterName,
  filterNameOf,
  filterOfName,
  givenOf,
  NO_FILTERS,
  onlyValues,
  valuesOf,
} from '../../query/filters/registry.ts';
import { filterWords } from '../../query/filters/words.ts';
import { freshQuery, type UsageQuery, usageUrl } from '../../query/query.ts';
import type { Format } from '../../units/format.ts';
import { isOfNoTime } from '../../units/time.ts';
import { type Hidden, hiddenFields } from './hidden-fields.ts';
import { type PeriodBar, periodBar } from './period-bar.ts';
import { SUBJECTS, type SubjectKind, subjectUrl } from './subjects.ts';

/**
 * An active filter: the words that a person reads, and the way out of it. `joint` makes a sentence of all of them:
 * "Calls whose model is gpt-5 or tts-1 and whose author is Ana"; `page` leads to what the filter names.
 */
type Chip = {
  joint: string;
  label: string;
  value: string;
  remove: string;
  /** To all records but those; null where no filter means them. */
  negate: string | null;
  page: string | null;
};

/** Everything above the numbers: period, filters and what is active; all of it links and GET forms. */
export type FilterBar = {
  path: string;
  period: PeriodBar;
  form: { fields: FormField[]; more: { open: boolean; fields: FormField[] }; hidden: Hidden[] };
  /** Several names of a kind at once; null where none can be chosen. */
  several: { fields: SeveralField[]; hidden: Hidden[] } | null;
  chips: Chip[];
  clear: string | null;
  window: string;
  pinned: { label: string; release: string } | null;
  /** Whose costs these are, where the address asks for those of the price list. */
  costs: { label: string; release: string } | null;
  /** Where this view is given a name. */
  save: string;
};

type SeveralField = SeveralChoices & { label: string; name: string };
type FormField = FieldView & { name: string; active: boolean };
function chipsOf(query: UsageQuery, names: Names, path: string, format: Format): Chip[] {
  const about = (parameter: string, one: unknown) => {
    if (!Object.hasOwn(SUBJECTS, parameter)) return null;
    const page = subjectUrl(parameter as SubjectKind, String(one), query);
    return page.split('?')[0] === path ? null : page;
  };
  return filterWords(query, names, format).map(({ name, one, ...words }) => {
    const values: unknown[] = valuesOf(query, name);
    const rest = values.filter((other) => other !== one);
    return {
      ...words,
      remove: usageUrl(path, query, onlyValues(name, rest)),
      negate: negateUrl(path, query, name, one),
      page: about(filterOfName(name).parameter, one),
    };
  });
}

/** The same view but of all records that a value of a filter leaves out, and that its other filters leave. */
export function negateUrl(path: string, query: UsageQuery, name: FilterName, one: unknown): string | null {
  const negated = filterOfName(name).negated?.(one) ?? null;
  if (negated === null) return null;
  const values: unknown[] = valuesOf(query, name);
  const without = {
    ...query,
    ...onlyValues(
      name,
      values.filter((other) => other !== one),
    ),
  };
  const other = filterNameOf(negated.parameter);
  const those: unknown[] = filterOfName(other).many ? valuesOf(without, other) : [];
  return usageUrl(path, without, onlyValues(other, [...new Set([...those, negated.one])].sort()));
}

const NO_DIMENSIONS: Dimensions = { models: [], actions: [] };

/** The fields of the form, but for what the address says already. */
function fieldsOf(query: UsageQuery, dimensions: Dimensions, subject: SubjectKind | null, format: Format) {
  return FILTER_NAMES.flatMap((name): FormField[] => {
    const { parameter, field } = filterOfName(name);
    if (field === undefined || parameter === subject) return [];
    const given = givenOf(query, name);
    return [{ ...field(given, dimensions, { format }), name: parameter, active: given !== null }];
  });
}

function severalOf(query: UsageQuery, fields: FormField[]): FilterBar['several'] {
  const shown = fields.flatMap((field) =>
    field.place === 'bar' && field.kind === 'choices' && field.several.each.length > 1
      ? [{ ...field.several, label: field.label, name: field.name }]
      : [],
  );
  const names = shown.map(({ name }) => name);
  return shown.length === 0 ? null : { fields: shown, hidden: hiddenFields(query, names) };
}

/** A select adds to several that are active, which the form carries along. */
const carried = (query: UsageQuery, name: FilterName): Hidden[] => {
  const { parameter, written } = filterOfName(name);
  const values: unknown[] = valuesOf(query, name);
  return values.length > 1 ? values.map((one) => ({ name: parameter, value: written(one) })) : [];
};

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
  { subject = null, isRepriced = true }: { subject?: SubjectKind | null; isRepriced?: boolean } = {},
): FilterBar {
  const { pinned } = query;
  const chips = chipsOf(query, names, path, format);
  const fields = fieldsOf(query, dimensions ?? NO_DIMENSIONS, subject, format);
  const more = fields.filter(({ place }) => place === 'more');
  const shown = fields.map(({ name }) => name);
  return {
    path,
    period: periodBar(path, query, format),
    form: {
      fields: fields.filter(({ place }) => place === 'bar'),
      more: { open: more.some(({ active }) => active), fields: more },
      hidden: [...hiddenFields(query, shown), ...FILTER_NAMES.flatMap((name) => carried(query, name))],
    },
    several: severalOf(query, fields),
    chips,
    clear: chips.length > 1 ? usageUrl(path, query, NO_FILTERS) : null,
    window: windowText(query, format),
    pinned:
      pinned === null
        ? null
        : {
            label: `As of ${format.instant(pinned)}: nothing newer is counted`,
            release: usageUrl(path, query, { pinned: null }),
          },
    costs:
      query.cost === 'recorded'
        ? null
        : {
            label: isRepriced ? 'Costs by the price list' : 'Costs as recorded: by the price list these are not known',
            release: usageUrl(path, query, { cost: 'recorded' }),
          },
    save: `/views/new?${new URLSearchParams({ address: usageUrl(path, query) })}`,
  };
}

/** The same page with no filter and the default period: the way out of an empty answer. */
export const freshUrl = (path: string, query: UsageQuery): string => usageUrl(path, freshQuery(query));
