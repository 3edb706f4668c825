import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { DEMO_TIME_ZONE } from '../../src/demo/calendar.ts';
import { fillDemoDataFrom } from '../../src/demo/fill.ts';
import { keepDemo } from '../../src/demo/keep.ts';
import { addDays, dayOf, HOUR, now, postgresFromInstant, type Window } from '../../src/units/time.ts';
import { databases, databaseUrls } from '../support/databases.ts';

describe('a demo left running', () => {
  const empty = async () => {
    const { workflows, mythoria } = databases();
    await workflows.raw('TRUNCATE token_usage_tracking, story_generation_runs');
    await mythoria.raw('TRUNCATE authors, stories');
    await mythoria.raw('DROP TABLE IF EXISTS demo_data');
  };
  beforeEach(empty);
  after(empty);

  const rowsSince = async (from: bigint) => {
    const [row] = await databases()
      .workflows('token_usage_tracking')
      .where('created_at', '>=', postgresFromInstant(from))
      .count();
    return Number(row?.count);
  };

  it('gets what has happened since, and says in which window, until it is stopped', async () => {
    const until = now() - 30n * HOUR;
    await fillDemoDataFrom(addDays(dayOf(until, DEMO_TIME_ZONE), -1), {
      ...databases(),
      now: until,
      onProgress: () => {},
    });
    assert.equal(await rowsSince(until), 0);

    const told = new EventEmitter();
    const windows: Window[] = [];
    const demo = keepDemo(databaseUrls(), {
      everyMs: 1,
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
    const until = now() - 30n * HOUR;
    await fillDemoDataFrom(addDays(dayOf(until, DEMO_TIME_ZONE), -1), {
      ...databases(),
      now: until,
      onProgress: () => {},
    });
    await databases().mythoria.raw('ALTER TABLE demo_data RENAME TO elsewhere');

    const told = new EventEmitter();
    const demo = keepDemo(databaseUrls(), {
      everyMs: 1,
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
});
