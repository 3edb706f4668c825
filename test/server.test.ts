import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SETTING_NAMES } from '../src/config.ts';
import { VERSION } from '../src/measuring/version.ts';
import { commandLine } from './support/command-line.ts';
import { databaseUrls } from './support/databases.ts';
import { freePort } from './support/ports.ts';
import { linkCheckout, startProgram } from './support/program.ts';
import { needsServer } from './support/skip.ts';
import { ADDRESS, inOwnFolder } from './support/started.ts';

describe('the program', () => {
  const { start, refusal, programs, inFolder } = inOwnFolder();

  describe('that cannot start says why in one line and exits with 1', () => {
    it('on a taken port, at once, whichever address of localhost has it', async () => {
      for (const address of ['127.0.0.1', '::1']) {
        const other = createServer().listen(0, address);
        await once(other, 'listening');
        const { port } = other.address() as { port: number };
        const lines = await refusal({ PORT: String(port), DATA_DIR: inFolder('untouched') });
        other.close();
        assert.deepEqual(lines, [`Port ${port} is already in use: stop the other program, or set PORT`]);
        assert.equal(existsSync(inFolder('untouched')), false);
      }
    });

    it('with a data folder that is a file', async () => {
      const file = inFolder('file');
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

    it('in production with a configuration that is wrong, with the whole list in one line of JSON', async () => {
      const said = await refusal({ NODE_ENV: 'production', PORT: 'eighty', APP_URL: 'http://admin.mythoria.pt' });
      assert.equal(said.length, 1);
      const { severity, message } = JSON.parse(said[0] ?? '');
      assert.equal(severity, 'CRITICAL');
      assert.deepEqual(message.split('\n').sort(), [
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
        REDIS_URL: 'redis://user:hidden@127.0.0.1:1',
        ADMIN_EMAILS: 'ana.sousa@mythoria.pt',
        PROXIES: '1',
      });
      const { port } = JSON.parse(await program.line(/"started"/));
      assert.equal((await fetch(`http://127.0.0.1:${port}/sign-in`)).status, 200);
      program.child.kill('SIGTERM');
      assert.equal(await program.exitCode, 0);
      const entries = program.lines.out.map((line) => JSON.parse(line));
      for (const { severity, time } of entries) assert.ok(severity && time);
      const said = entries.filter(({ severity }) => severity === 'INFO').map(({ message }) => message);
      // It may have, or not, by the time that it is stopped.
      assert.deepEqual(
        said.filter((message) => message !== 'warmed up'),
        ['started', 'request', 'stopping', 'stopped'],
      );
      const [started, ...others] = entries.filter(({ message }) => /^(started|stopped)$/.test(message));
      for (const { version, commit } of [started, ...others]) assert.deepEqual({ version, commit }, VERSION);
      assert.match(started.databases.workflows, /workflows at \S+:\d+$/);
      assert.match(started.databases.backoffice, /backoffice at \S+:\d+$/);
      const { redis, admins, jobs, timeZone, proxies, apiPerMinute, drainSeconds } = started;
      assert.deepEqual(
        { redis, admins, jobs, timeZone, proxies, apiPerMinute, drainSeconds },
        {
          ...{ redis: '127.0.0.1:1', admins: 1, jobs: true, timeZone: 'Europe/Lisbon', proxies: 1 },
          ...{ apiPerMinute: 600, drainSeconds: 0 },
        },
      );
      assert.doesNotMatch(program.lines.out.join('\n'), /postgres:\/\/|ssss|hidden/);
      assert.deepEqual(program.lines.err, []);
    });
  });

  describe('in a folder with a .env', () => {
    it('takes what stands there for what is set and empty', async function () {
      needsServer(this);
      const { workflows, backoffice } = databaseUrls();
      const port = await freePort();
      const checkout = await mkdtemp(inFolder('env-'));
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
      const checkout = await mkdtemp(inFolder(`npm-${script}-`));
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
      const checkout = await mkdtemp(inFolder('dev-'));
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
        DATA_DIR: join(await mkdtemp(inFolder('stopped-')), 'data'),
        NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(GONE_BEFORE_A_WORD)}`,
      });
      // Of both: it is over when nobody can write to its output any more.
      await program.exitCode;
      assert.deepEqual(program.lines.err, []);
    });
  });
});
