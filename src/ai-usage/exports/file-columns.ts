import { actionInfo } from '../../catalog/actions.ts';
import { providerOf } from '../../catalog/models.ts';
import type { ExportColumn, Kind, Value } from '../../export/table.ts';
import { type Sums, totalTokens } from '../../stats/sums.ts';
import { average } from '../../tables/cells.ts';
import { hasShares } from '../../units/format.ts';
import { type MicroEuros, nearestMicro } from '../../units/money.ts';

/**
 * A column of a table in a file. Which columns a table has never depends on its rows: values of the data stand in cells, or
 * as keys of `parts`, and never name a column, so that no two of them meet. docs/exports.md lists them all.
 */
export type FileColumn<Row> = ExportColumn & { value: (row: Row) => Value };

/** A table of a page as a file has it. */
export type FileTable = { title: string; columns: ExportColumn[]; rows: Value[][] };

export function fileTable<Row>(title: string, columns: FileColumn<Row>[], rows: Row[]): FileTable {
  return {
    title,
    columns: columns.map(({ name, label, kind }) => ({ name, label, kind })),
    rows: rows.map((row) => columns.map(({ value }) => value(row))),
  };
}

export function column<Row>(kind: Kind, name: string, label: string, value: (row: Row) => Value): FileColumn<Row> {
  return { kind, name, label, value };
}

type Nullable<T> = { [key in keyof T]: T[key] | null };

/** An action by its key, and by the label that pages print; both empty in a row of several. */
export const ACTION: FileColumn<Nullable<{ action: string }>>[] = [
  column('text', 'action', 'Action id', ({ action }) => action),
  column('text', 'actionLabel', 'Action', ({ action }) => (action === null ? null : actionInfo(action).label)),
];

export const MODEL: FileColumn<Nullable<{ model: string }>> = column('text', 'model', 'Model', ({ model }) => model);

/** Models with their provider, and whether calls of them were recorded without a price. */
export const MODELS: FileColumn<Nullable<{ model: string }> & Sums>[] = [
  MODEL,
  column('text', 'provider', 'Provider', ({ model }) => (model === null ? null : providerOf(model))),
  column('boolean', 'noPrice', 'No price', ({ model, cost, requests }) =>
    model === null ? null : cost === 0 && requests > 0,
  ),
];

export const AUTHOR: FileColumn<Nullable<{ authorId: string; author: string }>>[] = [
  column('uuid', 'authorId', 'Author id', ({ authorId }) => authorId),
  column('text', 'author', 'Author', ({ author }) => author),
];

export const STORY: FileColumn<Nullable<{ storyId: string; story: string }>>[] = [
  column('uuid', 'storyId', 'Story id', ({ storyId }) => storyId),
  column('text', 'story', 'Story', ({ story }) => story),
];

/** How many more a row stands for that has no name of its own. */
export const OTHERS: FileColumn<{ others: number | null }> = column(
  'integer',
  'others',
  'Others',
  ({ others }) => others,
);

export const SUMS: FileColumn<Sums>[] = [
  column('integer', 'requests', 'Requests', ({ requests }) => requests),
  column('integer', 'inputTokens', 'Tokens in', ({ inputTokens }) => inputTokens),
  column('integer', 'outputTokens', 'Tokens out', ({ outputTokens }) => outputTokens),
  column('integer', 'totalTokens', 'Tokens', totalTokens),
  column('euros', 'cost', 'Cost', ({ cost }) => cost),
];

export const SHARE: FileColumn<Sums & { ofCost: MicroEuros }> = column('ratio', 'share', 'Share', ({ cost, ofCost }) =>
  hasShares(cost, ofCost) ? cost / ofCost : null,
);

/** The cost in the window compared with; all three are empty where nothing is. */
export const CHANGE: FileColumn<{ cost: MicroEuros; costBefore: MicroEuros | null }>[] = [
  column('euros', 'costBefore', 'Cost before', ({ costBefore }) => costBefore),
  column('euros', 'change', 'Change', ({ cost, costBefore }) => (costBefore === null ? null : cost - costBefore)),
  column('ratio', 'changeShare', 'Change share', ({ cost, costBefore }) => changeShare(cost, costBefore)),
];

/** By how much an amount differs from the one before: 0.25 for a quarter more. From nothing or less there is no share. */
export function changeShare(now: MicroEuros, before: MicroEuros | null): number | null {
  return before === null || before <= 0 ? null : now / before - 1;
}

export function averageColumn<Row extends Sums>(
  name: string,
  label: string,
  countOf: (row: Row) => number | null,
): FileColumn<Row> {
  return column('euros', name, label, (row) => {
    const count = countOf(row);
    return count === null ? null : nearestMicro(average(row.cost, count));
  });
}
