import type { Knex } from 'knex';
import { reasonOf } from '../units/reason.ts';
import { MAY_READ_PROMPTS, missingColumns } from './required-columns.ts';

/** What is wrong with workflows_db at start; `fatal` where the program could not show one right number. */
export type SourceProblem = { fatal: boolean; message: string };

/** The columns that are missing, a role that may not read prompts, and one that may write: read-only by setting alone can be switched off by the role. */
export async function sourceProblems(workflows: Knex): Promise<SourceProblem[]> {
  let missing: string[];
  try {
    missing = await missingColumns(workflows);
  } catch (error) {
    return [{ fatal: false, message: `workflows_db does not answer, its columns are not checked: ${reasonOf(error)}` }];
  }
  if (missing.length > 0) {
    return [{ fatal: true, message: ['workflows_db lacks what this program reads:', ...missing].join('\n  ') }];
  }
  const hidden = await hiddenRows(workflows, 'workflows_db', ['token_usage_tracking']);
  if (hidden.length > 0) return hidden.map((message) => ({ fatal: true, message }));
  const { rows } = await workflows.raw<{ rows: [{ writable: boolean; prompts: boolean }] }>(
    `SELECT has_table_privilege('token_usage_tracking', 'INSERT, UPDATE, DELETE, TRUNCATE') AS writable,
            ${MAY_READ_PROMPTS} AS prompts`,
  );
  const [{ writable, prompts }] = rows;
  const warnings = [
    ...(writable
      ? ['The role for workflows_db may write to token_usage_tracking: grant it SELECT only (README).']
      : []),
    ...(prompts ? [] : ['The role for workflows_db may not read input_prompt_json: prompts are shown to nobody.']),
  ];
  return warnings.map((message) => ({ fatal: false, message }));
}

/** For commands. @throws Error where the program could not show one right number of the source */
export async function requireSource(workflows: Knex): Promise<void> {
  const fatal = (await sourceProblems(workflows)).filter((problem) => problem.fatal);
  if (fatal.length > 0) throw new Error(fatal.map(({ message }) => message).join('\n'));
}

/** Tables of names whose rows a policy hides: names are then those last seen. None where mythoria_db does not answer now. */
export async function nameProblems(mythoria: Knex): Promise<SourceProblem[]> {
  const hidden = await hiddenRows(mythoria, 'mythoria_db', ['authors', 'stories']).catch(() => []);
  return hidden.map((message) => ({ fatal: false, message }));
}

/** A line for each table of which row-level security would show the role only some rows, with what to grant. */
async function hiddenRows(database: Knex, name: string, tables: string[]): Promise<string[]> {
  const { rows } = await database.raw<{ rows: { table: string; role: string }[] }>(
    `SELECT relname AS table, quote_ident(current_user) AS role FROM pg_catalog.pg_class
      WHERE oid = ANY (SELECT to_regclass(one) FROM unnest(?::text[]) AS one) AND row_security_active(oid)
      ORDER BY relname`,
    [tables],
  );
  return rows.map(
    ({ table, role }) =>
      `Row-level security hides rows of ${table} in ${name} from ${role}, so that nothing of it can be read: ALTER ROLE ${role} BYPASSRLS.`,
  );
}
