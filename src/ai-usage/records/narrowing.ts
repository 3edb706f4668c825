import { filterNameOf, onlyValues } from '../../query/filters/registry.ts';
import { RECORDS_PATH } from '../../query/paths.ts';
import { type UsageQuery, usageUrl } from '../../query/query.ts';
import type { UsageRecord } from '../../stats/records/records.ts';
import type { MenuLink } from '../../tables/cells.ts';
import { negateUrl } from '../frame/filter-bar.ts';
import { type SubjectKind, subjectUrl } from '../frame/subjects.ts';

type Named = Pick<UsageRecord, 'authorId' | 'storyId' | 'action' | 'aiModel'>;

/** What a record names, in the order of its columns. */
const NAME_OF: Record<SubjectKind, (record: Named) => string> = {
  author: ({ authorId }) => authorId,
  story: ({ storyId }) => storyId,
  action: ({ action }) => action,
  model: ({ aiModel }) => aiModel,
};
const KINDS = Object.keys(NAME_OF) as SubjectKind[];

/** The list narrowed to what a record names, and to all but that where a filter says so. */
function listsBy(kind: SubjectKind, record: Named, query: UsageQuery): MenuLink[] {
  const [filter, name] = [filterNameOf(kind), NAME_OF[kind](record)];
  const but = negateUrl(RECORDS_PATH, query, filter, name);
  return [
    { label: `Only this ${kind}`, href: usageUrl(RECORDS_PATH, query, onlyValues(filter, [name])) },
    ...(but === null ? [] : [{ label: `All but this ${kind}`, href: but }]),
  ];
}

/** Where what a cell of a record names can lead: lists, and its page. */
export const menuOf = (kind: SubjectKind, record: Named, query: UsageQuery): MenuLink[] => [
  ...listsBy(kind, record, query),
  { label: `Page of this ${kind}`, href: subjectUrl(kind, NAME_OF[kind](record), query) },
];

/** All lists that the cells of a record lead to, as its own page offers them. */
export const listsOf = (record: Named, query: UsageQuery): MenuLink[] =>
  KINDS.flatMap((kind) => listsBy(kind, record, query));
