import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { EXTENSIONS } from '../../src/export/formats.ts';
import { HOUR, isoFromInstant, now, SECOND } from '../../src/units/time.ts';
import { address } from '../support/addresses.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { ANA, type Client, createClient, location, RUI, signedIn } from '../support/client.ts';
import { databases, databaseUrls, onServer } from '../support/databases.ts';
import { csvRows, download } from '../support/export.ts';
import { openPage, recordIds, recordSum, tilesOf } from '../support/page.ts';
import { startProxy } from '../support/proxy.ts';
import { coverUsage, insertUsage, resetUsage, usageRow } from '../support/usage.ts';

type AuditLine = { email: string; action: string; subject: string; details: string; rows: string | null };
let since = '0';
const auditLines = (): Promise<AuditLine[]> =>
  databases().backoffice('audit_log').where('audit_id', '>', since).orderBy('audit_id');
const forgetAudit = async () => {
  since = (await databases().backoffice('audit_log').max('audit_id')).at(0)?.max ?? '0';
};

/** Rows enough that no socket's buffer takes them all. */
async function fill(rows: number): Promise<void> {
  await databases().workflows.raw(
    `INSERT INTO token_usage_tracking
       (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
     SELECT gen_random_uuid(), gen_random_uuid(), 'test', 'gpt-5', 1, 1, 0.000001, '{}', now() - i * interval '1 second' - interval '1 minute'
       FROM generate_series(1, ?::int) AS i`,
    [rows],
  );
}

/** Asks for a file and takes nothing of it until told. */
async function begin(origin: string, client: Client, path: string): Promise<IncomingMessage> {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const request = get(new URL(path, origin), { headers: { cookie } });
  request.on('error', () => {});
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  return response;
}

/** Statements that exports have open at the source: running, or waiting for the client. */
async function openAtSource(): Promise<number> {
  const { rows } = await databases().workflows.raw(
    `SELECT count(*)::int AS open FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'FETCH%' AND state <> 'idle'`,
  );
  return rows[0].open;
}

async function until(condition: () => Promise<boolean>, withinMs: number, what: string): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    assert.ok(Date.now() < end, what);
    await sleep(20);
  }
}

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
      ['/ai-usage.csv?table=stories', 'table', /usage, models, actions/],
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

  it('is answered or refused whatever else stands in the address, and never our mistake', async function () {
    this.timeout(60_000);
    const asked = fc.tuple(address, fc.constantFrom(...EXTENSIONS)).filter(([path]) => !/^\/api|tie-out/.test(path));
    await fc.assert(
      fc.asyncProperty(asked, async ([path, extension]) => {
        const answer = await client.get(path.replace('?', `.${extension}?`));
        assert.ok([200, 400].includes(answer.status), `${answer.status}: ${path}`);
        if (answer.status === 400) assert.match(answer.text, /class="problems"/);
        else assert.match(answer.headers['content-disposition'] ?? '', /^attachment/);
      }),
      { numRuns: 150 },
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

describe('an export under way', function () {
  this.timeout(60_000);
  const ROWS = 60_000;

  let app: RunningApp;
  let client: Client;
  before(async function () {
    // It takes two connections that see each other.
    if (!onServer()) return this.skip();
    app = await startApp();
    client = await signedIn(app.origin);
    await resetUsage();
    await fill(ROWS);
  });
  beforeEach(forgetAudit);
  after(async () => {
    await app?.close();
    await resetUsage();
  });

  it('is compressed for those who understand that, and whole', async () => {
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const warnings: string[] = [];
    const warned = ({ name }: Error) => warnings.push(name);
    process.on('warning', warned);
    const answer = await fetch(`${app.origin}/ai-usage/records.csv?period=all`, { headers: { cookie } });
    assert.match(answer.headers.get('content-encoding') ?? '', /^(br|gzip)$/);
    assert.equal(csvRows(await answer.text()).length, ROWS);
    process.off('warning', warned);
    assert.ok(!warnings.includes('MaxListenersExceededWarning'), 'a listener a batch is a leak');
  });

  it('waits for a client that is slow, ends within a second when it goes, and says how far it came', async () => {
    const response = await begin(app.origin, client, '/ai-usage/records.csv?period=all');
    response.once('data', () => response.pause());
    await sleep(500);
    assert.equal(await openAtSource(), 1);
    response.destroy();
    await until(async () => (await openAtSource()) === 0, 1_000, 'the query ends with its client');
    await until(async () => (await auditLines()).length === 2, 1_000, 'two lines');
    const [line, broken] = await auditLines();
    assert.deepEqual([line?.action, line?.rows], ['export', String(ROWS)]);
    assert.equal(broken?.action, 'export broken off');
    const sent = Number(broken?.rows);
    assert.ok(sent < ROWS, `${sent} rows were read for a client that took almost none`);
  });

  it('ends its query within a second also where the client goes before the first row', async () => {
    const { workflows } = databases();
    const lock = await workflows.transaction();
    await lock.raw('LOCK TABLE token_usage_tracking IN ACCESS EXCLUSIVE MODE');
    const waiting = async () => {
      const { rows } = await databases().backoffice.raw(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%token_usage_tracking%'`,
      );
      return rows[0].waiting > 0;
    };
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const request = get(`${app.origin}/ai-usage/records.csv?period=all`, { headers: { cookie } }).on('error', () => {});
    await until(waiting, 2_000, 'the export waits for the table');
    request.destroy();
    await until(async () => !(await waiting()), 1_000, 'the query ends with its client');
    await lock.rollback();
    assert.deepEqual(await auditLines(), []);
  });

  it('is one of at most two of a person; the third is told to wait, another person is not', async () => {
    const path = '/ai-usage/records.csv?period=all';
    const first = await begin(app.origin, client, path);
    const second = await begin(app.origin, client, '/ai-usage/records.json?period=all');
    const third = await client.get(path);
    assert.equal(third.status, 429);
    assert.ok(Number(third.headers['retry-after']) > 0);
    assert.match(third.text, /Two of your downloads are under way/);
    assert.equal((await client.get(path, { Accept: '*/*' })).body.error.slice(0, 3), 'Two');
    const rui = await begin(app.origin, await signedIn(app.origin, RUI), path);
    assert.equal(rui.statusCode, 200);
    rui.destroy();
    first.destroy();
    second.destroy();
    await until(async () => (await client.get('/ai-usage.csv')).status === 200, 2_000, 'a place is free again');
  });

  it('does not hold up pages', async () => {
    const files = [];
    for (const email of [ANA, RUI]) {
      const person = await signedIn(app.origin, email);
      for (let i = 0; i < 2; i++) files.push(await begin(app.origin, person, '/ai-usage/records.csv?period=all'));
    }
    const began = Date.now();
    await openPage(client, '/ai-usage?period=1d');
    assert.ok(Date.now() - began < 2_000);
    for (const file of files) file.destroy();
  });

  for (const extension of ['csv', 'xlsx', 'json', 'ndjson']) {
    it(`looks broken, and is written down as failed, when the database breaks off: ${extension}`, async () => {
      const proxy = await startProxy(databaseUrls().workflows);
      const other = await startApp({ urls: { workflows: proxy.url } });
      try {
        const person = await signedIn(other.origin);
        const response = await begin(other.origin, person, `/ai-usage/records.${extension}?period=all`);
        assert.equal(response.statusCode, 200);
        await once(response, 'readable');
        proxy.down();
        const outcome = new Promise((resolve) => {
          response.on('end', () => resolve('complete'));
          response.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
        });
        response.resume();
        assert.equal(await outcome, 'ECONNRESET');
        await until(async () => (await auditLines()).length === 2, 2_000, 'two lines');
        assert.equal((await auditLines())[1]?.action, 'export failed');
      } finally {
        await other.close();
        await proxy.close();
      }
    });
  }

  it('breaks off where its rows are not those that were counted, and counts every row the next time', async () => {
    const other = await startApp();
    try {
      const person = await signedIn(other.origin);
      const { workflows } = databases();
      const asOf = isoFromInstant(now());
      await coverUsage();
      const path = `/ai-usage/records.csv?period=all&asOf=${asOf}`;
      assert.equal((await download(other.origin, person, path)).headers['x-total-rows'], String(ROWS));
      // An account is erased, and no audit has come by yet.
      const gone = await workflows('token_usage_tracking')
        .where('created_at', '<', isoFromInstant(now() - 10 * HOUR))
        .limit(1)
        .pluck('token_usage_id');
      await workflows('token_usage_tracking').whereIn('token_usage_id', gone).delete();
      await assert.rejects(download(other.origin, person, path), /aborted|ECONNRESET/);
      const again = await download(other.origin, person, path);
      assert.equal(again.headers['x-total-rows'], String(ROWS - 1));
      assert.equal(csvRows(again.text).length, ROWS - 1);
    } finally {
      await other.close();
    }
  });
});

describe('a view that is frozen', function () {
  this.timeout(60_000);

  it('keeps its tiles, tables, pages and exports while rows arrive', async () => {
    const { origin, databases: own } = await sharedApp();
    const client = await signedIn(origin);
    await resetUsage();
    await insertUsage(Array.from({ length: 300 }, (_, i) => ({ cost: 1 + i, at: now() - i * HOUR - 10 * SECOND })));
    let writing = true;
    // The embedded database is one session: its writer takes its turn on the app's own connection.
    const workflows = onServer() ? databases().workflows : own.workflows;
    const writer = (async () => {
      while (writing) {
        await insertUsage([usageRow({ at: now() }), usageRow({ at: now() - SECOND })], workflows);
        await sleep(5);
      }
    })();
    try {
      const asOf = `asOf=${isoFromInstant(now() - 5 * SECOND)}`;
      const read = async () => {
        const overview = await openPage(client, `/ai-usage?${asOf}`);
        const records = await openPage(client, `/ai-usage/records?pageSize=25&${asOf}`);
        const second = await openPage(client, `/ai-usage/records?pageSize=25&page=2&${asOf}`);
        const link = records.querySelector('a[rel="next"]')?.getAttribute('href');
        assert.ok(link, 'a page of 25 of 300 has a next one');
        const next = await openPage(client, link);
        const { text } = await download(origin, client, `/ai-usage/records.csv?${asOf}`);
        const tables = await download(origin, client, `/ai-usage.json?${asOf}`);
        return {
          tiles: [...tilesOf(overview)],
          tables: overview.querySelectorAll('table').map((table) => table.text),
          sum: recordSum(records),
          first: recordIds(records),
          second: recordIds(second),
          next: recordIds(next),
          csv: text,
          json: JSON.parse(tables.text).tables,
        };
      };
      const first = await read();
      assert.deepEqual(first.next, first.second);
      for (let i = 0; i < 4; i++) {
        await sleep(100);
        assert.deepEqual(await read(), first);
      }
    } finally {
      writing = false;
      await writer;
      await resetUsage();
    }
  });
});
