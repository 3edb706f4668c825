import type { Knex } from 'knex';
import { reasonOf } from '../units/failures/reason.ts';
import { MAY_READ_PROMPTS, missingColumns, missingNameColumns, NO_SELECT, NO_USAGE } from './required-columns.ts';

/**
 * What is wrong with a database at start; `fatal` where the program could not show one right number, `isChoice` where
 * somebody may well want it so.
 */
export type SourceProblem = { fatal: boolean; isChoice?: true; message: string };

/** The columns that are missing, a role that may not read prompts, and one that may write: read-only by setting alone can be switched off by the role. */
export async function sourceProblems(workflows: Knex): Promise<SourceProblem[]> {
  let missing: string[];
  try {
    missing = await missingColumns(workflows);
  } catch (error) {
    return [{ fatal: false, message: `workflows_db does not answer, its columns are not checked: ${reasonOf(error)}` }];
  }
  if (missing.length > 0) {
    const role = await roleOf(workflows);
    const grants = grantsFor(missing, 'GRANT SELECT ON token_usage_tracking', role);
    const lines = ['workflows_db lacks what this program reads:', ...missing, ...grants];
    return [{ fatal: true, message: lines.join('\n  ') }];
  }
  const hidden = await hiddenRows(workflows, 'workflows_db', ['token_usage_tracking']);
  if (hidden.length > 0) return hidden.map((message) => ({ fatal: true, message }));
  const { rows } = await workflows.raw<{ rows: [{ writable: boolean; prompts: boolean }] }>(
    `SELECT has_table_privilege('token_usage_tracking', 'INSERT, UPDATE, DELETE, TRUNCATE') AS writable,
            ${MAY_READ_PROMPTS} AS prompts`,
  );
  const [{ writable, prompts }] = rows;
  const problems: SourceProblem[] = [];
  if (writable) {
    const message = `The role for workflows_db may write to token_usage_tracking: grant it SELECT only (README), or REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON token_usage_tracking FROM ${await roleOf(workflows)};`;
    problems.push({ fatal: false, message });
  }
  if (!prompts) {
    const message = `The role for workflows_db may not read input_prompt_json: prompts are shown to nobody. Where they should be: GRANT SELECT (input_prompt_json) ON token_usage_tracking TO ${await roleOf(workflows)};`;
    problems.push({ fatal: false, isChoice: true, message });
  }
  return problems;
}

async function roleOf(database: Knex): Promise<string> {
  const { rows } = await database.raw<{ rows: [{ role: string }] }>('SELECT quote_ident(current_user) AS role');
  return rows[0].role;
}

/** The statements that would let a role read what it may not; none for what does not exist. */
function grantsFor(missing: string[], select: string, role: string): string[] {
  if (missing.some((line) => line.includes(NO_USAGE)))
    return [`Where it exists: GRANT USAGE ON SCHEMA public TO ${role}; ${select} TO ${role};`];
  return missing.some((line) => line.endsWith(NO_SELECT)) ? [`${select} TO ${role};`] : [];
}

/** For commands. @throws Error where the program could not show one right number of the source */
export async function requireSource(workflows: Knex): Promise<void> {
  const fatal = (await sourceProblems(workflows)).filter((problem) => problem.fatal);
  if (fatal.length > 0) throw new Error(fatal.map(({ message }) => message).join('\n'));
}

/** Names that cannot be read, or whose rows a policy hides: then those last seen are shown. None where mythoria_db does not answer now. */
export async function nameProblems(mythoria: Knex): Promise<SourceProblem[]> {
  try {
    const [lacking, hidden] = await Promise.all([
      missingNameColumns(mythoria),
      hiddenRows(mythoria, 'mythoria_db', ['authors', 'stories']),
    ]);
    const role = lacking.length > 0 ? await roleOf(mythoria) : '';
    const unread = lacking.map(({ missing, grant }) =>
      ['mythoria_db lacks what names are read from:', ...missing, ...grantsFor(missing, grant, role)].join('\n  '),
    );
    return [...unread, ...hidden].map((message) => ({ fatal: false, message }));
  } catch {
    return [];
  }
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
