import { actionInfo } from '../../catalog/actions.ts';
import { providerOf, UNKNOWN_PROVIDER } from '../../catalog/models.ts';
import { written } from '../../catalog/written.ts';
import type { UsageQuery } from '../../query/query.ts';
import type { SortKey } from '../../query/sorts.ts';
import type { UsageRecord } from '../../stats/records/records.ts';
import type { Cell } from '../../tables/cells.ts';
import type { Column } from '../../tables/table.ts';
import type { Value } from '../../tables/values.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_NUMBER } from '../../units/money.ts';
import { remembered } from '../../units/remembered.ts';
import { isTime, NO_TIME } from '../../units/time.ts';
import { menuOf } from './narrowing.ts';

/** Null where nobody knows one. */
export type NamesOfRecord = { author: string | null; story: string | null };

/** The page on which records are listed: `path` with the query. */
export type ListPage = {
  path: string;
  query: UsageQuery;
  /** By id; none where nobody knows it. */
  names: { authors: ReadonlyMap<string, string>; stories: ReadonlyMap<string, string> };
  format: Format;
  /** Where one of them is opened. */
  open: (id: string) => string;
};

export type RecordColumn = Pick<Column<never>, 'name' | 'label' | 'kind' | 'only' | 'leads'> & {
  value: (record: UsageRecord, names: NamesOfRecord) => Value;
  /** What the page's cell has besides. */
  cell?: (record: UsageRecord, page: ListPage) => Partial<Cell>;
  sortBy?: SortKey;
  /** Whether the JSON of the API has it too. */
  api?: true;
};

export const labelOf = remembered((action: string) => actionInfo(action).label);

const nameIn = (known: ReadonlyMap<string, string>, id: string, { format }: ListPage) =>
  known.get(id) ?? format.shortId(id);

/** What records cost by the price list, where that is asked for: beside what was recorded. */
export const repricedColumn = (costOf: (record: UsageRecord) => MicroEuros | null): RecordColumn => ({
  ...{ name: 'repricedCostInEuros', label: 'By the price list', kind: 'euros', sortBy: 'estimatedCostInEuros' },
  value: costOf,
  cell: (record) => (costOf(record) === null ? { text: 'no price' } : {}),
});

/** The columns of records, in order, on pages, in files and in the API: the one place to add another. */
export const RECORD_COLUMNS: RecordColumn[] = [
  {
    ...{ name: 'createdAt', label: 'Time', kind: 'instant', sortBy: 'createdAt', api: true },
    value: ({ createdAt }) => (isTime(createdAt) ? createdAt : NO_TIME),
    cell: ({ tokenUsageId }, { open }) => ({ href: open(tokenUsageId) }),
  },
  {
    ...{ name: 'author', label: 'Author', kind: 'text' },
    value: (_record, { author }) => author,
    cell: (record, page) => ({
      text: nameIn(page.names.authors, record.authorId, page),
      menu: menuOf('author', record, page.query),
    }),
  },
  {
    ...{ name: 'story', label: 'Story', kind: 'text' },
    value: (_record, { story }) => story,
    cell: (record, page) => ({
      text: nameIn(page.names.stories, record.storyId, page),
      menu: menuOf('story', record, page.query),
    }),
  },
  {
    ...{ name: 'actionLabel', label: 'Action', kind: 'text', sortBy: 'action' },
    value: ({ action }) => labelOf(action),
    cell: (record, { query }) => ({ icon: actionInfo(record.action).kind, menu: menuOf('action', record, query) }),
  },
  {
    ...{ name: 'aiModel', label: 'Model', kind: 'text', sortBy: 'aiModel', api: true },
    value: ({ aiModel }) => aiModel,
    cell: (record, { query }) => ({
      text: written(record.aiModel),
      menu: menuOf('model', record, query),
      ...(providerOf(record.aiModel) === UNKNOWN_PROVIDER ? { flag: UNKNOWN_PROVIDER } : {}),
    }),
  },
  {
    ...{ name: 'provider', label: 'Provider', kind: 'text', only: 'file' },
    value: ({ aiModel }) => providerOf(aiModel),
  },
  {
    ...{ name: 'inputTokens', label: 'Tokens in', kind: 'integer', sortBy: 'inputTokens', api: true },
    value: ({ inputTokens }) => inputTokens,
  },
  {
    ...{ name: 'outputTokens', label: 'Tokens out', kind: 'integer', sortBy: 'outputTokens', api: true },
    value: ({ outputTokens }) => outputTokens,
  },
  {
    ...{ name: 'totalTokens', label: 'Tokens', kind: 'integer', sortBy: 'totalTokens', api: true },
    value: ({ totalTokens }) => totalTokens,
  },
  {
    ...{
      name: 'estimatedCostInEuros',
      label: 'Cost',
      kind: 'euros',
      sortBy: 'estimatedCostInEuros',
      api: true,
      leads: true,
    },
    value: ({ cost }) => cost ?? NO_NUMBER,
  },
  {
    ...{ name: 'tokenUsageId', label: 'Record id', kind: 'uuid', only: 'file', api: true },
    value: ({ tokenUsageId }) => tokenUsageId,
  },
  {
    ...{ name: 'authorId', label: 'Author id', kind: 'uuid', only: 'file', api: true },
    value: ({ authorId }) => authorId,
  },
  {
    ...{ name: 'storyId', label: 'Story id', kind: 'uuid', only: 'file', api: true },
    value: ({ storyId }) => storyId,
  },
  {
    ...{ name: 'action', label: 'Action id', kind: 'text', only: 'file', api: true },
    value: ({ action }) => action,
  },
];
