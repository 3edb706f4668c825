import type { NameDatabases } from '../../catalog/known-names.ts';
import { readNames } from '../../catalog/names.ts';
import { namedIn } from '../../query/filters/registry.ts';
import { viewSentence } from '../../query/filters/words.ts';
import type { Bound } from '../../query/period.ts';
import { calendarOf, OF_CALENDAR, periodWords, UNTIL_NOW } from '../../query/periods/registry.ts';
import type { UsageQuery } from '../../query/query.ts';
import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import type { Instant } from '../../units/time.ts';
import { pageLimits } from '../frame/sources.ts';
import { type PageOfView, readPage, withoutProblems } from './view-pages.ts';

/** Which time a view is of: `relative` where that moves along with the day on which it is opened. */
type PeriodOfView = { words: string; relative: boolean };

/** What a view is of, in words; or what of its address is no longer understood, and where it leads without that. */
export type ViewInWords = {
  page: string;
  calls: string;
  period: PeriodOfView | null;
  problems: ParameterProblem[];
  /** Its address; without what is not understood, or null where nothing is left. */
  opens: string | null;
};

const boundWords = ({ day, instant }: Bound, format: Format) =>
  day === null ? format.minute(instant) : format.mediumDay(day);

function periodOfView({ period, from, to, asOf }: UsageQuery, format: Format): PeriodOfView {
  if (period === null) {
    const ends = [from && `from ${boundWords(from, format)}`, to ? `to ${boundWords(to, format)}` : 'until now'];
    return { words: ends.filter(Boolean).join(' '), relative: to === null };
  }
  const offered = [...UNTIL_NOW, ...OF_CALENDAR].find((one) => one.period === period);
  const at = { asOf, timeZone: format.timeZone };
  if (offered === undefined) return { words: periodWords(period, at, format), relative: false };
  const isLength = calendarOf(period, at) === null && period !== 'all';
  return { words: isLength ? `${offered.label} until now` : offered.label, relative: true };
}

type WordSources = { databases: NameDatabases; format: Format };
type ReadView = { page: PageOfView } | { problems: ParameterProblem[]; without: string | null };

function readAddress(address: string, format: Format, at: Instant): ReadView {
  const limits = pageLimits(format);
  try {
    return { page: readPage(address, limits, at) };
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    return { problems: error.details, without: withoutProblems(address, limits, at) };
  }
}

/** What each of some addresses means, in their order. */
export async function inWords(
  addresses: string[],
  { databases, format }: WordSources,
  at: Instant,
): Promise<ViewInWords[]> {
  const read = addresses.map((address) => readAddress(address, format, at));
  const named = read.flatMap((one) => ('page' in one ? namedIn(one.page.query) : []));
  const names = await readNames(databases, {
    authors: [...new Set(named.flatMap(({ authors }) => authors))],
    stories: [...new Set(named.flatMap(({ stories }) => stories))],
  });
  return read.map((one) => {
    if (!('page' in one)) return { page: '', calls: '', period: null, problems: one.problems, opens: one.without };
    const { title, query, address } = one.page;
    const calls = viewSentence(query, names, format);
    return { page: title, calls, period: periodOfView(query, format), problems: [], opens: address };
  });
}
