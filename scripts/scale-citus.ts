import type { Knex } from 'knex';
import { command } from './command.ts';
import { GROWING_TABLES } from './scale-citus/growing-tables.ts';
import { withDatabases } from './with-databases.ts';

const CITUS = {
  name: 'scale:citus',
  does: 'Prints, as SQL, how Citus would spread both databases over servers. Runs none of it; docs/scale.md says what it meets.',
  example: '',
  options: {},
};

/** Tables and what their rows are spread by. Those spread by columns of the same type lie together, so that they are added up where they lie. */
const OF_WORKFLOWS = { token_usage_tracking: 'token_usage_id' };
const OF_BACKOFFICE = { ...GROWING_TABLES, story_visits: 'story_id' };
/** Both of their keys are unique, so each server has all of them. */
const EVERYWHERE = ['story_numbers', 'author_numbers'];

/** The unique indexes that do not hold the column: Citus refuses to spread such a table. */
async function uniqueWithout(database: Knex, table: string, column: string): Promise<string[]> {
  const { rows } = await database.raw<{ rows: { name: string }[] }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index
      WHERE indrelid = ?::regclass AND indisunique
        AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = indrelid AND attname = ? AND attnum = ANY (indkey))`,
    [table, column],
  );
  return rows.map(({ name }) => name);
}

async function printSpread(name: string, database: Knex, spread: Record<string, string>): Promise<string[]> {
  console.log(`-- ${name}\nCREATE EXTENSION IF NOT EXISTS citus;`);
  const refused = [];
  for (const [table, column] of Object.entries(spread)) {
    const without = await uniqueWithout(database, table, column);
    refused.push(...without.map((index) => `${index} is unique over all of ${table} and does not hold ${column}`));
    console.log(`SELECT create_distributed_table('${table}', '${column}');`);
  }
  return refused;
}

await command(CITUS, () =>
  withDatabases(async ({ workflows, backoffice }) => {
    console.log('-- Written after the documentation of Citus, and run on no Citus so far.\n');
    const refused = await printSpread('workflows_db', workflows, OF_WORKFLOWS);
    console.log('');
    refused.push(...(await printSpread('backoffice_db', backoffice, OF_BACKOFFICE)));
    for (const table of EVERYWHERE) console.log(`SELECT create_reference_table('${table}');`);
    if (refused.length > 0) throw new Error(`Citus would refuse this:\n${refused.map((why) => `  ${why}`).join('\n')}`);
  }),
);
