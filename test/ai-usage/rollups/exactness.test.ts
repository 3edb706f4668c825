import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { UsageFilter } from '../../../src/ai-usage/filter.ts';
import { noMemory } from '../../../src/ai-usage/memory.ts';
import { auditAll, coverableUntil, tick } from '../../../src/ai-usage/rollups/keep.ts';
import { openSource } from '../../../src/ai-usage/source.ts';
import { readStats, readTotals } from '../../../src/ai-usage/stats.ts';
import {
  DAY_OF_24_HOURS,
  HOUR,
  type Instant,
  isoFromInstant,
  MINUTE,
  parseInstant,
  startOfHour,
  type Window,
} from '../../../src/units/time.ts';
import { databases, databaseUrls, onServer } from '../../support/databases.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';
import { bruteForce, NO_FILTER } from './brute-force.ts';

const ZONE = 'Europe/Lisbon';
const SPAN = 20 * DAY_OF_24_HOURS;
const MODELS = ['gpt-5', 'tts-1', 'imagen-4.0'];
const ACTIONS = ['chapter_writing', 'image_edit', 'test'];
const STORIES = Array.from({ length: 9 }, (_, i) => `00000000-0000-4000-8000-00000000000${i}`);

/** "Now" of a run: a few days after the clocks change, so that the rows lie on both sides of it. */
const NOWS = ['2026-04-06T10:34:56.789012Z', '2026-11-02T00:10:00Z', '2026-10-26T00:20:00.5Z'].map(
  (iso) => parseInstant(iso) as Instant,
);

type Row = { ago: number; story: number; model: number; action: number; cost: number };
type Step =
  | { do: 'insert'; rows: Row[] }
  | { do: 'late commit'; rows: Row[] }
  | { do: 'delete' | 'replace'; share: number }
  | { do: 'move'; share: number; by: number }
  | { do: 'truncate' }
  | { do: 'tick'; later: number }
  | { do: 'two ticks' };

/** Ages from a microsecond to the whole span; whole hours often, for the edges. */
const ago = fc.oneof(
  fc.integer({ min: 1, max: SPAN }),
  fc.integer({ min: 1, max: 30 * HOUR }),
  fc.integer({ min: 0, max: 480 }).map((hours) => hours * HOUR + 34 * MINUTE),
);
const row: fc.Arbitrary<Row> = fc.record({
  ago,
  story: fc.nat(8),
  model: fc.nat(2),
  action: fc.nat(2),
  cost: fc.nat(99_999),
});
const rows = fc.array(row, { minLength: 1, maxLength: 25 });
const share = fc.integer({ min: 2, max: 5 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: rows.map((some): Step => ({ do: 'insert', rows: some })) },
  { weight: onServer() ? 2 : 0, arbitrary: rows.map((some): Step => ({ do: 'late commit', rows: some })) },
  { weight: 2, arbitrary: share.map((one): Step => ({ do: 'delete', share: one })) },
  { weight: 1, arbitrary: share.map((one): Step => ({ do: 'replace', share: one })) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      share,
      by: fc.integer({ min: -40 * HOUR, max: 40 * HOUR }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'truncate' }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 200 * MINUTE }).map((later): Step => ({ do: 'tick', later })) },
  { weight: onServer() ? 1 : 0, arbitrary: fc.constant<Step>({ do: 'two ticks' }) },
);

const filter: fc.Arbitrary<UsageFilter> = fc.record({
  models: fc.option(fc.subarray(MODELS, { minLength: 1 })),
  actions: fc.option(fc.subarray(ACTIONS, { minLength: 1 })),
  author: fc.constant(null),
  story: fc.option(fc.constantFrom(...STORIES), { freq: 8 }),
  search: fc.constant(null),
});

/** Ages of a window's ends; `from` may be missing, and ends often fall on hours and days. */
const windowAges = fc.tuple(fc.option(ago, { freq: 6 }), ago);

const toInsert = (some: Row[], at: Instant) =>
  some.map(({ ago: age, story, model, action, cost }) => ({
    at: at - age,
    story: STORIES[story] ?? '',
    model: MODELS[model] ?? '',
    action: ACTIONS[action] ?? '',
    input: cost % 97,
    output: cost % 31,
    cost,
  }));

/** One memory for all runs, as in the server: what it forgets to reload is a wrong number. */
const memory = noMemory();

type World = { at: Instant; commits: (() => Promise<void>)[] };

const some = (one: number) => `('x' || substr(token_usage_id::text, 1, 4))::bit(16)::int % ${one} = 0`;

async function perform(one: Step, world: World): Promise<void> {
  const { workflows } = databases();
  if (one.do === 'insert') await insertUsage(toInsert(one.rows, world.at));
  if (one.do === 'late commit') {
    const transaction = await workflows.transaction();
    await insertUsage(toInsert(one.rows, world.at), transaction);
    world.commits.push(async () => {
      await transaction.commit();
    });
  }
  if (one.do === 'delete') await workflows('token_usage_tracking').whereRaw(some(one.share)).delete();
  if (one.do === 'replace') {
    const { rowCount } = await workflows.raw(`DELETE FROM token_usage_tracking WHERE ${some(one.share)}`);
    await insertUsage(
      toInsert(
        Array.from({ length: rowCount }, (_, i) => ({
          ago: (i + 1) * 7 * HOUR,
          story: i % 9,
          model: i % 3,
          action: i % 2,
          cost: i,
        })),
        world.at,
      ),
    );
  }
  if (one.do === 'move') {
    // Never into the future: no window ends there.
    await workflows.raw(
      `UPDATE token_usage_tracking SET created_at = least(?::timestamptz, created_at + make_interval(secs => ?)) WHERE ${some(one.share)}`,
      [isoFromInstant(world.at - 1), one.by / 1e6],
    );
  }
  if (one.do === 'truncate' && world.commits.length === 0) await workflows.raw('TRUNCATE token_usage_tracking');
  if (one.do === 'tick') {
    world.at += one.later;
    await tick(databases(), ZONE, world.at);
    for (const commit of world.commits.splice(0)) await commit();
  }
  if (one.do === 'two ticks')
    await Promise.all([tick(databases(), ZONE, world.at), tick(databases(), ZONE, world.at + MINUTE)]);
}

/** A refreshing process of its own, killed after some milliseconds of refreshing. */
async function killedTick(at: Instant, after: number): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/ai-usage/rollups/refreshing-process.ts', String(at), ZONE],
    {
      env: { ...process.env, ROLLUP_URLS: JSON.stringify(databaseUrls()) },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  await sleep(after);
  child.kill('SIGKILL');
  await exited;
}

async function assertExact(window: Window, wanted: UsageFilter): Promise<void> {
  const { source } = await openSource(databases(), ZONE, memory);
  const expected = await bruteForce(databases().workflows, window, wanted, ZONE);
  assert.deepEqual(await readStats(source, window, wanted, 'day'), expected);
  const { stories: _stories, ...totals } = expected.total;
  assert.deepEqual(await readTotals(source, window, wanted), totals);
}

function windowOf([from, to]: [number | null, number], at: Instant): Window {
  if (from === null) return { from, to: at - to };
  return { from: at - Math.max(from, to), to: at - Math.min(from, to) };
}

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const check = <T>(property: fc.IAsyncProperty<T>, numRuns: number) =>
  fc.assert(property, { seed, numRuns, endOnFailure: true });

describe('rollups are exact', function () {
  this.timeout(120_000);
  before(() => console.log(`    seed ${seed} (FC_SEED repeats it)`));
  beforeEach(resetUsage);
  after(resetUsage);

  const WINDOWS_A_RUN = 25;
  const runs = onServer() ? 40 : 20;

  it(`after a full audit, in ${runs * WINDOWS_A_RUN} random windows with every filter`, async () => {
    const history = fc.array(step, { minLength: 3, maxLength: 14 });
    const windows = fc.array(fc.tuple(windowAges, filter), { minLength: WINDOWS_A_RUN, maxLength: WINDOWS_A_RUN });
    await check(
      fc.asyncProperty(fc.constantFrom(...NOWS), history, windows, async (begin, steps, asked) => {
        await resetUsage();
        const world: World = { at: begin, commits: [] };
        for (const one of steps) await perform(one, world);
        for (const commit of world.commits) await commit();
        await auditAll(databases(), ZONE, world.at);
        for (const [ages, wanted] of asked) await assertExact(windowOf(ages, world.at), wanted);
      }),
      runs,
    );
  });

  it('after one tick, for every change within the last 26 hours', async () => {
    const recent = fc.record({
      ago: fc.integer({ min: 1, max: 25 * HOUR }),
      story: fc.nat(8),
      model: fc.nat(2),
      action: fc.nat(2),
      cost: fc.nat(99_999),
    });
    await check(
      fc.asyncProperty(
        fc.constantFrom(...NOWS),
        rows,
        fc.array(recent, { minLength: 1, maxLength: 20 }),
        share,
        async (at, old, young, one) => {
          await resetUsage();
          await insertUsage(toInsert([...old, ...young], at));
          await auditAll(databases(), ZONE, at);
          await databases()
            .workflows('token_usage_tracking')
            .where('created_at', '>=', isoFromInstant(at - 25 * HOUR))
            .whereRaw(some(one))
            .delete();
          await insertUsage(toInsert(young, at));
          await tick(databases(), ZONE, at + MINUTE);
          for (const days of [null, 1, 3, 19]) {
            await assertExact(
              { from: days === null ? null : at - days * DAY_OF_24_HOURS - 17 * MINUTE, to: at },
              NO_FILTER,
            );
          }
        },
      ),
      onServer() ? 25 : 10,
    );
  });

  it('before anything is covered, and while the backfill is under way', async () => {
    const at = NOWS[1] as Instant;
    await insertUsage(
      toInsert(
        Array.from({ length: 60 }, (_, i) => ({
          ago: i * 8 * HOUR + 1,
          story: i % 9,
          model: i % 3,
          action: i % 2,
          cost: i * 31,
        })),
        at,
      ),
    );
    await assertExact({ from: null, to: at }, NO_FILTER);
    await tick(databases(), ZONE, at - 9 * DAY_OF_24_HOURS);
    const { coverage } = await openSource(databases(), ZONE, memory);
    assert.equal(coverage.coveredUntil, coverableUntil(at - 9 * DAY_OF_24_HOURS));
    for (const days of [1, 5, 12, 19]) await assertExact({ from: at - days * DAY_OF_24_HOURS, to: at }, NO_FILTER);
  });

  it('and a window split anywhere sums to the whole', async () => {
    await check(
      fc.asyncProperty(rows, windowAges, fc.integer({ min: 0, max: 1_000 }), async (old, ages, cut) => {
        const at = NOWS[0] as Instant;
        await resetUsage();
        await insertUsage(toInsert(old, at));
        await tick(databases(), ZONE, at);
        const { source } = await openSource(databases(), ZONE, memory);
        const whole = windowOf(ages, at);
        const from = whole.from ?? at - SPAN;
        const split = from + Math.floor(((whole.to - from) * cut) / 1_000);
        const totals = (window: Window) => readTotals(source, window, NO_FILTER);
        const [all, left, right] = [
          await totals(whole),
          await totals({ from: whole.from, to: split }),
          await totals({ from: split, to: whole.to }),
        ];
        assert.deepEqual(
          {
            requests: left.requests + right.requests,
            inputTokens: left.inputTokens + right.inputTokens,
            outputTokens: left.outputTokens + right.outputTokens,
            cost: left.cost + right.cost,
          },
          all,
        );
      }),
      onServer() ? 40 : 15,
    );
  });

  it('and the same rows twice as once: a second refresh changes nothing', async () => {
    const at = NOWS[2] as Instant;
    await insertUsage(
      toInsert(
        Array.from({ length: 80 }, (_, i) => ({
          ago: i * 5 * HOUR + 1,
          story: i % 9,
          model: i % 3,
          action: i % 3,
          cost: i * 31,
        })),
        at,
      ),
    );
    const dump = async () => {
      const tables = ['usage_hours', 'usage_days', 'story_hours', 'story_days', 'hour_fingerprints'];
      return Promise.all(tables.map((table) => databases().backoffice(table).select().orderByRaw('1, 2, 3')));
    };
    await auditAll(databases(), ZONE, at);
    const once = await dump();
    assert.ok(once.every((table) => table.length > 0));
    await auditAll(databases(), ZONE, at);
    await tick(databases(), ZONE, at);
    assert.deepEqual(await dump(), once);
  });

  it('also when refreshing processes are killed at random points', async function () {
    if (!onServer()) this.skip();
    const at = NOWS[1] as Instant;
    const begun = startOfHour(at) - SPAN;
    for (let round = 0; round < 6; round++) {
      await insertUsage(
        toInsert(
          Array.from({ length: 400 }, (_, i) => ({
            ago: 1 + ((i * 7919 * HOUR) % (at - begun)),
            story: i % 9,
            model: i % 3,
            action: i % 2,
            cost: i,
          })),
          at,
        ),
      );
      await databases().workflows('token_usage_tracking').whereRaw(some(3)).delete();
      await killedTick(at + round * MINUTE, 3 + ((seed >> round) % 500));
    }
    await auditAll(databases(), ZONE, at + HOUR);
    for (const days of [null, 1, 6, 19])
      await assertExact({ from: days === null ? null : at - days * DAY_OF_24_HOURS, to: at }, NO_FILTER);
  });
});
