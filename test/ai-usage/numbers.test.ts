import fc from 'fast-check';
import type { UsageFilter } from '../../src/query/filter.ts';
import { EVERYTHING } from '../../src/query/filters/registry.ts';
import { addTime, DAY_OF_24_HOURS, type Instant, isoFromInstant, parseInstant } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { filtersOver, plainWhere, writtenOf } from '../support/filters.ts';
import { ACTIONS, AUTHORS, atOrBeside, MODELS, STORIES, slowly, usageAt } from '../support/generated-usage.ts';
import { assertNumbers } from '../support/numbers.ts';
import type { Where } from '../support/plain-sql.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

const AS_OF = parseInstant('2026-11-01T09:17:23.000001Z') as Instant;
const as_of = `timestamptz '${isoFromInstant(AS_OF)}'`;
const midnight = (day: string) => `timestamp '${day}' AT TIME ZONE 'Europe/Lisbon'`;

/** Windows as the address says them and as SQL says them. */
const WINDOWS: [string, string][] = [
  ['', `created_at >= ${as_of} - interval '720 hours' AND created_at < ${as_of}`],
  ['period=1d', `created_at >= ${as_of} - interval '24 hours' AND created_at < ${as_of}`],
  ['period=7d', `created_at >= ${as_of} - interval '168 hours' AND created_at < ${as_of}`],
  ['period=90d', `created_at >= ${as_of} - interval '2160 hours' AND created_at < ${as_of}`],
  ['period=all', `created_at < ${as_of}`],
  [
    'from=2026-10-24&to=2026-10-25',
    `created_at >= ${midnight('2026-10-24')} AND created_at < ${midnight('2026-10-26')}`,
  ],
  ['from=2026-10-20', `created_at >= ${midnight('2026-10-20')} AND created_at < ${as_of}`],
  ['to=2026-10-24', `created_at < ${midnight('2026-10-25')}`],
  [
    'from=2026-10-25T00:30:00.000001Z&to=2026-10-25T01:30:00.000001%2B00:00',
    `created_at >= '2026-10-25T00:30:00.000001Z' AND created_at < '2026-10-25T01:30:00.000001Z'`,
  ],
];

const EDGES = [
  ...[0, 1, 7, 30, 90].map((days) => addTime(AS_OF, -BigInt(days) * DAY_OF_24_HOURS)),
  ...[
    '2026-10-19T23:00:00Z',
    '2026-10-23T23:00:00Z',
    '2026-10-24T23:00:00Z',
    '2026-10-25T00:30:00.000001Z',
    '2026-10-25T01:00:00Z',
    '2026-10-25T01:30:00.000001Z',
    '2026-10-26T00:00:00Z',
  ].map((iso) => parseInstant(iso) as Instant),
];

const rows = fc.array(
  usageAt(
    fc.oneof(atOrBeside(EDGES), fc.bigInt({ min: AS_OF - 100n * DAY_OF_24_HOURS, max: AS_OF + DAY_OF_24_HOURS })),
  ),
  { maxLength: 60 },
);

const filters = filtersOver({
  models: [...MODELS, 'no-such-model'],
  actions: [...ACTIONS, 'no_such_action'],
  authors: AUTHORS,
  stories: STORIES,
})
  // What a text finds is the business of test/catalog/search.test.ts.
  .map((filter): UsageFilter => ({ ...filter, search: null }))
  .filter(({ minCost, maxCost }) => minCost === null || maxCost === null || minCost <= maxCost);

const whereOf = (window: string, filter: UsageFilter): Where => {
  const { sql, bindings } = plainWhere(filter);
  return { sql: `${window} AND ${sql}`, bindings };
};

const addressOf = (window: string, filter: UsageFilter): string =>
  [...(window === '' ? [] : [window]), writtenOf(filter), `asOf=${isoFromInstant(AS_OF)}`].join('&');

describe('the numbers', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });

  it('are those of plain SQL in every kind of window, rows at its very edges included, with rollups and without', async () => {
    await resetUsage();
    const atEdges = EDGES.flatMap((edge) => [addTime(edge, -1n), edge, addTime(edge, 1n)]);
    await insertUsage(
      atEdges.flatMap((at) => fc.sample(usageAt(fc.constant(at)), 2).map((row, i) => ({ ...row, cost: 1 + i }))),
    );
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      for (const [address, sql] of WINDOWS)
        await assertNumbers(client, addressOf(address, EVERYTHING), whereOf(sql, EVERYTHING));
    }
  });

  it('are those of plain SQL for generated rows, windows and filters, to the micro-euro, with rollups and without', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.constantFrom(...WINDOWS),
        filters,
        fc.boolean(),
        async (generated, [address, sql], chosen, covered) => {
          await resetUsage();
          await insertUsage(generated);
          if (covered) await coverUsage();
          await assertNumbers(client, addressOf(address, EVERYTHING), whereOf(sql, EVERYTHING));
          await assertNumbers(client, addressOf(address, chosen), whereOf(sql, chosen));
        },
      ),
      slowly(20),
    );
  });
});
