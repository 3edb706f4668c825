import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Knex } from 'knex';
import { openDatabase } from '../../src/db/connect.ts';
import { migrateBackoffice } from '../../src/db/migrate.ts';
import { sourceProblems } from '../../src/db/source-check.ts';
import { startApp } from '../support/app.ts';
import { signedIn } from '../support/client.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { needsServer } from '../support/skip.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('the SQL of the README', () => {
  const blocks = [...readFileSync('README.md', 'utf8').matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => sql);
  // Roles belong to the whole server: these must not meet those of another run.
  const suffix = `_${process.pid}`;
  const ours = (sql: string) =>
    sql.replaceAll(/ai_usage_(?:reader|owner)|backoffice_db/g, (name) => name + suffix).replace(/^--.*$/gm, '');
  const as = (role: string, url: string, path?: string) =>
    Object.assign(new URL(url), { username: role + suffix, password: 'change me', ...(path ? { pathname: path } : {}) })
      .href;
  let admin: Knex;

  before(function () {
    // The embedded database has one role.
    needsServer(this);
    admin = databases().backoffice;
  });

  after(async () => {
    if (!admin) return;
    await resetUsage();
    const { workflows, mythoria } = databases();
    await admin.raw(ours('DROP DATABASE IF EXISTS backoffice_db WITH (FORCE)'));
    for (const database of [workflows, mythoria]) await database.raw(ours('DROP OWNED BY ai_usage_reader'));
    await admin.raw(ours('DROP ROLE ai_usage_reader; DROP ROLE ai_usage_owner'));
  });

  it('makes roles that serve every page and may do no more', async () => {
    const { workflows, mythoria } = databases();
    assert.equal(blocks.length, 3);
    const [roles = '', inWorkflows = '', inMythoria = ''] = blocks.map(ours);
    // One at a time: a database cannot be created among other statements.
    for (const statement of roles.split(';').filter((part) => part.trim())) await admin.raw(statement);
    await workflows.raw(inWorkflows);
    await mythoria.raw(inMythoria);

    const urls = {
      workflows: as('ai_usage_reader', databaseUrls().workflows),
      mythoria: as('ai_usage_reader', databaseUrls().mythoria),
      backoffice: as('ai_usage_owner', databaseUrls().backoffice, `/backoffice_db${suffix}`),
    };
    await resetUsage();
    const [row] = await insertUsage([{}]);
    await mythoria('authors').insert({
      author_id: row?.author,
      display_name: 'Inês Duarte',
      email: 'ines@example.com',
    });
    const backoffice = openDatabase(urls.backoffice, { maxConnections: 1 });
    await migrateBackoffice(backoffice);
    await backoffice.destroy();

    const app = await startApp({ urls });
    try {
      assert.deepEqual(await sourceProblems(app.databases.workflows), []);
      const ana = await signedIn(app.origin);
      const record = `/ai-usage/records/${row?.id}`;
      for (const path of [
        '/ai-usage',
        '/ai-usage/tie-out',
        record,
        `${record}/prompt`,
        '/account/sessions',
        '/readyz',
      ]) {
        const { status, text } = await ana.get(path);
        assert.equal(status, 200, path);
        assert.doesNotMatch(text, /does not answer|do not answer|could not be computed/, path);
      }
      const { text } = await ana.get('/ai-usage/records?search=duarte');
      assert.match(text, /Inês Duarte/);

      const reader = openDatabase(urls.workflows, { maxConnections: 1 });
      await assert.rejects(reader('token_usage_tracking').delete(), /permission denied/);
      await reader.destroy();
      const names = openDatabase(urls.mythoria, { maxConnections: 1 });
      await assert.rejects(names('authors').select('email'), /permission denied/);
      await names.destroy();
    } finally {
      await app.close();
    }
  });
});
