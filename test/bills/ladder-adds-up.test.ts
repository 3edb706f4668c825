import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DayOfCalls, type Ladder, ladderOf, RUNGS, rungsBy, rungsOf } from '../../src/bills/ladder/ladder.ts';
import type { Kind } from '../../src/stats/bills/bill-lines.ts';
import type { KeptLine } from '../../src/stats/bills/read-lines.ts';
import { type Day, dayFromIso } from '../../src/units/calendar.ts';
import { microEuros } from '../../src/units/money.ts';
import { addDays, instantFromMilliseconds } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { enterLine, enterRate, micro, openLadder, rungsIn } from '../support/bills.ts';
import { type Client, signedIn } from '../support/client.ts';
import { assertDescribed } from '../support/openapi.ts';
import { openJson } from '../support/page.ts';
import { enterPrice } from '../support/prices.ts';
import { runs } from '../support/thorough.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

type Rungs = Record<string, number>;
type BillOfMonth = { provider: string; month: string; billed: number | null; recorded: number };

const at = (text: string) => instantFromMilliseconds(Date.parse(text));

describe('the rungs of a bill', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  beforeEach(resetUsage);
  after(resetUsage);

  const DAYS = Array.from({ length: 35 }, (_, i) => addDays(dayFromIso('2026-09-29'), i));
  const OCTOBER = DAYS.filter((day) => day.startsWith('2026-10'));
  const MODELS = ['gpt-5', 'gpt-5-2025-08-07', 'gpt-4o', 'gpt-image-1', 'gemini-2.5-pro'];
  const ITEMS = ['gpt-5, input', 'gpt-5, cached input', 'gpt-4o, output', 'o3, input', 'Invoice', 'gpt-image-1'];
  const someLine = fc.record({
    day: fc.constantFrom<string>(...OCTOBER),
    item: fc.constantFrom(...ITEMS),
    kind: fc.constantFrom<Kind>('usage', 'usage', 'cached', 'batch', 'tax', 'credit', 'other'),
    quantity: fc.constantFrom('', '1', '500000', '123456789'),
    units: fc.nat(9_999_999_999),
    currency: fc.constantFrom('EUR', 'USD'),
  });
  const amountOf = (kind: string, units: number) =>
    `${kind === 'credit' && units !== 0 ? '-' : ''}${Math.floor(units / 1e8)}.${String(units % 1e8).padStart(8, '0')}`;

  it('adds up to the bill to the micro-euro, whatever the calls, prices, rates and lines', async function () {
    this.timeout(240_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            ...{ model: fc.constantFrom(...MODELS), day: fc.constantFrom(...DAYS), hour: fc.nat(23) },
            ...{ input: fc.nat(100_000), output: fc.nat(5_000), cost: fc.nat(2_000_000) },
            action: fc.constantFrom('chapter_writing', 'image_edit'),
          }),
          { maxLength: 25 },
        ),
        fc.array(someLine, { maxLength: 12 }),
        fc.uniqueArray(
          fc.record({
            ...{
              model: fc.constantFrom('gpt-5', 'gpt*', 'gpt-image-1'),
              from: fc.constantFrom('2026-01-01', '2026-10-15'),
            },
            ...{ currency: fc.constantFrom('EUR', 'USD'), inputPerMillion: fc.nat(1_000_000).map((n) => n / 1e5) },
            outputPerMillion: fc.nat(1_000_000).map((n) => n / 1e4),
          }),
          { maxLength: 4, selector: ({ model, from }) => `${model} ${from}` },
        ),
        fc.integer({ min: 80_000_000, max: 130_000_000 }),
        fc.boolean(),
        async (calls, lines, prices, perEuro, covered) => {
          await resetUsage();
          await enterRate('2026-09-15', `${perEuro}e-8`);
          await enterRate('2026-10-16', `${perEuro + 1_234_567}e-8`);
          await insertUsage(
            calls.map(({ day, hour, ...call }) => ({ ...call, at: at(`${day}T${String(hour).padStart(2, '0')}:30Z`) })),
          );
          for (const price of prices) await enterPrice(ana, price);
          const key = (line: (typeof lines)[number]) => `${line.day} ${line.item} ${line.kind}`;
          for (const { units, ...line } of lines) await enterLine(ana, { ...line, amount: amountOf(line.kind, units) });
          if (covered) await coverUsage();
          const counting = [...new Map(lines.map((line) => [key(line), line])).values()];
          const expected = counting.reduce((sum, { kind, units, currency, day }) => {
            const per = BigInt(currency === 'EUR' ? 100_000_000 : day >= '2026-10-16' ? perEuro + 1_234_567 : perEuro);
            const cost = (2n * BigInt(units) * 1_000_000n + per) / (2n * per);
            return sum + (kind === 'credit' ? -cost : cost);
          }, 0n);
          const found = await openLadder(ana);
          const sum = (some: Rungs) => RUNGS.reduce((all, rung) => all + micro(some[rung] as number), 0);
          const all = rungsIn(found);
          assert.equal(
            RUNGS.reduce((total, rung) => total + (all[rung] ?? 0), 0),
            Number(expected),
          );
          if (lines.length > 0) assert.equal(micro(found.billed as number), Number(expected));
          for (const rung of RUNGS) {
            for (const by of [found.models, found.days] as Rungs[][])
              assert.equal(
                by.reduce((total, one) => total + micro(one[rung] as number), 0),
                all[rung],
                rung,
              );
          }
          assert.equal(
            found.models.reduce((total, one) => total + sum(one), 0),
            Number(expected),
          );
          const stats = await openJson<{ totalCost: number }>(
            ana,
            '/api/ai-usage/stats?period=2026-10&provider=OpenAI',
          );
          assert.equal(all.recorded, micro(stats.totalCost));
          const answer = await ana.get('/api/bills', { Accept: 'application/json' });
          assertDescribed('/api/bills', answer);
          const { bills } = answer.body as { bills: BillOfMonth[] };
          const october = bills.find(({ provider, month }) => provider === 'OpenAI' && month === '2026-10');
          assert.equal(micro(october?.billed ?? 0), Number(expected));
          assert.equal(micro(october?.recorded ?? 0), all.recorded);
        },
      ),
      { numRuns: runs(40) },
    );
  });

  it('leaves nothing out and counts nothing twice, by its own arithmetic', () => {
    const amount = fc.integer({ min: -5_000_000, max: 5_000_000 }).map(microEuros);
    const maybe = fc.option(amount, { freq: 3 });
    const anyDay = fc.constantFrom<Day>(...OCTOBER);
    const calls = fc.record({
      ...{ day: anyDay, model: fc.constantFrom('a', 'b', 'c'), requests: fc.integer({ min: 1, max: 9 }) },
      ...{ recorded: amount, atWritersRate: maybe, repriced: maybe },
    });
    const line = fc.record({
      ...{ firstDay: anyDay, length: fc.constantFrom(0, 0, 0, 5), item: fc.constantFrom('a', 'b', 'd', '?') },
      kind: fc.constantFrom<Kind>('usage', 'cached', 'batch', 'tax', 'credit', 'other'),
      ...{ euros: maybe, quantity: fc.constantFrom(null, '1000') },
    });
    fc.assert(
      fc.property(fc.array(calls), fc.array(calls), fc.array(line), (ofMonth, all, some) => {
        const lines = some.map(
          ({ length, ...one }) => ({ ...one, lastDay: addDays(one.firstDay, length) }) as KeptLine,
        );
        const found: Ladder = ladderOf({
          ...{
            ofMonth,
            lines,
            modelOf: (item) => (item === '?' ? null : item),
            utcDays: (day) => [day, addDays(day, 1)],
          },
          calls: all.map((one): DayOfCalls => (one.atWritersRate === null ? { ...one, repriced: null } : one)),
          priceOf: () => ({
            key: '',
            tiers: [
              {
                above: 0,
                price: {
                  ...{ perInput: 2, perOutput: 3, perImage: 0, scale: 1, tokensPerImage: null },
                  exact: { perInput: 2n, perOutput: 3n, perImage: 0n, scale: 1n },
                },
              },
            ],
          }),
        });
        const billed = lines.reduce((sum, { euros }) => sum + (euros ?? 0), 0);
        const of = rungsOf(found.parts);
        assert.equal(found.billed, billed);
        assert.equal(
          RUNGS.reduce((sum, rung) => sum + of[rung], 0),
          billed,
        );
        assert.equal(
          of.recorded,
          ofMonth.reduce((sum, { recorded }) => sum + recorded, 0),
        );
        for (const rungs of rungsBy(found.parts, ({ model }) => model ?? '').values())
          assert.ok(RUNGS.some((rung) => rungs[rung] !== 0));
      }),
    );
  });
});
