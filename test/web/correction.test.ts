import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { openPage, submitted, textOf } from '../support/page.ts';

describe('a form that was filled in wrongly, without scripts', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });

  const corrected = async (path: string) => {
    const answer = await client.get(path);
    assert.equal(answer.status, 400, path);
    const page = parse(answer.text);
    const form = page.querySelector('form.correction');
    assert.ok(form, path);
    const fields = form.querySelectorAll('label input').map((field) => ({
      name: field.getAttribute('name'),
      type: field.getAttribute('type'),
      value: field.getAttribute('value'),
      wrong: field.getAttribute('aria-invalid') === 'true',
    }));
    return { form, fields, problems: textOf(page.querySelector('.problems')) };
  };
  const dates = (from: string, to: string) => [
    { name: 'from', type: 'date', value: from, wrong: true },
    { name: 'to', type: 'date', value: to, wrong: false },
  ];

  for (const [path, begin] of [
    ['/ai-usage', '#usage form.days'],
    ['/ai-usage/records', '#usage form.days'],
    ['/ai-usage/models/gpt-5', '#usage form.days'],
    ['/audit', '#usage form.filters'],
  ] as const) {
    it(`has what was typed, to be corrected and sent again, with everything else that it said: ${path}`, async () => {
      const rest = path === '/audit' ? 'kind=export' : 'action=test&action=image_edit&search=x';
      const page = await openPage(client, `${path}?${rest}`);
      const form = page.querySelector(begin);
      assert.ok(form);
      const {
        form: again,
        fields,
        problems,
      } = await corrected(submitted(form, { from: '2026-10-31', to: '2026-10-01' }));
      assert.deepEqual(fields, dates('2026-10-31', '2026-10-01'));
      assert.match(problems, /^from must (not be after|be before) to \(2026-10-01\)$/);
      const address = submitted(again, { to: '2026-11-02' });
      const wanted = new URLSearchParams(`${rest}&from=2026-10-31&to=2026-11-02`);
      const sent = new URLSearchParams(address.split('?')[1]);
      assert.deepEqual([...sent].sort(), [...wanted].sort());
      assert.equal(address.split('?')[0], path);
      await openPage(client, address);
    });
  }

  it('keeps as text what no calendar holds, and every other field that is wrong', async () => {
    const bad = await corrected('/ai-usage?from=2026-02-31&to=12026-10-31&rankBy=name&model=gpt-5');
    assert.deepEqual(bad.fields, [
      { name: 'from', type: 'text', value: '2026-02-31', wrong: true },
      { name: 'to', type: 'text', value: '12026-10-31', wrong: false },
      { name: 'rankBy', type: 'text', value: 'name', wrong: true },
    ]);
    const later = await corrected('/audit?from=%2B012026-10-31&to=2026-10-31');
    assert.deepEqual(
      later.fields.map(({ type, value }) => [type, value]),
      [
        ['text', '+012026-10-31'],
        ['date', '2026-10-31'],
      ],
    );
    const month = await corrected('/ai-usage/statement?month=2026-13');
    assert.deepEqual(month.fields, [{ name: 'month', type: 'text', value: '2026-13', wrong: true }]);
  });

  it('is of this site, escaped, and of a length that a page has', async () => {
    const { form, fields } = await corrected('/ai-usage?period=%22%3E%3Cscript%3E&search=%22%27%3E%3Cb%3E');
    assert.equal(form.getAttribute('action'), '/ai-usage');
    assert.equal(fields[0]?.value, '"><script>');
    assert.doesNotMatch(form.outerHTML, /<script>|<b>/);
    for (const path of [
      '/ai-usage?page=0&'.concat('x=1&'.repeat(300)),
      `/ai-usage?page=0&search=${'x'.repeat(2500)}`,
    ]) {
      const answer = await client.get(path);
      assert.equal(answer.status, 400);
      assert.equal(parse(answer.text).querySelector('form.correction'), null);
    }
  });
});
