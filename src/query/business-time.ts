import { addTime, BEGIN_OF_TIME, END_OF_TIME, offsetAt, postgresFromInstant } from '../units/time.ts';

/**
 * The business time of a raw row in SQL, a timestamp without zone. Where PostgreSQL's time begins and ends, local time can lie
 * outside of it, which is an error: there it stands still, as the first and the last business day do.
 */
export function businessTime(timeZone: string): { sql: string; bindings: string[] } {
  const behind = -offsetAt(BEGIN_OF_TIME, timeZone);
  const ahead = offsetAt(addTime(END_OF_TIME, -1n), timeZone);
  return {
    sql: 'least(greatest(created_at, ?::timestamptz), ?::timestamptz) AT TIME ZONE ?',
    bindings: [
      postgresFromInstant(addTime(BEGIN_OF_TIME, behind > 0n ? behind : 0n)),
      postgresFromInstant(addTime(END_OF_TIME, -1n - (ahead > 0n ? ahead : 0n))),
      timeZone,
    ],
  };
}
