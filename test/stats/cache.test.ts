import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createCache } from '../../src/stats/memory/cache.ts';
import { noMemory } from '../../src/stats/memory/memory.ts';
import type { Day } from '../../src/units/calendar.ts';
import { NO_EUROS } from '../../src/units/money.ts';

describe('what is kept in a number of bytes', () => {
  it('is never more, whatever comes, and what is asked for stays longest', () => {
    const operation = fc.record({ part: fc.nat(2), key: fc.nat(40), bytes: fc.nat(3_000), asks: fc.boolean() });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const cache = createCache(20_000);
        const parts = [cache.part, cache.part, cache.large].map((make, number) =>
          make<{ bytes: number }>(`part ${number}`, ({ bytes }) => bytes),
        );
        const last = new Map<string, { bytes: number }>();
        let newest = '';
        for (const { part, key, bytes, asks } of operations) {
          const name = `${part} ${key}`;
          const found = parts[part]?.get(String(key));
          if (found !== undefined) assert.equal(found, last.get(name));
          if (asks) continue;
          const value = { bytes };
          parts[part]?.set(String(key), value);
          last.set(name, value);
          newest = name;
        }
        const kept = [...last].filter(([name, value]) => {
          const [part, key] = name.split(' ') as [string, string];
          const found = parts[Number(part)]?.get(key);
          assert.ok(found === undefined || found === value);
          return found !== undefined;
        });
        assert.ok(kept.reduce((sum, [, { bytes }]) => sum + bytes, 0) <= 20_000);
        if (newest !== '') assert.ok(kept.some(([name]) => name === newest));
      }),
    );
  });

  it('is loaded once for all who ask meanwhile; a failure, and what is for those alone, is loaded again', async () => {
    const cache = createCache(1_000);
    const part = cache.part<number>('part', (number) => (number < 0 ? null : 8));
    let loads = 0;
    const load = (value: number) => async () => {
      loads += 1;
      if (value === 0) throw new Error('away');
      return value;
    };
    assert.deepEqual(await Promise.all([part.read('a', load(1)), part.read('a', load(2))]), [1, 1]);
    assert.equal(await part.read('a', load(3)), 1);
    assert.equal(loads, 1);
    await assert.rejects(part.read('b', load(0)), /away/);
    assert.equal(await part.read('b', load(4)), 4);
    assert.equal(await part.read('c', load(-1)), -1);
    assert.equal(await part.read('c', load(5)), 5);
  });

  it('is let go of by the beginning of a name, the others stay; one that is larger than all is not kept', () => {
    const cache = createCache(1_000);
    const [first, second] = ['1 days', '10 days'].map((name) => cache.part<number>(name, (bytes) => bytes));
    first?.set('a', 5);
    second?.set('a', 6);
    cache.drop('1 ');
    assert.deepEqual([first?.get('a'), second?.get('a')], [undefined, 6]);
    second?.set('b', 2_000);
    assert.deepEqual([second?.get('a'), second?.get('b')], [6, undefined]);
  });

  it('keeps what is small, however many large ones are asked for in turn; those take what it leaves', () => {
    const cache = createCache(100_000);
    const small = cache.part<number>('small', (bytes) => bytes);
    const large = cache.large<number>('large', (bytes) => bytes);
    const keys = Array.from({ length: 60 }, (_, number) => String(number));
    for (const key of keys) small.set(key, 800);
    for (let round = 0; round < 3; round++)
      for (const key of keys) {
        large.set(key, 18_000);
        assert.equal(large.get(key), 18_000);
      }
    assert.deepEqual(
      keys.filter((key) => small.get(key) === undefined),
      [],
    );
    assert.deepEqual(
      keys.filter((key) => large.get(key) !== undefined),
      ['58', '59'],
    );
    // One that leaves no room for them is kept all the same: a page asks for it more than once.
    large.set('whole', 90_000);
    assert.equal(large.get('whole'), 90_000);
    assert.ok(small.get('59') !== undefined && small.get('0') === undefined);
  });

  it('keeps what packed days add up to, however many of them are read meanwhile', () => {
    const memory = noMemory(1_000_000);
    // Two thirds of it, which is what pages that are asked in turn need of theirs.
    const added = Array.from({ length: 1_900 }, (_, number) => `kind ${number}`);
    for (const kind of added)
      memory.repricedDays.set(kind, new Map([['2026-10-31' as Day, { version: '1', price: 'a', cost: NO_EUROS }]]));
    for (let day = 0; day < 2_000; day++)
      memory.packedDays.stories.set(`day ${day}`, { stories: new Uint8Array(5_000), clockEnds: new Uint8Array(24) });
    assert.deepEqual(
      added.filter((kind) => memory.repricedDays.get(kind) === undefined),
      [],
    );
    assert.ok(memory.packedDays.stories.get('day 1999') !== undefined);
  });
});
