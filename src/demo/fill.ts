import type { Knex } from 'knex';
import type { Day } from '../units/calendar.ts';
import { daysBetween } from '../units/calendar.ts';
import {
  addDays,
  addTime,
  DAY_OF_24_HOURS,
  dayOf,
  earliest,
  endOfDay,
  type Instant,
  latest,
  startOfDay,
} from '../units/time.ts';
import { DEMO_TIME_ZONE, daysFrom, GROWING_DAYS } from './calendar.ts';
import { insertNames, insertUsage, upsertRuns } from './insert.ts';
import { addLayer, clearLayers, createLayersTable, type FilledLayer, markFilled, readLayers } from './layers.ts';
import { expectedRows, sliceOf } from './rows.ts';
import { createMythoriaTables, createWorkflowsTables } from './source-tables.ts';

/** How many rows of `token_usage_tracking` were written, and from when on they lie. */
export type Filled = { rows: number; from: Instant };

/** In rows of `token_usage_tracking`. `total` is an estimate until the end, where both are the same. */
export type FillProgress = { done: number; total: number };

export type Demo = {
  workflows: Knex;
  mythoria: Knex;
  now: Instant;
  onProgress: (progress: FillProgress) => void;
};

const SEED = 'mythoria';
const ROWS_PER_TRANSACTION = 1000;

const HISTORY_ROWS_PER_DAY = 2000;
const LONGEST_HISTORY_IN_DAYS = 730;
// The number of rows is drawn: a little more is asked for, so that one history is nearly always enough.
const HISTORY_MARGIN = 1.01;

/**
 * Fills the demo's source databases with rows before `now`, or adds those that are missing since the last time.
 * Stopped at any point, it goes on from there when called again.
 * @throws Error when the databases hold anything but demo data; nothing is written then
 */
export async function fillDemoData(demo: Demo): Promise<Filled> {
  return fillDemoDataFrom(addDays(dayOf(demo.now, DEMO_TIME_ZONE), -GROWING_DAYS), demo);
}

/** `fillDemoData` with the first day that a first fill begins with. */
export async function fillDemoDataFrom(firstDay: Day, demo: Demo): Promise<Filled> {
  const { layer, filledTo } = (await findDemo(demo)) ?? (await beginDemo(demo, firstDay));
  const total = expectedRows(layer, filledTo, demo.now);
  const rows = await fillLayer(demo, { layer, filledTo }, demo.now, (done) =>
    demo.onProgress({ done, total: Math.max(done, total) }),
  );
  demo.onProgress({ done: rows, total: rows });
  if (demo.now - filledTo > DAY_OF_24_HOURS) await vacuum(demo);
  return { rows, from: filledTo };
}

/**
 * Adds a history to filled demo data until `token_usage_tracking` holds at least `rows` rows. It has 2,000 rows a day
 * on average and ends now: it lies over the days of the demo and, where these are not enough, goes back up to two
 * years; what does not fit into two years makes their days denser. Stopped at any point, it goes on from there when
 * called again.
 * @returns how many rows of `token_usage_tracking` it wrote
 * @throws Error when there is no demo data yet
 */
export async function moreDemoData(demo: Demo & { rows: number }): Promise<number> {
  const base = await findDemo(demo);
  if (base === null) throw new Error('There is no demo data yet to add more to.');
  let written = 0;
  const before = await countRows(demo);
  const report = (done: number) => {
    const total = Math.max(demo.rows - before, 0);
    demo.onProgress({ done: Math.min(written + done, total), total });
  };
  for (const filled of await readLayers(demo.mythoria)) {
    const { history } = filled.layer;
    if (history !== null) written += await fillLayer(demo, filled, earliest(history.until, demo.now), report);
  }
  for (let missing = demo.rows - before - written; missing > 0; missing = demo.rows - (await countRows(demo))) {
    written += await fillLayer(demo, await beginHistory(demo, base, missing), demo.now, report);
  }
  if (written > 0) await vacuum(demo);
  return written;
}

async function findDemo({ workflows, mythoria }: Demo): Promise<FilledLayer | null> {
  const demo = (await mythoria.schema.hasTable('demo_data')) ? (await readLayers(mythoria))[0] : undefined;
  const hasUsage = await hasRows(workflows, 'token_usage_tracking');
  if (demo === undefined && (hasUsage || (await hasRows(mythoria, 'authors')))) {
    throw new Error('These databases hold data that is not demo data. Nothing was written to them.');
  }
  return demo !== undefined && hasUsage ? demo : null;
}

async function hasRows(knex: Knex, table: string): Promise<boolean> {
  return (await knex.schema.hasTable(table)) && (await knex(table).first(knex.raw('1'))) !== undefined;
}

async function beginDemo({ workflows, mythoria }: Demo, firstDay: Day): Promise<FilledLayer> {
  await createWorkflowsTables(workflows);
  await createMythoriaTables(mythoria);
  await createLayersTable(mythoria);
  // Left over where only the workflows database was emptied.
  await clearLayers(mythoria);
  const layer = { seed: SEED, firstDay, history: null };
  return addLayer(mythoria, { layer, filledTo: startOfDay(firstDay, DEMO_TIME_ZONE) });
}

async function beginHistory({ mythoria, now }: Demo, { layer }: FilledLayer, missing: number): Promise<FilledLayer> {
  const today = dayOf(now, DEMO_TIME_ZONE);
  const days = Math.min(Math.ceil(missing / HISTORY_ROWS_PER_DAY), LONGEST_HISTORY_IN_DAYS);
  const from = addDays(today, -Math.max(days, daysBetween(layer.firstDay, today)));
  const number = (await readLayers(mythoria)).length;
  const history = { number, from, until: now, rows: Math.ceil(missing * HISTORY_MARGIN) };
  return addLayer(mythoria, { layer: { ...layer, history }, filledTo: startOfDay(from, DEMO_TIME_ZONE) });
}

/** Day by day, the names before the rows, and what is done remembered after them: so a day half done is done again. */
async function fillLayer(
  { workflows, mythoria, now }: Demo,
  { layer, filledTo }: FilledLayer,
  to: Instant,
  report: (rows: number) => void,
): Promise<number> {
  let written = 0;
  if (filledTo >= to) return written;
  for (const day of daysFrom(dayOf(filledTo, DEMO_TIME_ZONE), dayOf(addTime(to, -1n), DEMO_TIME_ZONE))) {
    const sliceFrom = latest(filledTo, startOfDay(day, DEMO_TIME_ZONE));
    const sliceTo = earliest(to, endOfDay(day, DEMO_TIME_ZONE));
    const { rows, stories } = sliceOf(layer, sliceFrom, sliceTo);
    await insertNames(mythoria, layer.seed, stories);
    for (let start = 0; start < rows.length; start += ROWS_PER_TRANSACTION) {
      written += await insertUsage(workflows, rows.slice(start, start + ROWS_PER_TRANSACTION));
      report(written);
    }
    await upsertRuns(workflows, stories, now);
    await markFilled(mythoria, layer, sliceTo);
  }
  return written;
}

async function countRows({ workflows }: Demo): Promise<number> {
  const result: { rows: { count: number }[] } = await workflows.raw(
    'SELECT count(*)::integer AS count FROM token_usage_tracking',
  );
  return result.rows[0]?.count ?? 0;
}

/** The embedded database has no autovacuum: without this, it would plan for empty tables. */
async function vacuum({ workflows, mythoria }: Demo): Promise<void> {
  await workflows.raw('VACUUM ANALYZE token_usage_tracking');
  await workflows.raw('VACUUM ANALYZE story_generation_runs');
  await mythoria.raw('VACUUM ANALYZE authors');
  await mythoria.raw('VACUUM ANALYZE stories');
}
