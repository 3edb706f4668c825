import assert from 'node:assert/strict';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Instant, parseInstant } from '../../../src/units/time.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { type Client, RUI, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { openPage, textOf } from '../../support/page.ts';
import { needsServer } from '../../support/skip.ts';
import { until } from '../../support/until.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const SLEEP_SECONDS = 20;
const DAYS = Array.from({ length: 9 }, (_, i) => `2026-0${i + 1}-10`);

/** A table that is slow for whoever has a minute, which pages do not. */
async function makeSlow(): Promise<void> {
  await databases().workflows.raw(`
    ALTER TABLE token_usage_tracking RENAME TO token_usage_tracking_itself;
    CREATE VIEW token_usage_tracking AS SELECT * FROM token_usage_tracking_itself
     WHERE CASE WHEN current_setting('statement_timeout') = '1min' THEN pg_sleep(${SLEEP_SECONDS}) IS NOT NULL ELSE true END`);
}

async function makeFast(): Promise<void> {
  await databases().workflows.raw(`
    DROP VIEW IF EXISTS token_usage_tracking;
    ALTER TABLE IF EXISTS token_usage_tracking_itself RENAME TO token_usage_tracking`);
}

/** The recomputations that the source is at. */
async function underWay(): Promise<number> {
  const { rows } = await databases().backoffice.raw(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%token_usage_tracking%'`,
  );
  return rows[0].count;
}

type Asking = { status: Promise<number | null>; leave: () => void };

function ask(origin: string, client: Client, parameters: string): Asking {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const request = get(`${origin}/ai-usage/tie-out?${parameters}`, { headers: { cookie, accept: 'text/html' } });
  const status = new Promise<number | null>((resolve) => {
    request.on('response', (response) => resolve(response.resume().statusCode ?? null));
    request.on('error', () => resolve(null));
  });
  return { status, leave: () => request.destroy() };
}

describe('an overview that is being recomputed', function () {
  this.timeout(90_000);
  let app: RunningApp;
  let ana: Client;
  let rui: Client;
  before(async function () {
    // It takes several connections, and a query that can be cancelled.
    needsServer(this);
    app = await startApp();
    [ana, rui] = await Promise.all([signedIn(app.origin), signedIn(app.origin, RUI)]);
    await resetUsage();
    await insertUsage([{}, ...DAYS.map((day) => ({ at: parseInstant(`${day}T12:00:00Z`) as Instant }))]);
    await makeSlow();
  });
  after(async () => {
    if (!app) return;
    await app.close();
    await makeFast();
    await resetUsage();
  });

  it('is recomputed once for all who ask for the same window, and for nobody when the last of them has gone', async () => {
    const asked = [
      ask(app.origin, ana, 'period=7d'),
      // The same records in another view and order.
      ask(app.origin, rui, 'period=7d&by=action&show=table&compare=none&breakdown=hour&rankBy=requests&debug=1'),
      ask(app.origin, ana, 'sortOrder=asc&sortBy=aiModel&page=3&pageSize=10&period=7d&counted=1~0.000000'),
    ];
    await until(async () => (await underWay()) === 1, 'one is under way');
    await sleep(500);
    assert.equal(await underWay(), 1);
    for (const one of asked.slice(0, 2)) one.leave();
    await sleep(500);
    assert.equal(await underWay(), 1, 'somebody still waits');
    asked[2]?.leave();
    await until(async () => (await underWay()) === 0, 'nothing is under way for nobody');
    const again = ask(app.origin, ana, 'period=7d');
    await until(async () => (await underWay()) === 1, 'who asks then begins anew');
    again.leave();
    await until(async () => (await underWay()) === 0, 'and ends it');
  });

  it('leaves room for every page, also where nine are asked for, and says why the others have to wait', async () => {
    const asked = DAYS.map((day) => ask(app.origin, ana, `from=${day}&to=${day}`));
    await until(async () => (await underWay()) === 2, 'two are under way');
    const answered: (number | null)[] = [];
    for (const { status } of asked) status.then((one) => answered.push(one));
    await until(async () => answered.length >= 7, 'seven are answered at once');
    assert.deepEqual(answered, Array(7).fill(429));
    assert.equal(await underWay(), 2);
    const page = await openPage(rui, '/ai-usage');
    assert.deepEqual(page.querySelectorAll('[role=alert]').map(textOf), []);
    const told = await rui.get('/ai-usage/tie-out?period=90d');
    assert.equal(told.status, 429);
    assert.equal(told.headers['retry-after'], '60');
    assert.match(told.text, /Two other windows are being counted again/);
    for (const { leave } of asked) leave();
    await until(async () => (await underWay()) === 0, 'nothing is under way for nobody');
  });
});
