import { z } from 'zod';
import { EXTENSIONS } from '../export/formats.ts';
import { BadInput } from '../units/bad-input.ts';
import { DEFAULT_PAGE_SIZE, type QueryChange, type UsageQuery, usageUrl } from './query.ts';
import { DEFAULT_SORT } from './sorts.ts';

/** What has a page of its own; the word is also the parameter that filters by it. */
export type SubjectKind = 'story' | 'author' | 'model' | 'action';

type Subject = {
  path: string;
  label: string;
  /** The change that narrows a query to one, and the one that takes the narrowing back. */
  only: (name: string) => QueryChange;
  any: QueryChange;
  isName: (text: string) => boolean;
  takes: string;
};

const LOOKS_LIKE_A_FILE = new RegExp(`\\.(${EXTENSIONS.join('|')})$`);

const isId = (text: string) => z.guid().safeParse(text).success;
const isText = (most: number) => (text: string) => [...text].length <= most && !text.includes('\0');

/** The four of them: the one place to add another. */
export const SUBJECTS: Record<SubjectKind, Subject> = {
  story: {
    path: '/ai-usage/stories',
    label: 'Story',
    only: (id) => ({ story: id.toLowerCase() }),
    any: { story: null },
    isName: isId,
    takes: 'A story has an id such as 6f9619ff-8b86-4011-b42d-00c04fc964ff.',
  },
  author: {
    path: '/ai-usage/authors',
    label: 'Author',
    only: (id) => ({ author: id.toLowerCase() }),
    any: { author: null },
    isName: isId,
    takes: 'An author has an id such as 6f9619ff-8b86-4011-b42d-00c04fc964ff.',
  },
  model: {
    path: '/ai-usage/models',
    label: 'Model',
    only: (name) => ({ models: [name] }),
    any: { models: [] },
    isName: isText(100),
    takes: 'A model has a name of at most 100 characters.',
  },
  action: {
    path: '/ai-usage/actions',
    label: 'Action',
    only: (name) => ({ actions: [name] }),
    any: { actions: [] },
    isName: isText(63),
    takes: 'An action has a name of at most 63 characters.',
  },
};

/** The address of a subject, without a query. A name that ends as a file does is not the address of an export. */
export function subjectPath(kind: SubjectKind, name: string): string {
  return `${SUBJECTS[kind].path}/${encodeURIComponent(name).replace(LOOKS_LIKE_A_FILE, '%2E$1')}`;
}

/** No address holds these as its last part: URL parsers take the dots for a folder. */
const WITHOUT_ADDRESS = ['', '.', '..'];

/**
 * The page of a subject in the view of a query: the same period and filters, but for the one that the address stands for.
 * A story is looked at as a whole, so of a query it takes the period only. Null for the few names that no address holds.
 */
export function subjectUrl(kind: SubjectKind, name: string, query: UsageQuery | null = null): string | null {
  if (WITHOUT_ADDRESS.includes(name)) return null;
  if (query === null) return subjectPath(kind, name);
  const everything = { models: [], actions: [], author: null, story: null, search: null, without: null };
  return usageUrl(subjectPath(kind, name), query, {
    ...DEFAULT_SORT,
    pageSize: DEFAULT_PAGE_SIZE,
    ...(kind === 'story' ? everything : SUBJECTS[kind].any),
  });
}

/** The way from a cell of a list to the page of what it names. */
export function detailsOf(kind: SubjectKind, name: string, shown: string, query: UsageQuery) {
  const href = subjectUrl(kind, name, query);
  return href === null ? {} : { details: { href, label: `${SUBJECTS[kind].label} ${shown}: details` } };
}

/**
 * A query narrowed to the subject that its address names. Names that nothing has are fine: their page says so.
 * @throws BadInput when the query filters by the very thing that its address names
 */
export function narrowedTo(kind: SubjectKind, text: string, query: UsageQuery) {
  refuseOwnFilter(kind, query);
  const change = SUBJECTS[kind].only(text);
  const name = change.story ?? change.author ?? text;
  return { name, path: subjectPath(kind, name), query, narrowed: { ...query, ...change } };
}

/** A story is looked at as a whole, whatever the period it is compared in. */
export function wholeStory(query: UsageQuery): UsageQuery {
  return { ...query, period: 'all', from: null, to: null, window: { from: null, to: query.asOf } };
}

function refuseOwnFilter(kind: SubjectKind, { models, actions, author, story }: UsageQuery): void {
  const given = {
    model: models.length > 0,
    action: actions.length > 0,
    author: author !== null,
    story: story !== null,
  };
  if (given[kind]) throw new BadInput([{ parameter: kind, message: `is already in this address: leave it out` }]);
}
