import type { Knex } from 'knex';
import { RECORDS_PATH } from '../../query/paths.ts';
import { sameUrl, type UsageQuery, usageUrl } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { cursorBeside, isAmong, type UsageRecord } from '../../stats/records/records.ts';
import { rowId } from '../records/record-table.ts';

/** The ways from a record in the list that it was opened from. */
export type Neighbours = { previous: string | null; next: string | null; list: string };

/** The list that a record is looked at from, and its row there. */
const listUrl = (id: string, query: UsageQuery) => `${sameUrl(RECORDS_PATH, query)}#${rowId(id)}`;

/** The address of a record in a view of the list. */
export const recordUrl = (id: string, query: UsageQuery): string =>
  usageUrl(`${RECORDS_PATH}/${id}`, query, { page: query.page, cursor: query.cursor });

/**
 * What comes before and after a record in a list; null where it is none of that list. Each is opened from the list that ends, or
 * begins, with it, so that the way back always leads to its row.
 */
export async function readNeighbours(
  { reader, workflows }: { reader: UsageReader; workflows: Knex },
  record: UsageRecord,
  query: UsageQuery,
): Promise<Neighbours | null> {
  const { filter } = await reader.prepare(query);
  if (!(await isAmong(workflows, record.tokenUsageId, query.window, filter))) return null;
  const beside = async (direction: 'before' | 'after') => {
    const cursor = cursorBeside(record, direction, query);
    const { value } = await reader.records({ ...query, page: 1, pageSize: 1, cursor });
    const [found] = value.records;
    return found === undefined ? null : recordUrl(found.tokenUsageId, { ...query, cursor });
  };
  const [previous, next] = await Promise.all([beside('before'), beside('after')]);
  return { previous, next, list: listUrl(record.tokenUsageId, query) };
}
