import assert from 'node:assert/strict';
import { noMemory } from '../../../src/stats/memory/memory.ts';
import { auditAll } from '../../../src/stats/rollups/keep/tick.ts';
import { openSource } from '../../../src/stats/source.ts';
import { readStats } from '../../../src/stats/stats.ts';
import { readSumsBy } from '../../../src/stats/stories/story-sums.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  type Instant,
  instantAt,
  isoFromInstant,
  MINUTE,
  parseInstant,
} from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { statementsOf } from '../../support/statements.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';
import { bruteForce, NO_FILTER } from './brute-force.ts';

const ZONE = 'Europe/Lisbon';
const AT = parseInstant('2026-11-02T10:20:30Z') as Instant;

describe('what a request has read of stories stays with it', () => {
  beforeEach(resetUsage);
  after(resetUsage);

  it('also when more of them are asked for than are kept in memory', async () => {
    const hour = parseInstant('2026-10-20T10:00:00Z') as Instant;
    const visits = [
      { first: 1, last: 15_000, at: addTime(hour, 40n * MINUTE) },
      { first: 1, last: 15_000, at: addTime(hour, 80n * MINUTE) },
      { first: 15_001, last: 21_000, at: hour + DAY_OF_24_HOURS + 10n * MINUTE },
    ];
    for (const { first, last, at } of visits) {
      await databases().workflows.raw(
        `INSERT INTO token_usage_tracking
           (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
         SELECT md5('author')::uuid, md5('story ' || n)::uuid, 'test', 'gpt-5', 1, 1, 0.000001, '{}', ?
           FROM generate_series(?::int, ?::int) AS n`,
        [isoFromInstant(instantAt(at)), first, last],
      );
    }
    await auditAll(databases(), ZONE, AT);
    const { source } = await openSource(databases(), ZONE, noMemory());
    for (const to of [addTime(hour, 6n * HOUR), addTime(hour, DAY_OF_24_HOURS + 30n * MINUTE)]) {
      const window = { from: addTime(hour, 30n * MINUTE), to };
      const { total } = await readStats(source, window, NO_FILTER, 'day');
      assert.deepEqual(total, (await bruteForce(databases().workflows, window, NO_FILTER, ZONE)).total);
    }
  });

  it('and of what each story cost only the days are loaded that are asked for', async () => {
    const begin = parseInstant('2026-10-01T10:00:00Z') as Instant;
    await insertUsage(Array.from({ length: 12 }, (_, i) => ({ at: addTime(begin, BigInt(i) * DAY_OF_24_HOURS) })));
    await auditAll(databases(), ZONE, AT);
    const { source } = await openSource(databases(), ZONE, noMemory());
    for (const [days, loaded] of [
      [3n, 2],
      [2n, 0],
      [7n, 4],
    ] as const) {
      const window = { from: begin, to: addTime(begin, days * DAY_OF_24_HOURS) };
      const statements = await statementsOf(async () => {
        const { count } = await readSumsBy(source, window, NO_FILTER, 'story');
        assert.equal(count, Number(days));
      });
      const read = statements.filter(({ sql }) => sql.includes('packed_days')).flatMap(({ rows }) => rows);
      assert.equal(
        read.reduce((sum, { numbers = '' }) => sum + numbers.split(',').length, 0),
        loaded,
      );
    }
  });
});

describe('a window of a few hours', () => {
  beforeEach(resetUsage);
  after(resetUsage);

  it('reads its own records of those that the rollups do not cover yet', async () => {
    const from = parseInstant('2026-10-20T10:00:00Z') as Instant;
    await insertUsage(Array.from({ length: 400 }, (_, i) => ({ at: from + BigInt(i) * 30n * MINUTE })));
    await insertUsage([{ at: addTime(from, -5n * HOUR) }]);
    // Covered up to the first of them.
    await auditAll(databases(), ZONE, addTime(from, -HOUR));
    const { source } = await openSource(databases(), ZONE, noMemory());
    assert.ok(source.coveredUntil !== null && source.coveredUntil <= from);
    let read = 0;
    const count = ({ rows }: { rows?: unknown[] }) => {
      read += rows?.length ?? 0;
    };
    const { workflows } = databases();
    workflows.on('query-response', count);
    const window = { from: addTime(from, 100n * HOUR), to: addTime(from, 104n * HOUR) };
    const { total } = await readStats(source, window, NO_FILTER, 'day');
    workflows.off('query-response', count);
    assert.equal(total.requests, 8);
    assert.ok(read <= 8, `${read} rows`);
  });
});
