import { type UsageQuery, usageUrl } from '../../query/query.ts';
import { SUBJECTS } from './subjects.ts';

/** Where all of a breakdown is listed, page by page. */
export const LIST_PATHS = {
  model: SUBJECTS.model.path,
  action: SUBJECTS.action.path,
  provider: '/ai-usage/providers',
  author: SUBJECTS.author.path,
  story: SUBJECTS.story.path,
} as const;

export type Listed = keyof typeof LIST_PATHS;

/** The list of all that a view is broken down by. */
export const listUrl = (by: Listed, query: UsageQuery): string => usageUrl(LIST_PATHS[by], query);
