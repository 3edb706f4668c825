import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { WhoseCost } from '../../../src/query/view.ts';
import {
  type BudgetAmount,
  budgetUse,
  costWithin,
  isSameUntil,
  usedUpPeriods,
} from '../../../src/stats/budgets/budget-use.ts';
import { type Day, dayFromIso, dayNumber, dayOfNumber } from '../../../src/units/calendar.ts';
import { PERS, periodBefore, periodOf } from '../../../src/units/calendar-period.ts';
import { type MicroEuros, microEuros } from '../../../src/units/money.ts';
import { addDays } from '../../../src/units/time.ts';

const TODAY = dayFromIso('2026-11-20');
const always = (amount: number): BudgetAmount[] => [{ from: null, amount: microEuros(amount) }];
const costsFrom = (first: Day, costs: number[]) =>
  new Map(costs.map((cost, i) => [addDays(first, i), microEuros(cost)]));
const even = (from: string, to: string, cost: number) => {
  const first = dayFromIso(from);
  return costsFrom(first, Array(dayNumber(dayFromIso(to)) - dayNumber(first) + 1).fill(cost));
};

describe('calendar periods', () => {
  it('begin on Mondays, on the first of months, of quarters and of years', () => {
    const of = (day: string) =>
      PERS.map((per) => periodOf(dayFromIso(day), per)).map(({ first, next }) => `${first} ${next}`);
    assert.deepEqual(of('2026-11-22'), [
      '2026-11-16 2026-11-23',
      '2026-11-01 2026-12-01',
      '2026-10-01 2027-01-01',
      '2026-01-01 2027-01-01',
    ]);
    assert.deepEqual(periodOf(dayFromIso('2024-02-29'), 'month'), { first: '2024-02-01', next: '2024-03-01' });
    assert.deepEqual(periodOf(dayFromIso('2021-01-03'), 'week'), { first: '2020-12-28', next: '2021-01-04' });
    assert.deepEqual(periodOf(dayFromIso('1969-12-31'), 'week'), { first: '1969-12-29', next: '1970-01-05' });
  });

  it('follow each other without a gap, and hold their days', () => {
    fc.assert(
      fc.property(fc.integer({ min: -400_000, max: 400_000 }), fc.constantFrom(...PERS), (number, per) => {
        const period = periodOf(dayOfNumber(number), per);
        assert.ok(dayNumber(period.first) <= number && number < dayNumber(period.next));
        assert.equal(periodBefore(period, per).next, period.first);
        assert.deepEqual(periodOf(period.first, per), period);
      }),
    );
  });
});

describe('how much of a budget is used', () => {
  it('is what its days cost; what is left and expected by now follow', () => {
    const costs = even('2026-09-01', '2026-11-19', 10);
    const use = budgetUse({ per: 'month', amounts: always(300) }, costs, TODAY, 0);
    assert.deepEqual([use.first, use.next, use.used, use.left], ['2026-11-01', '2026-12-01', 190, 110]);
    assert.equal(use.expected, 190, '19 of 30 days of one weight');
    assert.deepEqual(use.forecast.total, 300);
    assert.equal(use.runsOutOn, '2026-11-30');
  });

  it('is expected by weekdays: a month whose weekends are free is not a straight line', () => {
    const costs = new Map<Day, MicroEuros>();
    for (let day = dayFromIso('2026-08-01'); day < TODAY; day = addDays(day, 1))
      costs.set(day, microEuros((dayNumber(day) + 3) % 7 < 5 ? 100 : 0));
    // Monday, 16 November: ten of November's 21 working days are over.
    const use = budgetUse({ per: 'month', amounts: always(2100) }, costs, dayFromIso('2026-11-16'), 0);
    assert.equal(use.expected, 1000);
    assert.equal(
      budgetUse({ per: 'month', amounts: always(2100) }, costs, dayFromIso('2026-11-16'), 0.5).expected,
      1050,
    );
  });

  it('says when it runs out: on the day that it did, or on the day that the forecast reaches it', () => {
    const costs = even('2026-09-01', '2026-11-19', 10);
    const on = (amount: number, passed = 0) =>
      budgetUse({ per: 'month', amounts: always(amount) }, costs, TODAY, passed).runsOutOn;
    assert.equal(on(100), '2026-11-10');
    assert.equal(on(190), '2026-11-19');
    assert.equal(on(200), '2026-11-20');
    assert.equal(on(215), '2026-11-22');
    assert.equal(on(301), null, 'it lasts');
    assert.equal(budgetUse({ per: 'month', amounts: always(1) }, new Map(), TODAY, 0).runsOutOn, null);
  });

  it('is not used up where a refund has given some back', () => {
    const costs = even('2026-09-01', '2026-11-19', 10).set(dayFromIso('2026-11-12'), microEuros(-100));
    const on = (amount: number) => budgetUse({ per: 'month', amounts: always(amount) }, costs, TODAY, 0).runsOutOn;
    assert.equal(on(105), '2026-11-22', '110 on the 11th, 80 on the 19th: not yet');
    assert.equal(on(80), '2026-11-19', 'used up twice: since the second time');
  });

  it('keeps the amounts of past periods where an amount changes from a day on', () => {
    const amounts = [
      { from: null, amount: microEuros(300) },
      { from: dayFromIso('2026-10-15'), amount: microEuros(500) },
      { from: dayFromIso('2026-12-01'), amount: microEuros(900) },
    ];
    const use = budgetUse({ per: 'month', amounts }, even('2026-08-10', '2026-11-19', 10), TODAY, 0);
    assert.equal(use.amount, 500, 'that of December is to come');
    assert.deepEqual(
      use.history.map(({ first, amount, used }) => [first, amount, used]),
      [
        ['2026-10-01', 500, 310],
        ['2026-09-01', 300, 300],
        ['2026-08-01', 300, 220],
      ],
    );
  });

  it('loses no day and counts none twice, whatever the costs: running and past periods are all days together', () => {
    const cost = fc.integer({ min: -1_000_000, max: 50_000_000 });
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 1, maxLength: 330 }),
        fc.constantFrom(...PERS),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, per, passed) => {
          const costs = costsFrom(addDays(TODAY, 1 - list.length), list);
          const use = budgetUse({ per, amounts: always(1_000_000_000) }, costs, TODAY, passed);
          const sum = [use, ...use.history].reduce((total, { used }) => total + used, 0);
          assert.equal(
            sum,
            list.reduce((total, one) => total + one, 0),
          );
          assert.equal(use.used + use.left, use.amount);
          assert.ok(use.expected >= 0 && use.expected <= use.amount);
          if (use.runsOutOn !== null) assert.ok(use.runsOutOn >= use.first && use.runsOutOn < use.next);
        },
      ),
    );
  });

  it('names each period that is used up, and the first day from which on it stays so', () => {
    const cost = fc.integer({ min: -2_000_000, max: 5_000_000 });
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 1, maxLength: 200 }),
        fc.constantFrom(...PERS),
        fc.integer({ min: 1, max: 300_000_000 }),
        (list, per, amount) => {
          const costs = costsFrom(addDays(TODAY, 1 - list.length), list);
          const use = budgetUse({ per, amounts: always(amount) }, costs, TODAY, 1);
          const found = usedUpPeriods({ per, amounts: always(amount) }, costs, TODAY);
          assert.deepEqual(
            found.map(({ first }) => first),
            [...use.history.toReversed(), use].filter(({ used }) => used >= amount).map(({ first }) => first),
          );
          for (const { first, next, day } of found) {
            const until = (last: Day) => costWithin(costs, { first, next: addDays(last, 1) });
            assert.ok(day === first || until(addDays(day, -1)) < amount);
            for (let one = day; one < next && one <= TODAY; one = addDays(one, 1)) assert.ok(until(one) >= amount);
            if (first === use.first) assert.equal(day, use.runsOutOn);
          }
        },
      ),
    );
  });

  it('is the same until a day whatever it is called, and whatever its amount is from a later day on', () => {
    const day = (text: string) => dayFromIso(text);
    const budget = (...amounts: [string | null, number][]) => ({
      ...{ per: 'month' as const, filter: '', cost: 'recorded' as WhoseCost },
      amounts: amounts.map(([from, amount]) => ({
        from: from === null ? null : day(from),
        amount: microEuros(amount),
      })),
    });
    const same = (a: ReturnType<typeof budget>, b: ReturnType<typeof budget>) => isSameUntil(a, b, TODAY);
    const one = budget([null, 5], ['2026-10-01', 7]);
    assert.ok(same(one, budget([null, 5], ['2026-10-01', 7], ['2026-11-21', 9])));
    assert.ok(same(budget([null, 7]), budget([null, 7], ['2026-10-01', 7])));
    for (const other of [
      budget([null, 7]),
      budget([null, 5]),
      budget([null, 5], ['2026-10-02', 7]),
      budget([null, 5], ['2026-10-01', 7], ['2026-11-20', 9]),
      budget([null, 5], ['2026-10-01', 6], ['2026-10-02', 7]),
      { ...one, filter: 'model=x' },
      { ...one, per: 'week' as const },
      { ...one, cost: 'repriced' as const },
    ])
      assert.ok(!isSameUntil(one, other, TODAY) && !isSameUntil(other, one, TODAY), JSON.stringify(other));
  });
});
