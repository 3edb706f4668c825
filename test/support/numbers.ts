import assert from 'node:assert/strict';
import type { RecordsJson, StatsJson } from './api-types.ts';
import type { Client } from './client.ts';
import {
  columnOf,
  integerOf,
  microOf,
  openJson,
  openPage,
  type PageTable,
  recordIds,
  recordSum,
  tableOf,
  textOf,
  tilesOf,
  totalOf,
} from './page.ts';
import { type PlainSums, plainGroups, plainIds, plainTotal, type Where } from './plain-sql.ts';

const micro = (cost: string) => Math.round(Number(cost) * 1_000_000);
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
const byKey =
  <T>(key: (item: T) => string) =>
  (a: T, b: T) =>
    key(a) < key(b) ? -1 : 1;
const average = (cost: string, count: number) => (count === 0 ? 0 : Number(cost) / count);

function assertFallingCost(costs: number[]): void {
  assert.deepEqual(
    costs,
    [...costs].sort((a, b) => b - a),
    'highest cost first',
  );
}

/** The rows of an overview table add up to its total row, and that to the total. */
function assertAddsUp(table: PageTable, { requests, inputTokens, outputTokens, cost }: PlainSums): void {
  const whole = { Requests: requests, 'Tokens in': inputTokens, 'Tokens out': outputTokens };
  for (const [label, expected] of Object.entries(whole)) {
    assert.equal(sum(columnOf(table, label).map(({ text }) => integerOf(text))), expected, label);
    assert.equal(integerOf(totalOf(table, label).text), expected, `${label} in the total row`);
  }
  assert.equal(sum(columnOf(table, 'Cost').map((cell) => cell.micro ?? Number.NaN)), micro(cost));
  assert.equal(totalOf(table, 'Cost').micro, micro(cost));
}

async function assertStats(stats: StatsJson, timeZone: string, where: Where): Promise<void> {
  const total = await plainTotal(where);
  const models = await plainGroups('ai_model', where);
  const actions = await plainGroups('action', where);
  const days = await plainGroups(`to_char(created_at AT TIME ZONE '${timeZone}', 'YYYY-MM-DD')`, where);

  assert.deepEqual(
    {
      totalCost: stats.totalCost,
      totalTokens: stats.totalTokens,
      totalInputTokens: stats.totalInputTokens,
      totalOutputTokens: stats.totalOutputTokens,
      totalRequests: stats.totalRequests,
      uniqueStories: stats.uniqueStories,
      averageCostPerRequest: stats.averageCostPerRequest,
    },
    {
      totalCost: Number(total.cost),
      totalTokens: total.inputTokens + total.outputTokens,
      totalInputTokens: total.inputTokens,
      totalOutputTokens: total.outputTokens,
      totalRequests: total.requests,
      uniqueStories: total.stories,
      averageCostPerRequest: average(total.cost, total.requests),
    },
  );
  assert.deepEqual(
    stats.modelBreakdown.map(({ provider: _, ...model }) => model).sort(byKey(({ model }) => model)),
    models.map(({ key, cost, requests, inputTokens, outputTokens }) => ({
      model: key,
      inputTokens,
      outputTokens,
      totalTokens: inputTokens + outputTokens,
      totalCost: Number(cost),
      requests,
      averageCostPerRequest: average(cost, requests),
    })),
  );
  assert.deepEqual(
    [...stats.actionBreakdown].sort(byKey(({ action }) => action)),
    actions.map(({ key, cost, requests, inputTokens, outputTokens, stories }) => ({
      action: key,
      totalCost: Number(cost),
      requests,
      averageCostPerRequest: average(cost, requests),
      inputTokens,
      outputTokens,
      uniqueStories: stories,
      averageCostPerStory: average(cost, stories),
    })),
  );
  assert.deepEqual(
    stats.dailyUsage,
    days.map(({ key, cost, requests, inputTokens, outputTokens }) => ({
      date: key,
      totalCost: Number(cost),
      requests,
      inputTokens,
      outputTokens,
      totalTokens: inputTokens + outputTokens,
    })),
  );
  assertFallingCost(stats.modelBreakdown.map(({ totalCost }) => totalCost));
  assertFallingCost(stats.actionBreakdown.map(({ totalCost }) => totalCost));
  assert.deepEqual(stats.topModels, stats.modelBreakdown.slice(0, 5));
  for (const part of [stats.modelBreakdown, stats.actionBreakdown, stats.dailyUsage] as { totalCost: number }[][])
    assert.equal(sum(part.map(({ totalCost }) => Math.round(totalCost * 1_000_000))), micro(total.cost));
}

async function assertOverview(client: Client, path: string, where: Where): Promise<void> {
  const total = await plainTotal(where);
  const page = await openPage(client, path);
  const tiles = tilesOf(page);
  const tile = (label: string) => tiles.get(label) ?? { text: `no tile ${label}`, exact: null };
  assert.equal(microOf(tile('Total cost').exact ?? ''), micro(total.cost));
  assert.equal(integerOf(tile('Requests').text), total.requests);
  assert.equal(integerOf(tile('Tokens in').text), total.inputTokens);
  assert.equal(integerOf(tile('Tokens out').text), total.outputTokens);
  assert.equal(integerOf(tile('Stories').text), total.stories);
  const averages = { 'Average per request': total.requests, 'Average per story': total.stories };
  for (const [label, count] of Object.entries(averages)) {
    if (count === 0) {
      assert.deepEqual(tile(label), { text: '–', exact: null });
      continue;
    }
    const exact = micro(total.cost) / count;
    assert.ok(Math.abs(microOf(tile(label).exact ?? '') - exact) <= 0.5001, label);
  }
  if (total.requests === 0) {
    assert.equal(textOf(page.querySelector('.empty h2')), 'No AI calls here');
    return;
  }
  const inNumbers = await openPage(client, `${path}${path.includes('?') ? '&' : '?'}show=table`);
  const usage = tableOf(inNumbers, textOf(page.querySelector('#usage-over-time')));
  for (const table of [tableOf(page, 'Models'), tableOf(page, 'Actions'), usage]) assertAddsUp(table, total);
  const actions = tableOf(page, 'Actions');
  assert.equal(integerOf(totalOf(actions, 'Stories').text), total.stories);
  const stories = (await plainGroups('action', where)).map((group) => group.stories).sort((a, b) => a - b);
  assert.deepEqual(
    columnOf(actions, 'Stories')
      .map(({ text }) => integerOf(text))
      // An action of the window compared with has a row too.
      .filter((count) => count > 0)
      .sort((a, b) => a - b),
    stories,
  );
}

async function assertRecords(client: Client, parameters: string, where: Where): Promise<void> {
  const total = await plainTotal(where);
  const ids = await plainIds('created_at DESC, token_usage_id DESC', where);
  const api = await openJson<RecordsJson>(client, `/api/ai-usage/records?${parameters}&pageSize=1000`);
  assert.equal(api.total, total.requests);
  assert.deepEqual(
    api.records.map(({ tokenUsageId }) => tokenUsageId),
    ids,
  );
  assert.equal(sum(api.records.map(({ estimatedCostInEuros }) => micro(estimatedCostInEuros))), micro(total.cost));
  const page = await openPage(client, `/ai-usage/records?${parameters}&pageSize=200`);
  assert.deepEqual(recordSum(page), { requests: total.requests, cost: micro(total.cost) });
  assert.deepEqual(recordIds(page), ids);
}

/**
 * Both pages and both API answers for the same parameters say what plain SQL says of the rows that the parameters should
 * mean: for at most 200 rows, so that one page holds them.
 */
export async function assertNumbers(
  client: Client,
  parameters: string,
  where: Where,
  timeZone = 'Europe/Lisbon',
): Promise<void> {
  const stats = await openJson<StatsJson>(client, `/api/ai-usage/stats?${parameters}`);
  assert.equal(stats.timeZone, timeZone);
  await assertStats(stats, timeZone, where);
  await assertOverview(client, `/ai-usage?${parameters}`, where);
  await assertRecords(client, parameters, where);
}
