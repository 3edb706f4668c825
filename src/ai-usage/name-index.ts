import type { Knex } from 'knex';

/**
 * Makes the trigram index that searches for names are fast with, and the extension pg_trgm, which the owner of a database
 * may create. Returns why it cannot, or null when it is there: searches are slower without, not wrong.
 */
export async function makeNameIndex(backoffice: Knex): Promise<string | null> {
  const { rows } = await backoffice.raw<{ rows: { exists: boolean }[] }>(
    `SELECT to_regclass('known_names_trigrams') IS NOT NULL AS exists`,
  );
  if (rows[0]?.exists) return null;
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
    return (error as Error).message;
  }
}
