import { z } from 'zod';
import { ACTION } from './action.ts';
import { AUTHOR } from './author.ts';
import { MAX_COST, MIN_COST } from './cost.ts';
import type { AnyFilter, Filter, One } from './entry.ts';
import { HOURS } from './hours.ts';
import { MODEL } from './model.ts';
import { NOT_ACTION, NOT_MODEL } from './not.ts';
import { PROVIDER } from './provider.ts';
import { SEARCH } from './search.ts';
import { STORY } from './story.ts';
import { WEEKDAYS } from './weekdays.ts';
import { WITHOUT } from './without.ts';

/**
 * Every filter there is, by its name in a query, in the order of addresses, chips and sentences: another one is a file beside
 * this and a line here. What else knows of filters asks here, and names none.
 */
export const FILTERS = {
  models: MODEL,
  actions: ACTION,
  providers: PROVIDER,
  author: AUTHOR,
  story: STORY,
  search: SEARCH,
  without: WITHOUT,
  notModels: NOT_MODEL,
  notActions: NOT_ACTION,
  minCost: MIN_COST,
  maxCost: MAX_COST,
  hours: HOURS,
  weekdays: WEEKDAYS,
} satisfies Record<string, AnyFilter>;

type Filters = typeof FILTERS;
export type FilterName = keyof Filters;
type GivenOf<F> = F extends Filter<infer Given, infer _> ? Given : never;
type MeantOf<F> = F extends Filter<infer _, infer Meant> ? Meant : never;
type Held<Given> = Given extends readonly unknown[] ? Given : Given | null;

/** What a query holds of its filters: no values, or null, where one is not given. */
export type GivenFilters = { [Name in FilterName]: Held<GivenOf<Filters[Name]>> };

/** Which records a query means, besides its window; null where a filter is not given. */
export type UsageFilter = { [Name in FilterName]: MeantOf<Filters[Name]> | null };

export const FILTER_NAMES = Object.keys(FILTERS) as FilterName[];
export const filterOfName = (name: FilterName): AnyFilter => FILTERS[name];

/** The name of the filter that a parameter gives. */
export function filterNameOf(parameter: string): FilterName {
  const name = FILTER_NAMES.find((one) => FILTERS[one].parameter === parameter);
  if (name === undefined) throw new Error(`${parameter} is the parameter of no filter`);
  return name;
}

const ofEach = (make: (name: FilterName) => unknown) =>
  Object.fromEntries(FILTER_NAMES.map((name) => [name, make(name)])) as Record<FilterName, unknown>;

const noneOf = (name: FilterName) => (FILTERS[name].many ? [] : null);
export const NO_FILTERS = ofEach(noneOf) as GivenFilters;
/** The filter of queries that have none. */
export const EVERYTHING = ofEach(() => null) as UsageFilter;

/** Of a filter that is repeated. */
export const MOST_VALUES = 50;

const severalOf = (schema: z.ZodType<unknown>) =>
  z
    .preprocess(
      (value) => [value ?? []].flat(),
      z.array(schema).max(MOST_VALUES, `takes at most ${MOST_VALUES} values`),
    )
    .transform((values) => [...new Set(values)].sort());

/** What the parameters take. */
export const FILTER_SHAPE: Record<string, z.ZodType<unknown>> = Object.fromEntries(
  FILTER_NAMES.map(filterOfName).map(({ parameter, many, schema }) => [
    parameter,
    many ? severalOf(schema) : schema.nullable().default(null),
  ]),
);

/** Those that may come more than once: names of the database, which may begin or end with a space. */
export const REPEATABLE = FILTER_NAMES.map(filterOfName)
  .filter(({ many }) => many)
  .map(({ parameter }) => parameter);

/** The filters among the values of parameters that FILTER_SHAPE has read. */
export const givenFilters = (read: Record<string, unknown>) =>
  ofEach((name) => read[FILTERS[name].parameter]) as GivenFilters;

/** The values of a filter that are given, one by one. */
export function valuesOf<Name extends FilterName>(given: Pick<GivenFilters, Name>, name: Name) {
  const value: unknown = given[name];
  return (value === null ? [] : [value].flat()) as One<GivenOf<Filters[Name]>>[];
}

/** What is given of a filter, null for nothing. */
export const givenOf = (given: GivenFilters, name: FilterName): GivenFilters[FilterName] =>
  valuesOf(given, name).length === 0 ? null : given[name];

/** The change that leaves only these values of a filter. */
export const onlyValues = (name: FilterName, values: unknown[]) =>
  ({ [name]: FILTERS[name].many ? values : (values[0] ?? null) }) as Partial<GivenFilters>;

/** What does not go together. */
export function clashes(given: GivenFilters): { parameter: string; message: string }[] {
  return FILTER_NAMES.flatMap((name) => {
    const { parameter, clash } = filterOfName(name);
    const value = givenOf(given, name);
    const message = value === null ? null : (clash?.(value, given) ?? null);
    return message === null ? [] : [{ parameter, message }];
  });
}

/** The parameters of an address that say some filters. */
export function filterParameters(given: GivenFilters): [parameter: string, value: string][] {
  const parameters: [string, string][] = [];
  // For every link of a page, whose filters are mostly none.
  for (const name of FILTER_NAMES) {
    if (given[name] === null) continue;
    const { parameter, written } = filterOfName(name);
    for (const one of valuesOf(given, name)) parameters.push([parameter, written(one)]);
  }
  return parameters;
}

/** Ids in filters that have names. */
export function namedIn(given: GivenFilters): { authors: string[]; stories: string[] } {
  const named = FILTER_NAMES.map((name) => {
    const value = givenOf(given, name);
    return value === null ? {} : (filterOfName(name).named?.(value) ?? {});
  });
  return {
    authors: named.flatMap(({ authors = [] }) => authors),
    stories: named.flatMap(({ stories = [] }) => stories),
  };
}
