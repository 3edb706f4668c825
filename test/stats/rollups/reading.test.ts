import assert from 'node:assert/strict';
import type { UsageFilter } from '../../../src/query/filter.ts';
import { readWeek } from '../../../src/stats/explore/week.ts';
import { noMemory } from '../../../src/stats/memory/memory.ts';
import { readCoverage } from '../../../src/stats/rollups/coverage.ts';
import { auditAll, tick } from '../../../src/stats/rollups/keep/tick.ts';
import { openSource } from '../../../src/stats/source.ts';
import { readStats } from '../../../src/stats/stats.ts';
import { readSumsBy } from '../../../src/stats/stories/story-sums.ts';
import { lookUpVisits } from '../../../src/stats/stories/story-visits.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  type Instant,
  isoFromInstant,
  parseInstant,
  type Window,
} from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { needsServer } from '../../support/skip.ts';
import { type Statement, statementsOf } from '../../support/statements.ts';
import { resetRollups, resetUsage } from '../../support/usage.ts';
import { sumsById } from './assert-exact.ts';
import { bruteForce, bruteForceBy, bruteForceWeek, NO_FILTER } from './brute-force.ts';

const ZONE = 'Europe/Lisbon';
const AT = parseInstant('2026-11-20T10:20:30Z') as Instant;
/** The beginning of a business day. */
const BEGIN = parseInstant('2026-11-02T00:00:00Z') as Instant;
const MOST_ELEMENTS = 20_000;
const day = (number: number): Instant => addTime(BEGIN, BigInt(number) * DAY_OF_24_HOURS);
const days = (first: number, end: number): Window => ({ from: day(first), to: day(end) });

/** So many records at even distances in a day, of stories that come back. */
async function insertDay(number: number, records: number, models = ['gpt-5']): Promise<void> {
  await databases().workflows.raw(
    `INSERT INTO token_usage_tracking
       (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
     SELECT md5('author ' || n % 7)::uuid, md5('story ' || (n + 37 * ?::int) % 3001)::uuid, 'test', (?::text[])[1 + n % ?::int], n % 97, n % 31, n % 1000 / 1e6, '{}',
            ?::timestamptz + make_interval(secs => 86400.0 * n / ?::int)
       FROM generate_series(0, ?::int - 1) AS n`,
    [number, models, models.length, isoFromInstant(day(number)), records, records],
  );
}

const of = (table: string, statements: Statement[]) =>
  statements.filter(({ sql }) => new RegExp(`\\b${table}\\b`).test(sql));
const elementsIn = ({ rows }: Statement) => rows.reduce((sum, { stories = '' }) => sum + stories.split(',').length, 0);
const most = (numbers: number[]) => Math.max(...numbers);

describe('rollups are read in pieces, and of them what is missing', () => {
  beforeEach(resetUsage);
  after(resetUsage);

  it('what stories had of a model: so many elements by one statement, of days and of a day’s hours', async () => {
    for (const number of [0, 0, 1, 1, 2]) await insertDay(number, 28_000);
    await auditAll(databases(), ZONE, AT);
    const { source } = await openSource(databases(), ZONE, noMemory());
    const filter = { ...NO_FILTER, models: ['gpt-5'] };
    const statementsFor = (window: Window, filter: UsageFilter) =>
      statementsOf(async () => {
        const { count } = await readSumsBy(source, window, filter, 'story');
        const expected = await bruteForceBy(databases().workflows, window, filter, 'story');
        assert.equal(count, expected.size);
      });
    const ofHours = of(
      'usage_hours_of_stories',
      await statementsFor({ from: addTime(day(2), HOUR), to: addTime(day(3), -HOUR) }, filter),
    ).map(elementsIn);
    assert.ok(ofHours.length > 1 && most(ofHours) <= MOST_ELEMENTS, `${ofHours} elements`);
    for (const one of [filter, NO_FILTER]) {
      const ofDays = of('packed_days', await statementsFor(days(0, 2), one));
      assert.equal(ofDays.length, 2);
    }
  });

  it('two days that have changed without those between them', async () => {
    for (let number = 0; number < 12; number++) await insertDay(number, 48);
    await auditAll(databases(), ZONE, AT);
    const memory = noMemory();
    const filter = { ...NO_FILTER, models: ['gpt-5'] };
    const read = async () => {
      const { source } = await openSource(databases(), ZONE, memory);
      return statementsOf(async () => {
        await readSumsBy(source, days(0, 12), filter, 'story');
        const week = await readWeek(source, days(0, 12), NO_FILTER, null);
        assert.deepEqual(week, await bruteForceWeek(databases().workflows, days(0, 12), NO_FILTER, ZONE));
      });
    };
    await read();
    for (const number of [0, 11])
      await databases()
        .workflows('token_usage_tracking')
        .where('created_at', isoFromInstant(day(number)))
        .delete();
    await auditAll(databases(), ZONE, AT);
    const statements = await read();
    const packed = of('packed_days', statements);
    assert.deepEqual(
      packed.map(({ rows }) => rows.map(({ numbers }) => numbers)),
      [['{1,2}'], ['{1,2}']],
    );
    assert.deepEqual(of('usage_hours', statements), []);
  });

  it('from their hours where days are not packed, as a version before leaves them, until the clock has packed them', async () => {
    const { backoffice, workflows } = databases();
    const models = ['gpt-5', 'tts-1', 'imagen-4.0'];
    for (let number = 0; number < 4; number++) await insertDay(number, 300, models);
    await auditAll(databases(), ZONE, AT);
    // One has been packed and written again since, one never.
    await backoffice.raw('UPDATE rollup_days SET version = version + 1000 WHERE day = ?', ['2026-11-02']);
    await backoffice('packed_days').where('day', '2026-11-03').delete();
    // One as a version packs it that knows no hours of the clock.
    await backoffice.raw(
      String.raw`UPDATE packed_days SET form = 1, clock_ends = '\x0100000000' WHERE day = '2026-11-04'`,
    );
    await backoffice.raw('UPDATE rollup_state SET version = version + 1, content_version = version + 1');
    const memory = noMemory();
    const look = async () => {
      const { source } = await openSource(databases(), ZONE, memory);
      return statementsOf(async () => {
        for (const filter of [
          NO_FILTER,
          { ...NO_FILTER, models: ['tts-1'] },
          { ...NO_FILTER, models: ['gpt-5', 'tts-1'] },
          { ...NO_FILTER, hours: { first: 22, last: 5, timeZone: ZONE } },
          { ...NO_FILTER, models: ['gpt-5', 'tts-1'], hours: { first: 9, last: 9, timeZone: ZONE } },
          { ...NO_FILTER, weekdays: { first: 1, last: 2, timeZone: ZONE } },
        ])
          for (const by of ['story', 'author'] as const) {
            const found = await sumsById(source, await readSumsBy(source, days(0, 4), filter, by));
            assert.deepEqual(found, await bruteForceBy(workflows, days(0, 4), filter, by));
          }
        const filter = { ...NO_FILTER, models: ['gpt-5', 'tts-1'] };
        const { total } = await readStats(source, days(0, 4), filter, 'day');
        const week = await readWeek(source, days(0, 4), NO_FILTER, null);
        assert.deepEqual(week, await bruteForceWeek(workflows, days(0, 4), NO_FILTER, ZONE));
        assert.deepEqual(total, (await bruteForce(workflows, days(0, 4), filter, ZONE)).total);
      });
    };
    assert.ok(of('usage_hours_of_stories', await look()).length > 0);
    await tick(databases(), ZONE, AT);
    assert.equal(of('usage_hours_of_stories', await look()).length, 0);
  });

  it('the clock hours of many models some days at a time', async () => {
    const models = Array.from({ length: 70 }, (_, i) => `model ${i}`);
    for (let number = 0; number < 15; number++) await insertDay(number, models.length, models);
    await auditAll(databases(), ZONE, AT);
    const { source } = await openSource(databases(), ZONE, noMemory());
    const look = () =>
      statementsOf(async () => {
        const week = await readWeek(
          { ...source, memory: { ...source.memory, clockDays: noMemory().clockDays } },
          days(0, 15),
          NO_FILTER,
          null,
        );
        assert.deepEqual(week, await bruteForceWeek(databases().workflows, days(0, 15), NO_FILTER, ZONE));
      });
    assert.equal(of('usage_hours', await look()).length, 0);
    // As a version before leaves them.
    await databases().backoffice('packed_days').delete();
    const statements = await look();
    assert.ok(most(of('usage_hours', statements).map(({ rows }) => rows.length)) <= MOST_ELEMENTS / 24);
  });

  it('the stories of hours, four days at a time where days are not built', async () => {
    for (let number = 0; number < 18; number++) await insertDay(number, 240);
    await auditAll(databases(), ZONE, AT);
    await tick(databases(), 'America/Sao_Paulo', AT, { budgetMs: -1 });
    const { source } = await openSource(databases(), ZONE, noMemory());
    const statements = await statementsOf(async () => {
      const { cells: _, ...stats } = await readStats(source, days(0, 17), NO_FILTER, 'day');
      assert.deepEqual(stats, await bruteForce(databases().workflows, days(0, 17), NO_FILTER, ZONE));
    });
    const spans = of('story_hours', statements).map(({ bindings }) => {
      const [from, to] = bindings.slice(-2).map((text) => parseInstant(text as string)) as [Instant, Instant];
      return to - from;
    });
    assert.ok(spans.length >= 2 * 5 && spans.every((span) => span < 4n * DAY_OF_24_HOURS), `${spans}`);
  });

  it('where stories were active, as many as hold so many visits', async function () {
    // Half a million visits take an embedded database minutes.
    needsServer(this);
    const { backoffice } = databases();
    const STORIES = 2_000;
    const VISITS = 300;
    await resetRollups();
    await backoffice.raw(`INSERT INTO usage_kinds (action, model) VALUES ('test', 'gpt-5')`);
    for (let first = 1; first <= STORIES; first += 250)
      await backoffice.raw(
        `INSERT INTO story_visits (story_id, hours, kinds)
         SELECT md5('story ' || n)::uuid, (SELECT array_agg(hour ORDER BY hour) FROM generate_series(1, ?::bigint) AS hour),
                array_fill((SELECT kind FROM usage_kinds), ARRAY[?::int])
           FROM generate_series(?::int, ?::int) AS n`,
        [VISITS, VISITS, first, first + 249],
      );
    const { rows } = await backoffice.raw('SELECT story_id FROM story_visits');
    const stories: string[] = rows.map(({ story_id }: { story_id: string }) => story_id);
    const memory = { ...noMemory(), contentVersion: (await readCoverage(backoffice)).contentVersion };
    for (let again = 0; again < 2; again++) {
      const seen = new Set<string>();
      const statements = await statementsOf(() =>
        lookUpVisits(backoffice, memory, stories, (story, { hours }) => {
          if (hours.length === VISITS) seen.add(story);
        }),
      );
      assert.equal(seen.size, STORIES);
      assert.ok(most(of('story_visits', statements).map((one) => one.rows.length)) * VISITS <= 100_000);
    }
    await resetRollups();
  });
});

describe('where the rollups are days behind', () => {
  const COVERED = day(5);
  const FILTERS = [
    NO_FILTER,
    { ...NO_FILTER, models: ['gpt-5'] },
    { ...NO_FILTER, actions: ['test'] },
    { ...NO_FILTER, models: ['tts-1'], actions: ['test'] },
    { ...NO_FILTER, models: ['gpt-5', 'tts-1'] },
  ];
  const WINDOWS = [
    days(0, 10),
    { from: addTime(day(2), HOUR / 3n), to: addTime(day(9), HOUR / 2n) },
    { from: null, to: AT },
  ];

  beforeEach(async () => {
    await resetUsage();
    for (let number = 0; number < 10; number++) await insertDay(number, 400, ['gpt-5', 'tts-1', 'imagen-4.0']);
    await databases().workflows.raw(
      `UPDATE token_usage_tracking SET action = 'image_edit' WHERE hashtext(token_usage_id::text) % 3 = 0`,
    );
    await auditAll(databases(), ZONE, COVERED);
  });
  after(resetUsage);

  it('stories are told apart across what is covered and what is not', async () => {
    const { source } = await openSource(databases(), ZONE, noMemory());
    for (const filter of FILTERS) {
      for (const window of WINDOWS) {
        const { cells: _, ...stats } = await readStats(source, window, filter, 'day');
        assert.deepEqual(stats, await bruteForce(databases().workflows, window, filter, ZONE));
      }
    }
  });

  it('only what they do not cover is read raw, for distinct stories too', async () => {
    const { workflows } = databases();
    const { source } = await openSource(databases(), ZONE, noMemory());
    const { coveredUntil } = source;
    assert.ok(coveredUntil !== null && coveredUntil > day(4));
    const read = () =>
      Promise.all(FILTERS.map(async (filter) => (await readStats(source, days(0, 10), filter, 'day')).total));
    const before = await read();
    // What nobody looks at may go.
    await workflows('token_usage_tracking').where('created_at', '<', isoFromInstant(coveredUntil)).delete();
    assert.deepEqual(await read(), before);
  });

  it('a backfill that goes on meanwhile changes nothing, and is not waited for', async () => {
    const { source } = await openSource(databases(), ZONE, noMemory());
    await auditAll(databases(), ZONE, day(8));
    const { cells: _, ...stats } = await readStats(source, days(0, 10), NO_FILTER, 'day');
    assert.deepEqual(stats, await bruteForce(databases().workflows, days(0, 10), NO_FILTER, ZONE));
  });
});
