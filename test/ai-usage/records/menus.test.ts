import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { ACTIONS, MODELS } from '../../support/generated-usage.ts';
import { linkTo, openPage, recordIds, tabStops, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const PATH = '/ai-usage/records';

describe('the menus of a row of records', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  afterEach(resetUsage);

  it('fifty of them are fifty stops of the Tab key, and what they name is reached from the record of each', async () => {
    await insertUsage(
      Array.from({ length: 60 }, (_, i) => ({
        ...{ model: MODELS[i % MODELS.length], action: ACTIONS[i % ACTIONS.length], cost: 1 + i },
      })),
    );
    const page = await openPage(client, `${PATH}?period=7d`);
    const rows = page.querySelectorAll('tbody tr');
    assert.equal(rows.length, 50);
    for (const row of rows) assert.equal(tabStops(row).length, 1);
    assert.ok(tabStops(page).length <= 120, `${tabStops(page).length} stops`);
    const record = await openPage(client, linkTo(rows[7] as HTMLElement, 'th a') ?? '');
    const narrower = record.querySelectorAll('[aria-label="The list, narrowed"] a').map((a) => a.getAttribute('href'));
    const menus = rows[7]?.querySelectorAll('td [popover]') ?? [];
    const links = menus.flatMap((menu) => menu.querySelectorAll('a').map((a) => [textOf(a), a.getAttribute('href')]));
    const lists = links.filter(([label]) => !label?.startsWith('Page of'));
    assert.deepEqual([...narrower].sort(), lists.map(([, href]) => href).sort());
    for (const href of narrower) assert.ok((await openPage(client, href ?? '')).querySelector('tbody th a'), href);
  });

  it('what a cell names opens a menu of all lists by it and of its page, without any script', async () => {
    const [one, other] = await insertUsage([
      { model: 'gpt-5', action: 'image_edit' },
      { model: 'tts-1', action: 'test' },
    ]);
    const page = await openPage(client, `${PATH}?period=7d&model=gpt-5&model=tts-1&sortBy=aiModel&sortOrder=asc`);
    const names = page.querySelectorAll('tbody tr')[0]?.querySelectorAll('.names') ?? [];
    assert.equal(names.length, 4);
    const menus = names.map((name) => page.getElementById(name.getAttribute('popovertarget') ?? ''));
    const leads = new Map(
      menus.flatMap((menu) =>
        (menu?.querySelectorAll('a') ?? []).map((a): [string, string] => [textOf(a), a.getAttribute('href') ?? '']),
      ),
    );
    const expected: [string, string[] | null][] = [
      ['Only this author', [one?.id ?? '']],
      ['Page of this author', null],
      ['Only this story', [one?.id ?? '']],
      ['Page of this story', null],
      ['Only this action', [one?.id ?? '']],
      ['All but this action', [other?.id ?? '']],
      ['Page of this action', null],
      ['Only this model', [one?.id ?? '']],
      ['All but this model', [other?.id ?? '']],
      ['Page of this model', null],
    ];
    assert.deepEqual(
      [...leads.keys()],
      expected.map(([label]) => label),
    );
    for (const [label, ids] of expected) {
      const behind = await openPage(client, leads.get(label) ?? '');
      if (ids !== null) assert.deepEqual(recordIds(behind), ids, label);
    }
    const opens = page
      .querySelectorAll('.names')
      .map((name) => [name.getAttribute('popovertarget'), name.nextElementSibling?.id]);
    assert.equal(new Set(opens.map(String)).size, 8);
    for (const [target, beside] of opens) assert.equal(target, beside, 'each opens its own');
  });
});
