import type { QueryChange, UsageQuery } from '../../query/query.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS } from '../../units/money.ts';
import {
  type Finding,
  type FindingSources,
  type Found,
  type Part,
  recordsUrl,
  sumOfDays,
  type Trend,
} from '../finding.ts';
import { type Looked, type LookedPart, type Reach, readLooked } from '../looked-days.ts';

const MOST_EXAMPLES = 5;

/** What a kind says of the parts of all days that have one key. */
export type LookedWords = {
  keyOf: (part: LookedPart) => string;
  subject: (part: LookedPart) => string;
  sentence: (part: LookedPart, sums: { count: number; euros: MicroEuros }) => string;
  /** Which records of the days they are among. */
  among: (part: LookedPart) => QueryChange;
  example: (id: string, part: LookedPart, days: { first: Day; last: Day }) => { label: string; href: string };
  /** Months, unless days are few. */
  per?: 'day';
};

/** The findings that looks have left, and how far they have come. */
export async function lookedFindings(
  { databases, format }: FindingSources,
  query: UsageQuery,
  kind: string,
  reach: Reach,
  words: LookedWords,
): Promise<Found> {
  const looked = await readLooked(databases.backoffice, kind, reach);
  const byKey = new Map<string, { part: LookedPart; days: Part[]; examples: string[] }>();
  // The latest days first, so that examples are of them.
  for (const { day, parts } of [...looked.days].reverse()) {
    for (const part of parts) {
      const key = words.keyOf(part);
      const one = byKey.get(key) ?? { part, days: [], examples: [] };
      one.days.push({ first: day, count: part.calls, euros: part.cost });
      one.examples.push(...part.examples);
      byKey.set(key, one);
    }
  }
  const findings = [...byKey].map(([key, { part, days, examples }]): Finding => {
    const { last, trend, ...sums } = sumOfDays(days);
    const within = { first: sums.since, last };
    const byDay: Trend = { per: 'day', parts: [...days].sort((a, b) => compareDays(a.first, b.first)), label: null };
    return {
      ...{ key, subject: words.subject(part), ...sums, trend: words.per === 'day' ? byDay : trend },
      sentence: words.sentence(part, { count: sums.count, euros: sums.euros ?? NO_EUROS }),
      records: recordsUrl(query, format, { ...words.among(part), ...within }),
      examples: [...new Set(examples)].slice(0, MOST_EXAMPLES).map((id) => words.example(id, part, within)),
    };
  });
  return { findings, notes: notesOf(looked, format) };
}

function notesOf({ done, wanted, first, last, ended }: Looked, format: Format): string[] {
  const days =
    first === null || last === null
      ? 'No complete day is in the rollups yet: nothing has been looked at.'
      : done < wanted
        ? `Looked at ${format.integer(done)} of ${format.integer(wanted)} complete days so far, the latest first.`
        : `Looked at every complete day from ${format.mediumDay(first)} to ${format.mediumDay(last)}${ended === null || ended.problem !== null ? '' : `, as of ${format.minute(ended.at)}`}.`;
  return ended === null || ended.problem === null ? [days] : [ended.problem, days];
}
