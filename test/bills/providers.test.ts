import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { ANTHROPIC } from '../../src/bills/providers/anthropic.ts';
import { NotAnswered } from '../../src/bills/providers/ask.ts';
import { fetchBill } from '../../src/bills/providers/fetch-bill.ts';
import { OPENAI } from '../../src/bills/providers/openai.ts';
import { systemLookup } from '../../src/delivery/targets.ts';
import { commandLine } from '../support/command-line.ts';
import { at, fakeCostsApi, KEY, OCTOBER, openAi } from '../support/costs-api.ts';
import { databaseUrls } from '../support/databases.ts';
import { needsServer } from '../support/skip.ts';

describe('what OpenAI and Anthropic say that they have billed', () => {
  const fake = fakeCostsApi();
  const { serve, fetched, keep, kept } = fake;

  it('is asked for a month by day, line item and project, on all pages, with the key in a header only', async () => {
    serve(
      openAi([
        { day: '2026-10-01', item: 'gpt-5-2025-08-07, input', value: 1.25 },
        { day: '2026-10-02', item: 'gpt-5-2025-08-07, cached input', value: 1.2e-7 },
        { day: '2026-10-02', item: 'gpt-5 batch, output', value: '0.1' },
        { day: '2026-10-03', item: 'web search tool calls', value: 0.3, project: 'proj_b' },
        { day: '2026-10-03', item: 'gpt-5-2025-08-07, input', value: -0.5 },
        { day: '2026-10-31', item: 'gpt-5-2025-08-07, input', value: 0.1 },
        { day: '2026-10-31', item: 'gpt-5-2025-08-07, input', value: 0.2 },
      ]),
      2,
    );
    assert.deepEqual(await keep(OPENAI), { added: 6, corrected: 0, same: 0, gone: 0 });
    assert.deepEqual(await kept(), [
      '2026-10-01 | gpt-5-2025-08-07, input | proj_a | usage | 1.25 | USD',
      '2026-10-02 | gpt-5-2025-08-07, cached input | proj_a | cached | 0.00000012 | USD',
      '2026-10-02 | gpt-5 batch, output | proj_a | batch | 0.1 | USD',
      '2026-10-03 | web search tool calls | proj_b | other | 0.3 | USD',
      '2026-10-03 | gpt-5-2025-08-07, input | proj_a | credit | -0.5 | USD',
      '2026-10-31 | gpt-5-2025-08-07, input | proj_a | usage | 0.3 | USD',
    ]);
    const asked = fake.api.received.map(({ url }) => new URL(url, 'http://x'));
    assert.deepEqual(
      asked.map(({ pathname, searchParams }) => [pathname.split('/organization/')[1], searchParams.get('page')]),
      [
        ['costs', null],
        ['costs', 'page_2'],
        ['usage/completions', null],
      ],
    );
    const [{ pathname, searchParams } = assert.fail()] = asked;
    assert.equal(pathname, '/v1/organization/costs');
    assert.deepEqual(searchParams.getAll('group_by'), ['line_item', 'project_id']);
    assert.equal(searchParams.get('start_time'), String(Date.parse('2026-10-01') / 1_000));
    assert.equal(searchParams.get('end_time'), String(Date.parse('2026-11-01') / 1_000));
    for (const { url, headers } of fake.api.received) {
      assert.equal(headers.authorization, `Bearer ${KEY}`);
      assert.ok(!url.includes(KEY));
    }
    assert.deepEqual(await keep(OPENAI), { added: 0, corrected: 0, same: 6, gone: 0 });
  });

  it('corrects what it said before, and what it says no more counts no more', async () => {
    serve(
      openAi([
        { day: '2026-10-01', item: 'gpt-5, input', value: 1 },
        { day: '2026-10-01', item: 'o3, input', value: 2 },
      ]),
    );
    await keep(OPENAI);
    serve(openAi([{ day: '2026-10-01', item: 'gpt-5, input', value: 0.75 }]));
    assert.deepEqual(await keep(OPENAI), { added: 0, corrected: 1, same: 0, gone: 1 });
    assert.deepEqual((await kept()).slice(2), [
      '2026-10-01 | gpt-5, input | proj_a | usage | 0.75 | USD',
      '2026-10-01 | o3, input | proj_a | usage | 0 | USD',
    ]);
    serve([]);
    assert.deepEqual(await keep(OPENAI), { added: 0, corrected: 0, same: 0, gone: 1 });
  });

  it('leaves out days that are not over, by our clock and by its own', async () => {
    const costs = openAi(
      ['03', '04', '05', '06'].map((day) => ({ day: `2026-10-${day}`, item: 'gpt-5, input', value: 1 })),
    );
    const days = async (ours: string, theirs: string | null) => {
      fake.clock = theirs;
      serve(costs);
      return (await fetched(OPENAI, OCTOBER, ours)).lines.map(({ firstDay }) => firstDay.slice(-2)).join();
    };
    assert.equal(await days('2026-10-06T23:59Z', '2026-10-07T00:01Z'), '03,04,05');
    assert.equal(await days('2026-10-07T00:01Z', '2026-10-06T23:59Z'), '03,04,05');
    assert.equal(await days('2026-10-07T00:01Z', '2026-10-07T00:01Z'), '03,04,05,06');
    assert.equal(
      new URL(fake.api.received[0]?.url ?? '', 'http://x').searchParams.get('end_time'),
      String(Date.parse('2026-10-06') / 1_000),
    );
    await assert.rejects(fetched(OPENAI, OCTOBER, '2026-10-01T10:00Z'), /takes one with a day that is over/);
  });

  it('is asked again where it is asked too often or fails, as much later as it says, and not for ever', async () => {
    const fails =
      (status: number, headers: Record<string, string> = {}) =>
      (res: ServerResponse) => {
        res.writeHead(status, headers);
        res.end(`not for logs: ${KEY}`);
      };
    fake.disturbances = [fails(429, { 'Retry-After': '7' }), fails(500), (res) => void res.destroy(), fails(503)];
    serve(openAi([{ day: '2026-10-01', item: 'gpt-5, input', value: 1 }]));
    assert.equal((await fetched(OPENAI)).lines.length, 1);
    assert.deepEqual(fake.waits, [7_000, 2_000, 4_000, 8_000]);
    const said = async (some: typeof fake.disturbances) => {
      fake.disturbances = some;
      const error: Error = await fetched(OPENAI).then(
        () => assert.fail(),
        (error) => error,
      );
      assert.ok(error instanceof NotAnswered, String(error));
      assert.ok(!error.message.includes(KEY), error.message);
      return error.message;
    };
    assert.equal(await said(Array.from({ length: 5 }, () => fails(500))), 'it answers 500');
    assert.equal(await said([fails(401)]), 'it answers 401');
    assert.equal(await said([fails(302, { Location: 'http://127.0.0.1:1/' })]), 'it answers 302');
    assert.equal(await said([fails(429, { 'Retry-After': '3600' })]), 'it answers 429, and asks to wait 3600 seconds');
    assert.equal(await said([(res) => void res.end('{"data": []}')]), 'it answers something else than is documented');
    assert.equal(await said([(res) => void res.end('<html>')]), 'it answers what is no JSON');
    const endless = JSON.stringify({ data: [], has_more: true, next_page: 'same' });
    assert.equal(
      await said(Array.from({ length: 3 }, () => (res: ServerResponse) => void res.end(endless))),
      'its pages have no end',
    );
  });

  it('goes to public addresses and over https only, wherever a name leads', async () => {
    const asking = { rules: { allowedHosts: [], lookup: systemLookup }, wait: async () => {} };
    const asked = { month: OCTOBER, key: KEY, at: at('2026-11-30T12:00Z') };
    await assert.rejects(fetchBill(OPENAI, { ...asked, base: `http://${fake.api.host}` }, asking), /takes https only/);
    await assert.rejects(fetchBill(OPENAI, { ...asked, base: 'https://localhost:1' }, asking), NotAnswered);
    assert.equal(fake.api.received.length, 0);
  });

  it('comes from Anthropic in cents, by workspace and description', async () => {
    const result = {
      ...{ currency: 'USD', cost_type: 'tokens', model: 'claude-sonnet-4-5-20250929', service_tier: 'standard' },
      ...{ context_window: '0-200k', description: 'Claude Sonnet 4.5 Usage', workspace_id: 'wrkspc_1' },
    };
    serve([
      {
        ...{ starting_at: '2026-10-02T00:00:00Z', ending_at: '2026-10-03T00:00:00Z' },
        results: [
          { ...result, amount: '123.4567', token_type: 'uncached_input_tokens' },
          { ...result, amount: '5', token_type: 'cache_read_input_tokens' },
          { ...result, amount: '0.05', token_type: 'output_tokens', service_tier: 'batch', workspace_id: null },
          {
            ...{ currency: 'USD', cost_type: 'web_search', amount: '10', description: 'Web Search Usage' },
            ...{ model: null, service_tier: null, token_type: null, context_window: null, workspace_id: null },
          },
        ],
      },
    ]);
    assert.deepEqual(await keep(ANTHROPIC), { added: 4, corrected: 0, same: 0, gone: 0 });
    assert.deepEqual(await kept(), [
      '2026-10-02 | claude-sonnet-4-5-20250929, uncached input tokens | wrkspc_1 | usage | 1.234567 | USD',
      '2026-10-02 | claude-sonnet-4-5-20250929, cache read input tokens | wrkspc_1 | cached | 0.05 | USD',
      '2026-10-02 | claude-sonnet-4-5-20250929, output tokens, batch |  | batch | 0.0005 | USD',
      '2026-10-02 | Web Search Usage |  | other | 0.1 | USD',
    ]);
    const [{ url, headers } = assert.fail(), usage = assert.fail()] = fake.api.received;
    assert.equal(new URL(usage.url, 'http://x').pathname, '/v1/organizations/usage_report/messages');
    const { pathname, searchParams } = new URL(url, 'http://x');
    assert.equal(pathname, '/v1/organizations/cost_report');
    assert.deepEqual(searchParams.getAll('group_by[]'), ['workspace_id', 'description']);
    assert.deepEqual(
      [searchParams.get('starting_at'), searchParams.get('ending_at')],
      ['2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z'],
    );
    assert.deepEqual([headers['x-api-key'], headers['anthropic-version']], [KEY, '2023-06-01']);
  });

  it('is imported by npm run bills:import, which says what it lacks', async function () {
    needsServer(this);
    const { backoffice, workflows } = databaseUrls();
    const run = async (args: string[]) => {
      const command = [...(await commandLine('scripts/bills-import.ts')), ...args];
      const env = {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME },
        ...{ BACKOFFICE_DATABASE_URL: backoffice, WORKFLOWS_DATABASE_URL: workflows },
      };
      return new Promise<{ code: number | null; said: string }>((done) => {
        const child = execFile(process.execPath, command, { env }, (_error, stdout, stderr) =>
          done({ code: child.exitCode, said: stdout + stderr }),
        );
      });
    };
    assert.deepEqual(await run(['--provider', 'openai', '--month', '2026-10']), {
      ...{ code: 1, said: 'bills:import: OPENAI_ADMIN_KEY is not set: it takes an admin key\n' },
    });
    assert.equal((await run(['--provider', 'google'])).code, 2);
    assert.match((await run(['--provider', 'openai', '--month', 'october'])).said, /--month takes a month/);
  });
});
