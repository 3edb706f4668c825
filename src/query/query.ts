import { z } from 'zod';
import { BadInput, type ParameterProblem } from '../units/failures/bad-input.ts';
import { type Instant, isoFromInstant, parseInstant, type Window } from '../units/time.ts';
import { CURSOR_TAKES, type Cursor, cursorText, parseCursor } from './cursor.ts';
import {
  clashes,
  FILTER_SHAPE,
  filterParameters,
  type GivenFilters,
  givenFilters,
  NO_FILTERS,
  REPEATABLE,
} from './filters/registry.ts';
import { oneOf } from './filters/values.ts';
import { BOUND_TAKES, type Bound, parseBound, windowOf, withPlus } from './period.ts';
import { DEFAULT_PERIOD, type Period, readPeriod } from './periods/registry.ts';
import { DEFAULT_SORT, SORT_KEYS, type SortKey } from './sorts.ts';
import { axesOf, DEFAULT_VIEW, type ShownAs, VIEW_SHAPE, viewParameters } from './view.ts';

/**
 * All that a request says, as one value: statistics, records, exports, links and the API know nothing else of it.
 * What stands in the address is kept as it was meant (a period stays a period); `window` and `asOf` are what it means now.
 */
export type UsageQuery = ShownAs &
  GivenFilters & {
    /** null when from or to stand instead of it. */
    period: Period | null;
    from: Bound | null;
    to: Bound | null;
    sortBy: SortKey;
    sortOrder: 'asc' | 'desc';
    page: number;
    pageSize: number;
    cursor: Cursor | null;
    /** The instant that the address pins, or null for now. */
    pinned: Instant | null;
    asOf: Instant;
    window: Window;
  };

export const DEFAULT_PAGE_SIZE = 50;
const MOST_PAGES = 1_000_000_000;

/** What differs between a page and the API. */
export type QueryLimits = { maxPageSize: number; timeZone: string };

const wholeNumber = (most: number, takes: string) =>
  z
    .string(takes)
    .regex(/^\d{1,10}$/, takes)
    .transform(Number)
    .pipe(z.number().min(1, takes).max(most, takes));

const schemaFor = (maxPageSize: number) =>
  z.object({
    period: z.string().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    ...FILTER_SHAPE,
    sortBy: oneOf(SORT_KEYS).default(DEFAULT_SORT.sortBy),
    sortOrder: oneOf(['asc', 'desc']).default(DEFAULT_SORT.sortOrder),
    page: wholeNumber(MOST_PAGES, 'takes a whole number from 1').default(1),
    pageSize: wholeNumber(maxPageSize, `takes a whole number from 1 to ${maxPageSize}`).default(DEFAULT_PAGE_SIZE),
    after: z.string().optional(),
    before: z.string().optional(),
    asOf: z.string().optional(),
    ...VIEW_SHAPE,
  });

const schemas = new Map<number, ReturnType<typeof schemaFor>>();
/** What pages and exports take. */
export const PAGE_PARAMETERS = Object.keys(schemaFor(1).shape);
/** Those that decide what is counted and listed: what the API takes. */
export const PARAMETERS = PAGE_PARAMETERS.filter((parameter) => !Object.hasOwn(VIEW_SHAPE, parameter));
/** Which page of a list: nothing else uses them, and no link of ours leads elsewhere with them. */
export const WHICH_PAGE = ['page', 'after', 'before'];
/** How a list is ordered and how long its pages are: what a page without one carries for the list that it leads to. */
export const OF_A_LIST = ['sortBy', 'sortOrder', 'pageSize'];
/** How numbers are drawn. */
export const OF_NUMBERS = Object.keys(VIEW_SHAPE).filter((parameter) => parameter !== 'counted');
/** What stands against what: what a page without it carries for Explore. */
export const OF_EXPLORE = ['rows', 'columns', 'measure'];
/** What is assumed where one asks what if: what a page without it carries for that one. */
export const OF_WHAT_IF = ['cached'];
/** How a list is turned over: a file holds all of it. */
export const PAGING = [...WHICH_PAGE, 'pageSize'];
export const ORDER_AND_PAGE = ['sortBy', 'sortOrder', ...PAGING];
/** Those that decide which records are meant, in whatever order. */
export const WHICH_RECORDS = PARAMETERS.filter((parameter) => !ORDER_AND_PAGE.includes(parameter));
/** Values of the database as they are: a model's name may begin or end with a space. */
const VERBATIM = [...REPEATABLE, 'after', 'before'];

/** Forms send empty fields; they mean "not given". What names there are is the business of who reads the address. */
function given(parameters: Record<string, unknown>, problems: ParameterProblem[]): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const parameter of PAGE_PARAMETERS) {
    if (!Object.hasOwn(parameters, parameter)) continue;
    const values = [parameters[parameter]]
      .flat()
      .map((value) => (typeof value === 'string' && !VERBATIM.includes(parameter) ? value.trim() : value))
      .filter((value) => value !== '');
    if (values.length === 0) continue;
    if (REPEATABLE.includes(parameter)) entries.push([parameter, values]);
    else if (values.length === 1) entries.push([parameter, values[0]]);
    else problems.push({ parameter, message: 'is given more than once' });
  }
  return Object.fromEntries(entries);
}

/**
 * Reads the parameters of an address (strings, or arrays of them where repeated).
 * @throws BadInput with every parameter that is wrong and what it takes
 */
export function parseUsageQuery(
  parameters: Record<string, unknown>,
  { maxPageSize, timeZone }: QueryLimits,
  now: Instant,
): UsageQuery {
  const problems: ParameterProblem[] = [];
  const schema = schemas.get(maxPageSize) ?? schemaFor(maxPageSize);
  schemas.set(maxPageSize, schema);
  const values = given(parameters, problems);
  const parsed = schema.safeParse(values);
  if (!parsed.success)
    problems.push(...parsed.error.issues.map(({ path, message }) => ({ parameter: String(path[0]), message })));

  const bound = (end: 'from' | 'to'): Bound | null => {
    const value = values[end];
    if (typeof value !== 'string') return null;
    const bound = parseBound(value, end, timeZone);
    if (bound === null) problems.push({ parameter: end, message: BOUND_TAKES });
    return bound;
  };
  const from = bound('from');
  const to = bound('to');
  const hasBounds = values.from !== undefined || values.to !== undefined;
  let asked: Period | null = null;
  if (values.period !== undefined && hasBounds)
    problems.push({ parameter: 'period', message: 'goes without from and to' });
  else if (typeof values.period === 'string') {
    const read = readPeriod(values.period);
    if ('period' in read) asked = read.period;
    else problems.push({ parameter: 'period', message: read.problem });
  }

  const pinned = typeof values.asOf === 'string' ? parseInstant(withPlus(values.asOf)) : null;
  if (values.asOf !== undefined && (pinned === null || pinned > now)) {
    problems.push({ parameter: 'asOf', message: 'takes an instant in the past, such as 2026-10-31T10:00:00Z' });
  }
  if (!parsed.success) throw new BadInput(problems);
  const raw = parsed.data;
  const filters = givenFilters(raw);
  problems.push(...clashes(filters));

  let cursor: Cursor | null = null;
  for (const direction of ['after', 'before'] as const) {
    const value = raw[direction];
    if (value === undefined) continue;
    if (cursor !== null) problems.push({ parameter: direction, message: 'goes without after' });
    cursor = parseCursor(value, direction, raw.sortBy);
    if (cursor === null) problems.push({ parameter: direction, message: CURSOR_TAKES });
  }
  const axes = axesOf(raw);
  if (axes.rows === axes.columns)
    problems.push({ parameter: 'columns', message: `takes another than rows: both are ${axes.rows}` });
  if (problems.length > 0) throw new BadInput(problems);

  const period = hasBounds ? null : (asked ?? DEFAULT_PERIOD);
  const asOf = pinned ?? now;
  const { sortBy, sortOrder, page, pageSize } = raw;
  const { cost, compare, by, show, breakdown, rankBy, rankOrder, measure, cached, debug, counted } = raw;
  const window = windowOf({ period, from, to }, { asOf, now, timeZone });
  return {
    period,
    from,
    to,
    ...filters,
    sortBy,
    sortOrder,
    page,
    pageSize,
    cursor,
    pinned,
    asOf,
    window,
    ...{ cost, compare, by, show, breakdown, rankBy, rankOrder, ...axes, measure, cached, debug, counted },
  };
}

/** The same query with no filter and the default period. */
export function freshQuery(query: UsageQuery): UsageQuery {
  return {
    ...query,
    page: 1,
    cursor: null,
    period: DEFAULT_PERIOD,
    from: null,
    to: null,
    ...NO_FILTERS,
    pinned: null,
  };
}

/** What a link may change; everything else stays. Any change but of page and cursor leads back to page 1. */
export type QueryChange = Partial<Omit<UsageQuery, 'asOf' | 'window'>>;

/** The same query as an address: defaults left out, so that one view has one address. */
export function usageUrl(path: string, query: UsageQuery, change: QueryChange = {}): string {
  const ofThisViewAlone = { page: 1, cursor: null, counted: null };
  const q = { ...query, ...ofThisViewAlone, ...change };
  const parameters: [name: string, value: string][] = [];
  const add = (name: string, value: string | null | undefined) => {
    if (value) parameters.push([name, value]);
  };
  if (q.period !== null && q.period !== DEFAULT_PERIOD) add('period', q.period);
  if (q.period === null) {
    add('from', q.from?.text);
    add('to', q.to?.text);
  }
  for (const [parameter, value] of filterParameters(q)) add(parameter, value);
  if (q.sortBy !== DEFAULT_SORT.sortBy) add('sortBy', q.sortBy);
  if (q.sortOrder !== DEFAULT_SORT.sortOrder) add('sortOrder', q.sortOrder);
  if (q.page !== 1) add('page', String(q.page));
  if (q.pageSize !== DEFAULT_PAGE_SIZE) add('pageSize', String(q.pageSize));
  if (q.cursor) add(q.cursor.direction, cursorText(q.cursor));
  if (q.pinned !== null) add('asOf', isoFromInstant(q.pinned));
  for (const [name, value] of viewParameters(q)) add(name, value);
  return parameters.length === 0 ? path : `${path}?${new URLSearchParams(parameters)}`;
}

/** The address of this very view, page and cursor included. */
export function sameUrl(path: string, query: UsageQuery): string {
  return usageUrl(path, query, { page: query.page, cursor: query.cursor, counted: query.counted });
}

/** Which records a query means, as a text: the same for every order, page and view of them. */
export function recordsMeant(query: UsageQuery): string {
  return usageUrl('', { ...query, ...DEFAULT_VIEW, ...DEFAULT_SORT, pageSize: DEFAULT_PAGE_SIZE });
}

/** The same query with the costs that were recorded. */
export const ofRecorded = (query: UsageQuery): UsageQuery => ({ ...query, cost: 'recorded' });

/** The same query over another window, which its address then says. */
export function queryWithin(query: UsageQuery, window: { from: Instant; to: Instant }): UsageQuery {
  return { ...query, ...spanOf(window), window };
}

/** The change that leads to a window. */
export function spanOf({ from, to }: { from: Instant; to: Instant }): Pick<UsageQuery, 'period' | 'from' | 'to'> {
  const bound = (instant: Instant): Bound => ({ text: isoFromInstant(instant), day: null, instant });
  return { period: null, from: bound(from), to: bound(to) };
}

/** Links of a page of numbers: to itself and to the records behind it, each with something of its view changed. */
export type ViewLinks = { here: (change: QueryChange) => string; records: (change: QueryChange) => string };
