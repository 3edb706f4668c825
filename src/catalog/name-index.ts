import type { Knex } from 'knex';

async function hasNameIndex(backoffice: Knex): Promise<boolean> {
  const { rows } = await backoffice.raw<{ rows: [{ exists: boolean }] }>(
    `SELECT to_regclass('known_names_trigrams') IS NOT NULL AS exists`,
  );
  return rows[0].exists;
}

/** What keeps the index from being made by the next tick, with what to run; none where it is there, or will be. */
export async function nameIndexAdvice(backoffice: Knex): Promise<string[]> {
  if (await hasNameIndex(backoffice)) return [];
  const { rows } = await backoffice.raw<{
    rows: [{ has: boolean; available: boolean; may: boolean; database: string }];
  }>(
    `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') AS has,
            EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') AS available,
            has_database_privilege(current_database(), 'CREATE') AS may, quote_ident(current_database()) AS database`,
  );
  const [{ has, available, may, database }] = rows;
  const slower = 'searches for names are slower without';
  if (has || (available && may)) return [];
  if (!available) return [`the extension pg_trgm is not installed on the server (postgresql-contrib): ${slower}`];
  return [`lacks the extension pg_trgm: ${slower}. As the owner of ${database}: CREATE EXTENSION pg_trgm;`];
}

/** The role may not, or the server has no such extension: nothing that passes by itself. */
const NEVER = /^(42501|0A000|58P01)$/;

/**
 * Makes the trigram index that searches for names are fast with, and the extension pg_trgm, which the owner of a database
 * may create. Returns why it cannot, or null when it is there: searches are slower without, not wrong.
 * @throws Error where it may be possible later
 */
export async function makeNameIndex(backoffice: Knex): Promise<string | null> {
  if (await hasNameIndex(backoffice)) return null;
  try {
    await backoffice.transaction(async (transaction) => {
      await transaction.raw('SET LOCAL statement_timeout = 0');
      await transaction.raw('CREATE EXTENSION IF NOT EXISTS pg_trgm');
      const { rows: found } = await transaction.raw<{ rows: { schema: string }[] }>(
        `SELECT extnamespace::regnamespace::text AS schema FROM pg_extension WHERE extname = 'pg_trgm'`,
      );
      await transaction.raw(
        `CREATE INDEX IF NOT EXISTS known_names_trigrams ON known_names USING gin (folded ${found[0]?.schema}.gin_trgm_ops)`,
      );
    });
    return null;
  } catch (error) {
    const { code = '', message } = error as Error & { code?: string };
    if (!NEVER.test(code)) throw error;
    return message;
  }
}
