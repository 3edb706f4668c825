import { migrateBackoffice, newerSchemaNote } from '../src/db/migrate.ts';
import { command } from './command.ts';
import { withDatabases } from './with-databases.ts';

const MIGRATE = {
  name: 'migrate',
  does: 'Brings backoffice_db to its newest schema, as the server does at start.',
  example: '',
  options: {},
};

await command(MIGRATE, () =>
  withDatabases(async ({ backoffice }) => {
    const applied = await migrateBackoffice(backoffice);
    for (const name of applied) console.log(`applied: ${name}`);
    console.log((await newerSchemaNote(backoffice)) ?? 'backoffice_db has the newest schema.');
  }),
);
