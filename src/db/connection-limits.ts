import type { Knex } from 'knex';

type Limit = { most: number; statement: string };

/**
 * How many connections a role may have to a database, as the server, the database and the role say: those that are limited, with the
 * statement that takes another number.
 */
async function limitsOf(database: Knex): Promise<{ server: number; others: Limit[] }> {
  const { rows } = await database.raw<{
    rows: [{ server: number; of_database: number; of_role: number; database: string; role: string }];
  }>(
    `SELECT current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
              - coalesce(current_setting('reserved_connections', true)::integer, 0) AS server,
            datconnlimit AS of_database, rolconnlimit AS of_role, quote_ident(datname) AS database, quote_ident(rolname) AS role
       FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user`,
  );
  const [{ server, of_database, of_role, ...named }] = rows;
  const others = [
    { most: of_database, statement: `ALTER DATABASE ${named.database} CONNECTION LIMIT` },
    { most: of_role, statement: `ALTER ROLE ${named.role} CONNECTION LIMIT` },
  ];
  return { server, others: others.filter(({ most }) => most >= 0) };
}

/**
 * What keeps a process from having `own` connections to a database, of `all` to its server, a line each with what to run. Two
 * processes at once, as during an update, take twice as many.
 */
export async function connectionLimitProblems(database: Knex, own: number, all: number): Promise<string[]> {
  const { server, others } = await limitsOf(database);
  const problems = others
    .filter(({ most }) => most < 2 * own)
    .map(
      ({ most, statement }) =>
        `${most} connections are too few for two processes at once, as during an update, of ${own} each: ${statement} ${2 * own};`,
    );
  if (server >= 2 * all) return problems;
  const needed = `the server takes ${server} connections, two processes at once, as during an update, have ${2 * all}`;
  return [...problems, `${needed}: ALTER SYSTEM SET max_connections = ${2 * all + 10}; and a restart`];
}
