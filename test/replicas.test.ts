import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../src/db/connect.ts';
import { addTime, MINUTE, now } from '../src/units/time.ts';
import { resetAlerts } from './support/alerts.ts';
import { startApp } from './support/app.ts';
import { type Answer, answered, startBalancer } from './support/balancer.ts';
import { type Client, SAME_ORIGIN, sameSession, signedIn } from './support/client.ts';
import { commandLine } from './support/command-line.ts';
import { databases, databaseUrls } from './support/databases.ts';
import { held } from './support/held.ts';
import { nginxPath } from './support/nginx.ts';
import { freePort } from './support/ports.ts';
import { type Program, startProgram } from './support/program.ts';
import { startOwnRedis } from './support/redis.ts';
import { startSink } from './support/sink.ts';
import { needsServer, skip } from './support/skip.ts';
import { until } from './support/until.ts';
import { insertUsage, resetUsage } from './support/usage.ts';
import { beforeLastMigration, checkOut } from './support/versions.ts';

const SESSION_SECRET = 's'.repeat(32);
const NAMES = ['a', 'b', 'c'];
const EXPENSIVE = { name: 'Month', type: 'threshold', measure: 'cost', window: 'month', critical: 20 };

type Replica = { name: string; port: number; origin: string };
type Urls = { workflows: string; backoffice: string };

describe('three processes', function () {
  this.timeout(300_000);

  let folder: string;
  let nginx: string;
  let replicas: Replica[];
  const programs = new Map<string, Program>();

  before(async function () {
    needsServer(this);
    nginx = nginxPath(this);
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-replicas-'));
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
    replicas = await Promise.all(
      NAMES.map(async (name) => {
        const port = await freePort();
        return { name, port, origin: `http://localhost:${port}` };
      }),
    );
  });
  afterEach(async () => {
    for (const program of programs.values()) program.signal('SIGKILL');
    await Promise.all([...programs.values()].map(({ exitCode }) => exitCode));
    programs.clear();
  });
  after(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const settingsOf = (port: number, { workflows, backoffice }: Urls) => ({
    ...{ NODE_ENV: 'test', HOST: '127.0.0.1', PORT: String(port), SESSION_SECRET, DRAIN_SECONDS: '2' },
    ...{ WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice, API_PER_MINUTE: '0' },
  });

  async function start(
    { name, port }: Replica,
    settings: Record<string, string> = {},
    urls: Urls = databaseUrls(),
    args?: string[],
  ) {
    const program = startProgram(process.execPath, args ?? (await commandLine('src/server.ts')), {
      cwd: folder,
      settings: { ...settingsOf(port, urls), ...settings },
    });
    programs.set(name, program);
    await program.line(/^Mythoria Admin/);
  }

  /** Somebody signed in: each process has a stand-in for Google of its own, so this is done at another one. */
  async function person(urls: Urls = databaseUrls()): Promise<Client> {
    const app = await startApp({ variables: { SESSION_SECRET }, urls });
    const client = await signedIn(app.origin);
    await app.close();
    return client;
  }
  const at = (replica: Replica, client: Client): Client => {
    const there = sameSession(client, replica.origin);
    return there;
  };
  const balanced = async () => {
    const port = await freePort();
    return {
      port,
      origin: `http://localhost:${port}`,
      begin: () => startBalancer(nginx, join(folder, 'nginx'), port, replicas),
    };
  };
  const cookieOf = (client: Client) => [...client.cookies].map((pair) => pair.join('=')).join('; ');

  for (const withRedis of [false, true]) {
    const words = withRedis ? ', and Redis too' : '';
    it(`keep somebody signed in while each of them is killed and started again${words}`, async function () {
      const redis = withRedis ? await startOwnRedis(this) : null;
      const ana = await person();
      const front = await balanced();
      const settings = { APP_URL: front.origin, ...(redis ? { REDIS_URL: redis.url, API_PER_MINUTE: '100000' } : {}) };
      for (const replica of replicas) await start(replica, settings);
      const balancer = await front.begin();
      const agent = new Agent({ keepAlive: true, maxSockets: 4 });
      const seen: { status: Answer['status']; at: number }[] = [];
      const killedAt: number[] = [];
      let over = false;
      const reading = async () => {
        while (!over) {
          const headers = { cookie: cookieOf(ana) };
          // The API is counted, by Redis where there is one.
          const path = seen.length % 2 === 0 ? '/account/sessions' : '/api/ai-usage/stats?period=7d';
          const { status } = await answered(get(`${front.origin}${path}`, { agent, headers }));
          seen.push({ status, at: performance.now() });
          await sleep(50);
        }
      };
      const readers = Promise.all([reading(), reading()]);
      try {
        for (const [i, replica] of replicas.entries()) {
          // Counts in Redis, then with Redis gone, then with one that is empty.
          if (i === 1) await redis?.kill();
          if (i === 2) await redis?.start();
          const before = seen.length;
          await until(() => seen.length > before + 10, 'it is read');
          killedAt.push(performance.now());
          programs.get(replica.name)?.signal('SIGKILL');
          await programs.get(replica.name)?.exitCode;
          await start(replica, settings);
          await balancer.ready(replica.name);
        }
        const healed = seen.length;
        await until(() => seen.length > healed + 10, 'it is read');
      } finally {
        over = true;
        await readers;
        await balancer.stop();
        agent.destroy();
        await redis?.remove();
      }
      const others = seen.filter(({ status }) => status !== 200);
      assert.deepEqual(
        others.filter(({ status }) => !['lost', 502, 503, 504].includes(status)),
        [],
        'nobody is sent to sign in',
      );
      const seconds = others.map((one) => (one.at - Math.max(...killedAt.filter((killed) => killed < one.at))) / 1_000);
      assert.ok(Math.max(0, ...seconds) < 5, `until the balancer has noticed: ${seconds}`);
      held(import.meta.filename, {
        fault: `each of three processes behind nginx is killed and started again${words}`,
        ...{ requests: seen.length, errors: others.length, healedMs: 1_000 * Math.max(0, ...seconds), losses: 0 },
      });
      assert.equal(seen.at(-1)?.status, 200);
    });

    it(`see a sign-out at once, wherever it was${words}`, async function () {
      const redis = withRedis ? await startOwnRedis(this) : null;
      for (const replica of replicas) await start(replica, redis ? { REDIS_URL: redis.url } : {});
      for (const signsOut of replicas) {
        const ana = await person();
        const everywhere = () =>
          Promise.all(replicas.map(async (one) => (await at(one, ana).get('/account/sessions')).status));
        assert.deepEqual(await everywhere(), [200, 200, 200]);
        assert.equal((await at(signsOut, ana).post('/sign-out', SAME_ORIGIN)).status, 303);
        assert.deepEqual(await everywhere(), [302, 302, 302]);
      }
      await redis?.remove();
    });
  }

  it('tell an alert once, and say the same of a row, one that is dated back and one that is deleted', async () => {
    const sink = await startSink();
    try {
      for (const replica of replicas) await start(replica, { WEBHOOK_ALLOWED_HOSTS: sink.host });
      const ana = await person();
      const clients = replicas.map((replica) => at(replica, ana));
      const [first] = clients as [Client];
      const made = await first.json('post', '/api/alerts/channels', { name: 'Sink', type: 'webhook', url: sink.url });
      const rule = await first.json('post', '/api/alerts/rules', { ...EXPENSIVE, channels: [made.body.id] });
      assert.equal(rule.status, 201, JSON.stringify(rule.body));

      const totals = () =>
        Promise.all(
          clients.map(async (client) => {
            const { body } = await client.get('/api/ai-usage/stats?period=7d', { Accept: 'application/json' });
            return `${body.totalRequests} ${body.totalCost}`;
          }),
        );
      const allSay = async (expected: string, until_: string[]) => {
        const all = [...until_, expected];
        await until(
          async () => {
            const said = await totals();
            for (const one of said) assert.ok(all.includes(one), `${one} was never true: ${all}`);
            return said.every((one) => one === expected);
          },
          `all say ${expected}`,
          100_000,
        );
      };
      await insertUsage([{ cost: 21_000_000, at: now() }]);
      await allSay('1 21', ['0 0']);
      const [late] = await insertUsage([{ cost: 1_000_000, at: addTime(now(), -300n * MINUTE) }]);
      await allSay('2 22', ['1 21']);
      await databases()
        .workflows('token_usage_tracking')
        .where('token_usage_id', late?.id ?? '')
        .delete();
      await allSay('1 21', ['2 22']);

      await until(() => sink.received.length > 0, 'the alert is told');
      // Each of them evaluates four times a minute.
      await sleep(20_000);
      assert.equal(sink.received.length, 1, sink.received.map(({ body }) => body).join('\n'));
    } finally {
      await sink.close();
      await databases().backoffice.raw('TRUNCATE channels CASCADE');
    }
  });

  it('are updated one by one from the version before, whose schema is migrated meanwhile, and lose no request', async function () {
    const version = await beforeLastMigration();
    if (version === null) skip(this, 'no commit before the last migration in this clone');
    const old = join(folder, 'before');
    const database = `mythoria_update_${process.pid}`;
    const { workflows, backoffice } = databaseUrls();
    const urls = { workflows, backoffice: Object.assign(new URL(backoffice), { pathname: `/${database}` }).href };
    await databases().backoffice.raw('DROP DATABASE IF EXISTS ?? WITH (FORCE)', [database]);
    await databases().backoffice.raw('CREATE DATABASE ??', [database]);
    await mkdir(old);
    await checkOut(version, old);
    const front = await balanced();
    // As people start it: what is compiled with its packages reads no migrations.
    const of = (checkout: string) => ['--import', import.meta.resolve('tsx'), join(checkout, 'src/server.ts')];
    const settings = { APP_URL: front.origin };
    for (const replica of replicas) await start(replica, settings, urls, of(old));
    const updated = openDatabase(urls.backoffice, { maxConnections: 1 });
    const newest = (await readdir('src/db/migrations')).sort();
    const applied = (): Promise<string[]> => updated('knex_migrations').orderBy('name').pluck('name');
    assert.notDeepEqual(await applied(), newest, 'the version before has another schema');
    const ana = await person(urls);
    const balancer = await front.begin();
    const agent = new Agent({ keepAlive: true, maxSockets: 6 });
    const wrong: Answer[] = [];
    let sent = 0;
    let over = false;
    const paths = ['/ai-usage/records', '/account/sessions', '/api/ai-usage/stats?period=7d', '/budgets', '/audit'];
    const reading = async () => {
      while (!over) {
        const path = paths[sent++ % paths.length];
        const answer = await answered(get(`${front.origin}${path}`, { agent, headers: { cookie: cookieOf(ana) } }));
        if (answer.status !== 200) wrong.push(answer);
        await sleep(100);
      }
    };
    const readers = Promise.all(Array.from({ length: 5 }, reading));
    try {
      for (const replica of replicas) {
        const before = programs.get(replica.name);
        before?.child.kill('SIGTERM');
        assert.equal(await before?.exitCode, 0, before?.lines.out.join('\n'));
        await start(replica, settings, urls, of(resolve('.')));
        await balancer.ready(replica.name);
      }
    } finally {
      over = true;
      await readers;
      await balancer.stop();
      agent.destroy();
    }
    assert.deepEqual(await applied(), newest);
    await updated.destroy();
    await databases().backoffice.raw('DROP DATABASE ?? WITH (FORCE)', [database]);
    assert.deepEqual(wrong, [], await balancer.errors());
    assert.ok(sent > 50, `${sent} requests`);
    const fault = 'three processes are updated one by one from the version before, with migrations';
    held(import.meta.filename, { fault, requests: sent, errors: 0, healedMs: null, losses: 0 });
  });
});
