import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningApp, startApp } from '../support/app.ts';
import { ANA, type Client, createClient, sameSession, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { memoryLog } from '../support/log.ts';
import { type OwnRedis, startOwnRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const SESSION_SECRET = 's'.repeat(32);
const API = '/api/ai-usage/records?pageSize=1';
const times = (count: number, status: number) => Array<number>(count).fill(status);
const counts = () => databases().backoffice('rate_counts');
const inDatabase = async (): Promise<number> => (await counts().where('key', `api:${ANA}`).first())?.points ?? 0;

describe('limits counted by a Redis', function () {
  this.timeout(60_000);
  let redis: OwnRedis;
  let apps: RunningApp[] = [];
  let clients: Client[] = [];
  let entries: ReturnType<typeof memoryLog>['entries'];

  before(async function () {
    redis = await startOwnRedis(this);
  });
  after(() => redis?.remove());
  beforeEach(async () => {
    await counts().delete();
    await redis.ask('CONFIG', 'SET', 'maxmemory', '0');
    await redis.ask('FLUSHALL');
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    apps = [];
  });

  /** So many processes, and one person at each of them. */
  async function start(processes: number, perMinute: number) {
    const { log, entries: all } = memoryLog();
    entries = all;
    const variables = { SESSION_SECRET, API_PER_MINUTE: String(perMinute), REDIS_URL: redis.url };
    apps = await Promise.all(Array.from({ length: processes }, () => startApp({ variables, log })));
    const [first] = apps as [RunningApp];
    const ana = await signedIn(first.origin);
    clients = apps.map(({ origin }) => {
      const there = sameSession(ana, origin);
      return there;
    });
  }
  const ask = async (many: number) => {
    const asked = Array.from({ length: many }, (_, i) => clients[i % clients.length]?.get(API));
    return (await Promise.all(asked)).map((answer) => answer?.status ?? 0).sort();
  };
  const said = () =>
    entries()
      .filter(({ message }) => /^Redis|counted/.test(String(message)))
      .map(({ message }) => message);

  it('are of all processes, to the number, and ask the database nothing', async () => {
    await start(3, 30);
    assert.deepEqual(await ask(60), [...times(30, 200), ...times(30, 429)]);
    assert.equal(await inDatabase(), 0);
    assert.deepEqual(said(), []);
  });

  it('go on in the database where it is killed, and there again when it is back, with one line each', async () => {
    await start(1, 1_000);
    assert.deepEqual(await ask(5), times(5, 200));
    await redis.kill();
    for (let round = 0; round < 4; round++) {
      assert.deepEqual(await ask(5), times(5, 200));
      await sleep(400);
    }
    assert.equal(await inDatabase(), 20);
    assert.deepEqual(said(), ['Redis is away']);
    await redis.start();
    await until(async () => {
      await sleep(200);
      await ask(1);
      return said().length === 2;
    }, 'it counts again');
    assert.deepEqual(said(), ['Redis is away', 'Redis is back']);
  });

  it('go on in the database where it hangs, which costs a moment a second', async () => {
    await start(1, 1_000);
    assert.deepEqual(await ask(2), [200, 200]);
    redis.signal('SIGSTOP');
    try {
      assert.deepEqual(await ask(3), times(3, 200));
      assert.ok((await inDatabase()) >= 3);
      assert.deepEqual(await ask(30), times(30, 200));
      assert.deepEqual(said(), ['Redis is away']);
    } finally {
      redis.signal('SIGCONT');
    }
    await until(async () => {
      await sleep(200);
      await ask(1);
      return said().length === 2;
    }, 'it counts again');
  });

  it('go on in the database where it is full', async () => {
    await start(1, 1_000);
    await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await redis.ask('CONFIG', 'SET', 'maxmemory', '1mb');
    assert.deepEqual(await ask(20), times(20, 200));
    assert.equal(await inDatabase(), 20);
    assert.deepEqual(said(), ['Redis is away']);
  });

  it('begin anew where it is emptied', async () => {
    await start(1, 10);
    assert.deepEqual(await ask(6), times(6, 200));
    await redis.ask('FLUSHALL');
    assert.deepEqual(await ask(12), [...times(10, 200), 429, 429]);
    assert.deepEqual(said(), []);
  });

  it('are all that it is told: under an address, a person or a token, for a minute', async () => {
    await start(1, 30);
    const [ana] = clients as [Client];
    const made = await ana.submit('/account/tokens', { name: 'nightly', scopes: 'stats' });
    const secret = /mai_\w{49}/.exec(made.text)?.[0] ?? '';
    const Authorization = `Bearer ${secret}`;
    assert.equal((await createClient(apps[0]?.origin ?? '').get('/api/ai-usage/stats', { Authorization })).status, 200);
    for (const path of ['/ai-usage', '/ai-usage/records.csv', API, '/account/sessions']) await ana.get(path);
    const [{ token_id: id }] = await databases().backoffice('api_tokens').orderBy('made_at', 'desc').limit(1);
    const keys = (await redis.ask('KEYS', '*')) as string[];
    const names = [`api:${ANA}`, `api:${id}`].map((name) => `mythoria-admin:${name}`);
    assert.deepEqual(keys.filter((key) => !key.startsWith('mythoria-admin:sign-in:')).sort(), names.sort());
    for (const key of keys) {
      assert.match(String(await redis.ask('GET', key)), /^\d+$/, key);
      const left = Number(await redis.ask('PTTL', key));
      assert.ok(left > 0 && left <= 60_000, `${key} for ${left} ms`);
    }
  });

  it('leave a start, and a session, as they are where it is not there', async () => {
    await redis.kill();
    try {
      await start(1, 3);
      assert.deepEqual(await ask(5), [200, 200, 200, 429, 429]);
      assert.deepEqual(said(), ['Redis is away']);
    } finally {
      await redis.start();
    }
  });
});
