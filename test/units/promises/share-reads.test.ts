import assert from 'node:assert/strict';
import fc from 'fast-check';
import { shareReads } from '../../../src/units/promises/share-reads.ts';
import { databases } from '../../support/databases.ts';

describe('shared readings', () => {
  it('answer each caller with what was true after it asked, by at most two readings at any time', async () => {
    const waits = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(waits, async (pauses) => {
        let truth = 0;
        let readings = 0;
        const pause = async (turns: number) => {
          for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        };
        const read = shareReads(async () => {
          readings += 1;
          const seen = truth;
          await pause(2);
          return seen;
        });
        const answers: Promise<void>[] = [];
        for (const turns of pauses) {
          truth += 1;
          const asked = truth;
          answers.push(read('one').then((seen) => assert.ok(seen >= asked, `${seen} is older than ${asked}`)));
          await pause(turns);
        }
        await Promise.all(answers);
        assert.ok(readings <= pauses.length);
      }),
    );
  });

  it('share one reading among all who wait, and keep keys apart', async () => {
    const asked: string[] = [];
    const read = shareReads(async (key) => {
      asked.push(key);
      await new Promise((resolve) => setImmediate(resolve));
      return key;
    });
    const keys = [...Array(20).fill('a'), 'b'];
    assert.deepEqual(await Promise.all(keys.map(read)), keys);
    assert.deepEqual(asked.sort(), ['a', 'a', 'b']);
  });

  it('fail those who share a failed one, and nobody after', async () => {
    let fails = true;
    const read = shareReads(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      if (fails) throw new Error('down');
      return 'up';
    });
    const outcomes = await Promise.allSettled([read('a'), read('a'), read('a')]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    fails = false;
    assert.equal(await read('a'), 'up');
  });

  it('are begun once, also as a query, which runs for each that waits for it', async () => {
    const { backoffice } = databases();
    const read = shareReads((key) => backoffice('rollup_state').select('version').where('version', '>=', key));
    let asked = 0;
    const note = () => {
      asked += 1;
    };
    backoffice.on('query', note);
    const [one, other] = await Promise.all([read('0'), read('0')]);
    backoffice.off('query', note);
    assert.deepEqual(one, other);
    // The second did not see the first begin.
    assert.equal(asked, 2);
  });
});
