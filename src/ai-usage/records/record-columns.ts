import { actionInfo } from '../../catalog/actions.ts';
import { providerOf, UNKNOWN_PROVIDER } from '../../catalog/models.ts';
import type { Names } from '../../catalog/names.ts';
import { written } from '../../catalog/written.ts';
import { type UsageQuery, usageUrl } from '../../query/query.ts';
import type { SortKey } from '../../query/sorts.ts';
import type { UsageRecord } from '../../stats/records/records.ts';
import { cellsOf } from '../../tables/cells.ts';
import type { Cell } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { detailsOf } from '../frame/subjects.ts';

export type RecordColumn = { label: string; numeric?: true; sortBy?: SortKey; cell: (record: UsageRecord) => Cell };

/** The columns of the records table, in order: the one place to add another. */
export function recordColumns(path: string, query: UsageQuery, names: Names, format: Format): RecordColumn[] {
  const { integer, cost: costOf, instant } = cellsOf(format);
  return [
    {
      label: 'Time',
      sortBy: 'createdAt',
      cell: ({ createdAt, tokenUsageId }) => ({
        ...instant(createdAt),
        href: `${path}/${tokenUsageId}`,
      }),
    },
    {
      label: 'Author',
      cell: ({ authorId }) => {
        const text = names.authors.get(authorId) ?? format.shortId(authorId);
        return {
          text,
          href: usageUrl(path, query, { author: authorId }),
          ...detailsOf('author', authorId, text, query),
        };
      },
    },
    {
      label: 'Story',
      cell: ({ storyId }) => {
        const text = names.stories.get(storyId) ?? format.shortId(storyId);
        return {
          text,
          href: usageUrl(path, query, { story: storyId }),
          ...detailsOf('story', storyId, text, query),
        };
      },
    },
    {
      label: 'Action',
      sortBy: 'action',
      cell: ({ action }) => {
        const { label, kind } = actionInfo(action);
        return {
          text: label,
          icon: kind,
          href: usageUrl(path, query, { actions: [action] }),
          ...detailsOf('action', action, label, query),
        };
      },
    },
    {
      label: 'Model',
      sortBy: 'aiModel',
      cell: ({ aiModel }) => ({
        text: written(aiModel),
        href: usageUrl(path, query, { models: [aiModel] }),
        ...detailsOf('model', aiModel, written(aiModel), query),
        ...(providerOf(aiModel) === UNKNOWN_PROVIDER ? { flag: UNKNOWN_PROVIDER } : {}),
      }),
    },
    { label: 'Tokens in', numeric: true, sortBy: 'inputTokens', cell: ({ inputTokens }) => integer(inputTokens) },
    { label: 'Tokens out', numeric: true, sortBy: 'outputTokens', cell: ({ outputTokens }) => integer(outputTokens) },
    { label: 'Tokens', numeric: true, sortBy: 'totalTokens', cell: ({ totalTokens }) => integer(totalTokens) },
    {
      label: 'Cost',
      numeric: true,
      sortBy: 'estimatedCostInEuros',
      cell: ({ cost }) => costOf(cost),
    },
  ];
}
