import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { HTMLElement } from 'node-html-parser';
import { addTime, HOUR, now } from '../../../src/units/time.ts';
import type { RecordsJson } from '../../support/api-types.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, location, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { ACTIONS, AUTHORS, atOrBeside, MODELS, STORIES, usageAt } from '../../support/generated-usage.ts';
import {
  chipsOf,
  columnOf,
  linkTo,
  openJson,
  openPage,
  recordIds,
  submitted,
  tableOf,
  textOf,
} from '../../support/page.ts';
import { plainIds } from '../../support/plain-sql.ts';
import { coverUsage, insertUsage, resetRollups, resetUsage } from '../../support/usage.ts';

const PATH = '/ai-usage/records';

const SQL_ORDER = {
  createdAt: 'created_at',
  aiModel: 'ai_model COLLATE "C", created_at',
  action: 'action::text COLLATE "C", created_at',
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  totalTokens: 'input_tokens::bigint + output_tokens',
  estimatedCostInEuros: 'estimated_cost_in_euros',
};

const ALL = { sql: 'true', bindings: [] };

const COLUMN_OF = {
  createdAt: 'Time',
  aiModel: 'Model',
  action: 'Action',
  inputTokens: 'Tokens in',
  outputTokens: 'Tokens out',
  totalTokens: 'Tokens',
  estimatedCostInEuros: 'Cost',
};

describe('records', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const recent = addTime(now(), -HOUR);
    // Ties in every column, so that what decides among equals is compared too; few and many in an hour, today and on days before.
    const times = [0, 1, 1, 1, 1, 2, 3, 3, 3, 3, 30, 31, 60, 60, 60, 60, 200].map((hours) =>
      addTime(recent, -BigInt(hours) * HOUR),
    );
    const generated = fc.sample(usageAt(atOrBeside(times)), 60);
    await insertUsage(generated.map((row, i) => (i % 2 === 0 ? { ...row, input: 7, output: 7, cost: 7 } : row)));
  });

  for (const [rollups, cover] of [
    ['without rollups', resetRollups],
    ['with rollups', coverUsage],
  ] as const) {
    it(`are in PostgreSQL’s own order for every column, up and down, page by page, ${rollups}`, async () => {
      await cover();
      for (const [sortBy, columns] of Object.entries(SQL_ORDER)) {
        for (const sortOrder of ['asc', 'desc']) {
          const order = `sortBy=${sortBy}&sortOrder=${sortOrder}`;
          const expressions = [...columns.split(/, (?=\w+$)/), 'token_usage_id'].map(
            (column) => `${column} ${sortOrder}`,
          );
          const expected = await plainIds(expressions.join(', '), ALL);
          const page = await openPage(client, `${PATH}?pageSize=200&${order}`);
          assert.deepEqual(recordIds(page), expected, order);
          const numbers = Array.from({ length: 60 / 6 }, (_, i) => i + 1);
          const pages = await Promise.all(
            numbers.map((number) => openJson<RecordsJson>(client, `/api${PATH}?pageSize=6&page=${number}&${order}`)),
          );
          assert.deepEqual(
            pages.flatMap(({ records }) => records.map(({ tokenUsageId }) => tokenUsageId)),
            expected,
            order,
          );
        }
      }
    });
  }

  it('say by which column they are sorted, and each heading sorts by its own', async () => {
    const headings = async (path: string) => {
      const page = await openPage(client, path);
      return new Map(
        page.querySelectorAll('thead th').map((th) => [textOf(th), [th.getAttribute('aria-sort'), linkTo(th, 'a')]]),
      );
    };
    for (const [sortBy, label] of Object.entries(COLUMN_OF)) {
      const sorted = await headings(`${PATH}?sortBy=${sortBy}&sortOrder=asc&model=gpt-5&page=1`);
      const active = [...sorted].filter(([, [state]]) => state === 'ascending').map(([name]) => name);
      assert.deepEqual(active, [label]);
      const back = sorted.get(label)?.[1] ?? '';
      assert.equal((await headings(back)).get(label)?.[0], 'descending');
      const fromElsewhere = (await headings(`${PATH}?sortBy=${sortBy === 'action' ? 'aiModel' : 'action'}`)).get(label);
      assert.equal(fromElsewhere?.[0], 'none');
      const first = ['aiModel', 'action'].includes(sortBy) ? 'ascending' : 'descending';
      assert.equal((await headings(fromElsewhere?.[1] ?? '')).get(label)?.[0], first);
    }
    const page = await headings(PATH);
    assert.deepEqual(
      [page.get('Author'), page.get('Story')],
      [
        [undefined, null],
        [undefined, null],
      ],
    );
    assert.equal(page.get('Time')?.[0], 'descending');
  });

  it('a heading keeps filters and leaves the page behind', async () => {
    const page = await openPage(client, `${PATH}?pageSize=25&page=2&period=7d&search=g`);
    const cost = page.querySelectorAll('thead th').find((th) => textOf(th) === 'Cost');
    assert.equal(
      linkTo(cost as HTMLElement, 'a'),
      `${PATH}?period=7d&search=g&sortBy=estimatedCostInEuros&pageSize=25`,
    );
  });

  it('filtering from page 2 leads to page 1', async () => {
    const second = await openPage(client, `${PATH}?pageSize=25&page=2&sortBy=aiModel`);
    assert.ok(recordIds(second).length > 0);
    const form = second.querySelector('form.filters') as HTMLElement;
    const response = await client.get(submitted(form, { model: 'gpt-5' }));
    assert.equal(location(response), `${PATH}?model=gpt-5&sortBy=aiModel&pageSize=25`);
    const filtered = await openPage(client, location(response));
    const models = columnOf(tableOf(filtered, 'Records'), 'Model').map(({ text }) => text);
    assert.ok(models.length > 0);
    assert.deepEqual([...new Set(models)], ['gpt-5']);

    const { href } = (await openPage(client, `${PATH}?pageSize=25&page=2`))
      .querySelectorAll('tbody td a')
      .map((link) => ({ href: link.getAttribute('href') ?? '' }))[0] as { href: string };
    assert.doesNotMatch(href, /[?&]page=/);
  });

  it('a submitted form changes nothing when nothing was changed', async () => {
    for (const address of [
      `${PATH}?period=7d&model=gpt-5&action=test&search=g&sortBy=action&pageSize=25`,
      `${PATH}?model=gpt-5&model=tts-1&action=image_edit&action=test&asOf=2026-11-20T10%3A00%3A00.000Z`,
      `/ai-usage?from=2026-10-01&to=2026-10-31&model=gpt-5&author=${AUTHORS[0]}&story=${STORIES[0]}`,
    ]) {
      const page = await openPage(client, address);
      const after = await client.get(submitted(page.querySelector('form.filters') as HTMLElement));
      const reached = after.status === 302 ? location(after) : after.request.url;
      const parts = (url: string) =>
        url
          .slice(url.indexOf('?') + 1)
          .split('&')
          .sort();
      assert.deepEqual(parts(reached), parts(address));
    }
  });

  it('the from–to form takes days and keeps the filters', async () => {
    const page = await openPage(client, `${PATH}?model=gpt-5&pageSize=25&page=2`);
    const form = page.querySelector('form.days[action="/ai-usage/records"]') as HTMLElement;
    const both = await client.get(submitted(form, { from: '2026-10-01', to: '2026-10-31' }));
    assert.equal(both.status, 200);
    assert.match(both.request.url, /\/ai-usage\/records\?model=gpt-5&pageSize=25&from=2026-10-01&to=2026-10-31$/);
    const open = await client.get(submitted(form, { from: '2026-10-01', to: '' }));
    assert.equal(location(open), `${PATH}?from=2026-10-01&model=gpt-5&pageSize=25`);
  });

  it('several values of one filter are added and taken away one by one', async () => {
    const page = await openPage(client, `${PATH}?model=gpt-5&model=tts-1`);
    const form = page.querySelector('form.filters') as HTMLElement;
    assert.equal(textOf(form.querySelector('select[name=model] option[selected]')), 'Add another…');
    const response = await client.get(submitted(form, { model: 'imagen-4.0' }));
    assert.equal(location(response), `${PATH}?model=gpt-5&model=imagen-4.0&model=tts-1`);
    const [[first, remove] = ['', '']] = chipsOf(await openPage(client, location(response)));
    assert.equal(first, 'model is gpt-5');
    assert.equal(remove, `${PATH}?model=imagen-4.0&model=tts-1`);
  });

  it('every active filter is a chip that says what it does and how to be rid of it', async () => {
    await databases().mythoria('authors').insert({
      author_id: AUTHORS[1],
      display_name: 'Ricardo Reis',
      email: 'ricardo@example.com',
    });
    const filters = {
      model: 'gpt-5',
      action: 'image_generation',
      author: AUTHORS[1] as string,
      story: STORIES[0] as string,
      search: 'g',
    };
    const address = (names: string[]) =>
      `${PATH}?${new URLSearchParams(Object.entries(filters).filter(([name]) => names.includes(name)))}`;
    const page = await openPage(client, `${address(Object.keys(filters))}&page=2`);
    const without = (name: string) => address(Object.keys(filters).filter((other) => other !== name));
    assert.deepEqual(chipsOf(page), [
      ['model is gpt-5', without('model')],
      ['action is Image generation', without('action')],
      ['author is Ricardo Reis', without('author')],
      [`story is ${STORIES[0]?.slice(0, 8)}`, without('story')],
      ['matches “g”', without('search')],
    ]);
    assert.equal(linkTo(page, '.chips .clear a'), PATH);
    assert.deepEqual(chipsOf(await openPage(client, PATH)), []);
  });

  it('periods are links that keep the filters; the current one says so', async () => {
    const page = await openPage(client, `${PATH}?period=7d&model=gpt-5&page=2`);
    const periods = page
      .querySelectorAll('.periods > a')
      .map((link) => [textOf(link), link.getAttribute('href'), link.getAttribute('aria-current') ?? null]);
    assert.deepEqual(periods, [
      ['24 hours', `${PATH}?period=1d&model=gpt-5`, null],
      ['7 days', `${PATH}?period=7d&model=gpt-5`, 'true'],
      ['28 days', `${PATH}?period=28d&model=gpt-5`, null],
      ['30 days', `${PATH}?model=gpt-5`, null],
      ['90 days', `${PATH}?period=90d&model=gpt-5`, null],
      ['All time', `${PATH}?period=all&model=gpt-5`, null],
    ]);
  });

  it('authors and stories have their names where they are known, a short id where they are gone', async () => {
    await resetUsage();
    const [known, gone] = await insertUsage([{ model: 'tts-1' }, { model: 'gpt-5' }]);
    const { mythoria } = databases();
    await mythoria('authors').insert({
      author_id: known?.author,
      display_name: 'Alberto Caeiro',
      email: 'a@example.com',
    });
    await mythoria('stories').insert({ story_id: known?.story, title: 'O Guardador', author_id: known?.author });
    const table = tableOf(await openPage(client, `${PATH}?sortBy=aiModel&sortOrder=desc`), 'Records');
    assert.deepEqual(
      columnOf(table, 'Author').map(({ text }) => text),
      ['Alberto Caeiro', gone?.author.slice(0, 8)],
    );
    assert.deepEqual(
      columnOf(table, 'Story').map(({ text }) => text),
      ['O Guardador', gone?.story.slice(0, 8)],
    );
    for (const [i, row] of [known, gone].entries()) {
      for (const column of ['Author', 'Story']) {
        const behind = await openPage(client, columnOf(table, column)[i]?.href ?? '');
        assert.deepEqual(recordIds(behind), [row?.id]);
      }
    }
  });

  it('a blank name is no name: the short id stands there, and can be clicked', async () => {
    await resetUsage();
    const [row] = await insertUsage([{}]);
    const { mythoria } = databases();
    await mythoria('authors').insert({ author_id: row?.author, display_name: ' ', email: 'a@example.com' });
    await mythoria('stories').insert({ story_id: row?.story, title: '', author_id: row?.author });
    const table = tableOf(await openPage(client, PATH), 'Records');
    assert.equal(columnOf(table, 'Author')[0]?.text, row?.author.slice(0, 8));
    assert.equal(columnOf(table, 'Story')[0]?.text, row?.story.slice(0, 8));
    const record = textOf((await openPage(client, `${PATH}/${row?.id}`)).querySelector('.facts'));
    assert.match(record, new RegExp(`Author${row?.author.slice(0, 8)} .* Story${row?.story.slice(0, 8)} `));
  });

  it('the selects offer the models that have rows and the actions that the database knows', async () => {
    await resetUsage();
    await insertUsage([...MODELS, ...MODELS].map((model) => ({ model })));
    const page = await openPage(client, `${PATH}?model=gpt-4-turbo`);
    const options = (name: string) =>
      page.querySelectorAll(`select[name=${name}] option`).map((o) => o.getAttribute('value'));
    assert.deepEqual(options('model'), ['', ...[...MODELS].sort(), 'gpt-4-turbo']);
    assert.ok(ACTIONS.every((action) => options('action').includes(action)));
    assert.equal(options('action').length, 15);
  });
});
