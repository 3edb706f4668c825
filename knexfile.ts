import { loadConfig } from './src/config.ts';
import { migrations } from './src/db/migrate.ts';

const { databaseUrls } = loadConfig();
if (databaseUrls === null) {
  throw new Error(
    'Set WORKFLOWS_DATABASE_URL and BACKOFFICE_DATABASE_URL: the embedded databases migrate themselves at start',
  );
}

/** For Knex's own command line (`npx tsx node_modules/knex/bin/cli.js migrate:make NAME`); the server migrates at start by itself. */
export default { client: 'pg', connection: databaseUrls.backoffice, migrations };
