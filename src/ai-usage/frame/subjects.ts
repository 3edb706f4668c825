import { z } from 'zod';
import { nameWritten, written } from '../../catalog/written.ts';
import { EXTENSIONS } from '../../export/formats.ts';
import { filterNameOf, NO_FILTERS, onlyValues, valuesOf } from '../../query/filters/registry.ts';
import { DEFAULT_PAGE_SIZE, type UsageQuery, usageUrl } from '../../query/query.ts';
import { DEFAULT_SORT } from '../../query/sorts.ts';
import { BadInput } from '../../units/failures/bad-input.ts';

/** What has a page of its own; the word is also the parameter that filters by it. */
export type SubjectKind = 'story' | 'author' | 'model' | 'action';

type Subject = {
  path: string;
  label: string;
  /** The name that stands in an address; null where it can be none. */
  read: (text: string) => string | null;
  takes: string;
};

const LOOKS_LIKE_A_FILE = new RegExp(`\\.(${EXTENSIONS.join('|')})$`);

const readId = (text: string) => (z.guid().safeParse(text).success ? text.toLowerCase() : null);
const readName = (most: number) => (text: string) => {
  const name = nameWritten(text);
  return [...name].length <= most && !name.includes('\0') ? name : null;
};

/** The four of them: the one place to add another. */
export const SUBJECTS: Record<SubjectKind, Subject> = {
  story: {
    path: '/ai-usage/stories',
    label: 'Story',
    read: readId,
    takes: 'A story has an id such as 6f9619ff-8b86-4011-b42d-00c04fc964ff.',
  },
  author: {
    path: '/ai-usage/authors',
    label: 'Author',
    read: readId,
    takes: 'An author has an id such as 6f9619ff-8b86-4011-b42d-00c04fc964ff.',
  },
  model: {
    path: '/ai-usage/models',
    label: 'Model',
    read: readName(100),
    takes: 'A model has a name of at most 100 characters.',
  },
  action: {
    path: '/ai-usage/actions',
    label: 'Action',
    read: readName(63),
    takes: 'An action has a name of at most 63 characters.',
  },
};

/** The change that narrows a query to one subject, and the one that takes the narrowing back. */
const onlySubject = (kind: SubjectKind, name: string) => onlyValues(filterNameOf(kind), [name]);
export const anySubject = (kind: SubjectKind) => onlyValues(filterNameOf(kind), []);

/** The address of a subject, without a query. A name that ends as a file does is not the address of an export. */
export function subjectPath(kind: SubjectKind, name: string): string {
  return `${SUBJECTS[kind].path}/${encodeURIComponent(written(name)).replace(LOOKS_LIKE_A_FILE, '%2E$1')}`;
}

/**
 * The page of a subject in the view of a query: the same period and filters, but for the one that the address stands for.
 * A story is looked at as a whole, so of a query it takes the period only.
 */
export function subjectUrl(kind: SubjectKind, name: string, query: UsageQuery | null = null): string {
  if (query === null) return subjectPath(kind, name);
  return usageUrl(subjectPath(kind, name), query, {
    ...DEFAULT_SORT,
    pageSize: DEFAULT_PAGE_SIZE,
    ...(kind === 'story' ? NO_FILTERS : anySubject(kind)),
  });
}

/** The way from a cell of a list to the page of what it names. */
export function detailsLink(kind: SubjectKind, name: string, shown: string, query: UsageQuery) {
  return { details: { href: subjectUrl(kind, name, query), label: `${SUBJECTS[kind].label} ${shown}: details` } };
}

/**
 * A query narrowed to the subject of a name. Names that nothing has are fine: their page says so.
 * @throws BadInput when the query filters by the very thing that its address names
 */
export function narrowedTo(kind: SubjectKind, name: string, query: UsageQuery) {
  refuseOwnFilter(kind, query);
  return { name, path: subjectPath(kind, name), query, narrowed: { ...query, ...onlySubject(kind, name) } };
}

/** A story is looked at as a whole, whatever the period it is compared in. */
export function wholeStory(query: UsageQuery): UsageQuery {
  return { ...query, period: 'all', from: null, to: null, window: { from: null, to: query.asOf } };
}

function refuseOwnFilter(kind: SubjectKind, query: UsageQuery): void {
  if (valuesOf(query, filterNameOf(kind)).length === 0) return;
  throw new BadInput([{ parameter: kind, message: `is already in this address: leave it out` }]);
}
