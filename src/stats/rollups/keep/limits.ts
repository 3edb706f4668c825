/** What is recomputed by one transaction, and written by one statement: hours that hold so many records, and at least one. */
export const RECORDS_A_PIECE = 10_000;

/** A day of no more is not cut, for whatever changes an hour of it writes all of the day again. */
export const RECORDS_A_DAY = 25_000;

/** What is compared by one statement: so many records, and at least an hour. */
export const RECORDS_A_COMPARISON = 250_000;

/** Nobody waits for what a refresher asks and writes, on a machine that has much else to do. */
export const STATEMENT_TIMEOUT = '60s';
