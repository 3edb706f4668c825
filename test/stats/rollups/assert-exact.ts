import assert from 'node:assert/strict';
import type { Cursor } from '../../../src/query/cursor.ts';
import type { UsageFilter } from '../../../src/query/filter.ts';
import { noMemory } from '../../../src/stats/memory.ts';
import { readRecords } from '../../../src/stats/records/record-pages.ts';
import { cursorBeside } from '../../../src/stats/records/records.ts';
import { openSource } from '../../../src/stats/source.ts';
import { readStats, readTotals } from '../../../src/stats/stats.ts';
import { readSumsBy, sumsAt } from '../../../src/stats/stories/story-sums.ts';
import { sumOf } from '../../../src/stats/sums.ts';
import { readWeek } from '../../../src/stats/week.ts';
import type { Window } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { bruteForce, bruteForceBy, bruteForceIds, bruteForceWeek } from './brute-force.ts';
import { ZONE } from './histories.ts';

/** One memory for all runs, as in the server: what it forgets to reload is a wrong number. */
export const memory = noMemory();

export async function assertExact(window: Window, wanted: UsageFilter): Promise<void> {
  const { source } = await openSource(databases(), ZONE, memory);
  const expected = await bruteForce(databases().workflows, window, wanted, ZONE);
  const { cells, ...stats } = await readStats(source, window, wanted, 'day');
  assert.deepEqual(stats, expected);
  assert.deepEqual({ ...sumOf(cells), stories: stats.total.stories }, expected.total);
  const { stories: _stories, ...totals } = expected.total;
  assert.deepEqual(await readTotals(source, window, wanted), totals);
  for (const by of ['story', 'author'] as const) {
    const { active, columns, names } = await readSumsBy(source, window, wanted, by);
    const ids = await names.first(active, active.length);
    const found = new Map(ids.map(({ id, number }) => [id, sumsAt(columns, number)]));
    assert.deepEqual(found, await bruteForceBy(databases().workflows, window, wanted, by));
    assert.equal(found.size, active.length);
  }
}

export async function assertWeek(window: Window, wanted: UsageFilter): Promise<void> {
  const { source } = await openSource(databases(), ZONE, memory);
  assert.deepEqual(
    await readWeek(source, window, wanted),
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
      const { records, hasNext } = await readRecords(source, window, wanted, query);
      seen.push(...records.map(({ tokenUsageId }) => tokenUsageId));
      const last = records.at(-1);
      if (!hasNext || !last) break;
      cursor = cursorBeside(last, 'after', sort);
    }
    assert.deepEqual(seen, await bruteForceIds(databases().workflows, window, wanted), by);
  }
}
