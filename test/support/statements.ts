import { databases } from './databases.ts';

export type Statement = { sql: string; bindings: unknown[]; rows: Record<string, string>[] };

/** The statements that the rollups are asked while something is read. */
export async function statementsOf(read: () => Promise<unknown>): Promise<Statement[]> {
  const { backoffice } = databases();
  const statements: Statement[] = [];
  const note = (response: { rows?: Record<string, string>[] } | Record<string, string>[], query: Statement) => {
    const rows = Array.isArray(response) ? response : (response.rows ?? []);
    statements.push({ sql: query.sql, bindings: query.bindings, rows });
  };
  backoffice.on('query-response', note);
  await read();
  backoffice.off('query-response', note);
  return statements;
}
