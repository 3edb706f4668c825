import assert from 'node:assert/strict';
import { noMemory } from '../../../src/stats/memory/memory.ts';
import { readCoverage } from '../../../src/stats/rollups/coverage.ts';
import { recomputeDiffering } from '../../../src/stats/rollups/keep/mend.ts';
import { findDifferingHours } from '../../../src/stats/rollups/keep/refresh.ts';
import { auditAll, tick } from '../../../src/stats/rollups/keep/tick.ts';
import { buildDays } from '../../../src/stats/rollups/keep/write-days.ts';
import { openSource } from '../../../src/stats/source.ts';
import { readStats } from '../../../src/stats/stats.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  type Instant,
  instantAt,
  isoFromInstant,
  MINUTE,
  parseInstant,
  type Window,
} from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { resetRollups, resetUsage } from '../../support/usage.ts';
import { bruteForce, NO_FILTER } from './brute-force.ts';
import { inOrder, packedStories } from './packed.ts';

const ZONE = 'Europe/Lisbon';
const AT = parseInstant('2026-11-02T10:20:30Z') as Instant;
const SPAN = 40n * DAY_OF_24_HOURS;
const RECORDS = 20_000;
const PLACEHOLDER = '00000000-0000-4000-8000-000000000000';

/** Stories that are taken up again at any time of forty days; one of them is named by every fiftieth call. */
async function insertLongStories(): Promise<void> {
  await databases().workflows.raw(
    `INSERT INTO token_usage_tracking
       (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
     SELECT md5('author')::uuid, CASE WHEN n % 50 = 0 THEN ?::uuid ELSE md5('story ' || n % 2000)::uuid END,
            (ARRAY['story_outline', 'chapter_writing', 'image_edit'])[1 + n % 3]::ai_action_type, (ARRAY['gpt-5', 'tts-1'])[1 + n % 2],
            n % 97, n % 31, n % 1000 / 1e6, '{}', ?::timestamptz - make_interval(secs => abs(hashint4extended(n, 1)) % ?::bigint / 1e6)
       FROM generate_series(1, ?::int) AS n`,
    [PLACEHOLDER, isoFromInstant(addTime(AT, -1n)), String(SPAN), RECORDS],
  );
}

async function assertExact(window: Window, zone = ZONE): Promise<void> {
  const { source } = await openSource(databases(), zone, noMemory());
  const { cells: _, ...stats } = await readStats(source, window, NO_FILTER, 'day');
  assert.deepEqual(stats, await bruteForce(databases().workflows, window, NO_FILTER, zone));
}

const lastDays = (days: bigint): Window => ({ from: addTime(AT, -days * DAY_OF_24_HOURS), to: AT });
const transactionNow = async (): Promise<string> =>
  (await databases().backoffice.raw('SELECT txid_current() AS id')).rows[0].id;
/** How many rows or hours of a table have been written since a transaction. */
const writtenSince = async (transaction: string, table: string, what = '*'): Promise<number> =>
  Number(
    (
      await databases().backoffice.raw(`SELECT count(${what}) AS n FROM ${table} WHERE xmin::text::bigint > ?`, [
        transaction,
      ])
    ).rows[0].n,
  );

async function differing(): Promise<number> {
  const range = {
    from: addTime(AT, -SPAN - DAY_OF_24_HOURS),
    to: (await readCoverage(databases().backoffice)).coveredUntil ?? AT,
  };
  const hours = await findDifferingHours(databases(), [range]);
  return hours.reduce((sum, { requests }) => sum + requests, 0);
}

/** Makes every covered hour right, and builds no days. */
async function auditHours(): Promise<void> {
  const { coveredUntil } = await readCoverage(databases().backoffice);
  await recomputeDiffering(databases(), [{ from: addTime(AT, -SPAN - DAY_OF_24_HOURS), to: coveredUntil ?? AT }]);
}

describe('rollups of stories that come back on later days', () => {
  beforeEach(async () => {
    await resetUsage();
    await insertLongStories();
    await auditAll(databases(), ZONE, AT);
  });
  after(resetUsage);

  it('hold fewer rows of stories than there are records', async () => {
    const { rows } = await databases().backoffice.raw(
      'SELECT (SELECT count(*) FROM story_hours) + (SELECT count(*) FROM story_days) AS n',
    );
    assert.ok(Number(rows[0].n) < RECORDS, `${rows[0].n} rows`);
    await assertExact(lastDays(33n));
  });

  it('hold an hour, and a day, of more stories than are written at once, covered for the first time and corrected', async () => {
    const { workflows } = databases();
    await resetUsage();
    await workflows.raw(
      `INSERT INTO token_usage_tracking
         (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
       SELECT md5('author ' || n % 6)::uuid, md5('once ' || n % 24000)::uuid, (ARRAY['test', 'image_edit'])[1 + n / 22000]::ai_action_type,
              'gpt-5', n % 5, 1, n % 1000 / 1e6, '{}', ?::timestamptz - make_interval(secs => n / 7.0) FROM generate_series(1, 30000) AS n`,
      [isoFromInstant(addTime(AT, -10n * DAY_OF_24_HOURS))],
    );
    const assertStories = async () => {
      const { rows } = await workflows.raw(
        `SELECT (created_at AT TIME ZONE '${ZONE}')::date::text AS day, coalesce(action::text, '') AS action, coalesce(ai_model, '') AS model,
                story_id AS story, author_id AS author, count(*)::int AS requests, sum(input_tokens)::int AS input,
                sum(output_tokens)::int AS output, (1000000 * sum(estimated_cost_in_euros))::float8 AS cost
           FROM token_usage_tracking GROUP BY GROUPING SETS ((1, 4, 5), (1, 4, 5, token_usage_tracking.action, ai_model))`,
      );
      assert.ok(rows.length >= 48_000);
      assert.deepEqual(await packedStories(), inOrder(rows));
      await assertExact(lastDays(20n));
    };
    await auditAll(databases(), ZONE, AT);
    await assertStories();
    await workflows.raw(`UPDATE token_usage_tracking SET input_tokens = input_tokens + 1 WHERE action = 'image_edit'`);
    await auditAll(databases(), ZONE, AT);
    await assertStories();
  });

  it('change by the stories of a changed hour alone, also where one story is everywhere', async () => {
    const { workflows } = databases();
    const hour = (at: Instant) => [isoFromInstant(at), isoFromInstant(addTime(at, HOUR))];
    const some = AT - 30n * DAY_OF_24_HOURS - 20n * MINUTE - 30n * 1_000_000n;
    await workflows('token_usage_tracking')
      .where({ story_id: PLACEHOLDER })
      .whereBetween('created_at', [
        hour(instantAt(some))[0] as string,
        isoFromInstant(addTime(instantAt(some), 6n * HOUR)),
      ])
      .delete();
    const transaction = await transactionNow();
    await auditAll(databases(), ZONE, AT);
    assert.ok((await writtenSince(transaction, 'usage_hours', 'DISTINCT hour')) <= 6);
    const rows = await writtenSince(transaction, 'story_hours');
    // Those that are gone and the next in each scope.
    assert.ok(rows > 0 && rows <= 6 * 12, `${rows} rows`);
    for (const days of [1n, 29n, 31n, 39n]) await assertExact(lastDays(days));
  });

  it('are right after two ticks when every record has changed, below a million, the last 26 hours first', async () => {
    const { workflows, backoffice } = databases();
    await workflows.raw('UPDATE token_usage_tracking SET input_tokens = input_tokens + 1');
    assert.equal(await differing(), RECORDS);
    await tick(databases(), ZONE, AT);
    assert.ok((await differing()) <= RECORDS / 2);
    await assertExact(lastDays(1n));
    const again = addTime(AT, 5_000_000n);
    await tick(databases(), ZONE, again);
    assert.equal(await differing(), 0);
    await assertExact({ from: null, to: AT });
    const { auditedUntil, auditEndedAt } = await readCoverage(backoffice);
    assert.ok(auditedUntil === AT || auditedUntil === again);
    assert.notEqual(auditEndedAt, null);
  });

  it('are corrected in pieces where a slice holds more than a tick has time for, each tick going on where the last one came to', async () => {
    const { workflows, backoffice } = databases();
    const old = AT - SPAN - 3n * HOUR;
    const late = (begin: Instant) =>
      workflows.raw(
        `INSERT INTO token_usage_tracking
           (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
         SELECT md5('author')::uuid, md5('story ' || n % 2000)::uuid, 'test', 'gpt-5', n % 97, n % 31, 0.000001, '{}', ?::timestamptz + make_interval(secs => n % 20000)
           FROM generate_series(1, 60000) AS n`,
        [isoFromInstant(begin)],
      );
    await late(instantAt(old));
    await workflows.raw(`UPDATE token_usage_tracking SET output_tokens = 7 WHERE created_at >= ?`, [
      isoFromInstant(addTime(AT, -25n * HOUR)),
    ]);
    const positions: Instant[] = [];
    // Each tick is late at once.
    for (let i = 0; i < 3; i++) {
      await tick(databases(), ZONE, addTime(AT, BigInt(i) * MINUTE), { budgetMs: -1 });
      if (i === 0) await assertExact(lastDays(1n));
      positions.push((await readCoverage(backoffice)).auditPosition as Instant);
    }
    assert.deepEqual(positions, [...positions].sort(), 'it goes on');
    assert.equal(new Set(positions).size, 3);
    assert.ok((positions[0] as Instant) < old + 4n * HOUR);
    for (let ticks = 0; (positions.at(-1) ?? AT) < old + 7n * HOUR; ticks++) {
      assert.ok(ticks < 6, 'the slice comes to an end');
      await tick(databases(), ZONE, addTime(AT, 3n * MINUTE));
      positions.push((await readCoverage(backoffice)).auditPosition as Instant);
    }
    assert.equal(await differing(), 0);
    await assertExact({ from: null, to: AT });
  });

  it('get the days of another time zone in pieces, newest first, and are read by their hours meanwhile, in both zones', async () => {
    const { workflows, backoffice } = databases();
    const other = 'America/Sao_Paulo';
    const window = { from: addTime(AT, -27n * DAY_OF_24_HOURS), to: addTime(AT, -5n * HOUR - 7n * MINUTE) };
    const daysFrom = async () => (await readCoverage(backoffice)).daysFrom;
    // Late at once: the days of one zone have gone, and none are there of the other.
    await tick(databases(), other, AT, { budgetMs: -1 });
    for (const zone of [ZONE, other]) await assertExact(window, zone);
    const begins: (Instant | null)[] = [await daysFrom()];
    for (let pieces = 0; begins.at(-1) !== null; pieces++) {
      assert.ok(pieces < 10, 'it comes to an end');
      // What is corrected in between is right in days that are there, and in those to come.
      await workflows('token_usage_tracking').whereRaw('input_tokens = ?', [pieces]).delete();
      let built = 0;
      await buildDays(backoffice, () => built++ > 0);
      begins.push(await daysFrom());
      await auditHours();
      await assertExact(window, other);
    }
    assert.ok(begins.length > 3, `in ${begins.length - 1} pieces`);
    assert.ok((begins[1] as Instant) < (begins[0] as Instant) && (begins[2] as Instant) < (begins[1] as Instant));
    const dump = () =>
      Promise.all([
        packedStories(),
        ...['usage_days', 'story_days'].map((table) =>
          backoffice.select().fromRaw(`${table} AS rollup`).orderBy('rollup'),
        ),
      ]);
    const kept = await dump();
    await resetRollups();
    await auditAll(databases(), other, AT);
    assert.deepEqual(kept, await dump());
  });
});
