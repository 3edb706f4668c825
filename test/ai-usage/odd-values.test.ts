import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import * as noNumber from '../../src/db/migrations/20261128_no_number.ts';
import * as byNumber from '../../src/db/migrations/20261214_stories_of_hours_by_number.ts';
import { BREAKDOWNS_BESIDE } from '../../src/query/view.ts';
import { packMissing } from '../../src/stats/rollups/packed/pack-days.ts';
import type { StatsJson } from '../support/api-types.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { download } from '../support/export.ts';
import { slowly } from '../support/generated-usage.ts';
import { openJson, textOf } from '../support/page.ts';
import { THOROUGH } from '../support/thorough.ts';
import { coverUsage, resetUsage } from '../support/usage.ts';
import { assertShown, EXTENSIONS, insert, type OddRow, oddNotices, PATH, uuid, wholePage } from './odd-rows.ts';

const GPT = { action: 'test', model: 'gpt-5', input: 1, output: 1 };
const SEEN: OddRow[] = [
  { ...GPT, cost: 'NaN', at: `now() - interval '10 minutes'` },
  { ...GPT, cost: 'NaN', at: `now() - interval '12 days'` },
  { ...GPT, cost: '0.5', at: `now() - interval '12 days'` },
  { ...GPT, cost: '0.1', at: `'infinity'` },
  { ...GPT, cost: '0.1', at: `'-infinity'` },
  { ...GPT, cost: 'NaN', at: `'-infinity'` },
  {
    ...GPT,
    input: -2_147_483_648,
    output: 2_147_483_647,
    cost: '-9999.999999',
    at: `now() - interval '13 days'`,
  },
  // Both counts at their lowest: the hash of such a row was out of range, and no tick passed it.
  { ...GPT, input: -2_147_483_648, output: -1, cost: '0.25', at: `now() - interval '13 days'` },
  { ...GPT, input: -1, output: -2_147_483_648, cost: '0.25', at: `now() - interval '20 minutes'` },
].map((row, i) => ({ ...row, id: uuid(1, i), author: uuid(2, 0), story: uuid(3, 0) }));

for (const [how, cover] of [
  ['raw', async () => {}],
  ['rolled up', coverUsage],
] as const) {
  describe(`values that are none, ${how}`, function () {
    this.timeout(120_000);
    let client: Client;
    let origin: string;
    before(async () => {
      ({ origin } = await sharedApp());
      client = await signedIn(origin);
    });
    afterEach(resetUsage);

    it('are counted, listed, opened and exported as what they are, and left out of sums', async () => {
      await resetUsage();
      await insert(SEEN);
      await cover();
      await assertShown(origin, client, SEEN);
    });

    it('say nothing where there are none', async () => {
      await resetUsage();
      await insert(SEEN.slice(2, 3));
      await cover();
      assert.deepEqual(oddNotices(await wholePage(client, '/ai-usage?period=all')), []);
    });
  });
}

describe('rollups that an earlier version added up with a cost that is no number', () => {
  afterEach(resetUsage);

  it('are built again, for their fingerprints say that nothing has changed', async () => {
    const { backoffice } = databases();
    await resetUsage();
    await insert(SEEN.slice(1, 3));
    await coverUsage();
    for (const { down } of [byNumber, noNumber]) await down(backoffice);
    await backoffice('usage_hours').update({ cost: 'NaN' });
    await backoffice('usage_days').update({ cost: 'NaN' });
    for (const { up } of [noNumber, byNumber]) await up(backoffice);
    const client = await signedIn((await sharedApp()).origin);
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      const stats = await openJson<StatsJson>(client, '/api/ai-usage/stats');
      assert.deepEqual([stats.totalCost, stats.totalRequests, stats.requestsWithoutNumber], [0.5, 2, 1]);
    }
  });
});

describe('a cost that is no number in the rollups, whoever wrote it there', function () {
  this.timeout(60_000);
  afterEach(resetUsage);

  const POISON = {
    'of hours': `UPDATE usage_hours SET cost = 'NaN'`,
    'of days': `UPDATE usage_days SET cost = 'NaN'`,
    'of a day that no hour is known of': `
      INSERT INTO rollup_days (day, version) SELECT current_date - 5, version FROM rollup_state ON CONFLICT DO NOTHING;
      INSERT INTO usage_days (day, action, model, requests, input_tokens, output_tokens, cost, zero_cost, no_number)
      VALUES (current_date - 5, 'test', 'gpt-5', 1, 1, 1, 'NaN', 0, 0)`,
    'of stories by hour': `UPDATE usage_hours_of_stories SET cost = array_fill('NaN'::numeric, ARRAY[cardinality(cost)])`,
  };
  for (const [where, sql] of Object.entries(POISON)) {
    it(`breaks no panel, no list, no file, and is computed again: ${where}`, async () => {
      const { backoffice } = databases();
      await resetUsage();
      await insert(
        [0, 1, 26, 27, 60].map((hours, i) => ({
          ...GPT,
          ...{ id: uuid(1, i), author: uuid(2, i % 2), story: uuid(3, i % 3), cost: '0.5' },
          at: `now() - interval '${hours} hours 1 minute'`,
        })),
      );
      await coverUsage();
      await backoffice.raw(sql);
      // What a process holds in memory is of before.
      await backoffice.raw('UPDATE rollup_state SET version = version + 1, content_version = version + 1');
      await backoffice.raw('UPDATE rollup_days SET version = version + 1');
      await packMissing(backoffice, () => false);
      const { origin } = await sharedApp();
      const client = await signedIn(origin);
      const look = async () => {
        const periods = ['all', '7d', '1d'];
        const filters = ['', '&model=gpt-5&action=test', `&author=${uuid(2, 0)}`];
        // Each with one of the filters, as its neighbours are not; in the long run with all.
        for (const [i, breakdown] of BREAKDOWNS_BESIDE.entries())
          for (const filter of THOROUGH ? filters : [filters[i % filters.length]])
            await wholePage(client, `/ai-usage?period=${periods[i % periods.length]}&breakdown=${breakdown}${filter}`);
        await wholePage(client, `${PATH}?period=7d`);
        await wholePage(client, `/ai-usage/stories/${uuid(3, 0)}`);
        await wholePage(client, `/ai-usage/models/gpt-5`);
        assert.match(textOf(await wholePage(client, '/ai-usage/tie-out?period=7d')), /€2\.500000/);
        for (const extension of EXTENSIONS)
          for (const page of [PATH, '/ai-usage', '/ai-usage/models/gpt-5'])
            assert.equal((await download(origin, client, `${page}.${extension}?period=7d`)).status, 200);
        const stats = await openJson<StatsJson>(client, '/api/ai-usage/stats?period=7d');
        assert.deepEqual([stats.totalCost, stats.totalRequests], [2.5, 5]);
      };
      await look();
      const poisoned = async () => {
        const { rows } = await backoffice.raw(`
          SELECT (SELECT count(*) FROM usage_hours WHERE cost = 'NaN') + (SELECT count(*) FROM usage_days WHERE cost = 'NaN')
               + (SELECT count(*) FROM usage_hours_of_stories WHERE 'NaN' = ANY (cost)) AS count`);
        return Number(rows[0].count);
      };
      while ((await poisoned()) > 0) await sleep(100);
      await look();
    });
  }
});

/** Names of nothing, and of all that their columns hold. */
async function insertNames(rows: OddRow[]): Promise<void> {
  const { mythoria } = databases();
  const unique = (key: 'author' | 'story') => [...new Set(rows.map((row) => row[key]))];
  await mythoria('authors').insert(
    unique('author').map((author_id, i) => ({ author_id, display_name: 'é'.repeat(i % 2 === 0 ? 120 : 0), email: '' })),
  );
  await mythoria('stories').insert(
    unique('story').map((story_id, i) => ({
      story_id,
      author_id: uuid(2, 0),
      title: '<'.repeat(i % 2 === 0 ? 255 : 0),
    })),
  );
}

describe('every value that the types of the table allow', function () {
  this.timeout(180_000);
  after(resetUsage);

  it('is shown by every page and file', async () => {
    const { origin } = await sharedApp();
    const client = await signedIn(origin);
    const { rows: labels } = await databases().workflows.raw<{ rows: { label: string }[] }>(
      'SELECT unnest(enum_range(NULL::ai_action_type))::text AS label',
    );
    const integer = fc.oneof(fc.constantFrom(-2_147_483_648, -1, 0, 1, 2_147_483_647), fc.integer());
    const id = fc.oneof(
      fc.constantFrom('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
      fc.nat(3).map((i) => uuid(3, i)),
    );
    const value = fc.record({
      author: id,
      story: id,
      model: fc.oneof(
        fc.constantFrom('', 'gpt-5', 'x'.repeat(100), '😀'.repeat(100), ' ', '.', '..', 'a.csv', "'=1+1", '\t\r\n'),
        fc.string({ unit: 'grapheme', maxLength: 30 }),
      ),
      input: integer,
      output: integer,
      cost: fc.oneof(
        fc.constantFrom('NaN', '-9999.999999', '9999.999999', '0', '-0.000001', '0.000001'),
        fc.integer({ min: -9_999_999_999, max: 9_999_999_999 }).map((micro) => (micro / 1_000_000).toFixed(6)),
      ),
      at: fc.oneof(
        fc.constantFrom(
          `'infinity'`,
          `'-infinity'`,
          `'4714-11-24 00:00:00+00 BC'`,
          `'1969-12-31 23:59:59.999999+00'`,
          `now()`,
          `now() - interval '1 microsecond'`,
        ),
        fc.nat(40 * 24 * 60).map((minutes) => `now() - interval '${minutes} minutes'`),
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: labels.length, maxLength: labels.length }),
        fc.boolean(),
        async (values, covered) => {
          await resetUsage();
          // Every action that there is, each time.
          const rows = values.map((one, i): OddRow => ({ ...one, action: labels[i]?.label ?? '', id: uuid(1, i) }));
          await insert(rows);
          await insertNames(rows);
          if (covered) await coverUsage();
          await assertShown(origin, client, rows);
        },
      ),
      { ...slowly(2), interruptAfterTimeLimit: 150_000 },
    );
  });
});
