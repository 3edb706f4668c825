import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parse } from 'node-html-parser';
import { addTime, HOUR, instantFromPostgres, isoFromInstant, now, parseInstant } from '../../../src/units/time.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { auditLines, forgetAudit } from '../../support/audit.ts';
import { ANA, type Client, type Headers, HTMX_FRAGMENT, RUI, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { memoryLog } from '../../support/log.ts';
import { linkTo, openPage, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const PATH = '/ai-usage/records';
const SECRET = 'o Tiago tem medo do escuro';
const PROMPT = { messages: [{ role: 'user', content: `${SECRET} <b>&amp;</b>` }], temperature: 0.7 };
const PRETTY = `{
    "messages": [
        {
            "role": "user",
            "content": "${SECRET} <b>&amp;</b>"
        }
    ],
    "temperature": 0.7
}`;

describe('one record', () => {
  const { log, lines } = memoryLog();
  let app: RunningApp;
  let client: Client;
  let row: UsageRow;

  before(async () => {
    app = await startApp({ log });
    client = await signedIn(app.origin);
  });
  after(() => app.close());
  beforeEach(async () => {
    await resetUsage();
    await forgetAudit();
    lines.length = 0;
    [row] = (await insertUsage([
      {
        at: parseInstant('2026-10-24T23:30:00.123456Z') as bigint,
        model: 'gemini-2.5-pro',
        action: 'image_edit',
        input: 1234,
        output: 56,
        cost: 4213,
        prompt: PROMPT,
      },
    ])) as [UsageRow];
  });

  const facts = async (id = row.id) => {
    const page = await openPage(client, `${PATH}/${id}`);
    return new Map(page.querySelectorAll('.facts > div').map((fact) => [textOf(fact.querySelector('dt')), fact]));
  };

  it('shows everything but the prompt', async () => {
    const { mythoria } = databases();
    await mythoria('authors').insert({ author_id: row.author, display_name: 'Sophia', email: 's@example.com' });
    await mythoria('stories').insert({ story_id: row.story, title: 'A Fada', author_id: row.author });
    const shown = [...(await facts())].map(([name, fact]) => [name, textOf(fact.querySelector('dd'))]);
    assert.deepEqual(shown, [
      ['Time', '25 Oct 2026, 00:30:00 Europe/Lisbon, UTC+01:00'],
      ['Action', 'Image edit Corrections to an illustration'],
      ['Model', 'gemini-2.5-pro Google · Gemini · text'],
      ['Author', `Sophia ${row.author} Copy the id ${row.author} all records of this author`],
      ['Story', `A Fada ${row.story} Copy the id ${row.story} all records of this story`],
      ['Tokens', '1,234 in, 56 out, 1,290 in all'],
      ['Estimated cost', '€0.004213'],
      ['Price', '€3.265891 per million tokens, in and out together'],
    ]);
    const page = await openPage(client, `${PATH}/${row.id.toUpperCase()}`);
    assert.equal(textOf(page.querySelector('.title code')), row.id);
    assert.equal(page.querySelector('.facts time')?.getAttribute('datetime'), '2026-10-24T23:30:00.123456Z');
    assert.doesNotMatch(page.text, new RegExp(SECRET));
  });

  it('leads to the records of its author and story, however old they are', async () => {
    await insertUsage([{ author: row.author }, { story: row.story }]);
    const shown = await facts();
    for (const name of ['Author', 'Story']) {
      const dd = shown.get(name);
      assert.ok(dd);
      assert.equal(textOf(dd.querySelector('a')), (name === 'Author' ? row.author : row.story).slice(0, 8));
      const records = await openPage(client, linkTo(dd, 'a.quiet') ?? '');
      assert.equal(records.querySelectorAll('tbody tr').length, 2);
    }
  });

  it('its prompt is shown to those who ask, indented and escaped, and they are written down', async () => {
    const page = await openPage(client, `${PATH}/${row.id}`);
    const before = now();
    const response = await client.get(linkTo(page, '.sheet a.button') ?? '');
    assert.equal(response.status, 200);
    const prompt = parse(response.text).querySelector('pre.prompt');
    assert.equal(prompt?.text, PRETTY);
    assert.doesNotMatch(response.text, /<b>&amp;<\/b>/);
    assert.ok(response.text.includes(`${SECRET} &lt;b&gt;&amp;amp;&lt;/b&gt;`));

    const [line, ...more] = await auditLines();
    assert.deepEqual(more, []);
    assert.deepEqual([line?.sub, line?.email, line?.action, line?.subject], ['101', ANA, 'open prompt', row.id]);
    const happened = instantFromPostgres(line?.happened_at ?? '');
    assert.ok(happened >= before - 1000n && happened <= addTime(now(), 1000n));
  });

  it('its prompt is written down once for each look: by whom, also as a fragment', async () => {
    const rui = await signedIn(app.origin, RUI);
    await rui.get(`${PATH}/${row.id}/prompt`, HTMX_FRAGMENT);
    await client.get(`${PATH}/${row.id}/prompt`);
    assert.deepEqual(
      (await auditLines()).map(({ email, subject }) => [email, subject]),
      [
        [RUI, row.id],
        [ANA, row.id],
      ],
    );
  });

  it('its prompt is not opened by a page of another site, nor by a browser that fetches ahead', async () => {
    const doors = [
      `${PATH}/${row.id}/prompt`,
      `${PATH}/${row.id}/prompt.json`,
      `${PATH}.csv?period=all&include=prompt`,
      `${PATH}.json?period=all&include=prompt`,
    ];
    const elsewhere: Headers[] = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-User': '?1' },
      { 'Sec-Fetch-Site': 'none', 'Sec-Purpose': 'prefetch;prerender' },
      { 'Sec-Fetch-Site': 'cross-site', ...HTMX_FRAGMENT },
      { 'Sec-Fetch-Site': 'Cross-Site' },
      { 'Sec-Fetch-Site': 'same-origin, cross-site' },
      { 'Sec-Fetch-Site': '' },
    ];
    for (const path of doors) {
      for (const headers of elsewhere) {
        const answer = await client.get(path, headers);
        assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)}`);
        assert.doesNotMatch(answer.text, new RegExp(SECRET));
        assert.match(answer.text, /opened from a page of this site/);
        assert.equal(answer.headers['content-disposition'], undefined);
      }
    }
    const refused = parse((await client.get(doors[0] ?? '', elsewhere[0])).text);
    assert.equal(linkTo(refused, '.ways-out a'), `${PATH}/${row.id}`, 'where one may open it');
    assert.deepEqual(await auditLines(), []);
    for (const headers of [{ 'Sec-Fetch-Site': 'same-origin' }, { 'Sec-Fetch-Site': 'none' }]) {
      for (const path of doors) assert.equal((await client.get(path, headers)).status, 200);
    }
    assert.equal((await auditLines()).length, 2 * doors.length);
  });

  it('its prompt is written down as opened where it is sent, and only there: not for HEAD, and nobody keeps a copy', async () => {
    const path = `${PATH}/${row.id}/prompt`;
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const head = await fetch(app.origin + path, { method: 'HEAD', headers: { cookie } });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('Cache-Control'), 'no-store');
    assert.deepEqual(await auditLines(), []);
    const { etag = '*' } = (await client.get(path)).headers;
    for (const [i, tag] of [etag, '*', 'W/"x", *'].entries()) {
      const answer = await client.get(path, { 'If-None-Match': tag, 'If-Modified-Since': new Date().toUTCString() });
      assert.equal(answer.status, 200);
      assert.match(answer.text, new RegExp(SECRET));
      assert.equal((await auditLines()).length, i + 2);
    }
  });

  it('its prompt is not shown to someone who cannot be written down', async () => {
    const { backoffice } = databases();
    await backoffice.raw('ALTER TABLE audit_log ADD CONSTRAINT full_disk CHECK (false) NOT VALID');
    try {
      for (const headers of [{}, HTMX_FRAGMENT, { Accept: 'application/json' }] as Headers[]) {
        const response = await client.get(`${PATH}/${row.id}/prompt`, headers);
        assert.equal(response.status, 500);
        assert.doesNotMatch(response.text, new RegExp(SECRET));
      }
    } finally {
      await backoffice.raw('ALTER TABLE audit_log DROP CONSTRAINT full_disk');
    }
    assert.deepEqual(await auditLines(), []);
    assert.equal((await client.get(`${PATH}/${row.id}/prompt`)).status, 200);
  });

  it('prompts of every JSON shape and of many kilobytes are shown', async () => {
    const prompts = ['just text', 42, null, [], {}, { text: 'Era uma vez. '.repeat(5000) }];
    const inserted = await insertUsage(prompts.map((prompt) => ({ prompt })));
    for (const [i, { id }] of inserted.entries()) {
      const page = await openPage(client, `${PATH}/${id}/prompt`);
      assert.deepEqual(JSON.parse(page.querySelector('pre.prompt')?.text ?? ''), prompts[i]);
    }
  });

  it('no prompt is in a list, on the record’s page, in the API or in the log', async () => {
    await databases()
      .workflows('token_usage_tracking')
      .update({ created_at: isoFromInstant(addTime(now(), -HOUR)) });
    const paths = [
      '/ai-usage',
      PATH,
      `${PATH}?search=Tiago`,
      `${PATH}/${row.id}`,
      '/api/ai-usage/stats',
      '/api/ai-usage/records',
      '/api/ai-usage/records?search=Tiago',
    ];
    for (const path of paths) {
      const { status, text } = await client.get(path);
      assert.equal(status, 200);
      assert.doesNotMatch(text, /Tiago tem|escuro|temperature/, path);
    }
    assert.deepEqual(await auditLines(), []);
    await client.get(`${PATH}/${row.id}/prompt`);
    await client.get(`${PATH}/not-an-id/prompt`);
    assert.ok(lines.length >= paths.length + 2);
    assert.doesNotMatch(lines.join(), /Tiago|escuro|temperature/);
  });

  it('that does not exist is a 404, and so is an id that is none; nobody is written down', async () => {
    const ids = [
      randomUUID(),
      'abc',
      '1',
      `${row.id}0`,
      row.id.slice(0, -1),
      row.id.replaceAll('-', ''),
      `{${row.id}}`,
      '%00',
      `${row.id}%00`,
      '%27%20OR%201=1',
      `%20${row.id}`,
      '__proto__',
      'prompt',
    ];
    for (const id of ids) {
      for (const path of [`${PATH}/${id}`, `${PATH}/${id}/prompt`]) {
        const response = await client.get(path);
        assert.equal(response.status, 404, path);
        assert.match(textOf(parse(response.text).querySelector('h1')), /Not found/);
      }
    }
    assert.deepEqual(await auditLines(), []);
  });

  it('that was deleted is a 404', async () => {
    await databases().workflows('token_usage_tracking').delete();
    assert.equal((await client.get(`${PATH}/${row.id}`)).status, 404);
    assert.equal((await client.get(`${PATH}/${row.id}/prompt`)).status, 404);
    assert.deepEqual(await auditLines(), []);
  });
});
