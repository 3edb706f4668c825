import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { LIST } from '../../src/prices/proposals/listed.ts';
import type { Day } from '../../src/units/calendar.ts';
import { addDays, dayOf, now, startOfDay } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { type Client, signedIn } from '../support/client.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { columnOf, openPage, tableOf, textOf } from '../support/page.ts';
import { enterPrice, openProposals } from '../support/prices.ts';
import { needsServer } from '../support/skip.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const LISBON = 'Europe/Lisbon';

describe('proposed prices of the list (npm run prices:propose)', () => {
  let ana: Client;
  const today = dayOf(now(), LISBON);
  const thisMonth = `${today.slice(0, 8)}01` as Day;
  const lastMonth = addDays(thisMonth, -1);
  const firstOfLast = `${lastMonth.slice(0, 8)}01` as Day;
  const on = (day: Day) => startOfDay(day, LISBON);
  const prices = () => databases().backoffice('prices').whereNull('withdrawn_at').orderBy('model').orderBy('from_day');
  const proposals = () =>
    databases()
      .backoffice('price_proposals')
      .orderByRaw('model, coalesce(action, chr(32)), above_input_tokens, from_day');

  before(async function () {
    needsServer(this);
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await forgetAudit();
  });
  after(resetUsage);

  const made = (body: object) => enterPrice(ana, body);
  const open = () => openProposals(ana);
  const idFields = (ids: string[]) => ids.map((id): [string, string] => ['id', id]);
  const hrefOf = async (model: string) => (await open()).find((one) => one.model === model)?.href ?? '';

  const propose = async (): Promise<string> => {
    const args = await commandLine('scripts/prices-propose.ts');
    const { workflows, backoffice, mythoria } = databaseUrls();
    const urls = {
      WORKFLOWS_DATABASE_URL: workflows,
      BACKOFFICE_DATABASE_URL: backoffice,
      MYTHORIA_DATABASE_URL: mythoria,
    };
    return new Promise((resolve, reject) =>
      execFile(process.execPath, args, { env: { ...process.env, ...urls } }, (error, stdout, stderr) =>
        error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout.trim()),
      ),
    );
  };
  const call = { action: 'chapter_writing', cost: 0 };
  const figures = async () =>
    (await proposals()).map((row) => [
      row.model,
      row.action,
      row.above_input_tokens,
      row.from_day,
      ...[row.input_per_million, row.cached_input_per_million, row.output_per_million].map(
        (rate) => rate && Number(rate),
      ),
    ]);

  it('are what it says of models that have calls, from their first on: tiers, images, our own; twice changes nothing', async () => {
    await insertUsage([
      { ...call, model: 'gpt-5-2025-08-07', at: on(firstOfLast) },
      { ...call, model: 'gpt-5', at: on(lastMonth) },
      { ...call, model: 'gemini-2.5-pro', at: on(lastMonth) },
      { ...call, model: 'gemini-2.5-flash-image', action: 'image_edit', at: on(lastMonth) },
      { ...call, model: 'tts-1', action: 'audio_generation', at: on(lastMonth) },
      { ...call, model: 'whisper-1', action: 'test', at: on(lastMonth) },
      { ...call, model: 'mystery-1', at: on(lastMonth) },
    ]);
    assert.equal(await propose(), '6 prices are proposed.');
    assert.deepEqual(await figures(), [
      ['gemini-2.5-flash-image', null, 0, lastMonth, 0.3, null, 2.5],
      ['gemini-2.5-flash-image', 'image_edit', 0, lastMonth, 0.3, null, 30],
      ['gemini-2.5-pro', null, 0, lastMonth, 1.25, 0.125, 10],
      ['gemini-2.5-pro', null, 200_000, lastMonth, 2.5, 0.25, 15],
      ['gpt-5', null, 0, firstOfLast, 1.25, 0.125, 10],
      ['tts-1', null, 0, lastMonth, null, null, null],
    ]);
    const [speech] = (await proposals()).filter(({ model }) => model === 'tts-1');
    assert.equal(speech.per_thousand_characters, '0.015000000');
    assert.match(speech.source, /developers\.openai\.com/);
    const before = (await proposals()).map(({ effect_at, ...row }) => row);
    const said = await auditLines();
    assert.equal(await propose(), '0 prices are proposed. 6 were there already.');
    assert.deepEqual(
      (await proposals()).map(({ effect_at, ...row }) => row),
      before,
    );
    assert.deepEqual(await auditLines(), said);
    assert.deepEqual(await prices(), []);
  });

  it('are what differs from the prices in force, and are taken back where it no longer does', async () => {
    await insertUsage([
      { ...call, model: 'gpt-5-mini', at: on(lastMonth) },
      { ...call, model: 'o3', at: on('2025-06-01' as Day) },
      { ...call, model: 'gpt-4-turbo', at: on(lastMonth) },
    ]);
    const usd = { from: '2025-01-01', currency: 'USD' };
    await made({ ...usd, model: 'gpt-4-turbo', inputPerMillion: 10, outputPerMillion: 30 });
    await made({ ...usd, model: 'o3', inputPerMillion: 10, cachedInputPerMillion: 0.5, outputPerMillion: 40 });
    await made({ ...usd, model: 'gpt-5-mini', inputPerMillion: 0.25, outputPerMillion: 1.8, reasoningPerMillion: 3 });
    assert.equal(await propose(), '2 prices are proposed.');
    assert.deepEqual(await figures(), [
      ['gpt-5-mini', null, 0, today, 0.25, 0.025, 2],
      ['o3', null, 0, '2025-06-10', 2, 0.5, 8],
    ]);
    assert.equal((await proposals())[0].reasoning_per_million, '3.000000000', 'which the list does not say');
    await made({
      ...usd,
      model: 'o3',
      from: '2025-06-10',
      inputPerMillion: 2,
      cachedInputPerMillion: 0.5,
      outputPerMillion: 8,
    });
    assert.equal(await propose(), '0 prices are proposed. 1 was taken back. 1 was there already.');
    await ana.submit(`${await hrefOf('gpt-5-mini')}/accept`, {});
    assert.equal(await propose(), '0 prices are proposed.');
  });

  it('say what each would have changed last month, to the micro-euro, and add up to what all of them make of it', async () => {
    await insertUsage([
      { ...call, model: 'gpt-5', input: 1_000_003, output: 7, at: on(lastMonth) },
      { ...call, model: 'gpt-5', input: 11, output: 3, at: on(lastMonth) },
      { ...call, model: 'gemini-2.5-pro', input: 200_001, output: 10, at: on(lastMonth) },
      { ...call, model: 'gemini-2.5-pro', input: 200_000, output: 10, at: on(lastMonth) },
      { ...call, model: 'gpt-5', input: 1_000_000, output: 0, at: on(today) },
    ]);
    await propose();
    const said = (await openPage(ana, '/prices')).querySelectorAll('.proposals tbody tr').map(textOf);
    assert.equal(said.length, 3);
    for (const row of said) assert.match(row, /no exchange rate/);
    await databases()
      .backoffice('exchange_rates')
      .insert({ day: '2020-01-02', currency: 'USD', per_euro: '1.13607', imported_by: 'a' });
    await made({ model: 'gpt-5', from: '2026-01-01', currency: 'USD', inputPerMillion: 2, outputPerMillion: 10 });
    await propose();
    const page = await openPage(ana, '/prices');
    const table = tableOf(page, 'Proposed prices');
    const costs = columnOf(table, 'Last month').map(({ micro }) => micro);
    // gpt-5: (2.00 − 1.25) ÷ 1.13607 a million, each call rounded by itself. gemini: 200,000 by 1.25 and 10; 200,001 by 2.5 and 15.
    const gpt = [
      [1_000_003, 7],
      [11, 3],
    ] as const;
    const cost = (rate: number, [input, output]: readonly [number, number]) =>
      Math.round((input * rate + output * 10) / 1.13607);
    const change = gpt.reduce((sum, tokens) => sum + cost(1.25, tokens) - cost(2, tokens), 0);
    const base = Math.round((200_001 * 1.25 + 100) / 1.13607) + Math.round((200_000 * 1.25 + 100) / 1.13607);
    const tier = Math.round((200_001 * 2.5 + 150) / 1.13607) - Math.round((200_001 * 1.25 + 100) / 1.13607);
    assert.deepEqual(costs, [base, tier, change]);
    const stats = async () =>
      (await ana.get(`/api/ai-usage/stats?from=${firstOfLast}&to=${lastMonth}&cost=repriced`)).body.totalCost;
    const before = await stats();
    // As if it had been in force the whole month.
    const fields = {
      model: 'gpt-5',
      from: '2026-02-01',
      currency: 'USD',
      inputPerMillion: '1.25',
      outputPerMillion: '10',
    };
    assert.equal((await ana.submit(`${await hrefOf('gpt-5')}/edit`, fields)).status, 303);
    const ids = (await openPage(ana, '/prices/proposals'))
      .querySelectorAll('input[name=id]')
      .map((input) => input.getAttribute('value') ?? '');
    assert.equal(ids.length, 2);
    assert.equal((await ana.submit('/prices/proposals', idFields(ids))).status, 303);
    assert.equal(Math.round(((await stats()) - before) * 1e6), base + tier + change);
  });

  it('are of the version of the list that is installed', async () => {
    const { version } = JSON.parse(await readFile('node_modules/@pydantic/genai-prices/package.json', 'utf8'));
    assert.equal(LIST.version, version, 'look up when this one was published: src/prices/proposals/listed.ts');
  });
});
