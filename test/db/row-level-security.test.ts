import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { openDatabase } from '../../src/db/connect.ts';
import { nameProblems } from '../../src/db/source-check.ts';
import { startApp } from '../support/app.ts';
import { signedIn } from '../support/client.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls, onServer } from '../support/databases.ts';
import { startProgram } from '../support/program.ts';
import { needsServer } from '../support/skip.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('row-level security', () => {
  const role = `reader_${randomBytes(4).toString('hex')}`;
  const author = randomUUID();
  const as = (url: string) => Object.assign(new URL(url), { username: role, password: 'secret' }).href;
  const bypassing = (how: 'BYPASSRLS' | 'NOBYPASSRLS') => databases().workflows.raw(`ALTER ROLE ${role} ${how}`);

  before(async function () {
    needsServer(this); // The embedded database has one role, which sees everything.
    const { workflows, mythoria } = databases();
    await resetUsage();
    await insertUsage([{ author, cost: 1_000_000 }, { cost: 2_000_000 }, { cost: 4_000_000 }]);
    await workflows.raw(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    await workflows.raw(`GRANT SELECT ON token_usage_tracking TO ${role}`);
    await workflows.raw('ALTER TABLE token_usage_tracking ENABLE ROW LEVEL SECURITY');
    await workflows.raw(`CREATE POLICY own ON token_usage_tracking USING (author_id = '${author}')`);
    await mythoria.raw(`GRANT SELECT ON authors, stories TO ${role}`);
    await mythoria.raw('ALTER TABLE stories ENABLE ROW LEVEL SECURITY');
  });
  after(async () => {
    if (!onServer()) return;
    const { workflows, mythoria } = databases();
    await workflows.raw('DROP POLICY own ON token_usage_tracking');
    await workflows.raw('ALTER TABLE token_usage_tracking DISABLE ROW LEVEL SECURITY');
    await mythoria.raw('ALTER TABLE stories DISABLE ROW LEVEL SECURITY');
    for (const database of [workflows, mythoria]) await database.raw(`DROP OWNED BY ${role}`);
    await workflows.raw(`DROP ROLE ${role}`);
    await resetUsage();
  });

  it('makes no total smaller: no figure is shown until the role may see every row', async () => {
    const app = await startApp({ urls: { workflows: as(databaseUrls().workflows) } });
    try {
      const client = await signedIn(app.origin);
      const total = () => client.get('/api/ai-usage/stats?period=7d', { Accept: 'application/json' });
      assert.equal((await total()).status, 500);
      assert.match((await client.get('/ai-usage?period=7d')).text, /could not be computed/);
      assert.notEqual((await client.get('/ai-usage/records.csv?period=7d')).status, 200);
      await bypassing('BYPASSRLS');
      assert.equal((await total()).body.totalCost, 7);
    } finally {
      await bypassing('NOBYPASSRLS');
      await app.close();
    }
  });

  it('stops the start, which says what to grant', async () => {
    const { workflows, backoffice } = databaseUrls();
    const program = startProgram(process.execPath, await commandLine('src/server.ts'), {
      settings: { PORT: '0', WORKFLOWS_DATABASE_URL: as(workflows), BACKOFFICE_DATABASE_URL: backoffice },
    });
    assert.equal(await program.exitCode, 1);
    assert.deepEqual(program.lines.err, [
      `Row-level security hides rows of token_usage_tracking in workflows_db from ${role}, so that nothing of it can be read: ALTER ROLE ${role} BYPASSRLS.`,
    ]);
  });

  it('on the names of stories is told at the start as well', async () => {
    const mythoria = openDatabase(as(databaseUrls().mythoria), { maxConnections: 1, readOnly: true });
    try {
      const messages = (await nameProblems(mythoria)).map(({ message }) => message);
      assert.equal(messages.length, 1);
      assert.match(messages[0] ?? '', /^Row-level security hides rows of stories in mythoria_db from .*BYPASSRLS\.$/);
      await assert.rejects(mythoria('stories').select('story_id'), /row-level security/);
    } finally {
      await mythoria.destroy();
    }
  });
});
