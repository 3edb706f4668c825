import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPlaces, deleteLostPlaces } from '../../src/limits/places.ts';
import { begin, fill } from '../export/under-way.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Client, RUI, sameSession, signedIn } from '../support/client.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { freePort } from '../support/ports.ts';
import { needsServer } from '../support/skip.ts';
import { inOwnFolder } from '../support/started.ts';
import { until } from '../support/until.ts';
import { resetUsage } from '../support/usage.ts';

const SESSION_SECRET = 's'.repeat(32);
const FILE = '/ai-usage/records.csv?period=all';
const places = () => databases().backoffice('export_places');
/** As if so much time had passed for whoever does not renew. */
const aMinutePasses = () => places().update({ expires: databases().backoffice.raw(`expires - interval '60 seconds'`) });

describe('places of exports', () => {
  before(() => places().delete());
  afterEach(() => places().delete());

  it('are so many of each owner, and free when they are given back', async () => {
    const take = createPlaces(databases().backoffice, 2);
    const [first, second, third, others] = await Promise.all([take('ana'), take('ana'), take('ana'), take('rui')]);
    const taken = [first, second, third].filter((place) => place !== null);
    assert.equal(taken.length, 2);
    assert.ok(others);
    await taken[0]?.();
    assert.ok(await take('ana'));
    assert.equal(await take('ana'), null);
  });

  it('wait a moment for one that is just given back elsewhere', async () => {
    const here = createPlaces(databases().backoffice, 1);
    const elsewhere = createPlaces(databases().backoffice, 1);
    const held = await elsewhere('ana');
    const waiting = here('ana');
    await sleep(50);
    await held?.();
    assert.ok(await waiting);
  });

  it('are kept as long as their process lives, and free soon after', async () => {
    const database = databases().backoffice;
    const take = createPlaces(database, 1, 900);
    const held = await take('ana');
    await sleep(2_500);
    assert.equal(await createPlaces(database, 1)('ana'), null, 'renewed');
    await database.raw(`UPDATE export_places SET expires = now() - interval '1 second'`);
    assert.ok(await createPlaces(database, 1)('ana'), 'lost');
    await held?.();
    assert.equal(
      await places()
        .first('owner')
        .then((row) => row?.owner),
      'ana',
      'only whoever holds it gives it back',
    );
  });

  it('are given back as soon as the database answers again', async () => {
    const take = createPlaces(databases().backoffice, 1);
    const giveBack = await take('ana');
    await databases().backoffice.schema.renameTable('export_places', 'export_places_away');
    const given = giveBack?.();
    try {
      await sleep(200);
    } finally {
      await databases().backoffice.schema.renameTable('export_places_away', 'export_places');
    }
    await given;
    assert.ok(await take('ana'));
  });

  it('of a process that was killed are deleted by the clock', async () => {
    const take = createPlaces(databases().backoffice, 1);
    await take('ana');
    await aMinutePasses();
    await take('rui');
    await deleteLostPlaces(databases().backoffice);
    assert.deepEqual(await places().pluck('owner'), ['rui']);
  });
});

describe('exports of one person at several processes', function () {
  this.timeout(120_000);
  const { start } = inOwnFolder();
  let apps: RunningApp[] = [];
  let ana: Client;
  const files: IncomingMessage[] = [];
  const at = (origin: string): Client => {
    const other = sameSession(ana, origin);
    return other;
  };
  const beginAt = async (origin: string) => {
    const file = await begin(origin, at(origin), FILE);
    file.once('data', () => file.pause());
    files.push(file);
    return file.statusCode;
  };

  before(async function () {
    needsServer(this);
    await resetUsage();
    await fill(60_000);
    apps = await Promise.all([1, 2].map(() => startApp({ variables: { SESSION_SECRET } })));
    ana = await signedIn(apps[0]?.origin ?? '');
  });
  afterEach(async () => {
    for (const file of files.splice(0)) file.destroy();
    await until(async () => (await places()).length === 0, 'each place is given back');
  });
  after(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await resetUsage();
  });

  it('are two, wherever they come to; a third is told to wait, another person is not', async () => {
    const [a, b] = apps.map(({ origin }) => origin) as [string, string];
    assert.deepEqual([await beginAt(a), await beginAt(b)], [200, 200]);
    for (const origin of [a, b]) {
      const third = await at(origin).get(FILE);
      assert.equal(third.status, 429);
      assert.equal(third.headers['retry-after'], '30');
      assert.match(third.text, /Two of your downloads are under way/);
    }
    const metric = () => apps[0]?.metrics.registry.getSingleMetricAsString('exports_running');
    assert.match((await metric()) ?? '', /^exports_running 1$/m);
    const rui = await begin(b, await signedIn(b, RUI), FILE);
    assert.equal(rui.statusCode, 200);
    rui.destroy();
    files.pop()?.destroy();
    await until(async () => (await beginAt(a)) === 200, 'a place is free again');
    for (const file of files) file.destroy();
    await until(async () => /^exports_running 0$/m.test((await metric()) ?? ''), 'none runs');
  });

  it('hold their places when their process is killed, for a minute', async () => {
    const { workflows, backoffice } = databaseUrls();
    const port = await freePort();
    const program = await start({
      ...{ NODE_ENV: 'test', HOST: '127.0.0.1', PORT: String(port), SESSION_SECRET, JOBS: 'off' },
      ...{ WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice },
    });
    await program.line(/^Mythoria Admin/);
    const killed = `http://localhost:${port}`;
    assert.deepEqual([await beginAt(killed), await beginAt(killed)], [200, 200]);
    for (const file of files) file.on('error', () => {});
    program.signal('SIGKILL');
    await program.exitCode;
    const origin = apps[0]?.origin ?? '';
    assert.equal((await at(origin).get(FILE)).status, 429, 'nobody has said that it is gone');
    await aMinutePasses();
    assert.deepEqual([await beginAt(origin), await beginAt(origin)], [200, 200]);
  });
});
