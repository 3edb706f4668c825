import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { addTime, HOUR, now } from '../../../src/units/time.ts';
import { commandLine } from '../../support/command-line.ts';
import { databases, databaseUrls, onServer } from '../../support/databases.ts';
import { freePort } from '../../support/ports.ts';
import { startProgram } from '../../support/program.ts';
import { needsServer } from '../../support/skip.ts';
import { until } from '../../support/until.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';
import {
  copyOf,
  coverWith,
  endAll,
  makeSource,
  running,
  startOn,
  state,
  swap,
  TICK_MS,
  threeTicks,
} from './sources.ts';

const OTHER = /The rollups in backoffice_db are of another source/;
const EMPTY = /workflows_db holds none of the records/;
const CHANGED = /Records of workflows_db have come or gone/;
const BUILT = /^The rollups are built anew/;

const newAuthor = randomUUID();

describe('rollups and another source', () => {
  before(function () {
    needsServer(this); // It takes several databases, and connections that end while others go on.
  });
  beforeEach(resetUsage);
  afterEach(endAll);
  after(async () => {
    if (onServer()) await resetUsage();
  });

  it('after a restart with another address: said, read from the records, then built anew', async () => {
    const [staging, production] = [await makeSource(30), await makeSource(45)];
    await coverWith(staging);
    const app = await startOn(production);
    assert.equal(await app.requests(), 45);
    assert.match(await app.page(), OTHER);
    assert.equal(await app.ready(), 'not read');
    assert.equal(app.said(OTHER), 1);
    const { build } = await state();
    app.tick();
    await until(() => app.said(BUILT) === 1, app.entries);
    await until(async () => (await app.ready()) === undefined, app.entries);
    assert.equal(await app.requests(), 45);
    assert.doesNotMatch(await app.page(), OTHER);
    assert.notEqual((await state()).build, build);
  });

  it('when the same address suddenly leads to other records: noticed without a restart', async () => {
    const [first, second] = [await makeSource(30), await makeSource(45)];
    await coverWith(first);
    const app = await startOn(first);
    app.tick();
    assert.equal(await app.requests(), 30);
    await swap(first, second);
    await until(async () => (await app.requests()) === 45, app.entries);
    await until(() => app.said(BUILT) === 1, app.entries);
    await until(async () => (await app.ready()) === undefined, app.entries);
    assert.equal(await app.requests(), 45);
  });

  it('and even between two ticks', async () => {
    const [first, second] = [await makeSource(30), await makeSource(45)];
    await coverWith(first);
    const app = await startOn(first);
    assert.equal(await app.requests(), 30);
    await swap(first, second);
    await until(async () => (await app.requests()) === 45, app.entries);
    assert.equal(app.said(OTHER), 1);
  });

  it('the same records under another address cost nothing, though an action has another object id there', async () => {
    const source = await makeSource(40);
    await coverWith(source);
    const copy = await copyOf(source);
    const before = await state();
    const app = await startOn(copy);
    app.tick();
    await threeTicks(app);
    const after = await state();
    assert.deepEqual([after.build, after.content], [before.build, before.content]);
    assert.equal(await app.requests(), 40);
    assert.equal(app.said(OTHER), 0);
  });

  it('many records that come late to a few hours are not taken for another source', async () => {
    const source = await makeSource(60);
    await coverWith(source);
    const app = await startOn(source);
    assert.equal(await app.requests(), 60);
    await insertUsage(
      Array.from({ length: 3_000 }, (_, i) => ({ at: now() - BigInt(40 + 7 * (i % 10)) * HOUR })),
      source.database,
    );
    const { build } = await state();
    app.tick();
    await threeTicks(app);
    assert.equal(app.said(/another source|not in the rollups|built anew/), 0);
    assert.equal((await state()).build, build);
    await coverWith(source);
    assert.equal(await app.requests(), 3_060);
  });

  it('records that come late to most hours are read at once, and not taken for another source either', async () => {
    const source = await makeSource(60);
    await coverWith(source);
    const app = await startOn(source);
    await insertUsage(
      Array.from({ length: 60 }, (_, i) => ({ at: addTime(now(), -BigInt(40 + 7 * i) * HOUR) })),
      source.database,
    );
    assert.equal(await app.requests(), 120);
    assert.match(await app.page(), CHANGED);
    app.tick();
    await until(async () => (await app.ready()) === undefined, app.entries);
    assert.equal(await app.requests(), 120);
    assert.equal(app.said(OTHER), 0);
  });

  it('a copy without only the latest hours is another source', async () => {
    const source = await makeSource(60);
    await coverWith(source);
    const app = await startOn(await copyOf(source, (hour) => hour >= 3));
    assert.equal(await app.requests(), 57);
    assert.match(await app.page(), OTHER);
    app.tick();
    await until(() => app.said(BUILT) === 1, app.entries);
    await until(async () => (await app.ready()) === undefined, app.entries);
    assert.equal(await app.requests(), 57);
  });

  it('a database that is not known is read from its records while any hour differs, until all of them are right', async () => {
    const source = await makeSource(200);
    await coverWith(source);
    const { build } = await state();
    // One hour of the sample, and some that are in none: what is looked at does not tell how many there are.
    const copy = await copyOf(source, (hour) => hour !== 2 && (hour < 60 || hour > 99));
    const app = await startOn(copy);
    assert.equal(await app.requests(), 159);
    assert.match(await app.page(), CHANGED);
    app.tick();
    await until(async () => (await app.ready()) === undefined, app.entries);
    assert.equal(await app.requests(), 159);
    assert.equal(app.said(/another source|built anew/), 0);
    assert.notEqual((await state()).build, build, 'who reads the other one looks again');
  });

  it('two processes at a database and a copy of nearly all of it never show the numbers of the other', async () => {
    const source = await makeSource(60);
    const copy = await copyOf(source, (hour) => hour !== 1);
    await coverWith(source);
    const [one, other] = [await startOn(source), await startOn(copy)];
    one.tick({ replicas: true });
    await until(async () => (await state()).confirmed !== 'null', one.entries);
    other.tick({ replicas: true });
    for (let ticks = 0; ticks < 6; ticks++) {
      const { confirmed } = await state();
      await until(async () => (await state()).confirmed !== confirmed, one.entries);
      assert.deepEqual([await one.requests(), await other.requests()], [60, 59]);
    }
    assert.equal(await other.ready(), 'not read');
    // The first one says nothing for long, though its pages are still asked for; then the second one may have the rollups.
    await running.splice(2, 1)[0]?.stop();
    await databases()
      .backoffice('rollup_state')
      .update({ confirmed_at: new Date(Date.now() - 6 * 60_000) });
    await until(async () => (await other.ready()) === undefined, other.entries);
    assert.deepEqual([await one.requests(), await other.requests()], [60, 59]);
  });

  it('a database that is known is read from the rollups when a process starts, though an hour of it has changed', async () => {
    const source = await makeSource(60);
    await coverWith(source);
    const first = await startOn(source);
    assert.equal(await first.requests(), 60);
    first.tick();
    await threeTicks(first);
    await insertUsage([{ at: addTime(now(), -60n * HOUR) }], source.database);
    const second = await startOn(source);
    await second.requests();
    assert.equal(await second.ready(), undefined);
    assert.equal(second.said(CHANGED), 0);
  });

  for (const known of [true, false])
    it(`an author who is deleted from every hour of a ${known ? 'known' : 'new'} database makes it none other`, async () => {
      const source = await makeSource(60);
      const hours = Array.from({ length: 60 }, (_, i) => addTime(now(), -BigInt(40 + 7 * i) * HOUR));
      await insertUsage(
        hours.map((at) => ({ at, author: newAuthor })),
        source.database,
      );
      await coverWith(source);
      const begin = () => startOn(source);
      const early = known ? await begin() : null;
      if (early) assert.equal(await early.requests(), 120);
      await source.database('token_usage_tracking').where({ author_id: newAuthor }).delete();
      const app = early ?? (await begin());
      await until(async () => (await app.requests()) === 60 || (await app.ready()) === undefined, app.entries);
      app.tick();
      await until(async () => (await app.requests()) === 60 && (await app.ready()) === undefined, app.entries);
      await threeTicks(app);
      assert.equal(await app.requests(), 60);
      assert.equal(app.said(/another source|built anew/), 0);
    });

  it('an empty source is shown as that, and costs the rollups nothing', async () => {
    const [source, empty] = [await makeSource(30), await makeSource(0)];
    await coverWith(source);
    const before = await state();
    const app = await startOn(empty);
    app.tick();
    assert.equal(await app.requests(), 0);
    assert.match(await app.page(), EMPTY);
    await swap(empty, source);
    await until(async () => (await app.requests()) === 30, app.entries);
    const after = await state();
    assert.deepEqual([after.build, after.content], [before.build, before.content]);
    await until(async () => (await app.ready()) === undefined, app.entries);
    assert.doesNotMatch(await app.page(), EMPTY);
  });

  it('a source that is still being filled is waited for: one build', async () => {
    const [old, restored] = [await makeSource(30), await makeSource(5)];
    await coverWith(old);
    const { build } = await state();
    const app = await startOn(restored);
    await app.requests();
    app.tick();
    for (let i = 0; i < 40; i++) {
      await insertUsage([{ at: addTime(now(), -BigInt(41 + 3 * i) * HOUR) }], restored.database);
      await sleep(TICK_MS / 5);
    }
    assert.equal((await state()).build, build);
    await until(() => app.said(BUILT) === 1, app.entries);
    await until(async () => (await app.ready()) === undefined, app.entries);
    assert.equal(await app.requests(), 45);
    assert.equal(app.said(BUILT), 1);
  });

  it('two processes at two sources do not build against each other: who came first keeps them', async () => {
    const [first, second] = [await makeSource(30), await makeSource(45)];
    await coverWith(first);
    const { build } = await state();
    const [one, other] = [await startOn(first), await startOn(second)];
    one.tick({ replicas: true });
    await until(async () => (await state()).confirmed !== 'null', one.entries);
    other.tick({ replicas: true });
    for (let ticks = 0; ticks < 12; ticks++) {
      const { confirmed } = await state();
      await until(async () => (await state()).confirmed !== confirmed, one.entries);
      assert.equal(await one.requests(), 30);
      assert.equal(await other.requests(), 45);
    }
    assert.equal(other.said(OTHER), 1);
    assert.equal(one.said(OTHER), 0);
    assert.equal((await state()).build, build);
    // The first one is not there any more.
    await running.splice(2, 1)[0]?.stop();
    await databases()
      .backoffice('rollup_state')
      .update({ confirmed_at: new Date(Date.now() - 6 * 60_000) });
    await until(() => other.said(BUILT) === 1, other.entries);
    await until(async () => (await other.ready()) === undefined, other.entries);
    assert.equal(await other.requests(), 45);
    // Its pages are right all the same.
    assert.equal(await one.requests(), 30);
  });

  it('is said by the program at its start', async function () {
    this.timeout(120_000);
    const [staging, production] = [await makeSource(30), await makeSource(45)];
    await coverWith(staging);
    const program = startProgram(process.execPath, await commandLine('src/server.ts'), {
      settings: {
        PORT: String(await freePort()),
        WORKFLOWS_DATABASE_URL: production.url,
        BACKOFFICE_DATABASE_URL: databaseUrls().backoffice,
      },
    });
    try {
      await program.line(/^Mythoria Admin · AI Usage: /);
      assert.match([...program.lines.out, ...program.lines.err].join('\n'), OTHER);
    } finally {
      program.signal('SIGKILL');
      await program.exitCode;
    }
  });
});
