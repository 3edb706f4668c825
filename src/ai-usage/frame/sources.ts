import type { Databases } from '../../db/connect.ts';
import type { QueryLimits, UsageQuery } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Format } from '../../units/format.ts';

/** Everything that pages over AI usage are read from. */
export type UsageSources = { reader: UsageReader; databases: Databases; format: Format };

/** The same for one query. */
export type UsageView = UsageSources & { query: UsageQuery };

/** What the address of a page may ask for. */
export const pageLimits = ({ timeZone }: Format): QueryLimits => ({ maxPageSize: 200, timeZone });
