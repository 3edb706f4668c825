import assert from 'node:assert/strict';
import { openAlertWords } from '../../src/alerts/open-alerts.ts';
import { createFormat } from '../../src/units/format.ts';
import { resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { assertDescribed } from '../support/openapi.ts';
import { columnOf, openPage, tableOf, textOf } from '../support/page.ts';
import { insertAlert } from '../support/things.ts';

describe('of what is too much for one answer', () => {
  let ana: Client;
  let rule: string;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetAlerts();
    rule = (await ana.json('post', '/api/alerts/rules', { name: 'Quiet', type: 'silence', hours: 3 })).body.id;
  });
  after(resetAlerts);

  /** Copies of an alert, each a second younger, two of them of one instant. */
  const copies = (id: string, count: number) =>
    databases().backoffice.raw(
      `INSERT INTO alerts (alert_id, rule_id, subject, since, late, state, level, value, worst, window_from, window_to, until, asked)
       SELECT gen_random_uuid(), rule_id, 'of ' || n, since - (n / 2) * interval '1 second', late, state, level, value, worst,
              window_from, window_to, until, asked
         FROM alerts, generate_series(1, ?) AS n WHERE alert_id = ?`,
      [count, id],
    );
  const answer = async (path: string) => {
    const got = await ana.json('get', path);
    assert.equal(got.status, 200, path);
    assertDescribed('/api/alerts', got);
    return got.body;
  };

  it('ended alerts are listed two hundred at a time, each once, and the page of a rule says where the others are', async () => {
    const id = await insertAlert(rule, { state: 'resolved', until: new Date().toISOString() });
    await copies(id, 450);
    const other = (await ana.json('post', '/api/alerts/rules', { name: 'Other', type: 'silence', hours: 4 })).body.id;
    await insertAlert(other, { state: 'resolved', until: new Date().toISOString() });
    for (const [begin, count] of [
      ['/api/alerts', 452],
      [`/api/alerts?rule=${rule}`, 451],
    ] as const) {
      const ids: string[] = [];
      const pages: number[] = [];
      for (let path: string | null = begin; path !== null; ) {
        const body: { alerts: { id: string }[]; more: { ended: number }; next: string | null } = await answer(path);
        ids.push(...body.alerts.map((one) => one.id));
        pages.push(body.alerts.length);
        assert.equal(body.more.ended, count - ids.length);
        path = body.next;
      }
      assert.deepEqual(pages, [200, 200, count - 400]);
      assert.equal(new Set(ids).size, count);
    }
    const page = await openPage(ana, `/alerts/rules/${rule}`);
    assert.equal(columnOf(tableOf(page, 'Its alerts'), 'Alert').length, 200);
    const more = page.querySelector('.ended .lead a');
    assert.equal(textOf(more), '251 more');
    assert.equal((await answer(more?.getAttribute('href') ?? '')).more.ended, 51);
    assert.match(textOf((await openPage(ana, '/alerts')).querySelector('.ended .lead')), /^The newest 20: 432 more /);
  });

  it('open alerts are listed a thousand at most, and fifty on a page and in a digest, with how many more there are', async () => {
    await copies(await insertAlert(rule), 1002);
    const body = await answer('/api/alerts');
    assert.deepEqual([body.alerts.length, body.more, body.next], [1000, { open: 3, ended: 0 }, null]);
    const page = await openPage(ana, '/alerts');
    assert.equal(page.querySelectorAll('.firing li').length, 50);
    assert.match(textOf(page.querySelector('.firing .lead')), /^953 more fire as well: /);
    const words = await openAlertWords(databases().backoffice, createFormat('en-GB', 'Europe/Lisbon'));
    assert.deepEqual([words.length, words.at(-1)], [51, 'and 953 more']);
  });

  it('a history shows its newest lines, and where the older ones are', async () => {
    const id = await insertAlert(rule);
    await databases().backoffice.raw(
      `INSERT INTO alert_events (event_id, alert_id, at, kind, value, note)
       SELECT gen_random_uuid(), ?, '2026-01-01'::timestamptz + (n / 2) * interval '1 hour', 'reminded', 3, 'line ' || n
         FROM generate_series(1, 1203) AS n`,
      [id],
    );
    const page = await openPage(ana, `/alerts/${id}`);
    const notes = columnOf(tableOf(page, 'History'), 'Note').map(({ text }) => text);
    assert.equal(notes.length, 1000);
    assert.ok(notes.slice(-2).includes('line 1203'), 'the newest is there');
    const link = page.querySelector('.history .lead a');
    assert.equal(textOf(page.querySelector('.history .lead')), 'The newest 1,000 lines. 203 older lines.');
    const newest = await ana.json('get', `/api/alerts/${id}`);
    assertDescribed('/api/alerts/{id}', newest);
    assert.deepEqual(newest.body.older, { lines: 203, url: link?.getAttribute('href') });
    const { body } = await ana.json('get', newest.body.older.url);
    assert.deepEqual([body.history.length, body.older], [203, { lines: 0, url: null }]);
    const all = [...body.history, ...newest.body.history].map(({ note }: { note: string }) => note);
    assert.equal(new Set(all).size, 1203);
  });

  it('what is not understood of what follows is a clear answer', async () => {
    const id = await insertAlert(rule);
    for (const [path, parameter] of [
      ['/api/alerts?rule=x', 'rule'],
      ['/api/alerts?after=x', 'after'],
      [`/api/alerts?after=${rule}`, 'after'],
      [`/api/alerts?after=${id}&after=${id}`, 'after'],
      ['/api/alerts?before=x', 'before'],
    ] as const) {
      const refused = await ana.json('get', path);
      assertDescribed('/api/alerts', refused);
      assert.deepEqual([refused.status, refused.body.details[0].parameter], [400, parameter], path);
    }
    const refused = await ana.json('get', `/api/alerts/${id}?before=%00`);
    assertDescribed('/api/alerts/{id}', refused);
    assert.deepEqual([refused.status, refused.body.details[0].parameter], [400, 'before']);
  });
});
