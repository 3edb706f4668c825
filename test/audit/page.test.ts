import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parse } from 'node-html-parser';
import { AUDIT_EXPORT } from '../../src/audit/export.ts';
import { FORMATS } from '../../src/export/formats.ts';
import { parseExportOptions } from '../../src/export/options.ts';
import { createFormat } from '../../src/units/format.ts';
import { now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { ANA, type Client, RUI, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { csvRows, download, xlsxSheets } from '../support/export.ts';
import { linkTo, openPage, textOf } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('the page of the audit log', () => {
  let origin: string;
  let client: Client;
  let record: string;
  const somebody = `${randomUUID()}@mythoria.pt`;

  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
    await resetUsage();
    const [row] = await insertUsage([{ cost: 7 }]);
    record = row?.id ?? '';
    await client.get(`/ai-usage/records/${record}/prompt`);
    await download(origin, await signedIn(origin, RUI), '/ai-usage/records.csv?model=gpt-5');
    await databases()
      .backoffice('audit_log')
      .insert(
        Array.from({ length: 230 }, (_, i) => ({
          sub: '1',
          email: somebody,
          action: i % 2 === 0 ? 'export' : 'open prompt',
          subject: `line ${i}`,
          details: i === 0 ? '<script>alert(1)</script>' : '',
          happened_at: new Date(Date.parse('2026-10-24T22:30:00Z') + i * 60_000).toISOString(),
        })),
      );
  });
  after(resetUsage);

  const rows = async (path: string) =>
    (await openPage(client, path))
      .querySelectorAll('tbody tr')
      .map((row) => row.querySelectorAll('th, td').map(textOf));

  it('shows who did what, of which filter and how many rows, and leads there', async () => {
    const page = await openPage(client, `/audit?person=${RUI}&kind=export`);
    const [row] = page.querySelectorAll('tbody tr');
    const cells = row?.querySelectorAll('th, td').map(textOf) ?? [];
    assert.deepEqual([cells[1], cells[2], cells[4]], [RUI, 'Exported', '1']);
    assert.match(cells[3] ?? '', /^Calls whose model is gpt-5; .* 1 row, €0\.000007 \/ai-usage\/records\.csv$/);
    const there = await openPage(client, linkTo(page, 'tbody td a') ?? '');
    assert.equal(textOf(there.querySelector('h1')), 'Records');
    assert.equal(textOf(there.querySelector('.sum b')), '1');
    const prompts = await openPage(client, `/audit?person=${ANA}&kind=open+prompt`);
    assert.equal(linkTo(prompts, 'tbody td a'), `/ai-usage/records/${record}`);
  });

  it('is filtered by person, kind and business days, and walked page by page without gap or repetition', async () => {
    assert.ok((await rows(`/audit?person=${somebody}&kind=export`)).every(([, , what]) => what === 'Exported'));
    // 22:30 UTC is half past eleven in Lisbon on the 24th, and the clocks go back that night.
    assert.equal((await rows(`/audit?person=${somebody}&to=2026-10-24`)).length, 30);
    assert.equal((await rows(`/audit?person=${somebody}&from=2026-10-26`)).length, 0);
    const seen: string[] = [];
    for (let path: string | null = `/audit?person=${somebody}`; path !== null; ) {
      const page = await openPage(client, path);
      seen.push(...page.querySelectorAll('tbody tr').map((row) => textOf(row.querySelectorAll('td')[2] ?? null)));
      path = linkTo(page, 'a[rel="next"]');
    }
    assert.equal(seen.length, 230);
    assert.equal(new Set(seen).size, 230);
  });

  const cellsOf = (json: string) =>
    (JSON.parse(json).tables.lines as Record<string, unknown>[]).map((line) => [line.person, line.kind, line.subject]);

  it('is downloaded as it is filtered, in every format, and who did so is written down', async () => {
    const archivist = `${randomUUID()}@mythoria.pt`;
    await databases()
      .backoffice('audit_log')
      .insert(
        Array.from({ length: 2100 }, (_, i) => ({
          ...{ sub: '2', email: archivist, action: i % 3 === 0 ? 'export' : 'open prompt', subject: `=line ${i}` },
          ...{ rows: i % 3 === 0 ? i : null, happened_at: new Date(Date.parse('2026-10-20T12:00:00Z') + i * 60_000) },
        })),
      );
    const filter = `person=${archivist}&kind=export&from=2026-10-20&to=2026-10-21`;
    const expected = Array.from({ length: 2100 }, (_, i) => i)
      .filter((i) => i % 3 === 0 && i < 35 * 60)
      .reverse();
    const wanted = expected.map((i) => [archivist, 'export', `=line ${i}`]);

    const page = await openPage(client, `/audit?${filter}`);
    const links = page.querySelectorAll('details.download a').map((link) => link.getAttribute('href') ?? '');
    const files = new Map(links.map((href) => [href.replace(/^\/audit\.(\w+)\?.*$/, '$1'), href]));
    assert.deepEqual([...files.keys()], ['csv', 'xlsx', 'json', 'ndjson']);
    const get = (format: string) => download(origin, client, files.get(format) ?? '');

    const json = await get('json');
    assert.deepEqual(cellsOf(json.text), wanted);
    assert.equal(json.headers['x-total-rows'], String(wanted.length));
    assert.match(
      json.headers['content-disposition'] ?? '',
      /filename=audit--person-.*--kind-export--from-2026-10-20--to-2026-10-21-.*\.json/,
    );
    const { manifest } = JSON.parse(json.text);
    assert.deepEqual([manifest.rows, manifest.totalCost, manifest.filters], [700, null, `${archivist}, Exported`]);
    const lines = (await get('ndjson')).text.trim().split('\n');
    assert.deepEqual(
      lines.slice(1).map((line) => JSON.parse(line).rows),
      expected,
    );
    const csv = csvRows((await get('csv')).text);
    assert.deepEqual(
      csv.map(({ Of }) => Of),
      expected.map((i) => `'=line ${i}`),
    );
    const sheets = await xlsxSheets((await get('xlsx')).bytes);
    const sheet = sheets.find(({ name }) => name === 'Audit log');
    assert.deepEqual(
      sheet?.rows.map(({ Rows }) => Rows),
      expected,
    );

    assert.equal((await download(origin, client, `/audit.csv?person=${archivist}`)).headers['x-total-rows'], '2100');
    const [newest] = await rows(`/audit?person=${ANA}`);
    assert.deepEqual([newest?.[2], newest?.[4]], ['Exported', '2,100']);
    assert.match(newest?.[3] ?? '', /all kinds; everything until .*; 2,100 lines \/audit\.csv$/);
    const there = linkTo(await openPage(client, `/audit?person=${ANA}`), 'tbody td a') ?? '';
    assert.equal(there, `/audit?person=${encodeURIComponent(archivist)}`);
    assert.equal((await openPage(client, there)).querySelectorAll('tbody tr').length, 100);
    assert.equal((await client.get(`/audit.csv?person=${archivist}&before=7`)).status, 400);
  });

  it('shows every line, whatever time whoever wrote it said, and so do its files', async () => {
    const forger = `${randomUUID()}@mythoria.pt`;
    const times = ['infinity', '-infinity', '9999-12-31T23:00:00Z', '2026-10-20T12:00:00Z', '0044-03-15 BC'];
    for (const happened_at of times)
      await databases()
        .backoffice('audit_log')
        .insert({ ...{ sub: '4', email: forger, action: 'export', subject: happened_at }, happened_at });
    const shown = await rows(`/audit?person=${forger}`);
    assert.deepEqual(
      shown.map(([, , , of]) => of),
      times.toReversed(),
    );
    assert.deepEqual([shown[4]?.[0], shown[3]?.[0]], ['no time', 'no time']);
    for (const format of ['csv', 'xlsx', 'json', 'ndjson'])
      assert.equal((await download(origin, client, `/audit.${format}?person=${forger}`)).headers['x-total-rows'], '5');
    const csv = csvRows((await download(origin, client, `/audit.csv?person=${forger}`)).text);
    assert.deepEqual(
      csv.slice(3).map((row) => Object.values(row)[0]),
      ['no time', 'no time'],
    );
  });

  it('is a file of one moment, whatever is written while it is downloaded', async () => {
    const { backoffice } = databases();
    const writer = `${randomUUID()}@mythoria.pt`;
    const line = (subject: string) => ({ sub: '3', email: writer, action: 'export', subject });
    await backoffice('audit_log').insert(line('before'));
    // As a line that has its number and is not yet written.
    const { rows } = await backoffice.raw<{ rows: [{ number: string }] }>(
      `SELECT nextval(pg_get_serial_sequence('audit_log', 'audit_id')) AS number`,
    );
    await backoffice('audit_log').insert(line('after it'));
    const sources = { databases: databases(), format: createFormat('en-GB', 'Europe/Lisbon') };
    const asked = AUDIT_EXPORT.asked('', { person: writer }, sources, now());
    assert.ok(asked);
    const options = parseExportOptions({}, 'json', AUDIT_EXPORT.tables);
    const opened = await asked.open(options, new AbortController().signal);
    await backoffice.raw(
      `INSERT INTO audit_log (audit_id, sub, email, action, subject) OVERRIDING SYSTEM VALUE VALUES (?, '3', ?, 'export', 'meanwhile')`,
      [rows[0].number, writer],
    );
    await backoffice('audit_log').insert(line('later'));
    let written = '';
    for await (const piece of FORMATS.json.write(opened.file)) written += piece;
    assert.deepEqual(
      cellsOf(written).map(([, , subject]) => subject),
      ['after it', 'before'],
    );
    assert.equal(JSON.parse(written).manifest.rows, 2);
  });

  it('escapes what it shows, says what wrong parameters take, and changes nothing', async () => {
    const { text } = await client.get(`/audit?person=${somebody}&to=2026-10-24`);
    assert.match(text, /&lt;script&gt;alert\(1\)/);
    for (const [query, takes] of [
      ['kind=delete', /open prompt, export/],
      ['from=yesterday', /2026-10-31/],
      ['from=2026-10-31&to=2026-10-30', /not be after/],
      ['from=12026-10-31&to=2026-10-31', /not be after/],
      ['from=2026-10-31&to=-000001-10-31', /not be after/],
      ['before=x', /number of a line/],
      ['person=%00', /email address/],
    ] as const) {
      const answer = await client.get(`/audit?${query}`);
      assert.equal(answer.status, 400, query);
      assert.match(textOf(parse(answer.text).querySelector('.problems')), takes);
    }
    for (const query of ['from=2026-10-31&to=12026-10-31', 'from=-004712-10-31&to=0001-01-01'])
      assert.equal((await client.get(`/audit?${query}`)).status, 200, query);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(`${origin}/audit`, { method, headers: { cookie, 'Sec-Fetch-Site': 'same-origin' } });
      assert.equal(answer.status, 405, method);
    }
  });
});
