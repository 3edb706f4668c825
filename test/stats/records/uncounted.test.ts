import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { addTime, DAY_OF_24_HOURS, HOUR, MINUTE, now, SECOND, startOfHour } from '../../../src/units/time.ts';
import type { RecordsJson, StatsJson } from '../../support/api-types.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { openJson, openPage, recordIds, recordSum, tableOf, textOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const KNOWN = 14_500;
const AUTHOR = randomUUID();
const hour = addTime(startOfHour(addTime(now(), -4n * DAY_OF_24_HOURS)), -5n * HOUR);
/** What is looked for first by cost and by tokens. */
const DEAR = { cost: 9_000_000, input: 900_000, output: 900_000, author: AUTHOR };

const BY_COST = 'sortBy=estimatedCostInEuros';
const LATE: Record<string, { row: () => Partial<UsageRow>; query: string; bySource?: true }> = {
  'in order of cost': { row: () => ({ at: addTime(hour, 5n * MINUTE) }), query: BY_COST },
  'in order of tokens': { row: () => ({ at: addTime(hour, 5n * MINUTE) }), query: 'sortBy=totalTokens' },
  'in an hour without records': {
    row: () => ({ at: addTime(hour, -60n * DAY_OF_24_HOURS) }),
    query: `period=all&${BY_COST}`,
  },
  'before days were made of whole hours': {
    row: () => ({ at: -70n * 365n * DAY_OF_24_HOURS }),
    query: `period=all&${BY_COST}`,
  },
  'in the hour that the window cuts': {
    row: () => ({ at: now() - 7n * DAY_OF_24_HOURS + MINUTE }),
    query: `period=7d&${BY_COST}`,
  },
  // Behind the hours that the rollups cover, and older than what is asked of the source every time.
  'in the last hours, which are kept in memory': { row: () => ({ at: addTime(now(), -16n * MINUTE) }), query: BY_COST },
  'of a model': { row: () => ({ at: hour, model: 'gpt-5' }), query: `${BY_COST}&model=gpt-5` },
  'of a searched model': { row: () => ({ at: hour, model: 'gpt-5' }), query: `${BY_COST}&search=gpt` },
  'in order of time': {
    row: () => ({ at: hour + HOUR - SECOND }),
    query: `from=2000-01-01&to=${new Date(Number(addTime(hour, HOUR) / 1000n)).toISOString()}`,
  },
  'by an author, whose sum is of the rows themselves': {
    row: () => ({ at: hour }),
    query: `${BY_COST}&author=${AUTHOR}`,
    bySource: true,
  },
};

describe('records that are younger than the sum above their list', () => {
  let app: RunningApp;
  let client: Client;

  before(async () => {
    await resetUsage();
    await databases().workflows.raw(
      `INSERT INTO token_usage_tracking
         (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'test', 'gpt-5', n % 90, n % 7, n * 1e-6, '{}',
              now() - interval '4 days' - n * interval '5 seconds' FROM generate_series(1, ${KNOWN}) AS n`,
    );
    await insertUsage([{ at: addTime(now(), -80n * DAY_OF_24_HOURS) }]);
    await coverUsage();
  });
  after(resetUsage);

  // A new one each time: whoever has shown a list mends what it met in the background.
  beforeEach(async () => {
    app = await startApp();
    client = await signedIn(app.origin);
    // A process that has not compared the rollups with the source yet reads all of it where an hour of a sample differs.
    await requests(BY_COST);
  });
  afterEach(async () => {
    await app.close();
    await coverUsage();
  });

  const records = (query: string, of = client) => openJson<RecordsJson>(of, `/api/ai-usage/records?${query}`);
  /** What a list's sum says before the list is looked at; raw rows that this reads stay in memory. */
  const requests = async (query: string, of = client) => {
    const asked = new URLSearchParams(query);
    asked.delete('sortBy');
    return (await openJson<StatsJson>(of, `/api/ai-usage/stats?${asked}`)).totalRequests;
  };

  for (const [how, { row, query, bySource }] of Object.entries(LATE)) {
    it(`are named: ${how}`, async () => {
      const known = await requests(query);
      const [late] = await insertUsage([{ ...DEAR, ...row() }]);
      const answer = await records(query);
      assert.ok(answer.records.some(({ tokenUsageId }) => tokenUsageId === late?.id));
      assert.equal(answer.total, known + (bySource ? 1 : 0));
      assert.deepEqual(answer.notInTotal, bySource ? [] : [late?.id]);
    });
  }

  it('are told from those of their story, action, model and hour by their amounts', async () => {
    const kin = { ...DEAR, story: randomUUID(), at: addTime(hour, MINUTE) };
    await insertUsage([
      { ...kin, cost: 8_000_000 },
      { ...kin, cost: 7_000_000 },
    ]);
    await coverUsage();
    const [third] = await insertUsage([{ ...kin, cost: 7_500_000 }]);
    assert.deepEqual((await records(BY_COST)).notInTotal, [third?.id]);
  });

  it('are named with them where the amounts do not tell', async () => {
    const kin = { ...DEAR, story: randomUUID(), at: addTime(hour, MINUTE) };
    const [known] = await insertUsage([{ ...kin, cost: 8_000_000 }]);
    await coverUsage();
    const late = await insertUsage([
      { ...kin, cost: 6_000_000 },
      { ...kin, cost: 6_500_000 },
    ]);
    const ids = [known, ...late].map((row) => row?.id);
    assert.deepEqual((await records(BY_COST)).notInTotal.sort(), ids.sort());
  });

  it('but those of the last minutes are counted at once', async () => {
    const known = await requests(BY_COST);
    await insertUsage([{ ...DEAR, at: addTime(now(), -MINUTE) }]);
    const { notInTotal, total } = await records(BY_COST);
    assert.equal(total, known + 1);
    assert.deepEqual(notInTotal, []);
  });

  it('are marked on the page, which says so above the list', async () => {
    const known = await requests(BY_COST);
    const [late] = await insertUsage([{ ...DEAR, cost: 9_900_000, at: addTime(hour, 2n * HOUR) }]);
    const page = await openPage(client, `/ai-usage/records?${BY_COST}`);
    assert.equal(recordSum(page).requests, known);
    assert.equal(recordIds(page)[0], late?.id);
    const flags = tableOf(page, 'Records').rows.map(([first]) => first?.flag ?? null);
    assert.deepEqual([flags[0], [...new Set(flags.slice(1))]], ['not in the sum yet', [null]]);
    assert.match(textOf(page.querySelector('.notice')), /^1 record of this page is younger than the sum above/);
    await coverUsage();
    assert.doesNotMatch((await openPage(client, `/ai-usage/records?${BY_COST}`)).text, /younger than the sum/);
  });

  it('are counted or named while the rollups move on under a source that is being reused', async () => {
    const reusing = await startApp({ reuseForMs: 60_000 });
    try {
      const other = await signedIn(reusing.origin);
      const known = await requests(BY_COST, other);
      await insertUsage([{ ...DEAR, cost: 9_950_000, at: addTime(hour, 3n * HOUR) }]);
      await coverUsage();
      const { total, notInTotal } = await records(BY_COST, other);
      assert.equal(total + notInTotal.length, known + 1);
    } finally {
      await reusing.close();
    }
  });
});
