import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EXTENSIONS } from '../../../src/export/formats.ts';
import { address } from '../../support/addresses.ts';
import { type RunningApp, sharedApp } from '../../support/app.ts';
import { auditLines, forgetAudit } from '../../support/audit.ts';
import { ANA, type Client, createClient, location, RUI, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { csvRows, download } from '../../support/export.ts';
import { runs } from '../../support/thorough.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

describe('asking for an export', () => {
  let app: RunningApp;
  let client: Client;
  before(async () => {
    app = await sharedApp();
    client = await signedIn(app.origin);
    await resetUsage();
    await insertUsage([{ cost: 3 }, { cost: 4, prompt: { secret: 'Era uma vez' } }, { model: 'tts-1', cost: 5 }]);
  });
  beforeEach(forgetAudit);
  after(resetUsage);

  it('leads a stranger to sign-in and back to the file', async () => {
    const path = '/ai-usage/records.csv?model=gpt-5';
    const answer = await createClient(app.origin).get(path);
    assert.equal(answer.status, 302);
    assert.equal(location(answer), `/sign-in?returnTo=${encodeURIComponent(path)}`);
    assert.deepEqual(await auditLines(), []);
  });

  it('answers wrong parameters with a 400 that names them: a page to a browser, JSON to a program', async () => {
    for (const [path, parameter, takes] of [
      ['/ai-usage/records.csv?period=2d', 'period', /1d, 7d/],
      ['/ai-usage/records.csv?dialect=excel', 'dialect', /rfc4180, excel-pt/],
      ['/ai-usage/records.xlsx?dialect=excel-pt', 'dialect', /\.csv only/],
      ['/ai-usage/records.json?manifest=1', 'manifest', /\.csv only/],
      ['/ai-usage/records.csv?include=prompts', 'include', /prompt/],
      ['/ai-usage.csv?include=prompt', 'include', /records only/],
      ['/ai-usage.csv?table=stories', 'table', /usage, parts, models, actions/],
      ['/ai-usage/records.csv?table=models', 'table', /several tables/],
      ['/ai-usage/models/gpt-5.csv?model=gpt-5', 'model', /leave it out/],
      ['/ai-usage/statement.csv?month=2026-13', 'month', /2026-10/],
    ] as const) {
      const page = await client.get(path);
      assert.equal(page.status, 400, path);
      assert.equal(page.type, 'text/html');
      assert.match(page.text, takes);
      const json = await client.get(path, { Accept: '*/*' });
      assert.equal(json.status, 400, path);
      assert.equal(json.body.details[0].parameter, parameter);
      assert.match(json.body.details[0].message, takes);
    }
    assert.equal((await client.get('/ai-usage/stories/nothing.csv')).status, 404);
    assert.deepEqual(await auditLines(), []);
  });

  it('is answered or refused whatever else stands in the address, and never our mistake', async () => {
    const asked = fc.tuple(address, fc.constantFrom(...EXTENSIONS)).filter(([path]) => !/^\/api|tie-out/.test(path));
    await fc.assert(
      fc.asyncProperty(asked, async ([path, extension]) => {
        const answer = await client.get(path.replace('?', `.${extension}?`));
        assert.ok([200, 400].includes(answer.status), `${answer.status}: ${path}`);
        if (answer.status === 400) assert.match(answer.text, /class="problems"/);
        else assert.match(answer.headers['content-disposition'] ?? '', /^attachment/);
      }),
      { numRuns: runs(150) },
    );
  });

  it('is written down: who, which filter, how many rows', async () => {
    const rui = await signedIn(app.origin, RUI);
    await download(app.origin, client, '/ai-usage/records.csv?model=gpt-5');
    await download(app.origin, rui, '/ai-usage.xlsx?period=7d');
    const [first, second, ...more] = await auditLines();
    assert.deepEqual(more, []);
    assert.deepEqual([first?.email, first?.action, first?.rows], [ANA, 'export', '2']);
    assert.match(first?.subject ?? '', /^\/ai-usage\/records\.csv\?model=gpt-5&asOf=2/);
    assert.match(
      first?.details ?? '',
      /^Calls whose model is gpt-5; .* \(Europe\/Lisbon, UTC.*\); 2 rows, €0\.000007$/,
    );
    assert.deepEqual([second?.email, second?.action], [RUI, 'export']);
    assert.match(second?.subject ?? '', /^\/ai-usage\.xlsx\?period=7d&asOf=2/);
  });

  it('gives nothing to someone who cannot be written down', async () => {
    const { backoffice } = databases();
    await backoffice.raw('ALTER TABLE audit_log ADD CONSTRAINT full_disk CHECK (false) NOT VALID');
    try {
      const answer = await client.get('/ai-usage/records.csv');
      assert.equal(answer.status, 500);
      assert.equal(answer.type, 'text/html');
      assert.equal(answer.headers['content-disposition'], undefined);
      assert.doesNotMatch(answer.text, /gpt-5/);
    } finally {
      await backoffice.raw('ALTER TABLE audit_log DROP CONSTRAINT full_disk');
    }
  });

  it('gives prompts to those who ask for them, and writes that down', async () => {
    const plain = await download(app.origin, client, '/ai-usage/records.csv');
    assert.doesNotMatch(plain.text, /Era uma vez|Prompt/);
    const { text } = await download(app.origin, client, '/ai-usage/records.csv?include=prompt');
    const prompts = csvRows(text).map((row) => JSON.parse(row.Prompt ?? ''));
    assert.ok(prompts.some(({ secret }) => secret === 'Era uma vez'));
    assert.deepEqual(
      (await auditLines()).map(({ action }) => action),
      ['export', 'export with prompts'],
    );
  });

  it('tells rows and cost beforehand where only the headers are asked for, and nothing is written down', async () => {
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${app.origin}/ai-usage/records.csv`, { method: 'HEAD', headers: { cookie } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('X-Total-Rows'), '3');
    assert.equal(answer.headers.get('X-Total-Cost'), '0.000012');
    assert.deepEqual(await auditLines(), []);
  });
});

describe('the audit log', () => {
  it('is only ever added to', async () => {
    const { backoffice } = databases();
    await backoffice('audit_log').insert({ sub: '1', email: 'a@mythoria.pt', action: 'export', subject: 'x' });
    for (const change of [
      `UPDATE audit_log SET email = 'b@mythoria.pt'`,
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
    ])
      await assert.rejects(Promise.resolve(backoffice.raw(change)), /only ever added to/, change);
  });
});
