import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedDatabases } from '../src/db/connect.ts';
import { SERVED_BY, type ServedBy, startEmbedded } from '../src/db/embedded/embedded.ts';
import { auditAll } from '../src/stats/rollups/keep/tick.ts';
import { now } from '../src/units/time.ts';
import { type Client, signedIn } from './support/client.ts';
import { commandLine } from './support/command-line.ts';
import { freePort } from './support/ports.ts';
import { gone, isRunning, linkCheckout, type Program, startProgram } from './support/program.ts';
import { skip } from './support/skip.ts';
import { ADDRESS, inOwnFolder } from './support/started.ts';
import { until } from './support/until.ts';

describe('the program', () => {
  const { start, refusal, programs, inFolder } = inOwnFolder();
  const dataDir = () => inFolder('data');
  const servedBy = async () => JSON.parse(await readFile(inFolder('data', SERVED_BY), 'utf8')) as ServedBy;

  describe('with nothing configured', () => {
    let first: Program;
    let whileStarting: Response;
    let origin: string;
    let ana: Client;
    let requests: number;

    const again = () => start({ PORT: new URL(origin).port, DATA_DIR: dataDir() });
    const allRequests = async (client: Client): Promise<number> =>
      (await client.get('/api/ai-usage/stats?period=all')).body.totalRequests;

    before(async () => {
      const port = await freePort();
      const checkout = inFolder('checkout');
      await mkdir(checkout);
      linkCheckout(checkout);
      first = startProgram('npm', ['start'], { cwd: checkout, settings: { PORT: String(port), DATA_DIR: dataDir() } });
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

    it('has budgets and rules, and alerts that their evaluation has found', async () => {
      assert.equal((await ana.get('/api/budgets')).body.budgets.length, 3);
      assert.equal((await ana.get('/api/alerts/rules')).body.rules.length, 4);
      await until(async () => (await ana.get('/api/alerts')).body.alerts.length > 0, 'an alert');
    });

    it('answers at both addresses of localhost', async () => {
      for (const host of ['127.0.0.1', '[::1]']) {
        const answer = await fetch(`${origin.replace('localhost', host)}/healthz`);
        assert.equal(answer.status, 200, host);
      }
    });

    it('tells the password of its databases to nobody but its owner', async function () {
      if (process.platform === 'win32') return skip(this, 'no file mode on Windows');
      for (const path of [inFolder('data', SERVED_BY), inFolder('data', 'session-secret')]) {
        assert.equal((await stat(path)).mode & 0o777, 0o600, path);
      }
      assert.equal((await stat(dataDir())).mode & 0o777, 0o700);
      assert.equal(new URL((await servedBy()).urls?.workflows ?? '').password.length, 43);
    });

    it('lets no second program into its data folder', async () => {
      const lines = await refusal({ PORT: '0', DATA_DIR: dataDir() });
      assert.deepEqual(lines, [
        `The data folder ${dataDir()} is in use by another running Mythoria Admin: stop that one, or set DATA_DIR`,
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
      assert.equal(existsSync(inFolder('data', SERVED_BY)), false);
    });

    it('starts again, keeps its sessions, and knows at once what happened meanwhile', async () => {
      assert.ok((await forgetLastDays(dataDir())) > 0);
      // A killed process leaves its lock, and its number may belong to another by now.
      const stale: ServedBy = { pid: process.pid, lockPort: await freePort(), urls: null };
      await writeFile(inFolder('data', SERVED_BY), JSON.stringify(stale));

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
          settings: { DATA_DIR: dataDir() },
          cwd: inFolder(),
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
      assert.equal(existsSync(inFolder('data', SERVED_BY)), false);
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
