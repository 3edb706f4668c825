import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { startApp } from './support/app.ts';
import { type Answer, answered, startBalancer, untilListening, untilRefused } from './support/balancer.ts';
import { createClient, signedIn } from './support/client.ts';
import { commandLine } from './support/command-line.ts';
import { databases, databaseUrls, onServer } from './support/databases.ts';
import { nginxPath } from './support/nginx.ts';
import { freePort } from './support/ports.ts';
import { type Program, startProgram } from './support/program.ts';
import { type DatabaseProxy, startProxy } from './support/proxy.ts';
import { needsServer } from './support/skip.ts';
import { THOROUGH } from './support/thorough.ts';
import { until } from './support/until.ts';
import { insertUsage, resetUsage } from './support/usage.ts';

const SESSION_SECRET = 's'.repeat(32);
/** People behind nginx, and how many requests of theirs at least: thirty with two thousand in the long run (THOROUGH=1). */
const [PEOPLE, REQUESTS] = THOROUGH ? [30, 2_000] : [10, 500];

describe('a restart', function () {
  this.timeout(240_000);

  let folder: string;
  let headers: { cookie: string };
  const programs: Program[] = [];

  async function start(port: number, settings: Record<string, string> = {}): Promise<Program> {
    const { workflows, backoffice, mythoria } = databaseUrls();
    const program = startProgram(process.execPath, await commandLine('src/server.ts'), {
      cwd: folder,
      settings: {
        NODE_ENV: 'test',
        HOST: '127.0.0.1',
        PORT: String(port),
        WORKFLOWS_DATABASE_URL: workflows,
        BACKOFFICE_DATABASE_URL: backoffice,
        MYTHORIA_DATABASE_URL: mythoria,
        SESSION_SECRET,
        API_PER_MINUTE: '0',
        ...settings,
      },
    });
    programs.push(program);
    await program.line(/^Mythoria Admin/);
    return program;
  }

  before(async function () {
    // A second process beside the tests' own connections.
    needsServer(this);
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-restarts-'));
    // Before any of them starts: each process has a stand-in for Google of its own, behind a balancer as well.
    const app = await startApp({ variables: { SESSION_SECRET } });
    const ana = await signedIn(app.origin);
    headers = { cookie: [...ana.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    await app.close();
    await resetUsage();
    await insertUsage(Array.from({ length: 200 }, () => ({})));
  });
  afterEach(async () => {
    for (const program of programs) program.signal('SIGKILL');
    await Promise.all(programs.map(({ exitCode }) => exitCode));
    programs.length = 0;
  });
  after(async () => {
    if (!onServer()) return;
    await rm(folder, { recursive: true, force: true });
    await resetUsage();
  });

  it('ends no kept-alive connection over which a request may be on its way: its client is told with an answer', async () => {
    const port = await freePort();
    const program = await start(port, { DRAIN_SECONDS: '1', LOG_LEVEL: 'info' });
    const agent = new Agent({ keepAlive: true, maxSockets: 40 });
    const statuses: Answer['status'][] = [];
    const client = async () => {
      for (let told = false; !told; ) {
        const answer = await answered(get(`http://localhost:${port}/account/sessions`, { agent, headers }));
        statuses.push(answer.status);
        told = answer.connection === 'close' || answer.status === 'lost';
      }
    };
    const clients = Promise.all(Array.from({ length: 40 }, client));
    await until(() => statuses.length >= 80, 'each connection is used again');
    program.child.kill('SIGTERM');
    await clients;
    assert.deepEqual(
      statuses.filter((status) => status !== 200),
      [],
    );
    assert.equal(await program.exitCode, 0, [...program.lines.out.slice(-5), ...program.lines.err].join('\n'));
    agent.destroy();
  });

  it('answers what was asked for at once over one connection, and ends that with the last', async () => {
    const port = await freePort();
    const program = await start(port, { DRAIN_SECONDS: '1' });
    const origin = `http://localhost:${port}`;
    const { cookie } = headers;
    const lock = await databases().workflows.transaction();
    await lock.raw('LOCK TABLE token_usage_tracking IN ACCESS EXCLUSIVE MODE');
    const socket = connect(port, '127.0.0.1');
    const ask = (path: string) => socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    ask('/ai-usage/records');
    ask('/healthz');
    await waitingForTable();
    program.child.kill('SIGTERM');
    await untilStopping(origin);
    ask('/sign-in');
    await lock.rollback();
    await once(socket, 'close');
    const answers = text.split('HTTP/1.1 ').slice(1);
    assert.deepEqual(
      answers.map((answer) => [answer.slice(0, 3), /^connection: close/im.test(answer)]),
      [
        ['200', false],
        ['200', false],
        ['302', true],
      ],
    );
    assert.equal(await program.exitCode, 0);
  });

  it('takes everything for a while, then no connection, and resets within ten seconds what does not end', async () => {
    const port = await freePort();
    const proxy = await startProxy(databaseUrls().workflows);
    const program = await start(port, { DRAIN_SECONDS: '2', WORKFLOWS_DATABASE_URL: proxy.url });
    const origin = `http://localhost:${port}`;
    const agent = new Agent({ keepAlive: true });
    assert.equal((await answered(get(`${origin}/healthz`, { agent }))).status, 200);
    await insertMany(60_000);
    const download = await unfinishedDownload(port, headers.cookie, proxy);
    const signalled = performance.now();
    program.child.kill('SIGTERM');
    // While it still takes everything: the two that follow are answered. How soon is the machine's affair.
    await untilStopping(origin);
    const kept = await answered(get(`${origin}/account/sessions`, { agent, headers }));
    const fresh = await answered(get(`${origin}/audit`, { headers }));
    assert.deepEqual([kept.status, kept.connection], [200, 'close']);
    assert.deepEqual([fresh.status, fresh.connection], [200, 'close']);

    await untilRefused(port);
    assert.ok(performance.now() - signalled >= 2_000, 'taken for the whole time');
    assert.equal(program.child.exitCode, null, 'the download goes on');
    assert.equal(await download.end, 'ECONNRESET', 'who reads sees that there is more');
    proxy.release();
    await program.exitCode;
    assert.ok(performance.now() - signalled < 10_000);
    agent.destroy();
    await proxy.close();
  });

  it(`of two processes in turn behind nginx loses none of ${REQUESTS} requests`, async function () {
    const nginx = nginxPath(this);
    const replicas = await Promise.all(['a', 'b'].map(async (name) => ({ name, port: await freePort() })));
    const front = await freePort();
    const origin = `http://localhost:${front}`;
    const settings = { APP_URL: origin, DRAIN_SECONDS: '3' };
    const current = new Map<string, Program>();
    for (const { name, port } of replicas) current.set(name, await start(port, settings));

    const balancer = await startBalancer(nginx, join(folder, 'nginx'), front, replicas);
    try {
      const agent = new Agent({ keepAlive: true, maxSockets: PEOPLE });
      const paths = ['/ai-usage/records', '/account/sessions', '/api/ai-usage/records?pageSize=5', '/audit'];
      const wrong: Answer[] = [];
      let sent = 0;
      let replaced = false;
      const person = async () => {
        while (!replaced || sent < REQUESTS) {
          const answer = await answered(get(`${origin}${paths[sent++ % paths.length]}`, { agent, headers }));
          if (answer.status !== 200) wrong.push(answer);
          // People read. As many programs would take the processor from the one that has ten seconds to end.
          await sleep(100);
        }
      };
      const people = Promise.all(Array.from({ length: PEOPLE }, person));
      for (const { name, port } of replicas) {
        const replica = current.get(name);
        replica?.child.kill('SIGTERM');
        assert.equal(await replica?.exitCode, 0, replica?.lines.out.join('\n'));
        current.set(name, await start(port, settings));
        await balancer.ready(name);
      }
      replaced = true;
      await people;
      assert.deepEqual(wrong, [], await balancer.errors());
      assert.ok(sent >= REQUESTS);
      agent.destroy();
    } finally {
      await balancer.stop();
    }
  });

  it('leaves a job that does not end in time, and says so', async () => {
    const mythoria = databases().mythoria as Knex;
    const gathering = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`;
    await mythoria('authors').insert({ author_id: randomUUID(), display_name: 'Ana', email: 'ana@example.com' });
    await mythoria.raw(
      `ALTER TABLE authors RENAME TO quick_authors;
       CREATE VIEW authors AS SELECT * FROM quick_authors WHERE pg_sleep(60) IS NOT NULL`,
    );
    try {
      const program = await start(await freePort(), { LOG_LEVEL: 'warn' });
      await until(async () => (await mythoria.raw(`SELECT 1 ${gathering}`)).rows.length > 0, 'names are gathered');
      program.child.kill('SIGTERM');
      const code = await program.exitCode;
      const said = program.lines.out.join('\n');
      assert.equal(code, 0, said);
      assert.match(said, /"jobs":\["rollups"\],"message":"jobs are left under way/);
    } finally {
      await mythoria.raw(`SELECT pg_terminate_backend(pid) ${gathering}`);
      await mythoria.raw('DROP VIEW authors; ALTER TABLE quick_authors RENAME TO authors');
      await mythoria('authors').delete();
    }
  });

  it('lets whoever waits for another replica to migrate live, and not be sent anything', async () => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const other = await databases().backoffice.transaction();
    await other.raw('SELECT pg_advisory_xact_lock(202611)');
    try {
      const started = start(port);
      await untilListening(port);
      const [health, ready] = await Promise.all(['/healthz', '/readyz'].map((path) => createClient(origin).get(path)));
      assert.deepEqual([health?.status, health?.body.status], [200, 'ok']);
      assert.deepEqual([ready?.status, ready?.body], [503, { status: 'starting' }]);
      await other.rollback();
      await started;
      assert.equal((await createClient(origin).get('/readyz')).status, 200);
    } finally {
      await other.rollback();
    }
  });
});

async function insertMany(rows: number): Promise<void> {
  for (let first = 0; first < rows; first += 5_000) {
    await databases().workflows.raw(
      `INSERT INTO token_usage_tracking
         (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'test', 'gpt-5', 1, 1, 0.000001, '{}', now() - interval '1 hour'
         FROM generate_series(1, 5000)`,
    );
  }
}

/**
 * A download whose rows stop coming, over HTTP/1.0, where an answer ends as a connection does. `end` says how it ended.
 */
async function unfinishedDownload(
  port: number,
  cookie: string,
  proxy: DatabaseProxy,
): Promise<{ end: Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  const end = new Promise<string>((done) => {
    socket.once('error', ({ code }: NodeJS.ErrnoException) => done(String(code)));
    socket.once('end', () => done('complete'));
  });
  socket.write(`GET /ai-usage/records.csv?period=all HTTP/1.0\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`);
  const [first] = await once(socket, 'data');
  assert.match(String(first), /^HTTP\/1.1 200/);
  await proxy.hold();
  socket.resume();
  return { end };
}

/** Waits until a page is waiting for the table that the test has locked. */
async function waitingForTable(): Promise<void> {
  const { workflows } = databases();
  const waiting = `SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%token_usage_tracking%'`;
  await until(async () => (await workflows.raw(waiting)).rows.length > 0, 'the page waits');
}

const untilStopping = (origin: string) =>
  until(async () => (await createClient(origin).get('/readyz')).body.status === 'stopping', 'it says that it stops');
