/** What went wrong, in words: a connection that every address of a name refuses is an error with a code and no message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || 'unknown';
}
