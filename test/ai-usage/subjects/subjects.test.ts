import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { HTMLElement } from 'node-html-parser';
import { createFormat } from '../../../src/units/format.ts';
import { microEuros } from '../../../src/units/money.ts';
import { addTime, DAY_OF_24_HOURS, HOUR, MINUTE, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { ACTIONS, AUTHORS, MODELS, slowly, usageAt } from '../../support/generated-usage.ts';
import {
  columnOf,
  integerOf,
  openPage,
  type PageTable,
  recordSum,
  tableOf,
  textOf,
  tilesOf,
  totalOf,
} from '../../support/page.ts';
import { plainGroups, plainTotal } from '../../support/plain-sql.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const AUTHOR = AUTHORS[0] as string;
const title = async (client: Client, path: string) => textOf((await openPage(client, path)).querySelector('h1'));

describe('the pages of authors, models and actions', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const story = randomUUID();
    await insertUsage([
      { author: AUTHOR, story, model: 'gpt-5', action: 'chapter_writing', cost: 3_000_000 },
      { author: AUTHOR, story, model: 'tts-1', action: 'audio_generation', cost: 500_000 },
      { author: AUTHOR, model: 'gpt-5', action: 'story_outline', cost: 1 },
      { author: AUTHOR, model: 'gpt-5', at: addTime(now(), -40n * DAY_OF_24_HOURS), cost: 7_000_000 },
      { model: 'gpt-5', cost: 1_000_000, at: addTime(now(), -30n * HOUR) },
      { model: 'a/b c?d#e%f&g', cost: 2_000_000 },
    ]);
    const { mythoria } = databases();
    await mythoria('authors').insert({ author_id: AUTHOR, display_name: 'Sophia', email: 's@example.com' });
    await mythoria('stories').insert({ story_id: story, title: 'A Fada', author_id: AUTHOR });
  });
  after(resetUsage);

  it('show an author: total, trend, models, actions and stories of the period', async () => {
    const page = await openPage(client, `/ai-usage/authors/${AUTHOR}`);
    assert.equal(textOf(page.querySelector('h1')), 'Sophia');
    assert.equal(textOf(page.querySelector('.about code')), AUTHOR);
    assert.equal(tilesOf(page).get('Total cost')?.exact, '€3.500001');
    assert.equal(tilesOf(page).get('Stories')?.text, '2');
    assert.equal(totalOf(tableOf(page, 'Models'), 'Cost').micro, 3_500_001);
    assert.equal(totalOf(tableOf(page, 'Actions'), 'Cost').micro, 3_500_001);
    const days = tableOf(await openPage(client, `/ai-usage/authors/${AUTHOR}?show=table`), 'Usage by day');
    assert.equal(totalOf(days, 'Cost').micro, 3_500_001);
    const stories = tableOf(page, 'Top stories');
    assert.deepEqual(stories.head.slice(0, 2), ['Story', 'Requests'], 'whose they are is said above');
    assert.deepEqual(
      columnOf(stories, 'Cost').map(({ micro }) => micro),
      [3_500_000, 1],
    );
    assert.equal(await title(client, columnOf(stories, 'Story')[0]?.href ?? ''), 'A Fada');
  });

  it('show a model and an action, each without a table of itself', async () => {
    const model = await openPage(client, '/ai-usage/models/gpt-5?period=7d');
    assert.equal(textOf(model.querySelector('h1')), 'gpt-5');
    assert.equal(
      textOf(model.querySelector('.about')),
      'OpenAI · GPT · text; retired from 11 Dec 2026: developers.openai.com/api/docs/deprecations',
    );
    assert.equal(model.querySelector('#models'), null);
    assert.equal(model.querySelector('select[name=model]'), null);
    assert.equal(totalOf(tableOf(model, 'Actions'), 'Cost').micro, 4_000_001);
    assert.equal(columnOf(tableOf(model, 'Top stories'), 'Author')[0]?.text, 'Sophia');

    const action = await openPage(client, '/ai-usage/actions/chapter_writing?period=90d');
    assert.equal(textOf(action.querySelector('h1')), 'Chapter writing');
    assert.match(textOf(action.querySelector('.about')), /^The text of each chapter chapter_writing/);
    assert.equal(action.querySelector('#actions'), null);
    assert.equal(totalOf(tableOf(action, 'Models'), 'Cost').micro, 13_000_000);
  });

  it('draw what they offer to draw, a model never as made of models', async () => {
    const legend = (page: Awaited<ReturnType<typeof openPage>>) =>
      page.querySelectorAll('.legend li').map((item) => textOf(item).replace(/ €.*/, ''));
    const drawn: Record<string, string[]> = {
      model: ['gpt-5'],
      action: ['Chapter writing', 'Story outline'],
      provider: ['OpenAI'],
    };
    for (const [path, offered] of [
      // It is one model, of one provider: there is nothing to choose.
      ['/ai-usage/models/gpt-5', []],
      ['/ai-usage/actions/chapter_writing', ['model', 'action', 'provider']],
    ] as const) {
      const links = (await openPage(client, `${path}?period=7d&compare=none&author=${AUTHOR}`)).querySelectorAll(
        '[aria-label="Divided by"] a',
      );
      assert.deepEqual(links.map(textOf), offered);
      for (const link of links) {
        const page = await openPage(client, link.getAttribute('href') ?? '');
        assert.equal(textOf(page.querySelector('[aria-label="Divided by"] [aria-current]')), textOf(link), path);
        const expected =
          path.includes('actions') && textOf(link) === 'action' ? ['Chapter writing'] : drawn[textOf(link)];
        assert.deepEqual(legend(page).toSorted(), expected, `${path} ${textOf(link)}`);
      }
    }
    const { tables } = (await client.get('/ai-usage/models/gpt-5.json?by=provider&table=parts', { Accept: '*/*' }))
      .body;
    assert.deepEqual(tables.parts[0]?.by, 'provider');
  });

  it('compare as the overview narrowed to them does: tiles, rows, causes, and the same choice', async () => {
    for (const [path, filter] of [
      ['/ai-usage/models/gpt-5', 'model=gpt-5'],
      ['/ai-usage/actions/chapter_writing', 'action=chapter_writing'],
      [`/ai-usage/authors/${AUTHOR}`, `author=${AUTHOR}`],
    ] as const) {
      for (const view of ['period=30d', 'period=this-month&compare=whole', 'period=7d&compare=none', 'period=today']) {
        const [own, overview] = [
          await openPage(client, `${path}?${view}`),
          await openPage(client, `/ai-usage?${view}&${filter}`),
        ];
        const shown = (page: HTMLElement) => ({
          changes: page.querySelectorAll('.tiles .change').map(textOf),
          choices: page.querySelectorAll('.comparison a').map(textOf),
          causes: page.querySelectorAll('.why .causes dd').map(textOf),
        });
        assert.deepEqual(shown(own), shown(overview), `${path} ${view}`);
      }
      const page = await openPage(client, `${path}?period=7d`);
      const none = page.querySelectorAll('.comparison a').find((link) => textOf(link) === 'nothing');
      assert.equal(none?.getAttribute('href'), `${path}?period=7d&compare=none`);
    }
    const { tables } = (await client.get('/ai-usage/models/gpt-5.json?period=7d&table=causes', { Accept: '*/*' })).body;
    assert.deepEqual(Object.keys(tables), ['causes']);
  });

  it('keep the rest of the query, in their links too', async () => {
    const page = await openPage(client, `/ai-usage/models/gpt-5?period=7d&author=${AUTHOR}&action=story_outline`);
    assert.equal(tilesOf(page).get('Total cost')?.exact, '€0.000001');
    assert.equal(
      textOf(page.querySelector('.chips')),
      'Calls whose action is Story outline not × and whose author is Sophia × Remove all',
    );
    const records = page.querySelector('header a.button')?.getAttribute('href') ?? '';
    assert.equal(records, `/ai-usage/records?period=7d&model=gpt-5&action=story_outline&author=${AUTHOR}`);
    assert.deepEqual(recordSum(await openPage(client, records)), { requests: 1, cost: 1 });
    const week = page.querySelectorAll('.periods > a').find((link) => textOf(link) === '90 days');
    assert.equal(week?.getAttribute('href'), `/ai-usage/models/gpt-5?period=90d&action=story_outline&author=${AUTHOR}`);
    const own = await client.get('/ai-usage/models/gpt-5?model=tts-1');
    assert.equal(own.status, 400);
    assert.match(own.text, /<code>model<\/code> is already in this address/);
  });

  it('are reached from the overview, the list of records, a record and the chips', async () => {
    const name = 'a/b c?d#e%f&g';
    const address = `/ai-usage/models/${encodeURIComponent(name)}`;
    const details = async (path: string, selector: string) =>
      (await openPage(client, path)).querySelectorAll(selector).map((link) => link.getAttribute('href'));
    assert.ok((await details('/ai-usage', 'a.details')).includes(address));
    const listed = await openPage(client, '/ai-usage/records?period=7d');
    const opened = await Promise.all(
      listed.querySelectorAll('tbody th a').map((link) => details(link.getAttribute('href') ?? '', '.facts dd > a')),
    );
    assert.ok(opened.flat().includes(`${address}?period=7d`));
    assert.deepEqual(await details(`/ai-usage/records?${new URLSearchParams({ model: name })}`, '.chips b a'), [
      address,
    ]);
    assert.equal(await title(client, address), name);
    const records = await openPage(client, `/ai-usage/records?${new URLSearchParams({ model: name })}`);
    const record = await openPage(client, records.querySelector('tbody th a')?.getAttribute('href') ?? '');
    const named = record.querySelectorAll('.facts dd > a:first-child').map((link) => link.getAttribute('href') ?? '');
    assert.equal(named.length, 4);
    for (const path of named) await openPage(client, path);
  });

  it('of names that nothing has are empty and honest', async () => {
    for (const path of [
      `/ai-usage/authors/${randomUUID()}`,
      '/ai-usage/models/no-such-model',
      '/ai-usage/models/__proto__',
      '/ai-usage/actions/no_such_action',
      '/ai-usage/actions/constructor',
    ]) {
      const page = await openPage(client, path);
      assert.equal(textOf(page.querySelector('.empty h2')), 'No AI calls here', path);
      assert.equal(tilesOf(page).get('Requests')?.text, '0');
      assert.equal(page.querySelectorAll('table').length, 0);
    }
    assert.equal(await title(client, '/ai-usage/actions/no_such_action'), 'No such action');
  });

  it('need a name that can be one: else a 404 that says what it takes', async () => {
    for (const path of ['authors/abc', 'models/%00', `models/${'x'.repeat(101)}`, `actions/${'x'.repeat(64)}`]) {
      assert.equal((await client.get(`/ai-usage/${path}`)).status, 404, path);
    }
  });
});

/** The rows of a table add up to its total row, and that to what plain SQL says. */
function assertAddsUp(table: PageTable, cost: number, requests: number): void {
  const costs = columnOf(table, 'Cost').map(({ micro }) => micro ?? Number.NaN);
  assert.equal(
    costs.reduce((sum, one) => sum + one, 0),
    cost,
  );
  assert.equal(totalOf(table, 'Cost').micro, cost);
  const counts = columnOf(table, 'Requests').map(({ text }) => integerOf(text));
  assert.equal(
    counts.reduce((sum, one) => sum + one, 0),
    requests,
  );
}

const format = createFormat('en-GB', 'Europe/Lisbon');

describe('the top stories of any model, action or author', () => {
  it('and the row of the others are all stories, to the micro-euro; half and nine tenths are what SQL says', async () => {
    const client = await signedIn((await sharedApp()).origin);
    const recently = fc
      .integer({ min: 1, max: 20 * 24 * 60 })
      .map((minutes) => addTime(now(), -BigInt(minutes) * MINUTE));
    // Up to 40 stories, so that often some are among the others.
    const usage = usageAt(recently).chain((row) =>
      fc.nat(39).map((n) => ({ ...row, story: `30f2c4d6-0000-4000-8000-0000000000${String(n + 10)}` })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(usage, { minLength: 1, maxLength: 120 }),
        fc.constantFrom<[string, string, string]>(
          ...MODELS.map((model) => [`models/${model}`, 'ai_model', model] as [string, string, string]),
          ...ACTIONS.map((action) => [`actions/${action}`, 'action', action] as [string, string, string]),
          ...AUTHORS.map((author) => [`authors/${author}`, 'author_id', author] as [string, string, string]),
        ),
        fc.boolean(),
        async (rows, [path, column, value], covered) => {
          await resetUsage();
          await insertUsage(rows);
          if (covered) await coverUsage();
          const where = { sql: `${column}::text = ?`, bindings: [value] };
          const total = await plainTotal(where);
          const page = await openPage(client, `/ai-usage/${path}`);
          if (total.requests === 0) return assert.equal(page.querySelectorAll('.empty').length, 1);
          const cost = Math.round(Number(total.cost) * 1_000_000);
          assertAddsUp(tableOf(page, 'Top stories'), cost, total.requests);
          const costs = (await plainGroups('story_id', where)).map((story) =>
            Math.round(Number(story.cost) * 1_000_000),
          );
          const sorted = costs.sort((a, b) => a - b);
          const spread = textOf(page.querySelector('.top-stories .lead'));
          const of = (share: number) => microEuros(sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN);
          const { euros } = format.eurosBeside([of(0.5), of(0.9)]);
          const atMost = (share: number) => euros(of(share));
          if (sorted.length > 1)
            assert.ok(
              spread.endsWith(`half of them cost at most ${atMost(0.5)}, nine in ten at most ${atMost(0.9)}.`),
              spread,
            );
          const shown = columnOf(tableOf(page, 'Top stories'), 'Cost').map(({ micro }) => micro);
          assert.deepEqual(shown.slice(0, Math.min(20, sorted.length)), [...sorted].reverse().slice(0, 20));
        },
      ),
      slowly(25),
    );
    await resetUsage();
  });
});
