/** Only these words of an error are logged: the object itself would dump the client, its password and the query's values. */
export function loggable(error: unknown) {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, database } = error as NodeJS.ErrnoException & { database?: string };
  return {
    name: error.name,
    code,
    database,
    message: code ? undefined : error.message.slice(0, 500),
    stack: error.stack?.split('\n    at ').slice(1, 8),
  };
}
