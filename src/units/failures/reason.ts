/**
 * What went wrong, in words: a connection that every address of a name refuses is an error with a code and no message. Of one
 * that did not come about (Node's codes: ECONNREFUSED, ENOTFOUND) also which database was meant.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '', database } = error as NodeJS.ErrnoException & { database?: string };
  const what = error.message || code || 'unknown';
  return database && /^E[A-Z]/.test(code) ? `${database}: ${what}` : what;
}
