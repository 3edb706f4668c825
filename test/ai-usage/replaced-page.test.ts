import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import type { HTMLElement } from 'node-html-parser';
import { addTime, DAY_OF_24_HOURS, HOUR, type Instant, now, parseInstant } from '../../src/units/time.ts';
import type { RecordsJson, StatsJson } from '../support/api-types.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { type Client, createClient, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { profileOf, signInAtFake, startFakeGoogle } from '../support/fake-google.ts';
import { columnOf, openJson, openPage, submitted, tableOf, textOf, tilesOf, totalOf } from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

const PAGES = ['/ai-usage', '/ai-usage/records'];
const APIS = ['/api/ai-usage/stats', '/api/ai-usage/records'];

type PlanNode = {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
};

/** The rows of token_usage_tracking that a plan has looked at, whether it kept them or not. */
function rowsLookedAt(node: PlanNode): number {
  const own =
    node['Relation Name'] === 'token_usage_tracking'
      ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
      : 0;
  return own + (node.Plans ?? []).map(rowsLookedAt).reduce((sum, rows) => sum + rows, 0);
}

/** Runs a statement of the page again and counts; small tables would be scanned for their size alone, so that is off. */
async function rowsReadBy({ sql, bindings }: Knex.Sql): Promise<number> {
  return databases().workflows.transaction(async (transaction) => {
    await transaction.raw('SET LOCAL enable_seqscan = off');
    const { rows } = await transaction.raw<{ rows: [{ 'QUERY PLAN': [{ Plan: PlanNode }] }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${sql.replace(/\$\d+/g, '?')}`,
      [...bindings],
    );
    return rowsLookedAt(rows[0]['QUERY PLAN'][0].Plan);
  });
}

describe('what the page we replace got wrong', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  beforeEach(resetUsage);

  it('any search was a 500, because uuid and enum columns were compared with LIKE', async () => {
    const [row] = await insertUsage([{}]);
    for (const search of [
      'gpt',
      'chapter',
      'Chapter writing',
      row?.id ?? '',
      row?.author ?? '',
      row?.story.slice(0, 6) ?? '',
    ]) {
      for (const path of [...PAGES, ...APIS]) {
        const response = await client.get(`${path}?${new URLSearchParams({ search })}`);
        assert.equal(response.status, 200, `${path} ${search}`);
      }
      const { total } = await openJson<RecordsJson>(client, `/api/ai-usage/records?${new URLSearchParams({ search })}`);
      assert.equal(total, 1, search);
    }
  });

  it('whoever had an address ending in @mythoria.pt entered, verified by Google or not, and @MYTHORIA.PT did not', async () => {
    const google = await startFakeGoogle();
    const app = await startApp({ google: () => google.client });
    try {
      const enters = async (claims: object) => {
        google.answers.userinfo = profileOf(claims);
        const person = createClient(app.origin);
        await signInAtFake(person);
        return (await person.get('/ai-usage')).status === 200;
      };
      assert.equal(await enters({ email: 'ines@mythoria.pt' }), true);
      assert.equal(await enters({ email: 'Ines@MYTHORIA.PT' }), true);
      assert.equal(await enters({ email: 'ines@mythoria.pt', email_verified: false }), false);
      assert.equal(await enters({ email: 'ines@evil.example@mythoria.pt' }), false);
      assert.equal(await enters({ email: 'ines@not-mythoria.pt', hd: 'not-mythoria.pt' }), false);
    } finally {
      await app.close();
      await google.close();
    }
  });

  it('"Daily cost" was the cost of the oldest day shown', async () => {
    const today = addTime(now(), -HOUR);
    await insertUsage(
      [3, 2, 1, 0].map((ago) => ({ at: addTime(today, -BigInt(ago) * DAY_OF_24_HOURS), cost: 1_000_000 * (ago + 1) })),
    );
    const page = await openPage(client, '/ai-usage?period=7d&show=table');
    assert.deepEqual(
      [...tilesOf(page).keys()],
      ['Total cost', 'Requests', 'Tokens in', 'Tokens out', 'Average per request', 'Stories', 'Average per story'],
    );
    const costs = columnOf(tableOf(page, 'Usage by day'), 'Cost').map(({ micro }) => micro);
    assert.deepEqual(
      costs.filter((cost) => cost !== 0),
      [1_000_000, 2_000_000, 3_000_000, 4_000_000],
      'newest first, each day its own',
    );
    const day = await openPage(client, '/ai-usage?period=1d');
    assert.equal(tilesOf(day).get('Total cost')?.text, '€1.00');
  });

  it('"-5.2% vs yesterday" and "Budget: €2,000" were constants in the markup', async () => {
    const figures = async (path: string) => {
      const page = await openPage(client, path);
      // What an address or a clock says is no figure.
      for (const other of page.querySelectorAll('.filter-bar, .window, .sizes, .demo-banner, .chart .axis, time'))
        other.remove();
      return textOf(page.querySelector('#usage')).match(/[-+]?€?\d[\d,.]*%?/g) ?? [];
    };
    for (const path of PAGES) {
      const zeros = (await figures(path)).filter((figure) => !/^(€?0(\.0+)?|30)$/.test(figure));
      assert.deepEqual(zeros, [], `${path} has figures where there are no records`);
    }
  });

  it('"Export Report" did nothing: every link and form leads somewhere, and no button stands alone', async () => {
    await insertUsage(
      Array.from({ length: 60 }, (_, i) => ({
        model: i % 2 === 0 ? 'gpt-5' : 'mystery-9',
        at: addTime(now(), -BigInt(i) * HOUR),
      })),
    );
    const leadsOn = async (page: HTMLElement) => {
      const seen = new Set<string>();
      for (const link of page.querySelectorAll('#usage a, header.site a, nav a')) {
        const href = link.getAttribute('href') ?? '';
        if (!href.startsWith('#')) seen.add(href);
        else assert.ok(page.querySelector(href), `${href} is nowhere`);
      }
      for (const form of page.querySelectorAll('#usage form')) seen.add(submitted(form));
      for (const address of seen) {
        assert.match(address, /^\/[a-z]/);
        const { status } = await client.get(address);
        assert.ok([200, 302].includes(status), `${address}: ${status}`);
      }
      for (const button of page.querySelectorAll('button')) {
        const menu = button.getAttribute('popovertarget');
        const leads = menu === undefined ? button.closest('form') : page.querySelector(`[popover][id="${menu}"]`);
        assert.ok(leads, `"${textOf(button)}" does nothing`);
      }
      return seen.size;
    };
    const checked = [
      await leadsOn(await openPage(client, '/ai-usage?period=1d&model=gpt-5')),
      await leadsOn(await openPage(client, '/ai-usage/records?pageSize=25&page=2&search=gpt')),
    ];
    assert.ok(
      checked.every((links) => links > 15),
      checked.join(),
    );
  });

  it('a story was counted once per action', async () => {
    const story = '5f2c4d61-0000-4000-8000-000000000000';
    await insertUsage([
      { story, action: 'story_outline' },
      { story, action: 'chapter_writing' },
      { story, action: 'image_generation' },
      { action: 'chapter_writing' },
    ]);
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      const stats = await openJson<StatsJson>(client, '/api/ai-usage/stats');
      assert.equal(stats.uniqueStories, 2);
      const byAction = stats.actionBreakdown.map(({ uniqueStories }) => uniqueStories);
      assert.equal(
        byAction.reduce((sum, stories) => sum + stories),
        4,
      );
      const page = await openPage(client, '/ai-usage');
      assert.equal(tilesOf(page).get('Stories')?.text, '2');
      assert.equal(totalOf(tableOf(page, 'Actions'), 'Stories').text, '2');
    }
  });

  it('pageSize=abc and page=-1 were a 500; an unknown sort column or period was silently replaced', async () => {
    for (const [parameter, value] of [
      ['pageSize', 'abc'],
      ['page', '-1'],
      ['sortBy', 'cost'],
      ['period', '2d'],
    ]) {
      for (const path of [...PAGES, ...APIS]) {
        const { status, text } = await client.get(`${path}?${parameter}=${value}`);
        assert.equal(status, 400, path);
        assert.match(text, new RegExp(`\\b${parameter}\\b`));
      }
    }
  });

  it('days were UTC days, shown to people in Lisbon', async () => {
    const at = (iso: string) => parseInstant(iso) as Instant;
    await insertUsage([{ at: at('2026-08-31T23:30:00Z') }]);
    const august = await openJson<StatsJson>(client, '/api/ai-usage/stats?from=2026-08-01&to=2026-08-31');
    assert.equal(august.totalRequests, 0);
    const september = await openJson<StatsJson>(client, '/api/ai-usage/stats?from=2026-09-01&to=2026-09-30');
    assert.deepEqual(
      september.dailyUsage.map(({ date }) => date),
      ['2026-09-01'],
    );
    const page = await openPage(client, '/ai-usage?from=2026-09-01&to=2026-09-30&show=table');
    const [day] = tableOf(page, 'Usage by day').rows.filter(([, requests]) => requests?.text === '1');
    assert.match(day?.[0]?.text ?? '', /^Tue,? 1 Sept 2026$/);
    assert.match(textOf(page.querySelector('p.window')), /Europe\/Lisbon/);
  });

  it('every number was a full scan: 2.7 s for 90 days at 10 million rows', async () => {
    const inside = 30;
    const old = addTime(now(), -400n * DAY_OF_24_HOURS);
    await insertUsage(Array.from({ length: 3000 }, (_, i) => ({ at: old + (BigInt(i) * HOUR) / 10n, model: 'gpt-5' })));
    // None on the window's first day, of which the days before it may read the end: by the hour it would be one call more.
    await insertUsage(
      Array.from({ length: inside }, (_, i) => ({ at: now() - HOUR - BigInt(i) * 4n * HOUR, model: 'gpt-5' })),
    );
    await databases().workflows.raw('ANALYZE token_usage_tracking');

    const app = await sharedApp();
    // Of the overview: sums, distinct stories and the days of the month card, and the first record of all. Of the records: the
    // page itself and, in a window of so few, their sum, which is of the same state.
    const overview = '/ai-usage?period=7d' as const;
    const records = '/ai-usage/records?period=7d&pageSize=25' as const;
    for (const [cover, most] of [
      [async () => {}, { [overview]: 3 * inside + 1, [records]: 3 * inside + 1 }],
      [coverUsage, { [overview]: 1.5 * inside + 1, [records]: 2 * inside + 1 }],
    ] as const) {
      await cover();
      // Whoever asks first also looks whether the rollups are of this source.
      await openPage(client, '/ai-usage?period=1d');
      for (const path of [overview, records] as const) {
        const asked: Knex.Sql[] = [];
        const listen = (query: Knex.Sql) => asked.push(query);
        app.databases.workflows.on('query', listen);
        await openPage(client, path);
        app.databases.workflows.off('query', listen);
        let read = 0;
        for (const query of asked.filter(
          ({ sql }) => /^(select|with)/i.test(sql.trim()) && !/RECURSIVE models/.test(sql),
        )) {
          read += await rowsReadBy(query);
        }
        assert.ok(asked.length > 0);
        assert.ok(read <= most[path], `${path} looked at ${read} rows for ${inside}, among 3,030`);
      }
    }
  });
});
