import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { UsageFilter } from '../../../src/query/filter.ts';
import { readWeek } from '../../../src/stats/explore/week.ts';
import { noMemory } from '../../../src/stats/memory/memory.ts';
import { keepDayTokens } from '../../../src/stats/pricing/keep-day-tokens.ts';
import { readPriceList } from '../../../src/stats/pricing/price-list.ts';
import { readRepricedStats } from '../../../src/stats/pricing/repriced.ts';
import { readRepricedSums } from '../../../src/stats/pricing/repriced-sums.ts';
import { auditAll } from '../../../src/stats/rollups/keep/tick.ts';
import { openSource } from '../../../src/stats/source.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  dayOf,
  HOUR,
  startOfDay,
  startOfHour,
  type Window,
} from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { runs } from '../../support/thorough.ts';
import { insertUsage, resetUsage, usageRow } from '../../support/usage.ts';
import { NO_FILTER } from '../rollups/brute-force.ts';
import { anyWindow, check, filter, NOWS, rows, SPAN, toInsert, ZONE } from '../rollups/histories.ts';
import { bruteForcePrices } from './brute-force-prices.ts';

/** A price as it lies in the table; which of them is of a call is told here once more, in other words. */
type Entered = {
  model: string;
  action: string | null;
  daysAgo: number;
  above: number;
  currency: string;
  rates: { input: string; output: string; image: string; characters: string };
  tokensPerImage: number | null;
};

const decimal = fc
  .tuple(fc.nat(99), fc.nat(999_999_999), fc.integer({ min: 0, max: 9 }))
  .map(([whole, part, places]) => `${whole}.${String(part).padStart(9, '0').slice(0, places)}`.replace(/\.$/, ''));
const entered: fc.Arbitrary<Entered> = fc.record({
  model: fc.constantFrom('gpt-5', 'imagen-4.0', 'gpt*', '*-4.*', '*'),
  action: fc.constantFrom(null, null, 'chapter_writing', 'test'),
  daysAgo: fc.integer({ min: 0, max: 25 }),
  above: fc.constantFrom(0, 0, 0, 40),
  currency: fc.constantFrom('EUR', 'USD'),
  rates: fc.record({
    input: decimal,
    output: decimal,
    image: fc.constantFrom('0', '0.04', '0.0112'),
    characters: fc.constantFrom('0', '0', '0.015'),
  }),
  tokensPerImage: fc.constantFrom(null, 7),
});
const someRates = fc.uniqueArray(
  fc.record({ daysAgo: fc.integer({ min: 0, max: 25 }), perEuro: fc.integer({ min: 80_000_000, max: 130_000_000 }) }),
  { maxLength: 4, selector: ({ daysAgo }) => daysAgo },
);
const onceEach = (some: Entered[]) => [
  ...new Map(some.map((one) => [`${one.model} ${one.action} ${one.daysAgo} ${one.above}`, one])).values(),
];

describe('costs by the price list', () => {
  const memory = noMemory();
  beforeEach(resetUsage);
  after(async () => {
    await resetUsage();
    await databases().backoffice.raw('TRUNCATE prices, exchange_rates');
  });

  /** Enters prices in place of those that were there. */
  async function enter(at: bigint, some: Entered[], rates: { daysAgo: number; perEuro: number }[]): Promise<void> {
    const { backoffice } = databases();
    const day = (daysAgo: number) => dayOf(addTime(at as never, -BigInt(daysAgo) * DAY_OF_24_HOURS), ZONE);
    await backoffice.raw('TRUNCATE prices, exchange_rates');
    for (const { rates, ...one } of onceEach(some))
      await backoffice('prices').insert({
        ...{ model: one.model, action: one.action, from_day: day(one.daysAgo), above_input_tokens: one.above },
        ...{ currency: one.currency, input_per_million: rates.input, output_per_million: rates.output },
        ...{ per_image: rates.image, per_thousand_characters: rates.characters },
        ...{ output_tokens_per_image: one.tokensPerImage, created_by: 'test' },
      });
    for (const { daysAgo, perEuro } of rates)
      await backoffice('exchange_rates')
        .insert({ day: day(daysAgo), currency: 'USD', per_euro: `${perEuro}e-8`, imported_by: 'test' })
        .onConflict(['day', 'currency'])
        .ignore();
  }

  async function assertRepriced(window: Window, wanted: UsageFilter): Promise<void> {
    const { source } = await openSource(databases(), ZONE, memory);
    const list = await readPriceList(databases().backoffice, null);
    const expected = await bruteForcePrices(window, wanted);
    const { workflows } = databases();
    for (const [by, of] of [
      ['story', expected.stories],
      ['author', expected.authors],
    ] as const) {
      const ids = await workflows('token_usage_tracking').distinct().pluck(`${by}_id`);
      assert.deepEqual(await readRepricedSums(source, window, wanted, { by, ids }, list), of, by);
    }
    // Hours are asked for of short windows.
    const isShort = window.from !== null && window.to - window.from <= 3n * DAY_OF_24_HOURS;
    for (const size of isShort ? (['day', 'hour'] as const) : (['day'] as const)) {
      const { total, models, actions, buckets, unpriced } = await readRepricedStats(source, window, wanted, size, list);
      const costs = (some: { cost: number }[], key: string) =>
        new Map(some.map((one) => [(one as unknown as Record<string, string>)[key] as string, one.cost as number]));
      assert.deepEqual(costs(models, 'model'), expected.models);
      assert.deepEqual(costs(actions, 'action'), expected.actions);
      if (size === 'day') assert.deepEqual(costs(buckets, 'bucket'), expected.days);
      const all = [...expected.models.values()].reduce((sum, cost) => sum + cost, 0);
      assert.deepEqual([total.cost, total.requests, unpriced.requests], [all, expected.requests, expected.unpriced]);
    }
  }

  async function assertWeek(window: Window, wanted: UsageFilter): Promise<void> {
    const { source } = await openSource(databases(), ZONE, memory);
    const week = await readWeek(source, window, wanted, await readPriceList(databases().backoffice, null));
    const { clock } = await bruteForcePrices(window, wanted);
    for (const [day, costs] of week.entries())
      for (const [hour, cost] of costs.entries())
        assert.equal(cost, clock.get(`${day + 1} ${hour}`) ?? 0, `${day + 1} ${hour}`);
  }

  const WINDOWS_A_RUN = 20;
  const RUNS = 25;
  it(`are those of every call, rounded and added up, in ${runs(RUNS) * 2 * WINDOWS_A_RUN} windows, before and after prices change, from rollups or from the records`, async () => {
    const windows = fc.array(fc.tuple(anyWindow, filter), { minLength: WINDOWS_A_RUN, maxLength: WINDOWS_A_RUN });
    const prices = fc.array(entered, { maxLength: 6 });
    await check(
      fc.asyncProperty(
        ...([fc.constantFrom(...NOWS), rows, rows, prices, prices, someRates, windows, fc.boolean()] as const),
        async (at, some, later, first, second, rates, asked, keeps) => {
          await resetUsage();
          await insertUsage(toInsert(some, at));
          await auditAll(databases(), ZONE, at);
          for (const entered of [first, second]) {
            await enter(at, entered, rates);
            if (keeps) await keepDayTokens(databases(), untilDone());
            for (const [windowAt, wanted] of asked) {
              await assertRepriced(windowAt(at), wanted);
              await assertWeek(windowAt(at), wanted);
            }
          }
          // Days change after their tokens were kept.
          await insertUsage(toInsert(later, at));
          await auditAll(databases(), ZONE, at);
          for (const [windowAt, wanted] of asked.slice(0, 5)) {
            await assertRepriced(windowAt(at), wanted);
            await assertWeek(windowAt(at), wanted);
          }
        },
      ),
      RUNS,
    );
  });

  describe('of days whose calls are kept', () => {
    const [at] = NOWS as [(typeof NOWS)[number]];
    const calls = (step: number) =>
      Array.from({ length: 200 }, (_, i) => ({
        ...{ ago: (SPAN * BigInt(i)) / 200n, story: i % 9, model: i % 3, action: i % 2, cost: 7 * i + step },
      }));
    const price = { model: 'gpt-5', action: null, daysAgo: 25, above: 0, currency: 'EUR', tokensPerImage: null };
    const rates = { input: '1.37', output: '10.05', image: '0', characters: '0' };
    const others = { ...price, model: '*', rates: { ...rates, output: '0.333', image: '0.04' }, tokensPerImage: 7 };
    const large = { ...price, above: 40, rates: { ...rates, input: '0.913' } };
    const window = { from: addTime(at, -15n * DAY_OF_24_HOURS), to: at };

    beforeEach(async () => {
      await insertUsage(toInsert(calls(0), at));
      await auditAll(databases(), ZONE, at);
      await enter(at, [{ ...price, rates }, others, large], []);
      await keepDayTokens(databases(), untilDone());
    });

    /** How often tokens of days and hours are read from the source meanwhile: those of a story or an author always are. */
    async function readings(work: () => Promise<void>): Promise<number> {
      let asked = 0;
      const listen = ({ sql }: { sql: string }) => {
        if (sql.includes('int4send') && !sql.includes('::uuid[]')) asked += 1;
      };
      databases().workflows.on('query', listen);
      await work();
      databases().workflows.off('query', listen);
      return asked;
    }

    it('follow their prices without a record of the source being read', async () => {
      for (const input of ['1.37', '2.41']) {
        await enter(at, [{ ...price, rates: { ...rates, input } }, others, large], []);
        // Of the covered hours around whole days, and of what is left around those; again only the latter.
        for (const expected of [2, 1])
          assert.equal(await readings(() => assertRepriced(window, NO_FILTER)), expected, `${input}, ${expected}`);
      }
    });

    it('of a day that a window cuts are told from what is kept of its hours, but for its first minutes', async () => {
      const wholeHours = { from: startOfHour(window.from), to: startOfDay(dayOf(at, ZONE), ZONE) };
      assert.equal(await readings(() => assertRepriced(wholeHours, NO_FILTER)), 0);
      await enter(at, [{ ...price, rates: { ...rates, input: '2.41' } }, others, large], []);
      assert.equal(await readings(() => assertRepriced({ ...wholeHours, from: window.from }, NO_FILTER)), 1);
      // As a version before keeps a day.
      await databases().backoffice.raw(String.raw`UPDATE day_tokens SET form = 1, clock_ends = '\x0100000000'`);
      await enter(at, [{ ...price, rates }, others, large], []);
      assert.equal(await readings(() => assertRepriced(wholeHours, NO_FILTER)), 1);
    });

    it('are refused in words where the calls of more than a process reads in time are not kept yet', async () => {
      const { backoffice } = databases();
      await backoffice('day_tokens').delete();
      await assertRepriced(window, NO_FILTER);
      // As a busier source would have it.
      await backoffice('usage_days').where('model', 'gpt-5').update({ requests: 1_000_000 });
      await backoffice.raw('UPDATE rollup_days SET version = version + 1000');
      await backoffice.raw('UPDATE rollup_state SET version = version + 1, content_version = version + 1');
      await assert.rejects(assertRepriced(window, NO_FILTER), /not kept yet. It is being kept.*some minutes/);
    });

    it('tell the hours of the clock apart, also of days that a version before has kept, once they are kept again', async () => {
      const evening = { ...NO_FILTER, hours: { first: 20, last: 6, timeZone: ZONE } };
      const readingsAt = async (input: string) => {
        await enter(at, [{ ...price, rates: { ...rates, input } }, others, large], []);
        return readings(() => assertRepriced(window, evening));
      };
      const ofEnds = await readingsAt('1.37');
      assert.ok(ofEnds <= 2);
      await databases().backoffice.raw(String.raw`UPDATE day_tokens SET form = 1, clock_ends = '\x0100000000'`);
      assert.ok((await readingsAt('2.41')) > ofEnds);
      await keepDayTokens(databases(), untilDone());
      assert.ok((await readingsAt('3.14')) <= ofEnds);
    });

    it('are those of the hours of the week, from what is kept where that knows them', async () => {
      const evening = { ...NO_FILTER, hours: { first: 20, last: 6, timeZone: ZONE } };
      for (const wanted of [NO_FILTER, evening]) assert.ok((await readings(() => assertWeek(window, wanted))) <= 2);
      await databases().backoffice.raw(String.raw`UPDATE day_tokens SET form = 1, clock_ends = '\x0100000000'`);
      await enter(at, [{ ...price, rates: { ...rates, input: '2.41' } }, others, large], []);
      for (const wanted of [evening, NO_FILTER]) assert.ok((await readings(() => assertWeek(window, wanted))) > 2);
    });

    it('follow each hour around whole days, also where its sums stay the same', async () => {
      const inTheHour = addTime(at, -2n * HOUR);
      const of = (input: number) => ({
        ...usageRow({ action: 'test', model: 'gpt-5', input, output: 0 }),
        at: inTheHour,
      });
      const [first, second] = await insertUsage([of(1), of(3)]);
      await auditAll(databases(), ZONE, at);
      await enter(at, [{ ...price, rates: { ...rates, input: '0.5' } }], []);
      await assertRepriced(window, NO_FILTER);
      // Halves of a micro-euro up: one and two of them, then one and one.
      const { workflows } = databases();
      for (const row of [first, second])
        await workflows('token_usage_tracking').where({ token_usage_id: row?.id }).update({ input_tokens: 2 });
      await auditAll(databases(), ZONE, at);
      assert.equal(await readings(() => assertRepriced(window, NO_FILTER)), 2);
    });

    it('follow their records, before and after those are kept again', async () => {
      await assertRepriced(window, NO_FILTER);
      await insertUsage(toInsert(calls(3), at));
      await auditAll(databases(), ZONE, at);
      await assertRepriced(window, NO_FILTER);
      await keepDayTokens(databases(), untilDone());
      await assertRepriced(window, NO_FILTER);
    });

    it('are those of the records where what is kept is of another version of a day, or damaged', async () => {
      const twoColumnsOfOne = '\\x010100000001010100000001';
      for (const damage of ['version = version - 1', `tokens = '${twoColumnsOfOne}'`]) {
        await databases().backoffice.raw(`UPDATE day_tokens SET ${damage} WHERE model <> ''`);
        await enter(at, [{ ...price, rates }, others, large], []);
        await assertRepriced(window, NO_FILTER);
      }
    });
  });
});

/** As long as there is something to do. */
const untilDone = () => async () => true;
