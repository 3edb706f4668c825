import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import type { Knex } from 'knex';
import { databases } from './databases.ts';

type Declarations = { tables: PgTable[]; enums: { enumName: string; enumValues: string[] }[] };

/**
 * Gives `work` a transaction on workflows_db that sees these tables, empty and its own to alter, instead of the real
 * ones; rolled back at the end.
 */
export async function inScratchSchema(declarations: Declarations, work: (scratch: Knex) => Promise<void>) {
  const transaction = await databases().workflows.transaction();
  try {
    await transaction.raw('SET TRANSACTION READ WRITE');
    await transaction.raw('CREATE SCHEMA scratch; SET LOCAL search_path = scratch');
    for (const { enumName, enumValues } of declarations.enums) {
      await transaction.raw(`CREATE TYPE ${enumName} AS ENUM (${enumValues.map((value) => `'${value}'`).join(', ')})`);
    }
    for (const table of declarations.tables) {
      const { name, columns } = getTableConfig(table);
      const definitions = columns.map(
        (column) => `${column.name} ${column.getSQLType()} ${column.notNull ? 'NOT NULL' : ''}`,
      );
      await transaction.raw(`CREATE TABLE ${name} (${definitions.join(', ')})`);
    }
    await work(transaction);
  } finally {
    await transaction.rollback();
  }
}
