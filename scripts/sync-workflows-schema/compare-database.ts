import { pathToFileURL } from 'node:url';
import { is } from 'drizzle-orm';
import { getTableConfig, isPgEnum, PgTable } from 'drizzle-orm/pg-core';
import knex, { type Knex } from 'knex';

type Column = { name: string; type: string; notNull: boolean };

/** Tables with their columns and enum types with their values, as the copy declares them or a database has them. */
export type Schema = { tables: Map<string, Column[]>; enums: Map<string, string[]> };

/** Each difference between the copy, by the path of its index, and the database at a URL, as a sentence. */
export async function compareDatabase(index: string, url: string): Promise<string[]> {
  const copy = declaredSchema(await import(pathToFileURL(index).href));
  // Knex would print a refused connection itself, with its stack; the caller says it in one line.
  const workflows = knex({ client: 'pg', connection: url, pool: { min: 0, max: 1 }, log: { warn: () => {} } });
  try {
    return schemaDifferences(copy, await databaseSchema(workflows, copy));
  } finally {
    await workflows.destroy();
  }
}

/** What the modules of the copy declare: every Drizzle table and enum among their exports. */
export function declaredSchema(exports: Record<string, unknown>): Schema {
  const values = Object.values(exports);
  const tables = values.filter((value) => is(value, PgTable)).map(getTableConfig);
  const enums = values.filter(isPgEnum);
  return {
    tables: new Map(
      tables.map(({ name, columns, primaryKeys }) => [
        name,
        columns.map((column) => ({
          name: column.name,
          type: standardTypeName(column.getSQLType()),
          // PostgreSQL makes the columns of a primary key not null; Drizzle knows that only of a key of one column.
          notNull: column.notNull || primaryKeys.some((key) => key.columns.includes(column)),
        })),
      ]),
    ),
    enums: new Map(enums.map(({ enumName, enumValues }) => [enumName, enumValues])),
  };
}

/** Drizzle's name of a type ("varchar(100)") as PostgreSQL prints it ("character varying(100)"). */
function standardTypeName(drizzleName: string): string {
  return drizzleName
    .replaceAll(', ', ',')
    .replace(' (', '(')
    .replace(/^varchar/, 'character varying')
    .replace(/^char\b/, 'character')
    .replace(/^serial$/, 'integer')
    .replace(/^(small|big)serial$/, '$1int')
    .replace(/^(time(?:stamp)?(?:\(\d\))?)(?=\[|$)/, '$1 without time zone')
    .replace(/(\[\d*\])+$/, '[]');
}

/** What the database has of the tables and enum types that `declared` names; others are none of the copy's business. */
export async function databaseSchema(knex: Knex, declared: Schema): Promise<Schema> {
  // The catalog shows the whole truth to a role that may only SELECT; information_schema hides what it has no grant on.
  const columns = await knex.raw<{ rows: (Column & { table: string })[] }>(
    `SELECT declared.name AS "table", attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS "notNull"
       FROM unnest(?::text[]) AS declared (name)
       JOIN pg_catalog.pg_attribute ON attrelid = to_regclass(quote_ident(declared.name))
      WHERE attnum > 0 AND NOT attisdropped
      ORDER BY declared.name, attnum`,
    [[...declared.tables.keys()]],
  );
  const enums = await knex.raw<{ rows: { name: string; value: string }[] }>(
    `SELECT declared.name, enumlabel AS value
       FROM unnest(?::text[]) AS declared (name)
       JOIN pg_catalog.pg_enum ON enumtypid = to_regtype(quote_ident(declared.name))
      ORDER BY declared.name, enumsortorder`,
    [[...declared.enums.keys()]],
  );
  const schema: Schema = { tables: new Map(), enums: new Map() };
  for (const { table, ...column } of columns.rows) {
    schema.tables.set(table, [...(schema.tables.get(table) ?? []), column]);
  }
  for (const { name, value } of enums.rows) schema.enums.set(name, [...(schema.enums.get(name) ?? []), value]);
  return schema;
}

/** Each difference between the copy and the database as a sentence; none when they agree. */
export function schemaDifferences(copy: Schema, database: Schema): string[] {
  const ofTables = [...copy.tables].flatMap(([table, columns]) => {
    const found = database.tables.get(table);
    return found ? columnDifferences(table, columns, found) : [`Table ${table} does not exist in the database.`];
  });
  const ofEnums = [...copy.enums].flatMap(([name, values]) => {
    const found = database.enums.get(name);
    return found ? valueDifferences(name, values, found) : [`Enum ${name} does not exist in the database.`];
  });
  return [...ofTables, ...ofEnums];
}

function columnDifferences(table: string, copy: Column[], database: Column[]): string[] {
  const inCopy = copy.flatMap(({ name, type, notNull }) => {
    const found = database.find((column) => column.name === name);
    if (!found) return [`Column ${table}.${name} does not exist in the database.`];
    const sentences: string[] = [];
    if (found.type !== type) {
      sentences.push(`Column ${table}.${name} is ${type} in the copy but ${found.type} in the database.`);
    }
    if (found.notNull !== notNull) {
      const [here, there] = notNull ? ['not null', 'nullable'] : ['nullable', 'not null'];
      sentences.push(`Column ${table}.${name} is ${here} in the copy but ${there} in the database.`);
    }
    return sentences;
  });
  const onlyInDatabase = database
    .filter(({ name }) => !copy.some((column) => column.name === name))
    .map(({ name, type }) => `Column ${table}.${name} (${type}) is in the database but not in the copy.`);
  return [...inCopy, ...onlyInDatabase];
}

function valueDifferences(name: string, copy: string[], database: string[]): string[] {
  return [
    ...copy
      .filter((value) => !database.includes(value))
      .map((value) => `Value "${value}" of enum ${name} is in the copy but not in the database.`),
    ...database
      .filter((value) => !copy.includes(value))
      .map((value) => `Value "${value}" of enum ${name} is in the database but not in the copy.`),
  ];
}
