import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { openDatabase } from '../../../src/db/connect.ts';
import { parseUsageQuery } from '../../../src/query/query.ts';
import { tick } from '../../../src/stats/rollups/keep/tick.ts';
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
import { recentPeriod } from '../../support/periods.ts';
import { sourceKind } from '../../support/source.ts';
import { runs } from '../../support/thorough.ts';
import { insertUsage } from '../../support/usage.ts';
import { packedStories } from './packed.ts';

export const ZONE = 'Europe/Lisbon';
export const SPAN = 20n * DAY_OF_24_HOURS;
const MODELS = ['gpt-5', '', 'imagen-4.0'];
const ACTIONS = ['chapter_writing', 'image_edit', 'test'];
const AUTHORS = Array.from({ length: 3 }, (_, i) => `10000000-0000-4000-8000-00000000000${i}`);
const STORIES = Array.from({ length: 90 }, (_, i) => `00000000-0000-4000-8000-0000000000${String(i).padStart(2, '0')}`);

/** A view can be emptied row by row only. */
const EMPTIED = `${sourceKind() === 'view' ? 'DELETE FROM' : 'TRUNCATE'} token_usage_tracking`;

/** "Now" of a run: a few days after the clocks change, so that the rows lie on both sides of it. */
const at = (iso: string) => parseInstant(iso) as Instant;
export const NOWS = ['2026-04-06T10:34:56.789012Z', '2026-11-02T00:10:00Z', '2026-10-26T00:20:00.5Z'].map(at);
/** 12,000 years after PostgreSQL's time began. */
export const FAR_NOW = at('7287-06-15T10:34:56.789012Z');

type Row = { ago: bigint; story: number; model: number; action: number; cost: number };
export type Step =
  | { do: 'insert'; rows: Row[] }
  | { do: 'late commit'; rows: Row[] }
  | { do: 'delete' | 'replace'; share: number }
  | { do: 'move'; share: number; by: bigint }
  | { do: 'truncate' }
  | { do: 'tick'; later: bigint }
  | { do: 'two ticks' };

/** Ages from a microsecond to the whole span; whole hours often, for the edges. */
export const ago = fc.oneof(
  fc.bigInt({ min: 1n, max: SPAN }),
  fc.bigInt({ min: 1n, max: 30n * HOUR }),
  fc.integer({ min: 0, max: 480 }).map((hours) => BigInt(hours) * HOUR + 34n * MINUTE),
);
export const row: fc.Arbitrary<Row> = fc.record({
  ago,
  // Few that come back, and many that are seen once.
  story: fc.oneof(fc.nat(8), fc.nat(89)),
  model: fc.nat(2),
  action: fc.nat(2),
  cost: fc.nat(99_999),
});
export const rows = fc.array(row, { minLength: 1, maxLength: 25 });
export const share = fc.integer({ min: 2, max: 5 });

export const step: fc.Arbitrary<Step> = fc.oneof(
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

export const filter = filtersOver({ models: MODELS, actions: ACTIONS, authors: AUTHORS, stories: STORIES });

/** Anywhere in PostgreSQL's time of which a clock in Lisbon can tell, most often within 12,000 years; where eras, zones and ways of writing change. */
export const farInstant: fc.Arbitrary<Instant> = fc.oneof(
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
export const windowAges = fc.tuple(fc.option(ago, { freq: 6 }), ago);

/** A window of any two ends, or of a period as an address asks for it, at an instant. */
export const anyWindow: fc.Arbitrary<(at: Instant) => Window> = fc.oneof(
  windowAges.map((ages) => (at: Instant) => windowOf(ages, at)),
  recentPeriod(21).map((textAt) => (at: Instant) => {
    const period = textAt(at);
    return parseUsageQuery({ period }, { maxPageSize: 1, timeZone: ZONE }, at).window;
  }),
);

export const toInsert = (some: Row[], at: Instant) =>
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

/** `open`: transactions that have inserted and not committed. */
export type World = { at: Instant; open: Knex.Transaction[]; lateCommitters: Knex };

export async function commitAll({ open }: World): Promise<void> {
  for (const transaction of open.splice(0)) await transaction.commit();
}

export const someOf = (one: number) => `('x' || substr(token_usage_id::text, 1, 4))::bit(16)::int % ${one} = 0`;

export async function perform(one: Step, world: World): Promise<void> {
  const { workflows } = databases();
  if (one.do === 'insert') await insertUsage(toInsert(one.rows, world.at));
  if (one.do === 'late commit') {
    const transaction = await world.lateCommitters.transaction();
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
  if (one.do === 'truncate' && world.open.length === 0) await workflows.raw(EMPTIED);
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
export async function killedAudit(at: Instant, answers: number): Promise<boolean> {
  const child = spawn(
    process.execPath,
    [...(await commandLine('test/stats/rollups/refreshing-process.ts')), String(at), ZONE, String(answers)],
    { env: { ...process.env, ROLLUP_URLS: JSON.stringify(databaseUrls()) }, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [, signal] = await once(child, 'exit');
  return signal === 'SIGKILL';
}

/** Every rollup as it stands; the elements of arrays are in no order. */
export async function dump(): Promise<unknown[][]> {
  const tables = [
    'usage_hours',
    'usage_days',
    'story_hours',
    'story_days',
    'hour_fingerprints',
    `(SELECT story_id, one.hour, action, model FROM story_visits
       CROSS JOIN LATERAL unnest(hours, kinds) AS one (hour, kind) JOIN usage_kinds USING (kind))`,
    `(SELECT hour, action, model, story_id, author_id, one.requests, input, output, one.cost FROM usage_hours_of_stories AS cell
       CROSS JOIN LATERAL unnest(stories, authors, cell.requests, input_tokens, output_tokens, cell.cost)
          AS one (story, author, requests, input, output, cost)
       JOIN story_numbers ON story_numbers.number = story JOIN author_numbers ON author_numbers.number = author)`,
  ];
  return Promise.all([
    packedStories(),
    ...tables.map((table) => databases().backoffice.select().fromRaw(`${table} AS rollup`).orderBy('rollup')),
  ]);
}

export function windowOf([from, to]: [bigint | null, bigint], at: Instant): Window {
  const ago = (length: bigint) => addTime(at, -length);
  if (from === null) return { from, to: ago(to) };
  return { from: earliest(ago(from), ago(to)), to: latest(ago(from), ago(to)) };
}

export const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
export const check = <T>(property: fc.IAsyncProperty<T>, numRuns: number) =>
  fc.assert(property, { seed, numRuns: runs(numRuns), endOnFailure: true });
