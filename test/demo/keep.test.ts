import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { DEMO_TIME_ZONE } from '../../src/demo/calendar.ts';
import { fillDemoDataFrom } from '../../src/demo/fill.ts';
import { type DemoGrowth, demoGrowth } from '../../src/demo/keep.ts';
import { type Job, startJobs } from '../../src/jobs/jobs.ts';
import { createMetrics } from '../../src/measuring/metrics.ts';
import {
  addDays,
  addTime,
  dayOf,
  HOUR,
  instantAt,
  now,
  postgresFromInstant,
  startOfDay,
  type Window,
} from '../../src/units/time.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { emptied } from '../support/usage.ts';

/** As the demo's job does, by a faster clock. */
const grow = ({ onError, ...growth }: Omit<DemoGrowth, 'urls'> & Pick<Job, 'onError'>) =>
  startJobs(
    [
      {
        name: 'demo',
        does: '',
        everyMs: 1,
        atOnce: false,
        run: demoGrowth({ urls: databaseUrls(), ...growth }),
        onError,
      },
    ],
    createMetrics(),
  );

describe('a demo left running', () => {
  const empty = async () => {
    const { workflows, mythoria } = databases();
    await workflows.raw(emptied('token_usage_tracking', 'story_generation_runs'));
    await mythoria.raw(emptied('stories', 'authors'));
    await mythoria.raw('DROP TABLE IF EXISTS demo_data');
  };
  beforeEach(empty);
  after(empty);

  const rowsSince = async (from: bigint) => {
    const [row] = await databases()
      .workflows('token_usage_tracking')
      .where('created_at', '>=', postgresFromInstant(instantAt(from)))
      .count();
    return Number(row?.count);
  };

  const dayBegin = (instant: bigint) =>
    postgresFromInstant(startOfDay(addDays(dayOf(instantAt(instant), DEMO_TIME_ZONE), 1), DEMO_TIME_ZONE));

  it('gets what has happened since, and says in which window, until it is stopped', async () => {
    const until = addTime(now(), -30n * HOUR);
    await fillDemoDataFrom(addDays(dayOf(until, DEMO_TIME_ZONE), -1), {
      ...databases(),
      now: until,
      onProgress: () => {},
    });
    assert.equal(await rowsSince(until), 0);

    const told = new EventEmitter();
    const windows: Window[] = [];
    const demo = grow({
      since: now(),
      refresh: async (written) => {
        windows.push(written);
        told.emit('written');
      },
      onError: (error) => told.emit('error', error),
    });
    await once(told, 'written');
    await demo.stop();

    const added = await rowsSince(until);
    assert.ok(added > 0, `${added} rows of thirty hours`);
    assert.equal(windows[0]?.from, until);
    assert.ok((windows[0]?.to ?? 0n) <= now());
    assert.equal(await rowsSince(now()), 0, 'nothing from the future');
  });

  it('goes on after a failure, which it tells', async () => {
    const until = addTime(now(), -30n * HOUR);
    await fillDemoDataFrom(addDays(dayOf(until, DEMO_TIME_ZONE), -1), {
      ...databases(),
      now: until,
      onProgress: () => {},
    });
    await databases().mythoria.raw('ALTER TABLE demo_data RENAME TO elsewhere');

    const told = new EventEmitter();
    const demo = grow({
      since: now(),
      refresh: async () => told.emit('written'),
      onError: (error) => told.emit('failed', error),
    });
    const [error] = await once(told, 'failed');
    assert.match(String(error), /not demo data/);
    await databases().mythoria.raw('ALTER TABLE elsewhere RENAME TO demo_data');
    await once(told, 'written');
    await demo.stop();
    assert.ok((await rowsSince(until)) > 0);
  });

  it('says again what it could not say, until it has been heard, and not again then', async () => {
    const until = addTime(now(), -30n * HOUR);
    await fillDemoDataFrom(addDays(dayOf(until, DEMO_TIME_ZONE), -1), {
      ...databases(),
      now: until,
      onProgress: () => {},
    });
    const told = new EventEmitter();
    const windows: Window[] = [];
    const demo = grow({
      since: now(),
      refresh: async (written) => {
        windows.push(written);
        if (windows.length <= 2) throw new Error('the database is away');
        told.emit('heard');
      },
      onError: () => {},
    });
    const heard = once(told, 'heard');
    await heard;
    await demo.stop();
    assert.ok(windows.length >= 3);
    for (const { from } of windows.slice(0, 3)) assert.equal(from, until);
    for (const { from } of windows.slice(3)) assert.ok((from ?? 0n) > until);
  });

  it('says what a failure has left half written', async () => {
    // At noon, for a day that is nearly over may have no more records.
    const until = addTime(startOfDay(addDays(dayOf(now(), DEMO_TIME_ZONE), -2), DEMO_TIME_ZONE), 12n * HOUR);
    await fillDemoDataFrom(addDays(dayOf(until, DEMO_TIME_ZONE), -1), {
      ...databases(),
      now: until,
      onProgress: () => {},
    });
    const { workflows } = databases();
    // The first day is written, the second is not: what the next filling begins with is no longer where the first one began.
    await workflows.raw(
      `ALTER TABLE token_usage_tracking ADD CONSTRAINT a_day CHECK (created_at < '${dayBegin(until)}')`,
    );
    const told = new EventEmitter();
    const windows: Window[] = [];
    const demo = grow({
      since: until,
      refresh: async (written) => {
        windows.push(written);
        told.emit('written');
      },
      onError: () => told.emit('failed'),
    });
    try {
      await once(told, 'failed');
      assert.equal(windows.length, 0);
      assert.ok((await rowsSince(until)) > 0, 'else this tests nothing');
    } finally {
      await workflows.raw('ALTER TABLE token_usage_tracking DROP CONSTRAINT a_day');
    }
    await once(told, 'written');
    await demo.stop();
    assert.equal(windows[0]?.from, until);
  });
});
