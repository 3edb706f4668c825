import assert from 'node:assert/strict';
import { openDatabase } from '../../../src/db/connect.ts';
import { sourceProblems } from '../../../src/db/source-check.ts';
import { EXTENSIONS } from '../../../src/export/formats.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { auditLines, forgetAudit } from '../../support/audit.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases, databaseUrls } from '../../support/databases.ts';
import { openPage, textOf } from '../../support/page.ts';
import { needsServer } from '../../support/skip.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';
import { RECORDS } from './stored-prompts.ts';

const SECRET = 'o Tiago tem medo do escuro';
describe('prompts', () => {
  let app: RunningApp;
  let client: Client;
  let id: string;

  before(async () => {
    app = await startApp();
    client = await signedIn(app.origin);
    await resetUsage();
    [id = ''] = (await insertUsage([{ prompt: { said: SECRET } }])).map((row) => row.id);
  });
  beforeEach(forgetAudit);
  after(async () => {
    await app.close();
    await resetUsage();
  });

  const doors = () => [
    `${RECORDS}/${id}/prompt`,
    `${RECORDS}/${id}/prompt.json`,
    ...EXTENSIONS.map((extension) => `${RECORDS}.${extension}?include=prompt`),
  ];
  const opened = async () => (await auditLines()).map(({ action }) => action);

  it('are not opened by those who ask for headers only', async () => {
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const path of doors()) {
      assert.equal((await fetch(app.origin + path, { method: 'HEAD', headers: { cookie } })).status, 200, path);
    }
    assert.deepEqual(await opened(), []);
  });

  it('are closed, and nothing else is, where the role may not read them; a grant opens them at once', async function () {
    // It takes a role of its own.
    needsServer(this);
    const { workflows } = databases();
    const role = `no_prompts_${process.pid}`;
    const { rows } = await workflows.raw<{ rows: [{ names: string }] }>(
      `SELECT string_agg(attname, ', ') AS names FROM pg_attribute
        WHERE attrelid = 'token_usage_tracking'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'input_prompt_json'`,
    );
    await workflows.raw(
      `CREATE ROLE ${role} LOGIN; GRANT SELECT (${rows[0].names}) ON token_usage_tracking TO ${role}`,
    );
    const url = Object.assign(new URL(databaseUrls().workflows), { username: role }).href;
    const asRole = openDatabase(url, { maxConnections: 1 });
    const other = await startApp({ urls: { workflows: url } });
    try {
      assert.deepEqual(await sourceProblems(asRole), [
        {
          fatal: false,
          isChoice: true,
          message: `The role for workflows_db may not read input_prompt_json: prompts are shown to nobody. Where they should be: GRANT SELECT (input_prompt_json) ON token_usage_tracking TO ${role};`,
        },
      ]);
      const person = await signedIn(other.origin);
      const open = [
        ...['/ai-usage', RECORDS, '/ai-usage/tie-out', '/api/ai-usage/stats', '/api/ai-usage/records'],
        ...EXTENSIONS.flatMap((extension) => [`/ai-usage.${extension}`, `${RECORDS}.${extension}`]),
      ];
      for (const path of open) assert.equal((await person.get(path)).status, 200, path);
      await forgetAudit();
      const record = await openPage(person, `${RECORDS}/${id}`);
      assert.equal(record.querySelectorAll('a[href*=prompt]').length, 0);
      assert.match(textOf(record.querySelector('.closed')), /^Prompts are closed: .*SELECT on input_prompt_json/);
      for (const path of doors()) {
        const { status, text } = await person.get(path);
        assert.equal(status, 403, path);
        assert.match(text, /Prompts are closed: .*SELECT on input_prompt_json/);
      }
      assert.deepEqual(await opened(), []);

      await workflows.raw(`GRANT SELECT ON token_usage_tracking TO ${role}`);
      for (const path of doors()) assert.equal((await person.get(path)).status, 200, path);
      assert.equal((await openPage(person, `${RECORDS}/${id}`)).querySelectorAll('a[href$="/prompt"]').length, 1);
      assert.deepEqual(await sourceProblems(asRole), []);
      await workflows.raw(`REVOKE SELECT ON token_usage_tracking FROM ${role}`);
    } finally {
      await other.close();
      await asRole.destroy();
      await workflows.raw(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});
