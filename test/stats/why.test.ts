import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Sums } from '../../src/stats/sums.ts';
import { type Causes, whyOf } from '../../src/stats/why.ts';
import { microEuros } from '../../src/units/money.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { MODELS } from '../support/generated-usage.ts';
import { columnOf, openPage, recordSum, tableOf, totalOf } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const sums = fc.record({
  requests: fc.integer({ min: 1, max: 10_000_000 }),
  inputTokens: fc.oneof(fc.constant(0), fc.nat(2 ** 40)),
  outputTokens: fc.oneof(fc.constant(0), fc.nat(2 ** 40)),
  cost: fc
    .oneof(
      fc.constant(0),
      fc.integer({ min: -9_000_000_000, max: 9_000_000_000 }),
      fc.integer({ min: -(2 ** 49), max: 2 ** 49 }),
    )
    .map(microEuros),
});
const window = fc.dictionary(fc.constantFrom(...MODELS), sums).map((rows) => new Map(Object.entries(rows)));
const NAMES: (keyof Causes)[] = ['volume', 'mix', 'tokens', 'price'];
const add = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
const of = (requests: number, tokens: number, cost: number): Sums => ({
  requests,
  inputTokens: tokens,
  outputTokens: 0,
  cost: microEuros(cost),
});

describe('why the cost changed', () => {
  it('adds up, by model and by cause, to the difference of any two windows, to the micro-euro', () => {
    fc.assert(
      fc.property(window, window, (now, before) => {
        const { total, rows } = whyOf(now, before);
        const cost = (sums: Map<string, Sums>) => add([...sums.values()].map((one) => one.cost));
        assert.equal(total.now, cost(now));
        assert.equal(total.before, cost(before));
        assert.equal(add(NAMES.map((name) => total[name])), total.now - total.before);
        for (const row of rows) assert.equal(add(NAMES.map((name) => row[name])), row.now - row.before, row.key);
        for (const name of NAMES) assert.equal(add(rows.map((row) => row[name])), total[name], name);
        for (const row of rows) for (const name of NAMES) assert.ok(Number.isSafeInteger(row[name]));
      }),
      { numRuns: 500 },
    );
  });

  it('says of refunds what it says of costs, with the other sign', () => {
    const refunded = (sums: Map<string, Sums>) =>
      new Map([...sums].map(([key, one]): [string, Sums] => [key, { ...one, cost: microEuros(-one.cost) }]));
    // Without zeros of either sign.
    const signed = (row: object, sign: number) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === 0 ? 0 : sign * Number(value)]));
    fc.assert(
      fc.property(window, window, (now, before) => {
        const costs = whyOf(now, before);
        const refunds = whyOf(refunded(now), refunded(before));
        assert.deepEqual(signed(refunds.total, -1), signed(costs.total, 1));
      }),
    );
  });

  it('is told in one order, whichever model is met first: what moved the cost alike goes by name', () => {
    const alike = ['b', 'a', 'd', 'c'].map((key, i): [string, Sums] => [key, of(1, 1, i % 2 ? 5 : -5)]);
    for (const order of [alike, [...alike].reverse()])
      assert.deepEqual(
        whyOf(new Map(order), new Map()).rows.map(({ key }) => key),
        ['a', 'b', 'c', 'd'],
      );
  });

  it('rounds each step to the nearest micro-euro, halves away from zero', () => {
    const few = fc.record({
      requests: fc.integer({ min: 1, max: 50 }),
      inputTokens: fc.integer({ min: -50, max: 50 }),
      outputTokens: fc.constant(0),
      cost: fc.integer({ min: -99, max: 99 }).map(microEuros),
    });
    fc.assert(
      fc.property(few, few, (now, before) => {
        const [row] = whyOf(new Map([['a', now]]), new Map([['a', before]])).rows;
        assert.ok(row);
        const isNearest = (step: number, part: number, whole: number) =>
          assert.ok(2 * Math.abs(step * whole - before.cost * part) <= Math.abs(whole), `${step}`);
        isNearest(before.cost + row.volume, now.requests, before.requests);
        if (before.inputTokens !== 0) isNearest(now.cost - row.price, now.inputTokens, before.inputTokens);
      }),
    );
    const volume = (cost: number) =>
      whyOf(new Map([['a', of(1, 0, 0)]]), new Map([['a', of(2, 0, cost)]])).total.volume;
    assert.deepEqual([3, 5, -3, -5].map(volume), [-1, -2, 1, 2]);
    // A refund that takes tokens back as well.
    const price = (tokens: number) =>
      whyOf(new Map([['a', of(1, 1, 0)]]), new Map([['a', of(1, tokens, 5)]])).total.price;
    assert.deepEqual([2, -2].map(price), [-3, 3]);
  });

  it('names one cause where there is one', () => {
    const only = (now: [string, Sums][], before: [string, Sums][]) => {
      const { total } = whyOf(new Map(now), new Map(before));
      return Object.fromEntries(NAMES.filter((name) => total[name] !== 0).map((name) => [name, total[name]]));
    };
    const a = of(10, 1000, 5_000_000);
    assert.deepEqual(only([['a', of(20, 2000, 10_000_000)]], [['a', a]]), { volume: 5_000_000 });
    assert.deepEqual(only([['a', of(10, 3000, 15_000_000)]], [['a', a]]), { tokens: 10_000_000 });
    assert.deepEqual(only([['a', of(10, 1000, 4_000_000)]], [['a', a]]), { price: -1_000_000 });
    // As many requests as before, but of a dearer model, which is new or has been there.
    assert.deepEqual(only([['b', of(10, 1000, 8_000_000)]], [['a', a]]), { mix: 3_000_000 });
    const b = of(10, 1000, 8_000_000);
    const both: [string, Sums][] = [
      ['a', a],
      ['b', b],
    ];
    assert.deepEqual(only([['b', of(20, 2000, 16_000_000)]], both), { mix: 3_000_000 });
    assert.deepEqual(only([['a', a]], []), { volume: 5_000_000 });
    assert.deepEqual(only([], [['a', a]]), { volume: -5_000_000 });
    // Pictures have no tokens: their price is that of a request.
    assert.deepEqual(only([['a', of(10, 0, 6_000_000)]], [['a', of(10, 0, 5_000_000)]]), { price: 1_000_000 });
  });

  describe('on the overview', () => {
    let client: Client;
    before(async () => {
      client = await signedIn((await sharedApp()).origin);
      await resetUsage();
      const at = (day: string) => BigInt(Date.parse(`${day}T12:00:00Z`)) * 1000n;
      await insertUsage([
        ...MODELS.map((model, i) => ({ model, cost: 1_000_003 * (i + 1), at: at('2026-10-05') })),
        ...MODELS.slice(1).flatMap((model, i) =>
          Array.from({ length: i + 1 }, () => ({ model, cost: 700_001, input: 10 * i, at: at('2026-10-06') })),
        ),
        ...['new-1', 'new-2'].map((model) => ({ model, cost: 5_000_001, at: at('2026-10-06') })),
      ]);
    });
    after(resetUsage);

    it('names the five models that moved it most, and the others as one row that adds up', async () => {
      const page = await openPage(client, '/ai-usage?from=2026-10-06&to=2026-10-06');
      const table = tableOf(page, 'Why the cost changed, by model');
      assert.equal(table.rows.length, 6);
      assert.equal(columnOf(table, 'Model')[5]?.text, '3 other models');
      const column = (label: string) => add(columnOf(table, label).map(({ micro }) => micro ?? Number.NaN));
      for (const label of table.head.slice(1)) assert.equal(column(label), totalOf(table, label).micro, label);
      const causes = ['Volume', 'Model mix', 'Tokens per request', 'Price per token'].map(column);
      assert.equal(add(causes), column('Now') - column('Before'));
      assert.equal(column('Now'), totalOf(tableOf(page, 'Models'), 'Cost').micro);
      assert.equal(column('Now') - column('Before'), totalOf(tableOf(page, 'Models'), 'Change').micro);
    });

    it('leads from each cost before and now to its records', async () => {
      const page = await openPage(client, '/ai-usage?from=2026-10-06&to=2026-10-06');
      const table = tableOf(page, 'Why the cost changed, by model');
      const cells = ['Before', 'Now'].flatMap((label) => columnOf(table, label));
      assert.equal(cells.length, 12);
      for (const { href, micro } of cells) {
        if (href === null) assert.equal(micro, 0);
        else assert.equal(recordSum(await openPage(client, href)).cost, micro, href);
      }
      assert.ok(cells.filter(({ href }) => href).length >= 9);
    });

    it('is left out when nothing is compared', async () => {
      for (const view of ['from=2026-10-06&compare=none', 'period=all'])
        assert.equal((await openPage(client, `/ai-usage?${view}`)).querySelector('#why'), null);
    });
  });
});
