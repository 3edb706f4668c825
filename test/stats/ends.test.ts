import assert from 'node:assert/strict';
import { type Ends, noEnds, readEnd } from '../../src/stats/ends.ts';
import { createCache } from '../../src/stats/memory/cache.ts';
import { addTime, HOUR, MINUTE, now, startOfHour } from '../../src/units/time.ts';
import { databases } from '../support/databases.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('raw rows behind the rolled up hours', () => {
  const coveredUntil = addTime(startOfHour(now()), -2n * HOUR);
  let ends: Ends;
  beforeEach(async () => {
    await resetUsage();
    ends = noEnds(createCache(1_000_000).part);
  });
  after(resetUsage);

  const costs = async (version = '1') => {
    const source = { workflows: databases().workflows, ends, version };
    const rows = await readEnd(source, { from: coveredUntil, to: now() }, coveredUntil);
    return rows.map(({ cost }) => cost).sort((a, b) => a - b);
  };
  const age = (milliseconds: number) => {
    assert.ok(ends.settled);
    ends.settled.readAt -= milliseconds;
  };

  it('that are settled are read again after five seconds, or fifty times as long as that takes; younger ones each time', async () => {
    await insertUsage([{ at: addTime(coveredUntil, MINUTE), cost: 1 }]);
    assert.deepEqual(await costs(), [1]);
    await insertUsage([
      { at: addTime(coveredUntil, 2n * MINUTE), cost: 2 },
      { at: addTime(now(), -MINUTE), cost: 3 },
    ]);
    assert.deepEqual(await costs(), [1, 3]);
    const forMs = ends.settled?.forMs ?? 0;
    assert.ok(forMs >= 5_000);
    age(forMs - 1_000);
    assert.deepEqual(await costs(), [1, 3]);
    age(1_000);
    assert.deepEqual(await costs(), [1, 2, 3]);
  });

  it('that are settled are read again after a tick that wrote', async () => {
    assert.deepEqual(await costs(), []);
    await insertUsage([{ at: addTime(coveredUntil, MINUTE), cost: 1 }]);
    assert.deepEqual(await costs(), []);
    assert.deepEqual(await costs('2'), [1]);
  });
});
