import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { openDatabase } from '../../../src/db/connect.ts';
import { coverableUntil } from '../../../src/stats/rollups/keep/backfill.ts';
import { auditAll, tick } from '../../../src/stats/rollups/keep/tick.ts';
import { openSource } from '../../../src/stats/source.ts';
import { readTotals } from '../../../src/stats/stats.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  earliest,
  HOUR,
  type Instant,
  isoFromInstant,
  latest,
  MINUTE,
  type Window,
} from '../../../src/units/time.ts';
import { databases, databaseUrls, onServer } from '../../support/databases.ts';
import { runs } from '../../support/thorough.ts';
import { insertUsage, resetRollups, resetUsage } from '../../support/usage.ts';
import { assertExact, assertPages, assertWeek, memory } from './assert-exact.ts';
import { NO_FILTER } from './brute-force.ts';
import {
  ago,
  anyWindow,
  check,
  commitAll,
  dump,
  FAR_NOW,
  farInstant,
  filter,
  NOWS,
  perform,
  row,
  rows,
  SPAN,
  type Step,
  seed,
  share,
  someOf,
  step,
  toInsert,
  type World,
  windowAges,
  windowOf,
  ZONE,
} from './histories.ts';

/** Late commits hold their connections: on a pool of their own they keep none from the rest of the suite. */
let lateCommitters: Knex;

describe('rollups are exact', () => {
  before(() => {
    console.log(`    seed ${seed} (FC_SEED repeats it)`);
    lateCommitters = openDatabase(databaseUrls().workflows, { maxConnections: 20 });
  });
  beforeEach(resetUsage);
  after(async () => {
    await lateCommitters.destroy();
    await resetUsage();
  });

  const WINDOWS_A_RUN = 25;
  const histories = onServer() ? 40 : 20;

  it(`after a full audit, in ${runs(histories) * WINDOWS_A_RUN} random windows with every filter`, async () => {
    const history = fc.array(step, { minLength: 3, maxLength: 14 });
    const windows = fc.array(fc.tuple(anyWindow, filter), { minLength: WINDOWS_A_RUN, maxLength: WINDOWS_A_RUN });
    await check(
      fc.asyncProperty(fc.constantFrom(...NOWS), history, windows, async (begin, steps, asked) => {
        await resetUsage();
        const world: World = { at: begin, open: [], lateCommitters };
        try {
          for (const one of steps) await perform(one, world);
          await commitAll(world);
          await auditAll(databases(), ZONE, world.at);
          for (const [windowAt, wanted] of asked) await assertExact(windowAt(world.at), wanted);
        } finally {
          // An open transaction would keep TRUNCATE, and so every other test, waiting.
          for (const transaction of world.open) await transaction.rollback();
        }
      }),
      histories,
    );
  });

  it('after one tick, for every change within the last 26 hours', async () => {
    const recent = fc.record({
      ago: fc.bigInt({ min: 1n, max: 25n * HOUR }),
      story: fc.nat(8),
      model: fc.nat(2),
      action: fc.nat(2),
      cost: fc.nat(99_999),
    });
    await check(
      fc.asyncProperty(
        fc.constantFrom(...NOWS),
        rows,
        fc.array(recent, { minLength: 1, maxLength: 20 }),
        share,
        async (at, old, young, one) => {
          await resetUsage();
          await insertUsage(toInsert([...old, ...young], at));
          await auditAll(databases(), ZONE, at);
          await databases()
            .workflows('token_usage_tracking')
            .where('created_at', '>=', isoFromInstant(addTime(at, -25n * HOUR)))
            .whereRaw(someOf(one))
            .delete();
          await insertUsage(toInsert(young, at));
          await tick(databases(), ZONE, addTime(at, MINUTE));
          for (const days of [null, 1, 3, 19]) {
            await assertExact(
              { from: days === null ? null : addTime(at, -BigInt(days) * DAY_OF_24_HOURS - 17n * MINUTE), to: at },
              NO_FILTER,
            );
          }
        },
      ),
      onServer() ? 25 : 10,
    );
  });

  it('with stories that come back all through a year, and what is kept of them is what a first backfill would keep', async () => {
    const yearAgo = fc.bigInt({ min: 1n, max: 400n * DAY_OF_24_HOURS });
    const ofYear = fc.array(
      fc.record({ ago: yearAgo, story: fc.nat(5), model: fc.nat(2), action: fc.nat(2), cost: fc.nat(99_999) }),
      {
        minLength: 1,
        maxLength: 60,
      },
    );
    const history = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: ofYear.map((some): Step => ({ do: 'insert', rows: some })) },
        { weight: 6, arbitrary: step },
      ),
      { minLength: 4, maxLength: 12 },
    );
    const windows = fc.array(fc.tuple(fc.option(yearAgo, { freq: 6 }), fc.oneof(yearAgo, ago), filter), {
      minLength: WINDOWS_A_RUN,
      maxLength: WINDOWS_A_RUN,
    });
    await check(
      fc.asyncProperty(fc.constantFrom(...NOWS), ofYear, history, windows, async (begin, first, steps, asked) => {
        await resetUsage();
        const world: World = { at: begin, open: [], lateCommitters };
        try {
          await perform({ do: 'insert', rows: first }, world);
          await auditAll(databases(), ZONE, world.at);
          for (const one of steps) await perform(one, world);
          await commitAll(world);
          await auditAll(databases(), ZONE, world.at);
          for (const [from, to, wanted] of asked) await assertExact(windowOf([from, to], world.at), wanted);
          const kept = await dump();
          await resetRollups();
          await auditAll(databases(), ZONE, world.at);
          assert.deepEqual(kept, await dump());
        } finally {
          for (const transaction of world.open) await transaction.rollback();
        }
      }),
      onServer() ? 15 : 8,
    );
  });

  it('before anything is covered, and while the backfill is under way', async () => {
    const at = NOWS[1] as Instant;
    await insertUsage(
      toInsert(
        Array.from({ length: 60 }, (_, i) => ({
          ago: BigInt(i) * 8n * HOUR + 1n,
          story: i % 9,
          model: i % 3,
          action: i % 2,
          cost: i * 31,
        })),
        at,
      ),
    );
    await assertExact({ from: null, to: at }, NO_FILTER);
    await tick(databases(), ZONE, addTime(at, -9n * DAY_OF_24_HOURS));
    const { coverage } = await openSource(databases(), ZONE, memory);
    assert.equal(coverage.coveredUntil, coverableUntil(addTime(at, -9n * DAY_OF_24_HOURS)));
    for (const days of [1, 5, 12, 19])
      await assertExact({ from: addTime(at, -BigInt(days) * DAY_OF_24_HOURS), to: at }, NO_FILTER);
  });

  it('with rows over 12,000 years: every statistic and every page of records', async () => {
    const fewWindows = fc.array(fc.tuple(fc.option(farInstant, { freq: 4 }), farInstant, filter), {
      minLength: WINDOWS_A_RUN,
      maxLength: WINDOWS_A_RUN,
    });
    await check(
      fc.asyncProperty(
        fc.constantFrom(...NOWS, FAR_NOW),
        fc.array(fc.record({ at: farInstant, row }), { minLength: 1, maxLength: 40 }),
        share,
        fewWindows,
        async (at, some, one, asked) => {
          await resetUsage();
          const insert = (rows: typeof some) =>
            insertUsage(rows.flatMap(({ at, row }) => toInsert([{ ...row, ago: 0n }], at)));
          await insert(some.slice(1));
          await auditAll(databases(), ZONE, at);
          await databases().workflows('token_usage_tracking').whereRaw(someOf(one)).delete();
          await insert(some.slice(0, 9));
          await auditAll(databases(), ZONE, at);
          for (const [from, to, wanted] of asked) {
            const window = { from: from === null ? null : earliest(from, to), to: latest(from ?? to, to) };
            await assertExact(window, wanted);
            await assertWeek(window, wanted);
            await assertPages(window, wanted);
          }
        },
      ),
      onServer() ? 10 : 5,
    );
  });

  it('and a window split anywhere sums to the whole', async () => {
    await check(
      fc.asyncProperty(rows, windowAges, fc.integer({ min: 0, max: 1_000 }), async (old, ages, cut) => {
        const at = NOWS[0] as Instant;
        await resetUsage();
        await insertUsage(toInsert(old, at));
        await tick(databases(), ZONE, at);
        const { source } = await openSource(databases(), ZONE, memory);
        const whole = windowOf(ages, at);
        const from = whole.from ?? addTime(at, -SPAN);
        const split = addTime(from, ((whole.to - from) * BigInt(cut)) / 1_000n);
        const totals = (window: Window) => readTotals(source, window, NO_FILTER);
        const [all, left, right] = [
          await totals(whole),
          await totals({ from: whole.from, to: split }),
          await totals({ from: split, to: whole.to }),
        ];
        assert.deepEqual(
          {
            requests: left.requests + right.requests,
            inputTokens: left.inputTokens + right.inputTokens,
            outputTokens: left.outputTokens + right.outputTokens,
            cost: left.cost + right.cost,
          },
          all,
        );
      }),
      onServer() ? 40 : 15,
    );
  });
});
