import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { rebuild } from '../../../src/stats/rollups/keep/backfill.ts';
import { auditAll, tick } from '../../../src/stats/rollups/keep/tick.ts';
import { addTime, DAY_OF_24_HOURS, HOUR, type Instant, MINUTE } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { needsServer } from '../../support/skip.ts';
import { insertUsage, resetRollups, resetUsage } from '../../support/usage.ts';
import { assertExact } from './assert-exact.ts';
import { NO_FILTER } from './brute-force.ts';
import { dump, killedAudit, NOWS, seed, someOf, toInsert, ZONE } from './histories.ts';

describe('rollups are exact', () => {
  before(() => {
    console.log(`    seed ${seed} (FC_SEED repeats it)`);
  });
  beforeEach(resetUsage);
  after(resetUsage);

  it('and the same rows twice as once: a second refresh changes nothing', async () => {
    const at = NOWS[2] as Instant;
    await insertUsage(
      toInsert(
        Array.from({ length: 80 }, (_, i) => ({
          ago: BigInt(i) * 5n * HOUR + 1n,
          story: i % 9,
          model: i % 3,
          action: i % 3,
          cost: i * 31,
        })),
        at,
      ),
    );
    await auditAll(databases(), ZONE, at);
    const first = await dump();
    assert.ok(first.every((table) => table.length > 0));
    await auditAll(databases(), ZONE, at);
    await tick(databases(), ZONE, at);
    assert.deepEqual(await dump(), first);
  });

  it('and after a rebuild, whatever had become of the rollups', async () => {
    const at = NOWS[1] as Instant;
    const some = Array.from({ length: 80 }, (_, i) => ({
      ago: BigInt(i) * 5n * HOUR + 1n,
      story: i % 9,
      model: i % 3,
      action: i % 3,
      cost: i * 31,
    }));
    await insertUsage(toInsert(some, at));
    await auditAll(databases(), ZONE, at);
    const right = await dump();
    await databases().backoffice.raw(`
      UPDATE usage_hours SET cost = cost + 1;
      UPDATE story_hours SET stories_up_to = (SELECT array_agg(1 + one) FROM unnest(stories_up_to) AS one);
      DELETE FROM story_days WHERE within = 'all';
      UPDATE story_visits SET hours = hours[2:], kinds = kinds[2:]`);
    assert.notDeepEqual(await dump(), right);
    await rebuild(databases(), ZONE, () => {});
    const window = { from: addTime(at, -15n * DAY_OF_24_HOURS), to: at };
    await assertExact(window, NO_FILTER);
    const now = await dump();
    await resetRollups();
    await rebuild(databases(), ZONE, () => {});
    assert.deepEqual(now, await dump());
  });

  it('also when a refreshing process is killed at random points: all of its work is there, or none', async function () {
    needsServer(this);
    const at = NOWS[1] as Instant;
    const half = (round: number) =>
      Array.from({ length: 120 }, (_, i) => ({
        ago: 20n * HOUR + ((BigInt(i) * 7919n * MINUTE + BigInt(round) * HOUR) % (9n * DAY_OF_24_HOURS)),
        story: i % 9,
        model: i % 3,
        action: i % 2,
        cost: i * (round + 1),
      }));
    await insertUsage(toInsert(half(0), at));
    await auditAll(databases(), ZONE, at);
    let kills = 0;
    for (let round = 1; round <= 6; round++) {
      const before = await dump();
      await insertUsage(toInsert(half(round), at));
      await databases().workflows('token_usage_tracking').whereRaw(someOf(4)).delete();
      // The reading takes some eight answers; the writing begins behind them.
      if (await killedAudit(at, 8 + ((seed >> round) % 40) + round)) kills += 1;
      const after = await dump();
      await auditAll(databases(), ZONE, at);
      const complete = await dump();
      assert.ok(
        isDeepStrictEqual(after, before) || isDeepStrictEqual(after, complete),
        `round ${round}: a killed process left half of its work`,
      );
      assert.ok(!isDeepStrictEqual(before, complete));
    }
    assert.ok(kills > 0);
    for (const days of [null, 1, 6, 19])
      await assertExact(
        { from: days === null ? null : addTime(at, -BigInt(days) * DAY_OF_24_HOURS), to: at },
        NO_FILTER,
      );
  });
});
