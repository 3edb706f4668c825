import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { UsageFilter } from '../../../src/query/filter.ts';
import { SORT_COLUMNS, SORT_KEYS, SORTS, type SortKey } from '../../../src/query/sorts.ts';
import { noMemory } from '../../../src/stats/memory/memory.ts';
import { readRecords, readRolledUp } from '../../../src/stats/records/record-pages.ts';
import { cursorBeside, type UsageRecord } from '../../../src/stats/records/records.ts';
import { auditAll } from '../../../src/stats/rollups/keep/tick.ts';
import { openSource } from '../../../src/stats/source.ts';
import { DAY_OF_24_HOURS, HOUR, type Instant, isoFromInstant, parseInstant } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { filtersOver, plainWhere } from '../../support/filters.ts';
import { runs } from '../../support/thorough.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';
import { NO_FILTER } from './brute-force.ts';

const ZONE = 'Europe/Lisbon';
const AT = parseInstant('2026-11-02T10:20:30.456789Z') as Instant;
const MODELS = ['gpt-5', 'tts-1', 'flux-2-pro'];
const ACTIONS = ['chapter_writing', 'image_edit', 'test'];
const ROWS = 700;

type Order = { sortBy: SortKey; sortOrder: 'asc' | 'desc' };

const order: fc.Arbitrary<Order> = fc.record({
  sortBy: fc.constantFrom(...SORT_KEYS),
  sortOrder: fc.constantFrom('asc', 'desc'),
});
const AUTHORS = ['10000000-0000-4000-8000-000000000000'];
const STORIES = ['00000000-0000-4000-8000-000000000000'];
const filter = filtersOver({ models: MODELS, actions: ACTIONS, authors: AUTHORS, stories: STORIES });

/** The ids of all records of a filter in an order, by SQL that knows nothing of rollups or pages. */
async function idsInOrder(wanted: UsageFilter, { sortBy, sortOrder }: Order): Promise<string[]> {
  const { sql, bindings } = plainWhere(wanted);
  const by = [...SORTS[sortBy].map((column) => SORT_COLUMNS[column].sql), 'token_usage_id'];
  const { rows } = await databases().workflows.raw(
    `SELECT token_usage_id AS id FROM token_usage_tracking WHERE ${sql}
      ORDER BY ${by.map((column) => `${column} ${sortOrder}`).join(', ')}`,
    bindings,
  );
  return (rows as { id: string }[]).map(({ id }) => id);
}

describe('pages of records over rollups', () => {
  before(async () => {
    await resetUsage();
    // Some instants shared by many rows, some models rare, some hours empty.
    await insertUsage(
      Array.from({ length: ROWS }, (_, i) => ({
        at:
          AT -
          1n -
          (i % 7 === 0 ? 5n * HOUR * BigInt(i % 60) : ((BigInt(i) * 7919n * HOUR) / 97n) % (25n * DAY_OF_24_HOURS)),
        model: i % 90 === 0 ? 'flux-2-pro' : (MODELS[i % 2] ?? ''),
        action: ACTIONS[i % 3] ?? '',
        input: i % 11,
        output: i % 5,
        cost: i % 13 === 12 ? Number.NaN : (i % 13) * 1000,
      })),
    );
    await auditAll(databases(), ZONE, AT);
  });
  after(resetUsage);

  const memory = noMemory();
  const page = async (
    wanted: UsageFilter,
    query: Order & { page: number; pageSize: number; cursor: ReturnType<typeof cursorBeside> | null },
  ) => {
    const { source } = await openSource(databases(), ZONE, memory);
    return readRolledUp(source, { from: null, to: AT }, wanted, query);
  };
  const idsOf = (records: UsageRecord[]) => records.map(({ tokenUsageId }) => tokenUsageId);

  it('stand where a plain ORDER BY would put them, by every order and filter, at any depth', async () => {
    await fc.assert(
      fc.asyncProperty(
        order,
        filter,
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (by, wanted, pageSize, depth) => {
          const expected = await idsInOrder(wanted, by);
          const pages = Math.max(1, Math.ceil(expected.length / pageSize));
          const number = 1 + Math.floor(depth * (pages - 1));
          const { records, total } = await page(wanted, { ...by, page: number, pageSize, cursor: null });
          assert.deepEqual(idsOf(records), expected.slice((number - 1) * pageSize, number * pageSize));
          assert.equal(total.requests, expected.length);
        },
      ),
      { numRuns: runs(60) },
    );
  });

  it('and so do those that a cursor leads to, forwards and back', async () => {
    await fc.assert(
      fc.asyncProperty(
        order,
        filter,
        fc.integer({ min: 1, max: 40 }),
        fc.nat(ROWS),
        async (by, wanted, pageSize, at) => {
          const expected = await idsInOrder(wanted, by);
          const begin = Math.min(at, Math.max(0, expected.length - 1));
          const [beside] = (await page(wanted, { ...by, page: begin + 1, pageSize: 1, cursor: null })).records;
          if (!beside) return assert.equal(expected.length, 0);
          const towards = (direction: 'after' | 'before') =>
            page(wanted, { ...by, page: 2, pageSize, cursor: cursorBeside(beside, direction, by) });
          assert.deepEqual(idsOf((await towards('after')).records), expected.slice(begin + 1, begin + 1 + pageSize));
          assert.deepEqual(
            idsOf((await towards('before')).records),
            expected.slice(Math.max(0, begin - pageSize), begin),
          );
        },
      ),
      { numRuns: runs(60) },
    );
  });

  it('read no more than the hours of the page when sorted by time', async () => {
    const read: string[] = [];
    const note = ({ sql, bindings }: { sql: string; bindings: unknown[] }) => {
      if (sql.includes('token_usage_id') && sql.includes('order by'))
        read.push(...bindings.filter((one) => typeof one === 'string'));
    };
    databases().workflows.on('query', note);
    await page(NO_FILTER, { sortBy: 'createdAt', sortOrder: 'desc', page: 30, pageSize: 10, cursor: null });
    databases().workflows.off('query', note);
    const [from = '', to = ''] = read;
    const hours = ((parseInstant(to) ?? 0n) - (parseInstant(from) ?? 0n)) / HOUR;
    assert.ok(hours > 0 && hours < 24, `${isoFromInstant(AT)}: read ${hours} hours, ${read.join(' ')}`);
  });

  it('ask for no records behind the last one', async () => {
    const { source } = await openSource(databases(), ZONE, memory);
    let passed = 0;
    const note = ({ sql }: { sql: string }) => {
      if (sql.includes('offset')) passed += 1;
    };
    databases().workflows.on('query', note);
    const query = { sortBy: 'estimatedCostInEuros', sortOrder: 'desc', pageSize: 50, cursor: null } as const;
    const pageOf = (number: number) =>
      readRecords(source, { from: null, to: AT }, NO_FILTER, { ...query, page: number }, null);
    const { records, total } = await pageOf(1_000_000_000);
    assert.deepEqual([records.length, total.requests, passed], [0, ROWS, 0]);
    assert.equal((await pageOf(2)).records.length, 50);
    databases().workflows.off('query', note);
    assert.equal(passed, 1);
  });
});
