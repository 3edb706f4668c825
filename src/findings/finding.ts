import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Databases } from '../db/connect.ts';
import { RECORDS_PATH } from '../query/paths.ts';
import type { Bound } from '../query/period.ts';
import { parseUsageQuery, type QueryChange, type UsageQuery, usageUrl } from '../query/query.ts';
import type { UsageReader } from '../stats/reader.ts';
import type { Count } from '../stats/sums.ts';
import { compareDays, type Day, firstDayOf, monthOf } from '../units/calendar.ts';
import type { Format } from '../units/format.ts';
import { type MicroEuros, plus } from '../units/money.ts';
import { endOfDay, type Instant, startOfDay } from '../units/time.ts';
import type { LookedPart, Reach } from './looked-days.ts';

/** What findings are found in. */
export type FindingSources = {
  reader: UsageReader;
  databases: Pick<Databases, 'backoffice' | 'mythoria'>;
  format: Format;
};

/** What a finding had from a day on, until the next part. */
export type Part = { first: Day; count: Count; euros: MicroEuros | null };

/** Its parts by time, the oldest first. `adds`: they add up to the finding; `label` says what their euros are where they do not. */
export type Trend = { per: 'day' | 'week' | 'month'; parts: Part[]; label: string | null };

export type Finding = {
  /** What tells it from others of its kind, however it grows. */
  key: string;
  subject: string;
  sentence: string;
  /** Calls, or what its kind counts. */
  count: Count;
  /** What they are is said by its kind; null where nobody can tell. */
  euros: MicroEuros | null;
  since: Day;
  trend: Trend;
  /** The address of the records behind it. */
  records: string;
  /** Some of what is behind it, one by one. */
  examples: { label: string; href: string }[];
};

/** What was found of a kind; `notes` say how far was looked, and why not. */
export type Found = { findings: Finding[]; notes: string[] };

export type LookDatabases = { workflows: Knex; backoffice: Knex; mythoria: Knex | null };

/** How a kind is looked for in the rows of the source, a business day at a time. */
export type Look = Reach & {
  /** Why it cannot be looked for now, in words; null where it can. */
  cannot: (databases: LookDatabases) => Promise<string | null>;
  /** What there is of it in a day. */
  lookAt: (databases: LookDatabases, day: { from: Instant; to: Instant }) => Promise<LookedPart[]>;
};

/** A kind of findings: all that the program knows of it. */
export type Kind = {
  /** In addresses, JSON and files. */
  name: string;
  title: string;
  /** When something is one. */
  rule: string;
  /** What its euros are. */
  euros: string;
  counts: 'calls' | 'days';
  /** Asked when a page is: from rollups, or from what `look` has left. */
  find: (sources: FindingSources, query: UsageQuery) => Promise<Found>;
  /** For what only the source's rows tell: done by the clock. */
  look?: Look;
};

/** All calls up to an instant. */
export const everyCall = ({ timeZone }: Pick<Format, 'timeZone'>, at: Instant): UsageQuery =>
  parseUsageQuery({ period: 'all' }, { maxPageSize: 1, timeZone }, at);

/** The name of a finding in addresses: that of its kind, and a text that the same finding has again. */
export const findingId = (kind: string, key: string): string =>
  `${kind}-${createHash('sha256').update(`${kind}\0${key}`).digest('hex').slice(0, 16)}`;

/** The address of the records of some days, both included. */
export function recordsUrl(
  query: UsageQuery,
  { timeZone }: Pick<Format, 'timeZone'>,
  { first, last, ...change }: QueryChange & { first: Day; last: Day },
): string {
  const from: Bound = { text: first, day: first, instant: startOfDay(first, timeZone) };
  const to: Bound = { text: last, day: last, instant: endOfDay(last, timeZone) };
  return usageUrl(RECORDS_PATH, query, { ...change, period: null, from, to });
}

/** Adds up parts by the month, or whatever `firstOf` says, that each lies in; euros that nobody knows are none beside others. */
function partsBy(parts: readonly Part[], firstOf: (day: Day) => Day): Part[] {
  const sums = new Map<Day, Part>();
  for (const { first: day, count, euros } of parts) {
    const first = firstOf(day);
    const sum = sums.get(first) ?? { first, count: 0, euros: null };
    sum.count += count;
    if (euros !== null) sum.euros = sum.euros === null ? euros : plus(sum.euros, euros);
    sums.set(first, sum);
  }
  return [...sums.values()].sort((a, b) => compareDays(a.first, b.first));
}

/** What parts of days come to, with their months as trend. */
export function sumOfDays(days: readonly Part[]): Pick<Finding, 'count' | 'euros' | 'since' | 'trend'> & { last: Day } {
  const parts = partsBy(days, (day) => firstDayOf(monthOf(day)));
  const [all] = partsBy(parts, () => '' as Day) as [Part];
  const inOrder = days.map(({ first }) => first).sort(compareDays);
  return {
    ...{ count: all.count, euros: all.euros, since: inOrder[0] as Day, last: inOrder.at(-1) as Day },
    trend: { per: 'month', parts, label: null },
  };
}

/** The most expensive ones first; those whose euros nobody knows after them, by what they count. */
export const byWeight = (a: Finding, b: Finding): number =>
  Math.abs(b.euros ?? 0) - Math.abs(a.euros ?? 0) || b.count - a.count || (a.key < b.key ? -1 : 1);

/** "1 call", "1,234 calls". */
export const counted = (count: number, one: string, { integer }: Pick<Format, 'integer'>): string =>
  `${integer(count)} ${count === 1 ? one : `${one}s`}`;
