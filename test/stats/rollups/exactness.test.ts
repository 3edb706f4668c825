import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { openDatabase } from '../../../src/db/connect.ts';
import type { Cursor } from '../../../src/query/cursor.ts';
import type { UsageFilter } from '../../../src/query/filter.ts';
import { noMemory } from '../../../src/stats/memory.ts';
import { readRecords } from '../../../src/stats/records/record-pages.ts';
import { cursorBeside } from '../../../src/stats/records/records.ts';
import { coverableUntil, rebuild } from '../../../src/stats/rollups/keep/backfill.ts';
import { auditAll, tick } from '../../../src/stats/rollups/keep/tick.ts';
import { openSource } from '../../../src/stats/source.ts';
import { readStats, readTotals } from '../../../src/stats/stats.ts';
import { readSumsBy, sumsAt } from '../../../src/stats/stories/story-sums.ts';
import { sumOf } from '../../../src/stats/sums.ts';
import { readWeek } from '../../../src/stats/week.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  earliest,
  HOUR,
  type Instant,
  instantAt,
  isoFromInstant,
  latest,
  MINUTE,
  parseInstant,
  type Window,
} from '../../../src/units/time.ts';
import { commandLine } from '../../support/command-line.ts';
import { databases, databaseUrls, onServer } from '../../support/databases.ts';
import { filtersOver } from '../../support/filters.ts';
import { needsServer } from '../../support/skip.ts';
import { runs } from '../../support/thorough.ts';
import { insertUsage, resetRollups, resetUsage } from '../../support/usage.ts';
import { bruteForce, bruteForceBy, bruteForceIds, bruteForceWeek, NO_FILTER } from './brute-force.ts';

const ZONE = 'Europe/Lisbon';
const SPAN = 20n * DAY_OF_24_HOURS;
const MODELS = ['gpt-5', '', 'imagen-4.0'];
const ACTIONS = ['chapter_writing', 'image_edit', 'test'];
const AUTHORS = Array.from({ length: 3 }, (_, i) => `10000000-0000-4000-8000-00000000000${i}`);
const STORIES = Array.from({ length: 90 }, (_, i) => `00000000-0000-4000-8000-0000000000${String(i).padStart(2, '0')}`);

/** "Now" of a run: a few days after the clocks change, so that the rows lie on both sides of it. */
const at = (iso: string) => parseInstant(iso) as Instant;
const NOWS = ['2026-04-06T10:34:56.789012Z', '2026-11-02T00:10:00Z', '2026-10-26T00:20:00.5Z'].map(at);
/** 12,000 years after PostgreSQL's time began. */
const FAR_NOW = at('7287-06-15T10:34:56.789012Z');

type Row = { ago: bigint; story: number; model: number; action: number; cost: number };
type Step =
  | { do: 'insert'; rows: Row[] }
  | { do: 'late commit'; rows: Row[] }
  | { do: 'delete' | 'replace'; share: number }
  | { do: 'move'; share: number; by: bigint }
  | { do: 'truncate' }
  | { do: 'tick'; later: bigint }
  | { do: 'two ticks' };

/** Ages from a microsecond to the whole span; whole hours often, for the edges. */
const ago = fc.oneof(
  fc.bigInt({ min: 1n, max: SPAN }),
  fc.bigInt({ min: 1n, max: 30n * HOUR }),
  fc.integer({ min: 0, max: 480 }).map((hours) => BigInt(hours) * HOUR + 34n * MINUTE),
);
const row: fc.Arbitrary<Row> = fc.record({
  ago,
  // Few that come back, and many that are seen once.
  story: fc.oneof(fc.nat(8), fc.nat(89)),
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
      by: fc.bigInt({ min: -40n * HOUR, max: 40n * HOUR }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'truncate' }) },
  { weight: 4, arbitrary: fc.bigInt({ min: 1n, max: 200n * MINUTE }).map((later): Step => ({ do: 'tick', later })) },
  { weight: onServer() ? 1 : 0, arbitrary: fc.constant<Step>({ do: 'two ticks' }) },
);

const filter = filtersOver({ models: MODELS, actions: ACTIONS, authors: AUTHORS, stories: STORIES });

/** Anywhere in PostgreSQL's time of which a clock in Lisbon can tell, most often within 12,000 years; where eras, zones and ways of writing change. */
const farInstant: fc.Arbitrary<Instant> = fc.oneof(
  fc.bigInt({ min: at('-004713-11-25T00:00:00Z'), max: at('7287-01-01T00:00:00Z') }).map(instantAt),
  fc.bigInt({ min: at('1800-01-01T00:00:00Z'), max: at('2100-01-01T00:00:00Z') }).map(instantAt),
  fc
    .tuple(
      fc.constantFrom(
        at('0001-01-01T00:36:45Z'),
        at('0000-03-01T00:36:45Z'),
        at('1911-12-31T23:30:00Z'),
        at('1912-01-01T00:00:00Z'),
        at('1970-01-01T00:00:00Z'),
        at('2000-01-01T00:00:00Z'),
        at('+010000-01-01T00:00:00Z'),
        at('+294276-12-31T12:00:00Z'),
        ...NOWS,
      ),
      fc.bigInt({ min: -2n * HOUR, max: 2n * HOUR }),
    )
    .map(([instant, beside]) => addTime(instant, beside)),
);

/** Ages of a window's ends; `from` may be missing, and ends often fall on hours and days. */
const windowAges = fc.tuple(fc.option(ago, { freq: 6 }), ago);

const toInsert = (some: Row[], at: Instant) =>
  some.map(({ ago: age, story, model, action, cost }) => ({
    at: at - age,
    author: AUTHORS[cost % 3] ?? '',
    story: STORIES[story] ?? '',
    model: MODELS[model] ?? '',
    action: ACTIONS[action] ?? '',
    input: cost % 97,
    output: cost % 31,
    // Now and then none.
    cost: cost % 13 === 5 ? Number.NaN : cost,
  }));

/** One memory for all runs, as in the server: what it forgets to reload is a wrong number. */
const memory = noMemory();

/** `open`: transactions that have inserted and not committed. */
type World = { at: Instant; open: Knex.Transaction[] };

/** Late commits hold their connections: on a pool of their own they keep none from the rest of the suite. */
let lateCommitters: Knex;

async function commitAll({ open }: World): Promise<void> {
  for (const transaction of open.splice(0)) await transaction.commit();
}

const someOf = (one: number) => `('x' || substr(token_usage_id::text, 1, 4))::bit(16)::int % ${one} = 0`;

async function perform(one: Step, world: World): Promise<void> {
  const { workflows } = databases();
  if (one.do === 'insert') await insertUsage(toInsert(one.rows, world.at));
  if (one.do === 'late commit') {
    const transaction = await lateCommitters.transaction();
    await insertUsage(toInsert(one.rows, world.at), transaction);
    world.open.push(transaction);
  }
  if (one.do === 'delete') await workflows('token_usage_tracking').whereRaw(someOf(one.share)).delete();
  if (one.do === 'replace') {
    const { rowCount } = await workflows.raw(`DELETE FROM token_usage_tracking WHERE ${someOf(one.share)}`);
    await insertUsage(
      toInsert(
        Array.from({ length: rowCount }, (_, i) => ({
          ago: BigInt(i + 1) * 7n * HOUR,
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
      `UPDATE token_usage_tracking SET created_at = least(?::timestamptz, created_at + make_interval(secs => ?)) WHERE ${someOf(one.share)}`,
      [isoFromInstant(addTime(world.at, -1n)), Number(one.by) / 1e6],
    );
  }
  if (one.do === 'truncate' && world.open.length === 0) await workflows.raw('TRUNCATE token_usage_tracking');
  if (one.do === 'tick') {
    world.at = addTime(world.at, one.later);
    await tick(databases(), ZONE, world.at);
    await commitAll(world);
  }
  if (one.do === 'two ticks') {
    // Of one process they would take turns.
    const backoffice = openDatabase(databaseUrls().backoffice, { maxConnections: 1 });
    const other = { ...databases(), backoffice };
    await Promise.all([tick(databases(), ZONE, world.at), tick(other, ZONE, addTime(world.at, MINUTE))]).finally(() =>
      backoffice.destroy(),
    );
  }
}

/** A full audit in a process of its own, killed after so many answers of backoffice_db. Resolves to whether it was. */
async function killedAudit(at: Instant, answers: number): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [...(await commandLine('test/stats/rollups/refreshing-process.ts')), String(at), ZONE, String(answers)],
    { env: { ...process.env, ROLLUP_URLS: JSON.stringify(databaseUrls()) }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [, signal] = await once(child, 'exit');
  return signal === 'SIGKILL';
}

/** Every rollup as it stands; the elements of arrays are in no order. */
function dump(): Promise<unknown[][]> {
  const tables = [
    'usage_hours',
    'usage_days',
    'usage_days_by_story',
    'story_hours',
    'story_days',
    'hour_fingerprints',
    `(SELECT story_id, one.hour, action, model FROM story_visits
       CROSS JOIN LATERAL unnest(hours, kinds) AS one (hour, kind) JOIN usage_kinds USING (kind))`,
    `(SELECT hour, action, model, one.* FROM usage_hours_by_story AS cell
       CROSS JOIN LATERAL unnest(story_ids, author_ids, requests, input_tokens, output_tokens, cost) AS one)`,
  ];
  return Promise.all(
    tables.map((table) => databases().backoffice.select().fromRaw(`${table} AS rollup`).orderBy('rollup')),
  );
}

async function assertExact(window: Window, wanted: UsageFilter): Promise<void> {
  const { source } = await openSource(databases(), ZONE, memory);
  const expected = await bruteForce(databases().workflows, window, wanted, ZONE);
  const { cells, ...stats } = await readStats(source, window, wanted, 'day');
  assert.deepEqual(stats, expected);
  assert.deepEqual({ ...sumOf(cells), stories: stats.total.stories }, expected.total);
  const { stories: _stories, ...totals } = expected.total;
  assert.deepEqual(await readTotals(source, window, wanted), totals);
  for (const by of ['story', 'author'] as const) {
    const { active, columns, idOf } = await readSumsBy(source, window, wanted, by);
    const found = new Map(active.map((number) => [idOf(number), sumsAt(columns, number)]));
    assert.deepEqual(found, await bruteForceBy(databases().workflows, window, wanted, by));
    assert.equal(found.size, active.length);
  }
}

async function assertWeek(window: Window, wanted: UsageFilter): Promise<void> {
  const { source } = await openSource(databases(), ZONE, memory);
  assert.deepEqual(
    await readWeek(source, window, wanted),
    await bruteForceWeek(databases().workflows, window, wanted, ZONE),
  );
}

/** By number and by cursor. */
async function assertPages(window: Window, wanted: UsageFilter): Promise<void> {
  const { source } = await openSource(databases(), ZONE, memory);
  const sort = { sortBy: 'createdAt', sortOrder: 'desc' } as const;
  for (const by of ['number', 'cursor']) {
    const seen: string[] = [];
    let cursor: Cursor | null = null;
    for (let page = 1; ; page++) {
      const query = { ...sort, page, pageSize: 7, cursor: by === 'cursor' ? cursor : null };
      const { records, hasNext } = await readRecords(source, window, wanted, query);
      seen.push(...records.map(({ tokenUsageId }) => tokenUsageId));
      const last = records.at(-1);
      if (!hasNext || !last) break;
      cursor = cursorBeside(last, 'after', sort);
    }
    assert.deepEqual(seen, await bruteForceIds(databases().workflows, window, wanted), by);
  }
}

function windowOf([from, to]: [bigint | null, bigint], at: Instant): Window {
  const ago = (length: bigint) => addTime(at, -length);
  if (from === null) return { from, to: ago(to) };
  return { from: earliest(ago(from), ago(to)), to: latest(ago(from), ago(to)) };
}

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const check = <T>(property: fc.IAsyncProperty<T>, numRuns: number) =>
  fc.assert(property, { seed, numRuns: runs(numRuns), endOnFailure: true });

describe('rollups are exact', () => {
  before(() => {
    console.log(`    seed ${seed} (FC_SEED repeats it)`);
    lateCommitters = openDatabase(databaseUrls().workflows, { maxConnections: 20 });
  });
  beforeEach(resetUsage);
  after(async () => {
    await lateCommitters.destroy();
    await resetUsage();
  });

  const WINDOWS_A_RUN = 25;
  const histories = onServer() ? 40 : 20;

  it(`after a full audit, in ${runs(histories) * WINDOWS_A_RUN} random windows with every filter`, async () => {
    const history = fc.array(step, { minLength: 3, maxLength: 14 });
    const windows = fc.array(fc.tuple(windowAges, filter), { minLength: WINDOWS_A_RUN, maxLength: WINDOWS_A_RUN });
    await check(
      fc.asyncProperty(fc.constantFrom(...NOWS), history, windows, async (begin, steps, asked) => {
        await resetUsage();
        const world: World = { at: begin, open: [] };
        try {
          for (const one of steps) await perform(one, world);
          await commitAll(world);
          await auditAll(databases(), ZONE, world.at);
          for (const [ages, wanted] of asked) await assertExact(windowOf(ages, world.at), wanted);
        } finally {
          // An open transaction would keep TRUNCATE, and so every other test, waiting.
          for (const transaction of world.open) await transaction.rollback();
        }
      }),
      histories,
    );
  });

  it('after one tick, for every change within the last 26 hours', async () => {
    const recent = fc.record({
      ago: fc.bigInt({ min: 1n, max: 25n * HOUR }),
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
            .where('created_at', '>=', isoFromInstant(addTime(at, -25n * HOUR)))
            .whereRaw(someOf(one))
            .delete();
          await insertUsage(toInsert(young, at));
          await tick(databases(), ZONE, addTime(at, MINUTE));
          for (const days of [null, 1, 3, 19]) {
            await assertExact(
              { from: days === null ? null : addTime(at, -BigInt(days) * DAY_OF_24_HOURS - 17n * MINUTE), to: at },
              NO_FILTER,
            );
          }
        },
      ),
      onServer() ? 25 : 10,
    );
  });

  it('with stories that come back all through a year, and what is kept of them is what a first backfill would keep', async () => {
    const yearAgo = fc.bigInt({ min: 1n, max: 400n * DAY_OF_24_HOURS });
    const ofYear = fc.array(
      fc.record({ ago: yearAgo, story: fc.nat(5), model: fc.nat(2), action: fc.nat(2), cost: fc.nat(99_999) }),
      {
        minLength: 1,
        maxLength: 60,
      },
    );
    const history = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: ofYear.map((some): Step => ({ do: 'insert', rows: some })) },
        { weight: 6, arbitrary: step },
      ),
      { minLength: 4, maxLength: 12 },
    );
    const windows = fc.array(fc.tuple(fc.option(yearAgo, { freq: 6 }), fc.oneof(yearAgo, ago), filter), {
      minLength: WINDOWS_A_RUN,
      maxLength: WINDOWS_A_RUN,
    });
    await check(
      fc.asyncProperty(fc.constantFrom(...NOWS), ofYear, history, windows, async (begin, first, steps, asked) => {
        await resetUsage();
        const world: World = { at: begin, open: [] };
        try {
          await perform({ do: 'insert', rows: first }, world);
          await auditAll(databases(), ZONE, world.at);
          for (const one of steps) await perform(one, world);
          await commitAll(world);
          await auditAll(databases(), ZONE, world.at);
          for (const [from, to, wanted] of asked) await assertExact(windowOf([from, to], world.at), wanted);
          const kept = await dump();
          await resetRollups();
          await auditAll(databases(), ZONE, world.at);
          assert.deepEqual(kept, await dump());
        } finally {
          for (const transaction of world.open) await transaction.rollback();
        }
      }),
      onServer() ? 15 : 8,
    );
  });

  it('before anything is covered, and while the backfill is under way', async () => {
    const at = NOWS[1] as Instant;
    await insertUsage(
      toInsert(
        Array.from({ length: 60 }, (_, i) => ({
          ago: BigInt(i) * 8n * HOUR + 1n,
          story: i % 9,
          model: i % 3,
          action: i % 2,
          cost: i * 31,
        })),
        at,
      ),
    );
    await assertExact({ from: null, to: at }, NO_FILTER);
    await tick(databases(), ZONE, addTime(at, -9n * DAY_OF_24_HOURS));
    const { coverage } = await openSource(databases(), ZONE, memory);
    assert.equal(coverage.coveredUntil, coverableUntil(addTime(at, -9n * DAY_OF_24_HOURS)));
    for (const days of [1, 5, 12, 19])
      await assertExact({ from: addTime(at, -BigInt(days) * DAY_OF_24_HOURS), to: at }, NO_FILTER);
  });

  it('with rows over 12,000 years: every statistic and every page of records', async () => {
    const fewWindows = fc.array(fc.tuple(fc.option(farInstant, { freq: 4 }), farInstant, filter), {
      minLength: WINDOWS_A_RUN,
      maxLength: WINDOWS_A_RUN,
    });
    await check(
      fc.asyncProperty(
        fc.constantFrom(...NOWS, FAR_NOW),
        fc.array(fc.record({ at: farInstant, row }), { minLength: 1, maxLength: 40 }),
        share,
        fewWindows,
        async (at, some, one, asked) => {
          await resetUsage();
          const insert = (rows: typeof some) =>
            insertUsage(rows.flatMap(({ at, row }) => toInsert([{ ...row, ago: 0n }], at)));
          await insert(some.slice(1));
          await auditAll(databases(), ZONE, at);
          await databases().workflows('token_usage_tracking').whereRaw(someOf(one)).delete();
          await insert(some.slice(0, 9));
          await auditAll(databases(), ZONE, at);
          for (const [from, to, wanted] of asked) {
            const window = { from: from === null ? null : earliest(from, to), to: latest(from ?? to, to) };
            await assertExact(window, wanted);
            await assertWeek(window, wanted);
            await assertPages(window, wanted);
          }
        },
      ),
      onServer() ? 10 : 5,
    );
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
        const from = whole.from ?? addTime(at, -SPAN);
        const split = addTime(from, ((whole.to - from) * BigInt(cut)) / 1_000n);
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
          ago: BigInt(i) * 5n * HOUR + 1n,
          story: i % 9,
          model: i % 3,
          action: i % 3,
          cost: i * 31,
        })),
        at,
      ),
    );
    await auditAll(databases(), ZONE, at);
    const first = await dump();
    assert.ok(first.every((table) => table.length > 0));
    await auditAll(databases(), ZONE, at);
    await tick(databases(), ZONE, at);
    assert.deepEqual(await dump(), first);
  });

  it('and after a rebuild, whatever had become of the rollups', async () => {
    const at = NOWS[1] as Instant;
    const some = Array.from({ length: 80 }, (_, i) => ({
      ago: BigInt(i) * 5n * HOUR + 1n,
      story: i % 9,
      model: i % 3,
      action: i % 3,
      cost: i * 31,
    }));
    await insertUsage(toInsert(some, at));
    await auditAll(databases(), ZONE, at);
    const right = await dump();
    await databases().backoffice.raw(`
      UPDATE usage_hours SET cost = cost + 1;
      UPDATE story_hours SET stories_up_to = (SELECT array_agg(1 + one) FROM unnest(stories_up_to) AS one);
      DELETE FROM story_days WHERE within = 'all';
      UPDATE story_visits SET hours = hours[2:], kinds = kinds[2:]`);
    assert.notDeepEqual(await dump(), right);
    await rebuild(databases(), ZONE, () => {});
    const window = { from: addTime(at, -15n * DAY_OF_24_HOURS), to: at };
    await assertExact(window, NO_FILTER);
    const now = await dump();
    await resetRollups();
    await rebuild(databases(), ZONE, () => {});
    assert.deepEqual(now, await dump());
  });

  it('also when a refreshing process is killed at random points: all of its work is there, or none', async function () {
    needsServer(this);
    const at = NOWS[1] as Instant;
    const half = (round: number) =>
      Array.from({ length: 120 }, (_, i) => ({
        ago: 20n * HOUR + ((BigInt(i) * 7919n * MINUTE + BigInt(round) * HOUR) % (9n * DAY_OF_24_HOURS)),
        story: i % 9,
        model: i % 3,
        action: i % 2,
        cost: i * (round + 1),
      }));
    await insertUsage(toInsert(half(0), at));
    await auditAll(databases(), ZONE, at);
    let kills = 0;
    for (let round = 1; round <= 6; round++) {
      const before = await dump();
      await insertUsage(toInsert(half(round), at));
      await databases().workflows('token_usage_tracking').whereRaw(someOf(4)).delete();
      // The reading takes some eight answers; the writing begins behind them.
      if (await killedAudit(at, 8 + ((seed >> round) % 40) + round)) kills += 1;
      const after = await dump();
      await auditAll(databases(), ZONE, at);
      const complete = await dump();
      assert.ok(
        isDeepStrictEqual(after, before) || isDeepStrictEqual(after, complete),
        `round ${round}: a killed process left half of its work`,
      );
      assert.ok(!isDeepStrictEqual(before, complete));
    }
    assert.ok(kills > 0);
    for (const days of [null, 1, 6, 19])
      await assertExact(
        { from: days === null ? null : addTime(at, -BigInt(days) * DAY_OF_24_HOURS), to: at },
        NO_FILTER,
      );
  });
});
