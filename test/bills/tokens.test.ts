import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { ANTHROPIC } from '../../src/bills/providers/anthropic.ts';
import { OPENAI } from '../../src/bills/providers/openai.ts';
import { sharedApp } from '../support/app.ts';
import { openLadder, rungsIn } from '../support/bills.ts';
import { signedIn } from '../support/client.ts';
import { at, fakeCostsApi, openAi } from '../support/costs-api.ts';
import { databases } from '../support/databases.ts';
import { enterPrice } from '../support/prices.ts';
import { insertUsage } from '../support/usage.ts';

describe('the tokens of what providers have billed', () => {
  const fake = fakeCostsApi();
  const { serve, fetched, keep, kept } = fake;

  type Used = { model: string; input: number; cached?: number; output: number; batch?: boolean; project?: string };
  const openAiUsed = (days: Record<string, Used[]>) =>
    Object.entries(days).map(([day, some]) => ({
      ...{ object: 'bucket', start_time: Date.parse(day) / 1_000 },
      results: some.map(({ model, input, cached, output, batch = false, project = 'proj_a' }) => ({
        ...{ object: 'organization.usage.completions.result', num_model_requests: 1, model, batch },
        ...{ input_tokens: input, input_cached_tokens: cached, output_tokens: output, project_id: project },
      })),
    }));
  const quantities = async () =>
    (await databases().backoffice('bill_lines').orderBy('id').select('item', 'project', 'quantity')).map(
      ({ item, project, quantity }) => `${item} | ${project} | ${quantity}`,
    );
  const costs = [
    { day: '2026-10-01', item: 'gpt-5, input', value: 0.7 },
    { day: '2026-10-01', item: 'gpt-5, cached input', value: 0.03 },
    { day: '2026-10-01', item: 'gpt-5, output', value: 1 },
    { day: '2026-10-02', item: 'gpt-5, batch, output', value: 0.5 },
    { day: '2026-10-02', item: 'gpt-5, cached input', value: 0.01, project: 'proj_b' },
    { day: '2026-10-02', item: 'web search tool calls', value: 0.3 },
  ];

  it('comes from OpenAI, on all pages, and the ladder tells cached and batch discounts of them', async () => {
    const ana = await signedIn((await sharedApp()).origin);
    const price = { model: 'gpt-5', from: '2026-01-01', currency: 'USD', inputPerMillion: 1, outputPerMillion: 10 };
    await enterPrice(ana, price);
    await insertUsage([
      { model: 'gpt-5', input: 1_000_000, output: 200_000, cost: 1, at: at('2026-10-01T12:00Z') },
      { model: 'gpt-5', input: 1, output: 0, cost: 1, at: at('2026-10-02T12:00Z') },
    ]);
    const used = {
      '2026-10-01': [{ model: 'gpt-5', input: 1_000_000, cached: 300_000, output: 100_000 }],
      '2026-10-02': [{ model: 'gpt-5', input: 0, output: 100_000, batch: true }],
    };
    fake.disturbances = [];
    serve(openAi(costs), 1, openAiUsed(used));
    // The usage is asked again as the costs are.
    const fail = (status: number) => (res: ServerResponse) => {
      res.writeHead(status);
      res.end();
    };
    fake.disturbances = [fail(429)];
    fake.ofUsage = [fail(500), fail(429)];
    assert.deepEqual(await keep(OPENAI), { added: 6, corrected: 0, same: 0, gone: 0 });
    assert.deepEqual(fake.waits, [1_000, 1_000, 2_000]);
    assert.deepEqual(await quantities(), [
      'gpt-5, input | proj_a | 700000',
      'gpt-5, cached input | proj_a | 300000',
      'gpt-5, output | proj_a | 100000',
      'gpt-5, batch, output | proj_a | 100000',
      'gpt-5, cached input | proj_b | null',
      'web search tool calls | proj_a | null',
    ]);
    const ladder = await openLadder(ana);
    // 0.03 $ less 0.3 $, and 0.5 $ less 1 $, at 1.25 $ a euro; a line without tokens stays in the rest.
    assert.equal(rungsIn(ladder).discounts, -616_000);
    assert.match(ladder.rungs.find(({ rung }) => rung === 'discounts')?.about ?? '', /Not told of 1 line /);

    // What was not said yet is a correction when it is, and the same again is none.
    used['2026-10-02'].push({
      model: 'gpt-5',
      input: 100_000,
      cached: 100_000,
      output: 0,
      project: 'proj_b',
    } as never);
    serve(openAi(costs), 31, openAiUsed(used));
    assert.deepEqual(await keep(OPENAI), { added: 0, corrected: 1, same: 5, gone: 0 });
    assert.deepEqual(await keep(OPENAI), { added: 0, corrected: 0, same: 6, gone: 0 });
    assert.equal(rungsIn(await openLadder(ana)).discounts, -688_000);
  });

  it('leaves out days that are not over where its usage is told, and takes both or none', async () => {
    fake.clock = '2026-10-02T23:59Z';
    serve(openAi(costs), 31, openAiUsed({ '2026-10-01': [{ model: 'gpt-5', input: 700_000, output: 0 }] }));
    assert.deepEqual(
      (await fetched(OPENAI)).lines.map(({ firstDay }) => firstDay),
      ['2026-10-01', '2026-10-01', '2026-10-01'],
    );
    fake.clock = null;
    serve(openAi(costs), 31, [{ start_time: 1, results: [{ input_tokens: -1, output_tokens: 0 }] }]);
    await assert.rejects(keep(OPENAI), /it answers something else than is documented/);
    assert.deepEqual(await kept(), []);
  });

  it('comes from Anthropic, by model, workspace, tier and context', async () => {
    const of = { model: 'claude-sonnet-4-5', workspace_id: 'wrkspc_1', context_window: '0-200k' };
    const cost = { ...of, currency: 'USD', cost_type: 'tokens', amount: '10', service_tier: 'standard' };
    const bucket = { starting_at: '2026-10-02T00:00:00Z', ending_at: '2026-10-03T00:00:00Z' };
    const tokens = {
      ...{ uncached_input_tokens: 700, cache_read_input_tokens: 300, output_tokens: 40 },
      cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 20 },
    };
    serve(
      [
        {
          ...bucket,
          results: [
            { ...cost, token_type: 'uncached_input_tokens' },
            { ...cost, token_type: 'cache_read_input_tokens' },
            { ...cost, token_type: 'cache_creation.ephemeral_5m_input_tokens' },
            { ...cost, token_type: 'output_tokens', service_tier: 'batch' },
            { ...cost, token_type: 'output_tokens', context_window: '200k-1M' },
          ],
        },
      ],
      31,
      [
        {
          ...bucket,
          results: [
            { ...of, ...tokens, service_tier: 'standard' },
            { ...of, ...tokens, service_tier: 'batch', output_tokens: 50 },
          ],
        },
      ],
    );
    await keep(ANTHROPIC);
    assert.deepEqual(await quantities(), [
      'claude-sonnet-4-5, uncached input tokens | wrkspc_1 | 700',
      'claude-sonnet-4-5, cache read input tokens | wrkspc_1 | 300',
      'claude-sonnet-4-5, cache creation ephemeral 5m input tokens | wrkspc_1 | 20',
      'claude-sonnet-4-5, output tokens, batch | wrkspc_1 | 50',
      'claude-sonnet-4-5, output tokens, 200k-1M | wrkspc_1 | null',
    ]);
  });
});
