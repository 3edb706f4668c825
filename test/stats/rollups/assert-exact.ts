import assert from 'node:assert/strict';
import type { Cursor } from '../../../src/query/cursor.ts';
import type { UsageFilter } from '../../../src/query/filter.ts';
import { readWeek } from '../../../src/stats/explore/week.ts';
import { noMemory } from '../../../src/stats/memory/memory.ts';
import { readRecords } from '../../../src/stats/records/record-pages.ts';
import { cursorBeside } from '../../../src/stats/records/records.ts';
import { openSource, type UsageSource } from '../../../src/stats/source.ts';
import { readStats, readTotals } from '../../../src/stats/stats.ts';
import { firstOf } from '../../../src/stats/stories/ranking.ts';
import { readStoryCosts } from '../../../src/stats/stories/story-costs.ts';
import { readSumsBy, type SumsBy, sumsOfIds } from '../../../src/stats/stories/story-sums.ts';
import { type Sums, sumOf } from '../../../src/stats/sums.ts';
import { microEuros } from '../../../src/units/money.ts';
import type { Window } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { bruteForce, bruteForceBy, bruteForceIds, bruteForceWeek } from './brute-force.ts';
import { ZONE } from './histories.ts';

/** One memory for all runs, as in the server: what it forgets to reload is a wrong number. */
export const memory = noMemory();

/** So little that nearly everything is let go of before it is asked for again. */
const littleMemory = noMemory(20_000);

export async function assertExact(window: Window, wanted: UsageFilter): Promise<void> {
  const { workflows } = databases();
  const expected = await bruteForce(workflows, window, wanted, ZONE);
  const byStory = await bruteForceBy(workflows, window, wanted, 'story');
  const byAuthor = await bruteForceBy(workflows, window, wanted, 'author');
  for (const kept of [memory, littleMemory]) {
    const { source } = await openSource(databases(), ZONE, kept);
    const { cells, ...stats } = await readStats(source, window, wanted, 'day');
    assert.deepEqual(stats, expected);
    assert.deepEqual({ ...sumOf(cells), stories: stats.total.stories }, expected.total);
    const { stories: _stories, ...totals } = expected.total;
    assert.deepEqual(await readTotals(source, window, wanted), totals);
    await assertSums(source, await readSumsBy(source, window, wanted, 'story'), byStory);
    await assertSums(source, await readSumsBy(source, window, wanted, 'author'), byAuthor);
    await assertStoryCosts(source, window, wanted, byStory);
  }
}

async function assertSums(source: UsageSource, sums: SumsBy, expected: Map<string, Sums>): Promise<void> {
  assert.deepEqual(await sumsById(source, sums), expected);
  assert.equal(sums.count, expected.size);
  assert.deepEqual(sums.total, sumOf([...expected.values()]));
  const some = [...expected.keys()].filter((_, i) => i % 3 === 0);
  assert.deepEqual(await sumsOfIds(source, sums, [...some, NOBODY]), new Map(some.map((id) => [id, expected.get(id)])));
}

const NOBODY = '00000000-0000-4000-8000-00000000dead';

/** Whatever is compared with the others: nothing, one of them, one that is none. */
async function assertStoryCosts(
  source: UsageSource,
  window: Window,
  wanted: UsageFilter,
  expected: Map<string, Sums>,
): Promise<void> {
  const [first] = expected.keys();
  for (const story of [null, first ?? NOBODY, NOBODY]) {
    const cost = (story === null ? undefined : expected.get(story)?.cost) ?? microEuros(5_000);
    const costs = [...expected].filter(([id]) => id !== story).map(([, sums]) => sums.cost as number);
    costs.sort((a, b) => a - b);
    const quantile = (share: number) => costs[Math.max(0, Math.ceil(share * costs.length) - 1)] ?? null;
    const asked = { most: 3, besides: story === null ? null : { story, cost } };
    const { stories, median, p90, cheaper } = await readStoryCosts(source, window, wanted, asked);
    assert.deepEqual(
      { stories, median, p90, cheaper },
      {
        stories: costs.length,
        median: quantile(0.5),
        p90: quantile(0.9),
        cheaper: story === null ? 0 : costs.filter((one) => one < cost).length,
      },
    );
  }
}

/** All of them, by id. */
export async function sumsById(source: UsageSource, sums: SumsBy): Promise<Map<string, Sums>> {
  const all = await firstOf(source, sums, sums.count);
  return new Map(all.map(({ id, place: _, author: __, ...one }) => [id, one]));
}

export async function assertWeek(window: Window, wanted: UsageFilter): Promise<void> {
  const { source } = await openSource(databases(), ZONE, memory);
  assert.deepEqual(
    await readWeek(source, window, wanted, null),
    await bruteForceWeek(databases().workflows, window, wanted, ZONE),
  );
}

/** By number and by cursor. */
export async function assertPages(window: Window, wanted: UsageFilter): Promise<void> {
  const { source } = await openSource(databases(), ZONE, memory);
  const sort = { sortBy: 'createdAt', sortOrder: 'desc' } as const;
  for (const by of ['number', 'cursor']) {
    const seen: string[] = [];
    let cursor: Cursor | null = null;
    for (let page = 1; ; page++) {
      const query = { ...sort, page, pageSize: 7, cursor: by === 'cursor' ? cursor : null };
      const { records, hasNext } = await readRecords(source, window, wanted, query, null);
      seen.push(...records.map(({ tokenUsageId }) => tokenUsageId));
      const last = records.at(-1);
      if (!hasNext || !last) break;
      cursor = cursorBeside(last, 'after', sort);
    }
    assert.deepEqual(seen, await bruteForceIds(databases().workflows, window, wanted), by);
  }
}
