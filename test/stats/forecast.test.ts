import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type DailyCosts, forecastPeriod } from '../../src/stats/forecast.ts';
import { type Day, dayFromIso, firstDayOf, monthOf, weekdayOf } from '../../src/units/calendar.ts';
import { microEuros } from '../../src/units/money.ts';
import { addDays, parseInstant } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { openPage, squeeze, tableOf, textOf } from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

/** What each day from `from` to before `to` costs. */
function costsOf(from: Day, to: Day, cost: (day: Day) => number): DailyCosts {
  const costs: DailyCosts = new Map();
  for (let day = from; day < to; day = addDays(day, 1)) costs.set(day, microEuros(cost(day)));
  return costs;
}
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

const forecastMonth = (costs: DailyCosts, today: Day, passed: number) => forecastPeriod(costs, today, passed, 'month');

describe('the forecast of a month', () => {
  it('is exact, and was, where every weekday costs the same every week', () => {
    const weekday = fc.array(fc.nat(50_000_000), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(weekday, fc.integer({ min: 0, max: 89 }), (costs, days) => {
        const today = addDays(dayFromIso('2026-09-01'), days);
        const cost = (day: Day) => costs[weekdayOf(day) - 1] ?? 0;
        const month = forecastMonth(costsOf(dayFromIso('2025-12-01'), today, cost), today, 0);
        const end = addDays(firstDayOf(monthOf(addDays(firstDayOf(monthOf(today)), 31))), 0);
        assert.equal(month.total, sum([...costsOf(firstDayOf(monthOf(today)), end, cost).values()]));
        assert.equal(month.past.length, 6);
        for (const { forecast, actual } of month.past) assert.equal(forecast, actual);
        if (month.range) assert.deepEqual(month.range, { low: month.total, high: month.total });
      }),
    );
  });

  it('lies within its range, whatever the months before were like, refunds included', () => {
    const cost = fc.integer({ min: -50_000_000, max: 50_000_000 });
    const costs = fc.array(cost, { minLength: 300, maxLength: 300 });
    fc.assert(
      fc.property(
        costs,
        fc.integer({ min: 0, max: 89 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (each, days, passed) => {
          const today = addDays(dayFromIso('2026-09-01'), days);
          let i = 0;
          const { total, range } = forecastMonth(
            costsOf(addDays(today, -290), addDays(today, 1), () => each[i++] ?? 0),
            today,
            passed,
          );
          assert.ok(total !== null);
          // With refunds there may be no two months whose rest was to cost something.
          if (range !== null) assert.ok(range.low <= total && total <= range.high);
        },
      ),
    );
  });

  it('knows weekends from working days, and counts what is left of today', () => {
    const cost = (day: Day) => (weekdayOf(day) > 5 ? 0 : 10_000_000);
    // Monday 2 November 2026, noon: half of today, and the 20 working days after it.
    const costs = costsOf(dayFromIso('2026-06-01'), dayFromIso('2026-11-02'), cost);
    const { spent, total } = forecastMonth(
      costs.set(dayFromIso('2026-11-02'), microEuros(4_000_000)),
      dayFromIso('2026-11-02'),
      0.5,
    );
    assert.deepEqual([spent, total], [4_000_000, 4_000_000 + 5_000_000 + 20 * 10_000_000]);
  });

  it('has a range as wide as past months went astray, and tells by how much', () => {
    // Each second half of a month costs double in July, half in August, and as before in September and October.
    const factor: Record<string, number> = { '07': 2, '08': 0.5 };
    const cost = (day: Day) => 10_000_000 * (Number(day.slice(8)) > 15 ? (factor[day.slice(5, 7)] ?? 1) : 1);
    const { spent, total, range, past } = forecastMonth(
      costsOf(dayFromIso('2026-04-20'), dayFromIso('2026-11-16'), cost),
      dayFromIso('2026-11-16'),
      0,
    );
    const rest = (total ?? 0) - spent;
    assert.equal(past.length, 6);
    const ratios = past.map(({ rest }) => rest.actual / rest.forecast);
    assert.deepEqual(range, {
      low: spent + Math.round(rest * Math.min(...ratios)),
      high: spent + Math.round(rest * Math.max(...ratios)),
    });
    assert.ok(range && range.low < (total ?? 0) && range.high > (total ?? 0));
    const july = past.find(({ firstDay }) => firstDay === '2026-07-01');
    assert.deepEqual([july?.forecast, july?.actual], [310_000_000, 470_000_000]);
  });

  it('is none with less than a week of history, and has no range with less than two past months', () => {
    const young = forecastMonth(
      costsOf(dayFromIso('2026-11-05'), dayFromIso('2026-11-11'), () => 1),
      dayFromIso('2026-11-11'),
      0.3,
    );
    assert.deepEqual([young.spent, young.total, young.range, young.past], [6, null, null, []]);
    const older = forecastMonth(
      costsOf(dayFromIso('2026-10-10'), dayFromIso('2026-11-20'), () => 1_000_000),
      dayFromIso('2026-11-20'),
      0,
    );
    assert.deepEqual([older.total, older.range, older.past.length], [30_000_000, null, 1]);
    assert.deepEqual(forecastMonth(new Map(), dayFromIso('2026-11-20'), 0.5).total, null);
  });

  describe('on the overview', () => {
    let client: Client;
    before(async () => {
      client = await signedIn((await sharedApp()).origin);
      await resetUsage();
      const days = [...costsOf(dayFromIso('2026-04-01'), dayFromIso('2026-11-25'), () => 1_000_000)];
      await insertUsage(
        days.map(([day, cost], i) => ({
          at: parseInstant(`${day}T08:00:00Z`) as bigint,
          cost,
          model: i % 2 === 0 ? 'gpt-5' : 'tts-1',
        })),
      );
      await coverUsage();
    });
    after(resetUsage);

    const card = async (parameters: string) => {
      const page = await openPage(client, `/ai-usage?${parameters}`);
      return {
        page,
        figures: page.querySelectorAll('.month dd').map(textOf),
        text: squeeze(page.querySelector('.month')?.text ?? ''),
      };
    };

    it('is the same in whatever window, and follows the filters', async () => {
      const asOf = 'asOf=2026-11-25T00:00:00Z';
      for (const window of ['period=7d', 'period=all', 'from=2026-10-01&to=2026-10-31']) {
        const { page, figures, text } = await card(`${window}&${asOf}`);
        assert.deepEqual(figures, ['€24.00', '€30.00', '€30.00 to €30.00'], window);
        assert.match(text, /Made on day 25 of the last 6 months, it was 0% off on average/);
        assert.equal(tableOf(page, 'Past forecasts').rows.length, 6);
      }
      const { figures } = await card(`model=gpt-5&${asOf}`);
      assert.equal(figures[0], '€12.00');
      assert.match(figures[1] ?? '', /^€15\.\d\d$/);
    });

    it('says of the 31st that past forecasts are of the last day of shorter months', async () => {
      const made = async (asOf: string) => /Made on day .* months,/.exec((await card(`asOf=${asOf}`)).text)?.[0];
      assert.equal(await made('2026-10-31T12:00:00Z'), 'Made on day 31 (or the last day) of the last 6 months,');
      assert.equal(await made('2026-10-30T12:00:00Z'), 'Made on day 30 of the last 6 months,');
    });

    it('says when there is nothing to go by', async () => {
      const { figures, text } = await card('asOf=2026-04-05T00:00:00Z');
      assert.deepEqual(figures, ['€4.00']);
      assert.match(text, /No forecast yet: it takes a week of history/);
    });
  });
});
