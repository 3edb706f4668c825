import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { readCoverage } from '../../../src/stats/rollups/coverage.ts';
import { RECORDS_A_DAY } from '../../../src/stats/rollups/keep/limits.ts';
import { addTime, DAY_OF_24_HOURS, HOUR, isoFromInstant, now } from '../../../src/units/time.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { keepRollups } from '../../support/keeping.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const KNOWN = 40;
const LATE = 4_000;

describe('rows that come late, or are deleted, before an audit comes by', () => {
  let app: RunningApp;
  let client: Client;

  before(async () => {
    app = await startApp();
    client = await signedIn(app.origin);
  });
  after(async () => {
    await app.close();
    await resetUsage();
  });
  beforeEach(async () => {
    await resetUsage();
    await insertUsage(
      Array.from({ length: KNOWN }, (_, i) => ({ at: now() - 3n * DAY_OF_24_HOURS - BigInt(i) * 41n * HOUR })),
    );
    await coverUsage();
    // Seen while they are right: where most hours differ at a look, the rollups are not read at all. One may have seen them half reset.
    const { backoffice } = databases();
    while ((await app.rollupsOrigin.look(await readCoverage(backoffice))).kind !== 'same') await sleep(10);
    assert.equal(await counted(), KNOWN);
  });

  /** In one commit, two to eighty days back. */
  async function insertLate(late = LATE): Promise<void> {
    await databases().workflows.raw(
      `INSERT INTO token_usage_tracking
         (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'chapter_writing', 'gpt-5', 10, 5, 0.001, '{}',
              now() - interval '2 days' - n * interval '78 days' / ${late}
         FROM generate_series(1, ${late}) AS n`,
    );
  }

  const counted = async () => (await client.get('/api/ai-usage/stats?period=90d')).body.totalRequests as number;

  /** Waits until the rollups hold as many requests of a window as the source does: answers may be read from the records before. */
  async function areRolledUp({ from, to } = { from: 'epoch', to: 'tomorrow' }): Promise<void> {
    const { backoffice, workflows } = databases();
    const [kept, held] = [
      'SELECT coalesce(sum(requests), 0)::integer AS n FROM hour_fingerprints WHERE hour >= ? AND hour < ?',
      'SELECT count(*)::integer AS n FROM token_usage_tracking WHERE created_at >= ? AND created_at < ?',
    ];
    const count = async (knex: Knex, sql: string) => (await knex.raw(sql, [from, to])).rows[0].n as number;
    const wanted = await count(workflows, held);
    for (let asked = 0; (await count(backoffice, kept)) !== wanted; asked++) {
      assert.ok(asked < 600, `${await count(backoffice, kept)} of ${wanted} rolled up`);
      await sleep(50);
    }
  }

  async function isCounted(requests: number): Promise<void> {
    for (let asked = 0; (await counted()) !== requests; asked++) {
      assert.ok(asked < 1200, `${await counted()} of ${requests}`);
      await sleep(50);
    }
    await areRolledUp();
  }

  it('are all in an export, which says so beforehand, and in every statistic soon after it', async () => {
    await insertLate();
    assert.equal(await counted(), KNOWN, 'else this tests nothing');
    const { text, headers } = await client.get('/ai-usage/records.csv?period=90d');
    assert.equal(parse(text.slice(1), { columns: true }).length, KNOWN + LATE);
    assert.equal(headers['x-total-rows'], String(KNOWN + LATE));
    assert.equal(headers['x-total-cost'], (KNOWN * 0.012345 + LATE * 0.001).toFixed(6));
    await isCounted(KNOWN + LATE);
  });

  it('are in every statistic soon after they were recomputed', async () => {
    await insertLate();
    const { text } = await client.get('/ai-usage/tie-out?period=90d');
    assert.match(text, /Some figures differ\./);
    await isCounted(KNOWN + LATE);
    assert.match((await client.get('/ai-usage/tie-out?period=90d')).text, /Every figure is the same/);
  });

  for (const order of ['', '&sortBy=estimatedCostInEuros', '&sortBy=aiModel&sortOrder=asc']) {
    it(`are in every statistic soon after a list has shown some: ${order || 'by time'}`, async () => {
      await insertLate();
      await client.get(`/ai-usage/records?period=90d${order}`);
      // The dearest are known ones: they alone tell nothing of others.
      if (order.includes('Cost')) await client.get(`/ai-usage/records?period=90d&page=2${order}`);
      await isCounted(KNOWN + LATE);
    });
  }

  for (const extension of ['', '.csv', '.json']) {
    it(`are in every statistic soon after a statement of theirs was looked at: statement${extension}`, async () => {
      const month = isoFromInstant(addTime(now(), -40n * DAY_OF_24_HOURS)).slice(0, 7);
      // What no mend comes of.
      const requests = async () =>
        (await client.get(`/api/ai-usage/stats?from=${month}-01&to=${month}-28`)).body.totalRequests as number;
      const before = await requests();
      await insertLate();
      assert.equal(await requests(), before, 'else this tests nothing');
      await client.get(`/ai-usage/statement${extension}?month=${month}`);
      for (let asked = 0; (await requests()) <= before; asked++) {
        assert.ok(asked < 300, 'the statement stays as it was');
        await sleep(50);
      }
      await areRolledUp({ from: `${month}-01`, to: `${month}-28` });
    });
  }

  it('when deleted, are missed by an export, and soon by every statistic', async () => {
    const gone = await databases()
      .workflows('token_usage_tracking')
      .orderBy('created_at')
      .limit(1)
      .pluck('token_usage_id');
    await databases().workflows('token_usage_tracking').whereIn('token_usage_id', gone).delete();
    const { text, headers } = await client.get('/ai-usage/records.csv?period=90d');
    assert.equal(parse(text.slice(1), { columns: true }).length, KNOWN - 1);
    assert.equal(headers['x-total-rows'], String(KNOWN - 1));
    await isCounted(KNOWN - 1);
  });

  it('are told by the new name of an action that was renamed, once somebody has recomputed them', async () => {
    const { workflows } = databases();
    const rename = (from: string, to: string) =>
      workflows.raw(`ALTER TYPE ai_action_type RENAME VALUE '${from}' TO '${to}'`);
    await insertUsage(
      [3n, 30n, 50n].map((days) => ({ at: now() - days * DAY_OF_24_HOURS - HOUR, action: 'image_edit' })),
    );
    await coverUsage();
    const edits = async () => {
      const { body } = await client.get('/api/ai-usage/stats?period=90d');
      const actions = body.actionBreakdown as { action: string; requests: number }[];
      return actions
        .filter(({ action }) => action !== 'chapter_writing')
        .map(({ action, requests }) => [action, requests]);
    };
    assert.deepEqual(await edits(), [['image_edit', 3]]);
    await rename('image_edit', 'picture_change');
    try {
      assert.match((await client.get('/ai-usage/tie-out?period=90d')).text, /Some figures differ/);
      for (let asked = 0; (await edits())[0]?.[0] !== 'picture_change'; asked++) {
        assert.ok(asked < 300, `${await edits()}`);
        await sleep(50);
      }
      assert.deepEqual(await edits(), [['picture_change', 3]]);
      await areRolledUp();
      assert.match((await client.get('/ai-usage/tie-out?period=90d')).text, /Every figure is the same/);
    } finally {
      await rename('picture_change', 'image_edit');
    }
  });

  it('are left by a tick that is told to stop, at the next piece, and taken up by the one after it', async () => {
    const HOURS = 4;
    // Two of them are more than a day that is not cut: each is a piece, at whatever hour the test runs.
    const AN_HOUR = RECORDS_A_DAY / 2 + 1;
    for (let hour = 2; hour < HOURS + 2; hour++) {
      await databases().workflows.raw(
        `INSERT INTO token_usage_tracking
           (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
         SELECT gen_random_uuid(), gen_random_uuid(), 'chapter_writing', 'gpt-5', 10, 5, 0.001, '{}',
                date_trunc('hour', now()) - interval '${hour} hours' + n * interval '10 milliseconds'
           FROM generate_series(1, ${AN_HOUR}) AS n`,
      );
    }
    let pieces = 0;
    let onPiece = () => {};
    const count = ({ sql }: { sql: string }) => {
      if (!sql.startsWith('INSERT INTO usage_hours (')) return;
      pieces += 1;
      onPiece();
    };
    const tick = () =>
      keepRollups(app.databases, 'Europe/Lisbon', pino({ level: 'silent' }), {
        replicas: false,
        origin: app.rollupsOrigin,
      });
    app.databases.backoffice.on('query', count);
    try {
      const first = tick();
      await new Promise<void>((resolve) => {
        onPiece = resolve;
      });
      await first.stop();
      assert.ok(pieces <= 2, `${pieces} pieces`);
      const second = tick();
      await isCounted(KNOWN + HOURS * AN_HOUR);
      await second.stop();
      assert.ok(pieces >= HOURS, `${pieces} pieces`);
    } finally {
      app.databases.backoffice.off('query', count);
    }
  });

  it('are right everywhere within the minute of a tick, be they tens of thousands', async () => {
    const many = 30_000;
    const month = isoFromInstant(addTime(now(), -40n * DAY_OF_24_HOURS)).slice(0, 7);
    const ticking = keepRollups(app.databases, 'Europe/Lisbon', pino({ level: 'silent' }), {
      replicas: false,
      everyMs: 500,
      origin: app.rollupsOrigin,
    });
    try {
      await insertLate(many);
      const end = performance.now() + 60_000;
      const { rows } = await databases().workflows.raw(
        `SELECT count(*) FILTER (WHERE to_char(created_at AT TIME ZONE 'Europe/Lisbon', 'YYYY-MM') = ?)::integer AS of_month
           FROM token_usage_tracking`,
        [month],
      );
      const within = async (what: string, isRight: () => Promise<boolean>) => {
        while (!(await isRight())) {
          assert.ok(performance.now() < end, what);
          await sleep(100);
        }
      };
      const total = async (path: string) => (await client.get(path)).body;
      await within('statistics', async () => (await counted()) === KNOWN + many);
      await within('the list', async () => (await total('/api/ai-usage/records?period=90d')).total === KNOWN + many);
      await within('the export', async () => {
        const { text, headers } = await client.get('/ai-usage/records.csv?period=90d');
        return (
          text.trimEnd().split('\n').length - 1 === KNOWN + many && headers['x-total-rows'] === String(KNOWN + many)
        );
      });
      await within('the recomputation', async () =>
        (await client.get('/ai-usage/tie-out?period=90d')).text.includes('Every figure is the same'),
      );
      await within('the statement', async () => {
        const { models } = JSON.parse((await client.get(`/ai-usage/statement.json?month=${month}`)).text).tables;
        return (
          models.reduce((sum: number, model: { requests: number }) => sum + model.requests, 0) === rows[0].of_month
        );
      });
      // By the rollups, and not only by the records themselves.
      await within('the rollups', async () => (await client.get('/readyz')).body.rollups === undefined);
      assert.equal(await counted(), KNOWN + many);
    } finally {
      await ticking.stop();
    }
  });
});
