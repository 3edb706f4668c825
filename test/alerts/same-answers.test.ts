import assert from 'node:assert/strict';
import fc from 'fast-check';
import { liveAnswers } from '../../src/alerts/evaluation/live-answers.ts';
import { recordedAnswers } from '../../src/alerts/evaluation/recorded-answers.ts';
import { replay } from '../../src/alerts/evaluation/replay.ts';
import { newStanding } from '../../src/alerts/evaluation/rule-standing.ts';
import { RULE_TYPE_NAMES, type RuleTypeName, ruleTypeOf } from '../../src/alerts/rules/registry.ts';
import { followingWindows, runningWindow } from '../../src/alerts/rules/windows.ts';
import { queryOfFilter } from '../../src/query/filter-text.ts';
import type { Budget } from '../../src/stats/budgets/budgets.ts';
import { noSums } from '../../src/stats/sums.ts';
import type { Day } from '../../src/units/calendar.ts';
import { microEuros } from '../../src/units/money.ts';
import { addDays, addTime, DAY_OF_24_HOURS, HOUR, instantAt, MINUTE, startOfDay } from '../../src/units/time.ts';
import { evaluating } from '../support/alerts.ts';
import { slowly, usageAt } from '../support/generated-usage.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

const ZONES = ['Europe/Lisbon', 'America/New_York', 'Asia/Kolkata'];
/** About a change of clocks in Lisbon: days of 25 hours among them. */
const CHANGE = '2025-10-26' as Day;

/** Fields that fire now and then on rows of a few euros. */
const FIELDS: Record<RuleTypeName, Record<string, unknown>[]> = {
  threshold: (['cost', 'requests', 'tokens', 'costPerRequest', 'costPerStory'] as const).flatMap((measure) =>
    (['hour', 'day', 'week', 'month'] as const).map((window) => ({
      ...{ measure, window, warning: 1 },
      critical: measure === 'tokens' ? 5_000_000 : 12,
    })),
  ),
  budget: [{ budget: 'b', percents: [10, 50, 100] }],
  forecast: [{ budget: 'b' }],
  unusual: (['hour', 'day'] as const).map((window) => ({ window, strength: 1, minEuros: 0.01, minPercent: 1 })),
  new: ['model', 'action', 'provider'].map((what) => ({ what })),
  unpriced: [{ minTokens: 1 }],
  silence: [{ hours: 1 }, { hours: 7 }],
  price: [{ percent: 5 }],
};

const budgetPer = (per: Budget['per']): Budget => ({
  ...{ id: 'b', name: 'B', per, filter: '', cost: 'recorded', owner: '' },
  amounts: [
    { from: null, amount: microEuros(40_000_000) },
    { from: CHANGE, amount: microEuros(90_000_000) },
  ],
});

/** Another one for large requests, and rounded by the call. */
const PRICES = [0, 1_000].map((aboveInputTokens, i) => ({
  ...{ id: String(i), model: 'gpt-5*', action: null, from: '2025-01-01' as Day, currency: 'EUR' as const },
  ...{ aboveInputTokens, inputPerMillion: `${i + 1}.25`, outputPerMillion: '10.5', perImage: null },
  ...{ perThousandCharacters: null, tokensPerImage: null, cachedInputPerMillion: null },
}));

const CHOICES = RULE_TYPE_NAMES.flatMap((name) => FIELDS[name].map((fields) => ({ name, fields })));

const rule = fc.record({
  choice: fc.constantFrom(...CHOICES),
  evaluations: fc.constantFrom(1, 1, 3),
  per: fc.constantFrom('week' as const, 'month' as const, 'quarter' as const),
  cost: fc.constantFrom('recorded' as const, 'repriced' as const),
  filter: fc.constantFrom('', 'model=gpt-5', 'notAction=test', 'minCost=0.001', 'hours=22-5'),
});

/** Rows by how far they lie from where a replay begins: about the same time of many days, often at the ends of minutes. */
const rows = fc.array(
  fc
    .tuple(
      fc.oneof(fc.constant(0), fc.nat(6), fc.nat(70)),
      fc.integer({ min: -90, max: 150 }),
      fc.constantFrom(0n, 1n, MINUTE - 1n, 30_000_000n),
    )
    .map(([days, minute, rest]) => instantAt(-BigInt(days) * DAY_OF_24_HOURS + BigInt(minute) * MINUTE + rest))
    .chain((at) => usageAt(fc.constant(at)).map((row) => ({ ...row, at, cost: Math.min(row.cost ?? 0, 9_000_000) }))),
  { minLength: 1, maxLength: 60 },
);

const UNPRICED = { choice: { name: 'unpriced' as const, fields: { minTokens: 1 } }, cost: 'repriced' as const };
const ONE_CALL = { at: instantAt(270_000_000n), model: 'gpt-5', input: 1, output: 0, cost: 1 };

describe('a rehearsal', () => {
  before(resetUsage);
  after(resetUsage);

  it('lets others have their turn, however many minutes it goes through', async () => {
    let turns = 0;
    let next = setImmediate(function turn() {
      turns += 1;
      next = setImmediate(turn);
    });
    const about = { timeZone: 'Europe/Lisbon', window: followingWindows('Europe/Lisbon'), budget: null, leftOut: [] };
    const type = ruleTypeOf('threshold');
    const fields = { measure: 'cost', window: 'day', warning: null, critical: 1 };
    const begin = startOfDay(CHANGE, 'Europe/Lisbon');
    const began = process.cpuUsage();
    await replay(
      { type, fields, evaluations: 1 },
      newStanding(begin),
      { from: begin, to: addTime(begin, 30n * DAY_OF_24_HOURS) },
      { ...about, ask: async () => noSums() as never },
    );
    clearImmediate(next);
    // One every ten milliseconds; half of them, for a turn is as long as it takes. Of the time that this process had: others want theirs.
    const { user, system } = process.cpuUsage(began);
    assert.ok(turns >= (user + system) / 1_000 / 20 - 1 && turns > 0, `${turns} turns`);
  });

  it('says what the evaluation of each minute says, on the same records', async () => {
    const { reader } = await evaluating();
    await fc.assert(
      fc.asyncProperty(
        rule,
        fc.constantFrom(...ZONES),
        fc.constantFrom(0, 1, 5),
        fc.integer({ min: 0, max: 47 }),
        rows,
        fc.boolean(),
        async ({ choice: { name, fields }, evaluations, per, filter, cost }, zone, later, hours, usage, covered) => {
          await resetUsage();
          const begin = addTime(startOfDay(addDays(CHANGE, later - 4), zone), BigInt(hours) * HOUR);
          await insertUsage(usage.map((row) => ({ ...row, at: addTime(begin, BigInt(row.at ?? 0n)) })));
          if (covered) await coverUsage(zone);
          const type = ruleTypeOf(name);
          const budget = budgetPer(per);
          const evaluated = { type, fields, evaluations };
          // Two hours by the minute, two days by the hour.
          const to = addTime(begin, type.every === 'minute' ? 2n * HOUR : 48n * HOUR);
          const about = { timeZone: zone, window: runningWindow, budget, leftOut: [] };
          const text = 'budget' in fields ? '' : filter;
          const answers = await reader.together(async (state) => {
            const source = { ...state.source, timeZone: zone };
            const prices = (await state.prices()).changed(() => PRICES);
            const live = liveAnswers(
              {
                ...state,
                prices: async () => prices,
                source: { ...source, coveredUntil: zone === state.source.timeZone ? source.coveredUntil : null },
              },
              to,
            )(text, cost);
            const meant = await state.filterOf(queryOfFilter(text, { timeZone: zone }, to));
            const back = type.looksBack(fields, begin, about);
            const span = { from: addTime(begin, -back), begin, to };
            const recorded = await recordedAnswers(
              { ...source, coveredUntil: zone === state.source.timeZone ? source.coveredUntil : null },
              meant,
              span,
              evaluated,
              cost === 'repriced' ? prices : null,
            );
            const ofThem = async (ask: typeof live) => {
              const seen: unknown[] = [];
              const { events, standing } = await replay(
                evaluated,
                newStanding(begin, ['gpt-5', 'test', 'OpenAI']),
                { from: begin, to },
                { ...about, ask },
                (at, one) => seen.push([at, one]),
              );
              return { events, standing, seen };
            };
            const { events, standing } = await replay(
              evaluated,
              newStanding(begin, ['gpt-5', 'test', 'OpenAI']),
              { from: begin, to },
              { ...about, ...recorded },
            );
            return [await ofThem(live), await ofThem(recorded.ask), { events, standing }] as const;
          });
          assert.deepEqual(answers[1], answers[0]);
          // And where the minutes in which nothing is recorded are passed over.
          const { events, standing } = answers[0];
          assert.deepEqual(answers[2], { events, standing });
        },
      ),
      {
        ...slowly(120),
        // Calls recorded at €0 are looked for by what was recorded, whoever's costs the rule counts.
        examples: [
          [{ ...UNPRICED, evaluations: 1, per: 'week', filter: '' }, 'Europe/Lisbon', 0, 0, [ONE_CALL], false],
        ],
      },
    );
  });
});
