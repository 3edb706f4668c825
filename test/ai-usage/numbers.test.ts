import fc from 'fast-check';
import type { Knex } from 'knex';
import { DAY_OF_24_HOURS, type Instant, isoFromInstant, parseInstant } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { ACTIONS, AUTHORS, atOrBeside, MODELS, onceIn, STORIES, slowly, usageAt } from '../support/generated-usage.ts';
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
  ...[0, 1, 7, 30, 90].map((days) => AS_OF - BigInt(days) * DAY_OF_24_HOURS),
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

const several = (values: string[]) => fc.subarray(values, { maxLength: 2 });
const filters = fc.record({
  model: several([...MODELS, 'no-such-model']),
  action: several([...ACTIONS, 'no_such_action']),
  author: onceIn(6, fc.constantFrom(...AUTHORS)),
  story: onceIn(6, fc.constantFrom(...STORIES)),
});

type Filters = typeof filters extends fc.Arbitrary<infer T> ? T : never;

function whereOf(window: string, { model, action, author, story }: Filters): Where {
  const conditions = [window];
  const bindings: Knex.RawBinding[] = [];
  const add = (condition: string, value: string | string[]) => {
    conditions.push(condition);
    bindings.push(value);
  };
  if (model.length > 0) add('ai_model = ANY(?)', model);
  if (action.length > 0) add('action::text = ANY(?)', action);
  if (author !== null) add('author_id = ?', author);
  if (story !== null) add('story_id = ?', story);
  return { sql: conditions.join(' AND '), bindings };
}

function addressOf(window: string, { model, action, author, story }: Filters): string {
  const parameters = new URLSearchParams(window);
  for (const value of model) parameters.append('model', value);
  for (const value of action) parameters.append('action', value);
  if (author !== null) parameters.append('author', author);
  if (story !== null) parameters.append('story', story);
  parameters.append('asOf', isoFromInstant(AS_OF));
  return parameters.toString();
}

const NO_FILTERS: Filters = { model: [], action: [], author: null, story: null };

describe('the numbers', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });

  it('are those of plain SQL in every kind of window, rows at its very edges included, with rollups and without', async () => {
    await resetUsage();
    const atEdges = EDGES.flatMap((edge) => [edge - 1n, edge, edge + 1n]);
    await insertUsage(
      atEdges.flatMap((at) => fc.sample(usageAt(fc.constant(at)), 2).map((row, i) => ({ ...row, cost: 1 + i }))),
    );
    for (const cover of [async () => {}, coverUsage]) {
      await cover();
      for (const [address, sql] of WINDOWS)
        await assertNumbers(client, addressOf(address, NO_FILTERS), whereOf(sql, NO_FILTERS));
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
          await assertNumbers(client, addressOf(address, NO_FILTERS), whereOf(sql, NO_FILTERS));
          await assertNumbers(client, addressOf(address, chosen), whereOf(sql, chosen));
        },
      ),
      slowly(20),
    );
  });
});
