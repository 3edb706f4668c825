// PostgreSQL's classes and codes for "not now" (connection failure, rolled back for another's sake, too many connections,
// shutting down, cancelled by a timeout) and Node's for an address that does not answer.
const NOT_NOW = /^(08|40|53|57P|57014|55P03|25P0[34]|ECONN|ENOTFOUND|EAI_AGAIN|EHOST|ENET|ETIMEDOUT|EPIPE)/;
// What pg and Knex say without a code.
const NOT_NOW_MESSAGE =
  /timeout expired|Timeout acquiring a connection|Unable to acquire a connection|Connection (terminated|ended)|not queryable|Query read timeout/;

type DatabaseError = NodeJS.ErrnoException & { routine?: string };

/** Whether an error means that a database does not answer now, and may do so in a moment. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall, routine } = error as DatabaseError;
  // With a code, the message is PostgreSQL's and may hold what a person searched for: "timeout", say.
  if (typeof code !== 'string') return NOT_NOW_MESSAGE.test(error.message);
  // One code for whatever is not in the state that it needs; from here it is a database that takes no connections.
  if (code === '55000') return routine === 'CheckMyDatabase';
  return NOT_NOW.test(code) || (code === 'ENOENT' && syscall === 'connect');
}
