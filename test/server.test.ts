import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SETTING_NAMES } from '../src/config.ts';
import { openEmbeddedDatabases } from '../src/db/connect.ts';
import { SERVED_BY, type ServedBy, startEmbedded } from '../src/db/embedded/embedded.ts';
import { auditAll } from '../src/stats/rollups/keep/tick.ts';
import { now } from '../src/units/time.ts';
import { type Client, signedIn } from './support/client.ts';
import { commandLine } from './support/command-line.ts';
import { databaseUrls } from './support/databases.ts';
import { freePort, gone, isRunning, linkCheckout, type Program, startProgram } from './support/program.ts';
import { needsServer, skip } from './support/skip.ts';

const ADDRESS = /^Mythoria Admin · AI Usage: (http:\/\/localhost:\d+)$/;

describe('the program', () => {
  let folder: string;
  let dataDir: string;
  const programs: Program[] = [];

  /** As a container starts it: node itself, from another folder. */
  async function start(settings: Record<string, string>): Promise<Program> {
    const program = startProgram(process.execPath, await commandLine('src/server.ts'), { settings, cwd: folder });
    programs.push(program);
    return program;
  }

  /** Starts it where it cannot run, and returns what it said. */
  async function refusal(settings: Record<string, string>): Promise<string[]> {
    const program = await start(settings);
    assert.equal(await program.exitCode, 1);
    assert.deepEqual(program.lines.out, []);
    return program.lines.err;
  }

  const servedBy = async () => JSON.parse(await readFile(join(dataDir, SERVED_BY), 'utf8')) as ServedBy;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-program-'));
    dataDir = join(folder, 'data');
  });

  after(async () => {
    for (const program of programs) program.signal('SIGKILL');
    await Promise.all(programs.map(({ exitCode }) => exitCode));
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  describe('that cannot start says why in one line and exits with 1', () => {
    it('on a taken port, at once, whichever address of localhost has it', async () => {
      for (const address of ['127.0.0.1', '::1']) {
        const other = createServer().listen(0, address);
        await once(other, 'listening');
        const { port } = other.address() as { port: number };
        const lines = await refusal({ PORT: String(port), DATA_DIR: join(folder, 'untouched') });
        other.close();
        assert.deepEqual(lines, [`Port ${port} is already in use: stop the other program, or set PORT`]);
        assert.equal(existsSync(join(folder, 'untouched')), false);
      }
    });

    it('with a data folder that is a file', async () => {
      const file = join(folder, 'file');
      await writeFile(file, '');
      const lines = await refusal({ PORT: '0', DATA_DIR: file });
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /^The data folder .*file cannot be written: /);
    });

    it('with a database that does not answer', async () => {
      const port = await freePort();
      const url = `postgres://nobody@localhost:${port}/nothing`;
      const lines = await refusal({ PORT: '0', WORKFLOWS_DATABASE_URL: url, BACKOFFICE_DATABASE_URL: url });
      assert.equal(lines.length, 1);
      assert.match(
        lines[0] ?? '',
        new RegExp(`^backoffice_db cannot be migrated: nothing at localhost:${port}: .*ECONNREFUSED`),
      );
    });

    it('with a database that does not exist, whichever it is', async function () {
      needsServer(this);
      const { workflows, backoffice } = databaseUrls();
      const nothing = new URL(workflows);
      nothing.pathname = '/nothing';
      const urls = { WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice };
      const lines = await refusal({ PORT: '0', ...urls, MYTHORIA_DATABASE_URL: nothing.href });
      assert.deepEqual(lines, [
        `mythoria_db: ${nothing.host} has no database "nothing": create it, or correct MYTHORIA_DATABASE_URL`,
      ]);
    });

    it('in production with a configuration that is wrong, with the whole list', async () => {
      const lines = await refusal({ NODE_ENV: 'production', PORT: 'eighty', APP_URL: 'http://admin.mythoria.pt' });
      assert.deepEqual(lines.sort(), [
        '  APP_URL must be https in production',
        '  BACKOFFICE_DATABASE_URL is missing',
        '  GOOGLE_CLIENT_ID is missing',
        '  GOOGLE_CLIENT_SECRET is missing',
        '  PORT takes a port number, 0 to 65535',
        '  SESSION_SECRET is missing',
        '  WORKFLOWS_DATABASE_URL is missing',
        'Configuration: 7 problems',
      ]);
    });
  });

  describe('in production', () => {
    it('writes JSON and nothing else to standard output, its start and its stop among it', async function () {
      // A second process beside the tests' own connections.
      needsServer(this);
      const { workflows, backoffice, mythoria } = databaseUrls();
      const program = await start({
        NODE_ENV: 'production',
        DRAIN_SECONDS: '0',
        HOST: '127.0.0.1',
        PORT: '0',
        APP_URL: 'https://admin.mythoria.pt',
        WORKFLOWS_DATABASE_URL: workflows,
        BACKOFFICE_DATABASE_URL: backoffice,
        MYTHORIA_DATABASE_URL: mythoria,
        GOOGLE_CLIENT_ID: 'client',
        GOOGLE_CLIENT_SECRET: 'secret',
        SESSION_SECRET: 's'.repeat(32),
      });
      const { port } = JSON.parse(await program.line(/"started"/));
      assert.equal((await fetch(`http://127.0.0.1:${port}/sign-in`)).status, 200);
      program.child.kill('SIGTERM');
      assert.equal(await program.exitCode, 0);
      const entries = program.lines.out.map((line) => JSON.parse(line));
      for (const { severity, time } of entries) assert.ok(severity && time);
      const said = entries.filter(({ severity }) => severity === 'INFO').map(({ message }) => message);
      assert.deepEqual(said, ['started', 'request', 'stopping', 'stopped']);
      assert.deepEqual(program.lines.err, []);
    });
  });

  describe('in a folder with a .env', () => {
    it('takes what stands there for what is set and empty', async function () {
      needsServer(this);
      const { workflows, backoffice } = databaseUrls();
      const port = await freePort();
      const checkout = await mkdtemp(join(folder, 'env-'));
      const urls = `WORKFLOWS_DATABASE_URL=${workflows}\nBACKOFFICE_DATABASE_URL=${backoffice}\n`;
      await writeFile(join(checkout, '.env'), `PORT=${port}\nTIME_ZONE=Nowhere\n${urls}`);
      const empty = Object.fromEntries(SETTING_NAMES.map((name) => [name, name.length % 2 ? '' : ' ']));
      const program = startProgram(process.execPath, await commandLine('src/server.ts'), {
        cwd: checkout,
        settings: { ...empty, TIME_ZONE: 'Europe/Lisbon\n' },
      });
      programs.push(program);
      assert.equal(ADDRESS.exec(await program.line(ADDRESS))?.[1], `http://localhost:${port}`);
      assert.ok(
        program.lines.out.some((line) => line.includes('TIME_ZONE has a line break')),
        'said in the log',
      );
      program.child.kill('SIGTERM');
      assert.equal(await program.exitCode, 0);
    });
  });

  for (const script of ['start', 'dev']) {
    it(`stops when npm is told to, started with npm run ${script}`, async function () {
      needsServer(this);
      const { workflows, backoffice } = databaseUrls();
      const checkout = await mkdtemp(join(folder, `npm-${script}-`));
      linkCheckout(checkout);
      const program = startProgram('npm', ['run', script], {
        cwd: checkout,
        settings: { PORT: '0', WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice },
      });
      programs.push(program);
      const origin = ADDRESS.exec(await program.line(ADDRESS))?.[1] ?? '';
      // Its own process, as a supervisor does it, and not the group, as a terminal does.
      const ended = once(program.child, 'exit');
      program.child.kill('SIGTERM');
      await ended;
      await assert.rejects(fetch(`${origin}/healthz`));
    });
  }

  describe('with npm run dev', () => {
    it('serves a changed stylesheet under an address of its own', async function () {
      // Started twice, which takes the embedded databases a minute.
      needsServer(this);
      const { workflows, backoffice } = databaseUrls();
      const checkout = await mkdtemp(join(folder, 'dev-'));
      linkCheckout(checkout, ['src', 'views', 'public']);
      const port = await freePort();
      const program = startProgram('npm', ['run', 'dev'], {
        cwd: checkout,
        settings: { PORT: String(port), WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice },
      });
      programs.push(program);
      await program.line(ADDRESS);
      const stylesheet = async () => {
        const page = await fetch(`http://localhost:${port}/sign-in`).catch(() => null);
        return page?.status === 200 ? /\/assets\/app\.css\?v=[^"]+/.exec(await page.text())?.[0] : undefined;
      };
      const before = await stylesheet();
      assert.ok(before);
      const served = await (await fetch(`http://localhost:${port}${before}`)).text();
      await appendFile(join(checkout, 'public/css/base.css'), '\n.changed { color: red }\n');
      let after: string | undefined;
      while (after === undefined || after === before) {
        const still: Response | null = await fetch(`http://localhost:${port}${before}`).catch(() => null);
        if (still?.ok && still.headers.get('cache-control')?.includes('immutable')) {
          assert.equal(await still.text(), served, 'kept for a year under this address');
        }
        after = await stylesheet();
      }
      assert.match(await (await fetch(`http://localhost:${port}${after}`)).text(), /\.changed/);
    });
  });

  describe('stopped while it starts', () => {
    // The process of its databases is busy for seconds and does not notice: what it says next, it says to nobody.
    const GONE_BEFORE_A_WORD = `
      const { ppid, send } = process;
      const lives = () => { try { return process.kill(ppid, 0); } catch { return false; } };
      if (send) process.send = (...words) => {
        try { process.kill(ppid, 'SIGKILL'); } catch {}
        while (lives());
        return send.apply(process, words);
      };`;

    it('says nothing of it, nor does the process of its databases', async () => {
      const program = await start({
        PORT: '0',
        DATA_DIR: join(await mkdtemp(join(folder, 'stopped-')), 'data'),
        NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(GONE_BEFORE_A_WORD)}`,
      });
      // Of both: it is over when nobody can write to its output any more.
      await program.exitCode;
      assert.deepEqual(program.lines.err, []);
    });
  });

  describe('with nothing configured', () => {
    let first: Program;
    let whileStarting: Response;
    let origin: string;
    let ana: Client;
    let requests: number;

    const again = () => start({ PORT: new URL(origin).port, DATA_DIR: dataDir });
    const allRequests = async (client: Client): Promise<number> =>
      (await client.get('/api/ai-usage/stats?period=all')).body.totalRequests;

    before(async () => {
      const port = await freePort();
      const checkout = join(folder, 'checkout');
      await mkdir(checkout);
      linkCheckout(checkout);
      first = startProgram('npm', ['start'], { cwd: checkout, settings: { PORT: String(port), DATA_DIR: dataDir } });
      programs.push(first);
      await first.line(/^Creating/);
      whileStarting = await fetch(`http://localhost:${port}/ai-usage`);
      origin = ADDRESS.exec(await first.line(ADDRESS))?.[1] ?? '';
      ana = await signedIn(origin);
      requests = await allRequests(ana);
    });

    it('shows its progress, then its address', () => {
      const { out } = first.lines;
      const said = out.slice(out.findIndex((line) => line.startsWith('Creating')));
      assert.match(
        said.join('\n'),
        /^Creating .*\nOpening .*\nDemo data: 0%\n(Demo data: .*\n)+Demo data: 100%\nSign-in is a stand-in for Google: .*\nMythoria.*$/,
      );
      // npm itself may have something to say.
      assert.deepEqual(
        first.lines.err.filter((line) => !line.startsWith('npm ')),
        [],
      );
    });

    it('asks for patience while it starts', async () => {
      assert.equal(whileStarting.status, 503);
      assert.ok(whileStarting.headers.get('Retry-After'));
      assert.match(await whileStarting.text(), /is starting/);
      for (const name of ['Content-Security-Policy', 'X-Content-Type-Options', 'Referrer-Policy']) {
        assert.ok(whileStarting.headers.get(name), name);
      }
    });

    it('serves the sign-in page, and four months of usage behind it', async () => {
      assert.equal((await fetch(`${origin}/sign-in`)).status, 200);
      assert.ok(requests >= 60_000, `${requests} requests`);
    });

    it('answers at both addresses of localhost', async () => {
      for (const host of ['127.0.0.1', '[::1]']) {
        const answer = await fetch(`${origin.replace('localhost', host)}/healthz`);
        assert.equal(answer.status, 200, host);
      }
    });

    it('tells the password of its databases to nobody but its owner', async function () {
      if (process.platform === 'win32') return skip(this, 'no file mode on Windows');
      for (const path of [join(dataDir, SERVED_BY), join(dataDir, 'session-secret')]) {
        assert.equal((await stat(path)).mode & 0o777, 0o600, path);
      }
      assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
      assert.equal(new URL((await servedBy()).urls?.workflows ?? '').password.length, 43);
    });

    it('lets no second program into its data folder', async () => {
      const lines = await refusal({ PORT: '0', DATA_DIR: dataDir });
      assert.deepEqual(lines, [
        `The data folder ${dataDir} is in use by another running Mythoria Admin: stop that one, or set DATA_DIR`,
      ]);
      assert.equal((await ana.get('/readyz')).status, 200);
    });

    it('stops at Ctrl-C, the process of its databases included', async () => {
      const { pid } = await servedBy();
      assert.equal(isRunning(pid), true);
      first.signal('SIGINT');
      await first.exitCode;
      await gone(pid);
      await assert.rejects(fetch(`${origin}/healthz`));
      // It was not only killed with the rest of the group: it has put its databases away.
      assert.equal(existsSync(join(dataDir, SERVED_BY)), false);
    });

    it('starts again, keeps its sessions, and knows at once what happened meanwhile', async () => {
      assert.ok((await forgetLastDays(dataDir)) > 0);
      // A killed process leaves its lock, and its number may belong to another by now.
      const stale: ServedBy = { pid: process.pid, lockPort: await freePort(), urls: null };
      await writeFile(join(dataDir, SERVED_BY), JSON.stringify(stale));

      await (await again()).line(ADDRESS);
      const found = await allRequests(ana);
      // From rollups that know them, not from the records for want of such.
      const warnings = programs.at(-1)?.lines.out.filter((line) => line.includes('"WARNING"'));
      assert.deepEqual(warnings, []);
      assert.ok(found >= requests, `${found} of ${requests} requests`);
    });

    it('knows the rows that the command for more demo data adds while it runs', async () => {
      const rows = (await allRequests(ana)) + 500;
      const command = startProgram(
        process.execPath,
        [...(await commandLine('scripts/demo-data.ts')), '--rows', String(rows)],
        {
          settings: { DATA_DIR: dataDir },
          cwd: folder,
        },
      );
      programs.push(command);
      assert.equal(await command.exitCode, 0, command.lines.err.join('\n'));
      // An answer may serve again for a moment; the audit comes by these days only within two hours.
      while ((await allRequests(ana)) < rows) await sleep(500);
    });

    it('exits with 0 when it is asked to stop', async () => {
      const program = programs.at(-2);
      program?.child.kill('SIGTERM');
      assert.equal(await program?.exitCode, 0);
    });

    it('takes its databases with it when it is killed', async () => {
      const program = await again();
      await program.line(ADDRESS);
      const { pid } = await servedBy();
      assert.equal(isRunning(pid), true);
      program.child.kill('SIGKILL');
      await gone(pid);
      assert.equal(existsSync(join(dataDir, SERVED_BY)), false);
    });
  });
});

/**
 * Takes the last three days out of the demo data, and has the rollups know it: as if the program had stood still with its
 * machine. Returns how many rows these were.
 */
async function forgetLastDays(dataDir: string): Promise<number> {
  const embedded = await startEmbedded(dataDir, () => {});
  const { workflows, backoffice, mythoria } = openEmbeddedDatabases(embedded.urls);
  try {
    await mythoria?.raw("UPDATE demo_data SET filled_to = now() - interval '3 days'");
    const { rowCount } = await workflows.raw(
      "DELETE FROM token_usage_tracking WHERE created_at >= now() - interval '3 days'",
    );
    await auditAll({ workflows, backoffice }, 'Europe/Lisbon', now());
    return rowCount;
  } finally {
    await Promise.all([workflows, backoffice, mythoria].map((database) => database?.destroy()));
    await embedded.stop();
  }
}
