import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { HTMLElement } from 'node-html-parser';
import type { Day } from '../../../src/units/calendar.ts';
import { addDays, dayOf, now, startOfDay } from '../../../src/units/time.ts';
import { type RunningApp, sharedApp, startApp } from '../../support/app.ts';
import { auditLines, forgetAudit } from '../../support/audit.ts';
import { ANA, type Client, location, RUI, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { AUTHOR, STORY } from '../../support/every-page.ts';
import { download, xlsxSheets } from '../../support/export.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { openPage, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const LISBON = 'Europe/Lisbon';

describe('notes on days', () => {
  let origin: string;
  let ana: Client;
  const today = dayOf(now(), LISBON);
  const ago = (days: number): Day => addDays(today, -days);
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
    await resetUsage();
    const row = { author: AUTHOR, story: STORY, action: 'story_outline' };
    for (const model of ['gpt-5', 'gemini-2.5-pro'])
      await insertUsage([0, 3, 10, 45].map((days) => ({ ...row, model, at: startOfDay(ago(days), LISBON) })));
  });
  beforeEach(async () => {
    await databases().backoffice('day_notes').delete();
    await forgetAudit();
  });
  after(async () => {
    await databases().backoffice('day_notes').delete();
    await resetUsage();
  });

  const made = async (text: string, first: string, more: object = {}): Promise<string> => {
    const answer = await ana.json('post', '/api/notes', { text, first, ...more });
    assertDescribed('/api/notes', answer, 'post');
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.id;
  };
  const listed = (page: HTMLElement) => page.querySelectorAll('.of-days li a').map(textOf);
  const marked = (page: HTMLElement) =>
    page
      .querySelectorAll('.chart .marks a')
      .filter((bar) => bar.querySelector('.note'))
      .map((bar) => `${textOf(bar.querySelector('b'))} ${textOf(bar.querySelector('.note'))}`);
  const medium = (day: Day) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(day));

  it('are written by a form, marked on the chart with their words, listed below it, changed and deleted, each written down', async () => {
    const sent = await ana.submit('/ai-usage/notes', { text: 'Launch in Brazil', first: ago(3), last: '', filter: '' });
    assert.equal(location(sent), '/ai-usage/notes');
    const page = await openPage(ana, '/ai-usage?period=7d');
    assert.deepEqual(listed(page), ['Launch in Brazil']);
    assert.match(textOf(page.querySelector('.of-days')), new RegExp(`${medium(ago(3))}, by ${ANA}`));
    const [mark, ...others] = marked(page);
    assert.deepEqual(others, []);
    assert.match(mark ?? '', new RegExp(`Note, ${medium(ago(3))}: Launch in Brazil`));
    assert.ok(page.querySelector('.chart path.marked'), 'a line through the bar');
    const table = await openPage(ana, '/ai-usage?period=7d&show=table');
    assert.match(textOf(table.querySelector('.usage table')), /: Launch in Brazil/);
    assert.deepEqual(listed(table), ['Launch in Brazil'], 'of a table too');

    const list = await openPage(ana, '/ai-usage/notes');
    const href = list.querySelector('.views li a')?.getAttribute('href') ?? '';
    assert.match(textOf(list.querySelector('.views')), new RegExp(`${medium(ago(3))} · All calls · ${ANA}, `));
    const action = (await openPage(ana, href)).querySelector('form.sheet-form')?.getAttribute('action') ?? '';
    const fields = { text: 'Launch in Chile', first: ago(3), last: ago(2), filter: '' };
    assert.equal((await ana.submit(action, fields)).status, 303);
    assert.equal((await ana.submit(action, fields)).status, 400, 'that form was opened before the change');
    assert.deepEqual(marked(await openPage(ana, '/ai-usage?period=7d')).length, 2, 'its first day and its last');
    assert.match(textOf(await openPage(ana, href)), new RegExp(`changed by ${ANA}`));
    assert.equal((await ana.submit(`${href}/delete`, {})).status, 303);
    assert.deepEqual(listed(await openPage(ana, '/ai-usage?period=7d')), []);
    assert.deepEqual(
      (await auditLines()).map(({ action, subject, details }) => [action, subject, details]),
      [
        ['write note', href, `${ago(3)}: Launch in Brazil; all calls`],
        ['change note', href, `${ago(3)} to ${ago(2)}: Launch in Chile; all calls`],
        ['delete note', href, `${ago(3)} to ${ago(2)}: Launch in Chile; all calls`],
      ],
    );
  });

  it('are written once by a form that is sent twice', async () => {
    const fields = { text: 'Twice', first: today };
    await Promise.all([ana.submit('/ai-usage/notes', fields), ana.submit('/ai-usage/notes', fields)]);
    assert.equal((await databases().backoffice('day_notes')).length, 1);
  });

  it('are shown where the window holds one of their days, and nowhere else', async () => {
    await made('Ten ago', ago(10));
    await made('From forty to ten', ago(40), { last: ago(10) });
    await made('Fifty days', ago(50), { last: ago(1) });
    await made('Of next year', addDays(today, 300));
    const shown = async (period: string) => listed(await openPage(ana, `/ai-usage?${period}`));
    assert.deepEqual(await shown('period=1d'), ['Fifty days']);
    assert.deepEqual(await shown('period=7d'), ['Fifty days']);
    assert.deepEqual(await shown('period=30d'), ['Ten ago', 'From forty to ten', 'Fifty days']);
    assert.deepEqual(await shown(`from=${ago(10)}&to=${ago(10)}`), ['Ten ago', 'From forty to ten', 'Fifty days']);
    assert.deepEqual(await shown(`from=${ago(45)}&to=${ago(41)}`), ['Fifty days']);
    assert.deepEqual(await shown('period=all'), ['Ten ago', 'From forty to ten', 'Fifty days']);
    const day = marked(await openPage(ana, `/ai-usage?from=${ago(10)}&to=${ago(10)}`));
    assert.equal(day.length, 1, 'of a day by the hour, at its first');
    assert.match(day[0] ?? '', /00:00/);
  });

  it('are listed below what Explore has of their days, where days, weeks or months stand', async () => {
    await made('Ten ago', ago(10));
    await made('Fifty days', ago(50), { last: ago(40) });
    const explored = async (query: string) => listed(await openPage(ana, `/ai-usage/explore?${query}`));
    for (const axes of ['rows=day&columns=model', 'rows=model&columns=week', 'rows=weekday&columns=month'])
      assert.deepEqual(await explored(`period=30d&${axes}`), ['Ten ago'], axes);
    assert.deepEqual(await explored('period=90d&rows=day&columns=model'), ['Ten ago', 'Fifty days']);
    assert.deepEqual(await explored('period=30d&rows=weekday&columns=model'), []);
  });

  describe('about some calls are shown where those could be', () => {
    const PAGES = {
      all: '/ai-usage?period=7d',
      gpt: '/ai-usage?period=7d&model=gpt-5',
      gemini: '/ai-usage?period=7d&model=gemini-2.5-pro',
      'not gpt': '/ai-usage?period=7d&notModel=gpt-5',
      Google: '/ai-usage?period=7d&provider=Google',
      'page of gpt': '/ai-usage/models/gpt-5?period=7d',
      'page of gemini': '/ai-usage/models/gemini-2.5-pro?period=7d',
      action: '/ai-usage/actions/story_outline?period=7d',
      'not the action': '/ai-usage?period=7d&notAction=story_outline',
      author: `/ai-usage/authors/${AUTHOR}?period=7d`,
      story: `/ai-usage/stories/${STORY}?period=7d`,
    };
    const EVERYWHERE = Object.keys(PAGES);
    const without = (...names: string[]) => EVERYWHERE.filter((name) => !names.includes(name));
    for (const [filter, where] of [
      ['', EVERYWHERE],
      ['model=gpt-5', without('gemini', 'not gpt', 'Google', 'page of gemini')],
      ['model=gpt-5&model=gemini-2.5-pro', EVERYWHERE],
      ['provider=OpenAI', without('gemini', 'Google', 'page of gemini')],
      ['action=story_outline', without('not the action')],
      ['action=image_edit', without('action')],
      [`author=${AUTHOR}`, EVERYWHERE],
      [`author=${STORY}`, without('author')],
      [`story=${STORY}`, EVERYWHERE],
    ] as const) {
      it(filter || 'all', async () => {
        await made('Said', ago(3), { filter });
        const found: string[] = [];
        for (const [name, address] of Object.entries(PAGES)) {
          const page = await openPage(ana, address);
          // Nothing is drawn where there is nothing.
          if (page.querySelector('.panel.empty')) found.push(...(where.includes(name) ? [name] : []));
          else if (listed(page).length > 0) found.push(name);
        }
        assert.deepEqual(found, where);
      });
    }
  });

  it('are in files: what they are about says so, and no column of a table changes', async () => {
    const bare = (await download(origin, ana, '/ai-usage/records.csv?period=30d')).text;
    await made('Price cut', ago(3), { last: ago(1), filter: 'model=gpt-5' });
    const note = { first: ago(3), last: ago(1), text: 'Price cut', filter: 'model=gpt-5', writer: ANA };
    assert.equal((await download(origin, ana, '/ai-usage/records.csv?period=30d')).text, bare);
    for (const path of ['/ai-usage', '/ai-usage/records', '/ai-usage/models/gpt-5']) {
      const { manifest } = JSON.parse((await download(origin, ana, `${path}.json?period=30d`)).text);
      assert.deepEqual(manifest.notes, [note], path);
      const { bytes } = await download(origin, ana, `${path}.xlsx?period=30d`);
      const about = (await xlsxSheets(bytes)).at(-1);
      assert.deepEqual(Object.values(about?.rows.at(-1) ?? {}), [
        `Note, ${ago(3)} to ${ago(1)}, model=gpt-5`,
        `Price cut (${ANA})`,
      ]);
    }
    const line = (await download(origin, ana, '/ai-usage/records.csv?period=30d&manifest=1')).text
      .trim()
      .split('\n')
      .at(-1);
    assert.match(line ?? '', /Price cut/);
    const other = JSON.parse((await download(origin, ana, '/ai-usage.json?model=gemini-2.5-pro')).text);
    assert.equal('notes' in other.manifest, false, 'of a view that could not hold its calls');
  });

  for (const [wrong, parameter] of [
    [{ first: '2026-11-14' }, 'text'],
    [{ text: ' ', first: '2026-11-14' }, 'text'],
    [{ text: 'x'.repeat(201), first: '2026-11-14' }, 'text'],
    [{ text: 'a\nb', first: '2026-11-14' }, 'text'],
    [{ text: 'x' }, 'first'],
    [{ text: 'x', first: '2026-02-30' }, 'first'],
    [{ text: 'x', first: 'yesterday' }, 'first'],
    [{ text: 'x', first: '2026-11-14', last: '2026-11-13' }, 'last'],
    [{ text: 'x', first: '2026-11-14', last: '14/11' }, 'last'],
    [{ text: 'x', first: '2026-11-14', filter: 'modell=gpt-5' }, 'filter'],
    [{ text: 'x', first: '2026-11-14', filter: 'minCost=1' }, 'filter'],
    [{ text: 'x', first: '2026-11-14', filter: 'author=nobody' }, 'filter'],
    [{ text: 'x', first: '2026-11-14', fist: 1 }, 'fist'],
  ] as const) {
    it(`refuse ${parameter} of ${JSON.stringify(wrong).slice(0, 80)}, and keep nothing`, async () => {
      const answer = await ana.json('post', '/api/notes', wrong);
      assertDescribed('/api/notes', answer, 'post');
      assert.equal(answer.status, 400);
      assert.deepEqual(
        [...new Set(answer.body.details.map((one: { parameter: string }) => one.parameter))],
        [parameter],
      );
      assert.deepEqual(await databases().backoffice('day_notes'), []);
      assert.deepEqual(await auditLines(), []);
      if (parameter === 'fist') return;
      const sent = await ana.submit('/ai-usage/notes', wrong as Record<string, string>);
      assert.equal(sent.status, 400);
      assert.ok(sent.text.includes('class="problem"'), 'the form says it');
    });
  }

  it('are five hundred at most, and twenty on a chart, which says that there are more', async () => {
    const id = await made('First', ago(3));
    const { backoffice } = databases();
    const [first] = await backoffice('day_notes').where('note_id', id);
    const copies = Array.from({ length: 498 }, (_, i) => ({ ...first, note_id: randomUUID(), text: `Copy ${i}` }));
    await backoffice('day_notes').insert(copies);
    const sent = ['a', 'b', 'c'].map((text) => ana.json('post', '/api/notes', { text, first: today }));
    assert.deepEqual((await Promise.all(sent)).map(({ status }) => status).sort(), [201, 400, 400]);
    const shown = listed(await openPage(ana, '/ai-usage?period=7d'));
    assert.equal(shown.length, 21);
    assert.equal(shown.at(-1), '480 earlier notes');
    assertDescribed('/api/notes', await ana.json('get', '/api/notes'));
  });

  describe('where ADMIN_EMAILS names admins', () => {
    let app: RunningApp;
    before(async () => {
      app = await startApp({ variables: { ADMIN_EMAILS: ANA } });
    });
    after(() => app.close());

    it('are read by all, and changed by whoever wrote them, or an admin', async () => {
      const [admin, reader] = [await signedIn(app.origin, ANA), await signedIn(app.origin, RUI)];
      const note = { text: 'His', first: today };
      const his = (await reader.json('post', '/api/notes', note)).body;
      const hers = (await admin.json('post', '/api/notes', { ...note, text: 'Hers' })).body;
      assert.deepEqual([his.own, his.writer, hers.own], [true, RUI, true]);
      const changed = await reader.json('put', `/api/notes/${his.id}`, { ...his, text: 'His still' });
      assertDescribed('/api/notes/{id}', changed, 'put');
      assert.deepEqual([changed.status, changed.body.text, changed.body.changedBy], [200, 'His still', RUI]);
      assert.equal((await reader.json('put', `/api/notes/${hers.id}`, hers)).status, 403);
      assert.equal((await reader.json('delete', `/api/notes/${hers.id}`)).status, 403);
      assert.equal((await reader.submit(`/ai-usage/notes/${hers.id}`, note)).status, 403);
      assert.equal((await reader.submit(`/ai-usage/notes/${hers.id}/delete`, {})).status, 403);
      assert.equal((await openPage(reader, `/ai-usage/notes/${hers.id}`)).querySelector('form.sheet-form'), null);
      assert.equal((await admin.json('delete', `/api/notes/${his.id}`)).status, 204);
      assert.equal((await admin.json('get', `/api/notes/${his.id}`)).status, 404);
    });
  });
});
