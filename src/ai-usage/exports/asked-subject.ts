import { written } from '../../catalog/written.ts';
import { parseUsageQuery, usageUrl } from '../../query/query.ts';
import { narrowedTo, SUBJECTS, type SubjectKind, wholeStory } from '../frame/subjects.ts';
import { type AskedUsage, pinnedAt, type usageExport } from './usage-export.ts';

type AskedBy = Parameters<typeof usageExport>[0]['asked'];

/** What the address of a subject asks to take away. */
export const askedSubject =
  (kind: SubjectKind): AskedBy =>
  (text, parameters, limits, at): AskedUsage | null => {
    const name = SUBJECTS[kind].read(text);
    if (name === null) return null;
    const { path, query, narrowed } = narrowedTo(kind, name, pinnedAt(parseUsageQuery(parameters, limits, at)));
    return {
      query: kind === 'story' ? wholeStory(narrowed) : narrowed,
      address: usageUrl(path, query),
      title: `${SUBJECTS[kind].label} ${written(name)}`,
    };
  };
