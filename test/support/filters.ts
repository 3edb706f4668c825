import fc from 'fast-check';
import { providerOf } from '../../src/catalog/models.ts';
import type { UsageFilter } from '../../src/query/filter.ts';
import { FILTER_NAMES, FILTERS, type FilterName } from '../../src/query/filters/registry.ts';
import { microEuros } from '../../src/units/money.ts';
import { onceIn } from './generated-usage.ts';
import type { Where } from './plain-sql.ts';

/** The names that a test's rows have. */
type Names = { models: string[]; actions: string[]; authors: string[]; stories: string[] };

/** What the tests know of a filter, written for them alone: the one place to tell them of another. */
type Tried<Meant> = {
  /** Null most often. */
  meant: (names: Names) => fc.Arbitrary<Meant | null>;
  sql: (meant: Meant) => Where;
  /** The values of its parameter that say so; null for what no address says in so many words. */
  written: (meant: Meant) => string[] | null;
  /** Values that someone might give, right and wrong. */
  values: string[];
};

const where = (sql: string, ...bindings: Where['bindings']): Where => ({ sql, bindings });
const several = (values: string[]) => fc.subarray(values, { minLength: 1, maxLength: Math.min(2, values.length) });
const NOBODY = ['ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000000'];
const quoted = (name: string) => (name === '' ? '""' : name);
/** Amounts of test rows, of fractions of a cent up to what the column holds, and beside them. */
const micro = fc.oneof(fc.integer({ min: -20, max: 99_999 }), fc.nat(9_999_999_999)).map(microEuros);
const euros = (micro: number) => (micro < 0 ? '-' : '') + (Math.abs(micro) / 1e6).toFixed(6);
const amounts = [
  '0',
  '0.05',
  '9999.999999',
  '-1',
  '0.000001',
  '0,05',
  '1e3',
  '.5',
  '0.0000001',
  'NaN',
  '1234567890',
  'free',
];
const hour = fc.nat(23);
const hoursIn = (first: number, last: number) =>
  Array.from({ length: 24 }, (_, hour) => hour).filter((hour) =>
    first <= last ? first <= hour && hour <= last : hour >= first || hour <= last,
  );

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const weekday = fc.integer({ min: 1, max: 7 });
const weekdaysIn = (first: number, last: number) =>
  [1, 2, 3, 4, 5, 6, 7].filter((day) => (first <= last ? first <= day && day <= last : day >= first || day <= last));

// What only raw rows can answer comes seldom: most filters are to be answered from the rollups.
const TRIED: { [Name in FilterName]: Tried<NonNullable<UsageFilter[Name]>> } = {
  models: {
    meant: ({ models }) => onceIn(2, fc.subarray(models, { minLength: 1 })),
    sql: (models) => where('ai_model = ANY(?)', models),
    written: (models) => models.map(quoted),
    values: ['gpt-5', 'a model we never heard of', "'; DROP TABLE", 'm'.repeat(100), 'm'.repeat(101)],
  },
  actions: {
    meant: ({ actions }) => onceIn(2, fc.subarray(actions, { minLength: 1 })),
    sql: (actions) => where('action::text = ANY(?)', actions),
    written: (actions) => actions,
    values: ['chapter_writing', 'no_such_action', 'a'.repeat(63), 'a'.repeat(64)],
  },
  providers: {
    meant: ({ models }) =>
      onceIn(
        6,
        fc
          .subarray([...new Set(models.map(providerOf))])
          .map((makers) => models.filter((model) => makers.includes(providerOf(model)))),
      ),
    sql: (models) => where('ai_model = ANY(?)', models),
    written: (models) => (models.length === 0 ? ['nobody'] : [...new Set(models.map(providerOf))]),
    values: ['OpenAI', 'Unknown', 'nobody', 'p'.repeat(100), 'p'.repeat(101)],
  },
  author: {
    meant: ({ authors }) => onceIn(12, fc.constantFrom(...authors)),
    sql: (author) => where('author_id = ?', author),
    written: (author) => [author],
    values: ['4e8d1c7a-3b52-4f69-9d0e-7a6b5c4d3e21', '4E8D1C7A-3B52-4F69-9D0E-7A6B5C4D3E21', '1234', 'null'],
  },
  story: {
    meant: ({ stories }) => onceIn(12, fc.constantFrom(...stories)),
    sql: (story) => where('story_id = ?', story),
    written: (story) => [story],
    values: ['8a7b6c5d-4e3f-4a1b-9c8d-7e6f5a4b3c2d', '8a7b6c5d-4e3f-4a1b-9c8d-7e6f5a4b3c2dx'],
  },
  search: {
    meant: ({ models, actions, authors, stories }) =>
      onceIn(
        4,
        fc.record({
          models: fc.subarray(models, { maxLength: Math.min(2, models.length) }),
          actions: fc.subarray(actions, { maxLength: 1 }),
          idRange: onceIn(
            3,
            fc.constant<[string, string]>([
              '10000000-0000-0000-0000-000000000000',
              '7fffffff-ffff-ffff-ffff-ffffffffffff',
            ]),
          ),
          authors: fc.subarray(authors, { maxLength: 1 }),
          stories: fc.subarray(stories, { maxLength: Math.min(2, stories.length) }),
        }),
      ),
    sql: ({ models, actions, authors, stories, idRange }) => {
      const range = idRange ?? NOBODY;
      return where(
        `(ai_model = ANY(?) OR action::text = ANY(?) OR author_id = ANY(?::uuid[]) OR story_id = ANY(?::uuid[])
          OR token_usage_id BETWEEN ? AND ? OR author_id BETWEEN ? AND ? OR story_id BETWEEN ? AND ?)`,
        ...[models, actions, authors, stories],
        ...[...range, ...range, ...range],
      );
    },
    written: () => null,
    values: ['gpt', 'Chapter', 'ab12', '%_\\', 's'.repeat(200), 's'.repeat(201)],
  },
  without: {
    meant: () => onceIn(12, fc.constant<'cost'>('cost')),
    sql: () => where(`NOT estimated_cost_in_euros < 'NaN'`),
    written: () => ['cost'],
    values: ['cost', 'time', 'costs'],
  },
  notModels: {
    meant: ({ models }) => onceIn(8, several(models)),
    sql: (models) => where('NOT ai_model = ANY(?)', models),
    written: (models) => models.map(quoted),
    values: ['gpt-5', 'a model we never heard of', 'm'.repeat(101)],
  },
  notActions: {
    meant: ({ actions }) => onceIn(8, several(actions)),
    sql: (actions) => where('NOT action::text = ANY(?)', actions),
    written: (actions) => actions,
    values: ['chapter_writing', 'no_such_action', 'a'.repeat(64)],
  },
  minCost: {
    meant: () => onceIn(16, micro),
    sql: (cost) => where(`estimated_cost_in_euros < 'NaN' AND NOT estimated_cost_in_euros < ?::numeric`, euros(cost)),
    written: (cost) => [euros(cost)],
    values: amounts,
  },
  maxCost: {
    meant: () => onceIn(16, micro),
    sql: (cost) => where(`estimated_cost_in_euros < 'NaN' AND NOT estimated_cost_in_euros > ?::numeric`, euros(cost)),
    written: (cost) => [euros(cost)],
    values: amounts,
  },
  hours: {
    meant: () => onceIn(6, fc.record({ first: hour, last: hour, timeZone: fc.constant('Europe/Lisbon') })),
    sql: ({ first, last, timeZone }) =>
      where(`to_char(created_at AT TIME ZONE '${timeZone}', 'HH24')::int = ANY(?)`, hoursIn(first, last)),
    written: ({ first, last }) => [`${first}-${last}`],
    values: ['20-23', '22-5', '0-0', '09-17', '7-24', '24-1', '9', '-3-4', '9-', '9-17-20', '9:00-17:00'],
  },
  weekdays: {
    meant: () => onceIn(6, fc.record({ first: weekday, last: weekday, timeZone: fc.constant('Europe/Lisbon') })),
    sql: ({ first, last, timeZone }) =>
      where(`to_char(created_at AT TIME ZONE '${timeZone}', 'ID')::int = ANY(?)`, weekdaysIn(first, last)),
    written: ({ first, last }) => [
      first === last ? (WEEKDAYS[first - 1] ?? '') : `${WEEKDAYS[first - 1]}-${WEEKDAYS[last - 1]}`,
    ],
    values: [
      'mon',
      'mon-fri',
      'sat-mon',
      'sun-sun',
      'Mon-Fri',
      'SUN',
      'monday',
      '1-5',
      'mon-',
      'mon-fri-sun',
      'mon,tue',
    ],
  },
};

const triedOf = (name: FilterName) => TRIED[name] as Tried<unknown>;

/** Filters over the names of a test's rows. */
export const filtersOver = (names: Names): fc.Arbitrary<UsageFilter> =>
  fc.record(
    Object.fromEntries(FILTER_NAMES.map((name) => [name, triedOf(name).meant(names)])),
  ) as fc.Arbitrary<unknown> as fc.Arbitrary<UsageFilter>;

/** A filter as SQL of the tests' own. */
export function plainWhere(filter: UsageFilter): Where {
  const all = FILTER_NAMES.filter((name) => filter[name] !== null).map((name) => triedOf(name).sql(filter[name]));
  return where(['true', ...all.map(({ sql }) => sql)].join(' AND '), ...all.flatMap(({ bindings }) => bindings));
}

/** The values of each parameter that say a filter. */
export const valuesOf = (filter: UsageFilter): [parameter: string, values: string[]][] =>
  FILTER_NAMES.filter((name) => filter[name] !== null).flatMap((name): [string, string[]][] => {
    const values = triedOf(name).written(filter[name]);
    return values === null ? [] : [[FILTERS[name].parameter, values]];
  });

/** The same as a part of an address. */
export const writtenOf = (filter: UsageFilter): string =>
  new URLSearchParams(
    valuesOf(filter).flatMap(([parameter, values]) => values.map((value): [string, string] => [parameter, value])),
  ).toString();

/** By parameter: values that someone might give, right and wrong. */
export const TRIED_VALUES: Record<string, string[]> = Object.fromEntries(
  FILTER_NAMES.map((name) => [FILTERS[name].parameter, TRIED[name].values]),
);
