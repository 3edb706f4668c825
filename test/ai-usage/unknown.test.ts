import assert from 'node:assert/strict';
import type { RecordsJson, StatsJson } from '../support/api-types.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { addAction, restoreActions } from '../support/new-action.ts';
import { columnOf, openJson, openPage, recordIds, tableOf, textOf, totalOf } from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const PATH = '/ai-usage/records';

describe('an action that nobody here has heard of', () => {
  let client: Client;
  let row: UsageRow;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await addAction('holo_reading');
    [row] = (await insertUsage([{ action: 'holo_reading' }, { action: 'story_outline' }])) as [UsageRow];
  });
  after(async () => {
    await resetUsage();
    await restoreActions();
  });

  it('shows up with a label of its own on every page, and under its name in the API', async () => {
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      const overview = await openPage(client, '/ai-usage');
      const actions = tableOf(overview, 'Actions');
      assert.deepEqual(
        columnOf(actions, 'Action').map(({ text }) => text),
        ['Holo reading', 'Story outline'],
      );
      assert.match(textOf(overview.querySelector('#actions')?.parentNode ?? null), /Holo reading New action/);
      const option = overview.querySelectorAll('select[name=action] option').find((one) => one.text === 'Holo reading');
      assert.equal(option?.getAttribute('value'), 'holo_reading');
      const { actionBreakdown } = await openJson<StatsJson>(client, '/api/ai-usage/stats');
      assert.deepEqual(actionBreakdown.map(({ action }) => action).sort(), ['holo_reading', 'story_outline']);
    }
    const record = await openPage(client, `${PATH}/${row.id}`);
    assert.match(textOf(record.querySelector('.facts')), /Action ?Holo reading/);
    assert.match(textOf(await openPage(client, '/ai-usage/tie-out')), /Cost of action Holo reading/);
  });

  it('can be filtered, searched and sorted by', async () => {
    const found = async (parameters: string) => recordIds(await openPage(client, `${PATH}?${parameters}`));
    assert.deepEqual(await found('action=holo_reading'), [row.id]);
    assert.deepEqual(await found('search=HOLO+read'), [row.id]);
    assert.deepEqual(await found('search=o_read'), [row.id]);
    const { records } = await openJson<RecordsJson>(client, `/api${PATH}?sortBy=action&sortOrder=asc`);
    assert.deepEqual(
      records.map(({ action }) => action),
      ['holo_reading', 'story_outline'],
    );
    const chip = (await openPage(client, `/ai-usage?action=holo_reading`)).querySelector('.chips b');
    assert.equal(textOf(chip), 'Holo reading');
  });
});

describe('an action that does not exist', () => {
  it('matches nothing and breaks nothing', async () => {
    const client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await insertUsage([{}]);
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      assert.deepEqual(recordIds(await openPage(client, `${PATH}?action=no_such_action`)), []);
      const known = recordIds(await openPage(client, `${PATH}?action=no_such_action&action=chapter_writing`));
      assert.equal(known.length, 1);
      const { totalRequests } = await openJson<StatsJson>(client, '/api/ai-usage/stats?action=no_such_action');
      assert.equal(totalRequests, 0);
    }
  });
});

describe('a model', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
  });

  it('has the provider that its name says', async () => {
    const providers = {
      OpenAI: ['gpt-5', 'tts-1', 'GPT-4-turbo', 'azure/eu/gpt-4o-2024-08-06', 'ft:gpt-4o-mini-2024-07-18:acme::1'],
      Google: ['gemini-pro', 'models/veo-3', 'vertex_ai/imagegeneration@006', 'google/gemini-2.5-pro:free'],
      Anthropic: ['claude-opus-4', 'eu.anthropic.claude-3-5-sonnet-20240620-v1:0'],
      Meta: ['meta.llama3-8b-instruct-v1:0'],
      DeepSeek: ['deepseek-r1-distill-llama-70b'],
      Unknown: ['mystery-9', 'geminid', 'o5', 'my-gpt', ''],
    };
    await insertUsage(Object.values(providers).flatMap((models) => models.map((model) => ({ model }))));
    const { modelBreakdown } = await openJson<StatsJson>(client, '/api/ai-usage/stats');
    for (const [provider, models] of Object.entries(providers)) {
      const named = modelBreakdown.filter((row) => row.provider === provider).map(({ model }) => model);
      assert.deepEqual(named.sort(), models.sort());
    }
    const table = tableOf(await openPage(client, '/ai-usage'), 'Models');
    const shown = columnOf(table, 'Provider').map(({ text, flag }) => flag ?? text);
    assert.deepEqual(shown.sort(), modelBreakdown.map(({ provider }) => provider).sort());
  });

  it('is found by its provider, however a gateway spells it: the row of a provider leads to all of its models', async () => {
    await resetUsage();
    const gpt = ['gpt-4o', 'azure/gpt-4o', 'GPT-4o', 'ft:gpt-4o:acme::1', 'openai:gpt-4o'];
    const models = [...gpt, 'my-gpt-4o', 'gemini-pro', 'models/gemini-pro'];
    await insertUsage(models.map((model, i) => ({ model, cost: 10 ** i })));
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      const providers = tableOf(await openPage(client, '/ai-usage?breakdown=provider'), 'Providers');
      const names = columnOf(providers, 'Provider');
      assert.deepEqual(
        names.map(({ text, flag }, i) => [text, flag, columnOf(providers, 'Cost')[i]?.micro]),
        [
          ['Google', null, 11_000_000],
          ['Unknown', 'unknown', 100_000],
          ['OpenAI', null, 11_111],
        ],
      );
      const narrowed = await openPage(client, names[2]?.href ?? '');
      const found = columnOf(tableOf(narrowed, 'Models'), 'Model').map(({ text }) => text);
      assert.deepEqual(found.sort(), [...gpt].sort());
      const { records } = await openJson<RecordsJson>(client, `/api${columnOf(providers, 'Requests')[2]?.href}`);
      assert.deepEqual(records.map(({ aiModel }) => aiModel).sort(), [...gpt].sort());
    }
  });

  it('that nobody knows is flagged, with or without a price, and counted like any other', async () => {
    await resetUsage();
    await insertUsage([
      { model: 'mystery-9', cost: 0 },
      { model: 'mystery-10', cost: 5_000_000 },
      { model: 'gpt-5', cost: 0 },
      { model: 'tts-1', cost: 1 },
    ]);
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      const table = tableOf(await openPage(client, '/ai-usage'), 'Models');
      const flags = columnOf(table, 'Model').map(({ text, flag }, i) => [
        text,
        flag,
        columnOf(table, 'Provider')[i]?.flag,
      ]);
      assert.deepEqual(flags, [
        ['mystery-10', null, 'Unknown'],
        ['tts-1', null, null],
        ['gpt-5', 'no price', null],
        ['mystery-9', 'no price', 'Unknown'],
      ]);
      assert.equal(totalOf(table, 'Requests').text, '4');
    }
    const records = tableOf(await openPage(client, PATH), 'Records');
    const flagged = columnOf(records, 'Model').map(({ text, flag }) => [text, flag]);
    assert.deepEqual(Object.fromEntries(flagged), {
      'mystery-9': 'Unknown',
      'mystery-10': 'Unknown',
      'gpt-5': null,
      'tts-1': null,
    });
  });

  it('is found by its very name, spaces and all, and can be walked past when it has none', async () => {
    await resetUsage();
    const models = ['', ' ', ' gpt-5', 'gpt-5 ', 'gpt-5', 'a~b~c', '🦄'.repeat(100)];
    await insertUsage(models.map((model) => ({ model })));
    for (const model of models.filter((name) => name !== '')) {
      const { records } = await openJson<RecordsJson>(client, `/api${PATH}?${new URLSearchParams({ model })}`);
      assert.deepEqual(
        records.map(({ aiModel }) => aiModel),
        [model],
      );
    }
    const seen: string[] = [];
    for (let href: string | null = `${PATH}?sortBy=aiModel&sortOrder=asc&pageSize=1`; href; ) {
      const page = await openPage(client, href);
      seen.push(columnOf(tableOf(page, 'Records'), 'Model')[0]?.href ?? '');
      href = page.querySelector('a[rel=next]')?.getAttribute('href') ?? null;
    }
    assert.equal(seen.length, models.length);
    assert.equal(new Set(seen).size, models.length);
  });
});
