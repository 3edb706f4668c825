import { OVERVIEW_PATH, RECORDS_PATH } from '../../query/paths.ts';
import { PAGE_PARAMETERS, parseUsageQuery, type QueryLimits, type UsageQuery, usageUrl } from '../../query/query.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import type { Instant } from '../../units/time.ts';
import { BREAKDOWNS } from '../breakdowns/breakdowns.ts';
import { EXPLORE_PATH } from '../explore/asked.ts';
import { LIST_PATHS, type Listed } from '../frame/lists.ts';
import { narrowedTo, SUBJECTS, type SubjectKind } from '../frame/subjects.ts';

/** What an address of a view says: which page, and the query that its numbers are of; `address` is its one spelling, without an instant. */
export type PageOfView = { title: string; query: UsageQuery; address: string };

/** The pages of one view each, with their titles. */
const PAGES: Record<string, string> = {
  [OVERVIEW_PATH]: 'Overview',
  [RECORDS_PATH]: 'Records',
  [EXPLORE_PATH]: 'Explore',
  ...Object.fromEntries((Object.keys(LIST_PATHS) as Listed[]).map((by) => [LIST_PATHS[by], BREAKDOWNS[by].title])),
};
const KINDS = Object.keys(SUBJECTS) as SubjectKind[];

const ADDRESS_TAKES =
  'takes the address of the overview, the records, Explore, a list, or the page of a story, author, model or action, such as /ai-usage?period=last-month';
const wrong = (message: string) => new BadInput([{ parameter: 'address', message }]);

/** The path and the parameters of an address; whose site it claims to be of is left out. */
function partsOf(address: string) {
  if (!URL.canParse(address, 'http://of-ours')) throw wrong(ADDRESS_TAKES);
  const { pathname, searchParams } = new URL(address, 'http://of-ours');
  const parameters = Object.fromEntries([...searchParams.keys()].map((name) => [name, searchParams.getAll(name)]));
  return { path: pathname.replace(/(?<=.)\/$/, ''), searchParams, parameters };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw wrong(ADDRESS_TAKES);
  }
}

/**
 * Reads the address of a page as the page itself does, as of an instant.
 * @throws BadInput with every parameter that is wrong, and `address` where it is of no page
 */
export function readPage(address: string, limits: QueryLimits, at: Instant): PageOfView {
  const { path, parameters } = partsOf(address);
  const kind = KINDS.find((one) => path.startsWith(`${SUBJECTS[one].path}/`));
  const title = PAGES[path];
  if (kind === undefined && title === undefined) throw wrong(ADDRESS_TAKES);
  const strange = Object.keys(parameters).filter((name) => !PAGE_PARAMETERS.includes(name));
  if (strange.length > 0)
    throw new BadInput(
      strange.slice(0, 5).map((name) => ({ parameter: name.slice(0, 60), message: 'is not known here' })),
    );
  const query = parseUsageQuery(parameters, limits, at);
  const lasting = { pinned: null, debug: false };
  if (kind === undefined) return { title: title as string, query, address: usageUrl(path, query, lasting) };
  const name = SUBJECTS[kind].read(decoded(path.slice(SUBJECTS[kind].path.length + 1)));
  if (name === null) throw wrong(SUBJECTS[kind].takes);
  const subject = narrowedTo(kind, name, query);
  return {
    title: SUBJECTS[kind].label,
    query: subject.narrowed,
    address: usageUrl(subject.path, query, lasting),
  };
}

/** The same page without the parameters that are wrong; null where that is none either. */
export function withoutProblems(address: string, limits: QueryLimits, at: Instant): string | null {
  const { path, searchParams } = partsOf(address);
  // What is left may still not go together.
  for (let size = searchParams.size + 1; searchParams.size < size; ) {
    size = searchParams.size;
    try {
      return readPage(`${path}?${searchParams}`, limits, at).address;
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      for (const { parameter } of error.details) searchParams.delete(parameter);
    }
  }
  return null;
}
