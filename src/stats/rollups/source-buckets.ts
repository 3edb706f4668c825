import { businessTime } from '../../query/business-time.ts';
import { isoDateFromPostgres } from '../../units/calendar.ts';
import { NO_TIME } from '../../units/time.ts';
import { HOUR_NUMBER_OF_ROW } from './source-hours.ts';

/** The buckets that usage over time is shown in: UTC hours, business days, business months. */
export type BucketSize = 'hour' | 'day' | 'month';

/** The bucket of a raw row in SQL, where it is business time by this form of it. */
const BUCKET_FORM = { day: 'YYYY-MM-DD BC', month: 'YYYY-MM-"01" BC' } as const;
const BUCKET_SQL = { hour: `${HOUR_NUMBER_OF_ROW}::text`, whole: `''` } as const;

/** The bucket of a raw row, as PostgreSQL prints it (bucketFromPostgres). */
export function bucketSql(size: BucketSize | 'whole', timeZone: string): { sql: string; bindings: string[] } {
  if (size === 'hour' || size === 'whole') return { sql: BUCKET_SQL[size], bindings: [] };
  const { sql, bindings } = businessTime(timeZone);
  return { sql: `to_char(${sql}, '${BUCKET_FORM[size]}')`, bindings };
}

/** That of a record without a time. */
export const NO_BUCKET = { sql: `'${NO_TIME}'`, bindings: [] };

/** A bucket that PostgreSQL prints. */
export const bucketFromPostgres = (text: string, size: BucketSize | 'whole'): string =>
  size === 'day' || size === 'month' ? isoDateFromPostgres(text) : text;
