import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { followSourceClock } from '../src/db/source-clock.ts';
import { addTime, HOUR, MINUTE, now, SECOND } from '../src/units/time.ts';
import { type RunningApp, startApp } from './support/app.ts';
import { type Client, signedIn } from './support/client.ts';
import { commandLine } from './support/command-line.ts';
import { databases, databaseUrls } from './support/databases.ts';
import { memoryLog } from './support/log.ts';
import { freePort } from './support/ports.ts';
import { startProgram } from './support/program.ts';
import { sessionRow, withClockMoved } from './support/session.ts';
import { needsServer } from './support/skip.ts';
import { insertUsage, resetUsage } from './support/usage.ts';

const A_MINUTE = 60_000;
const BEHIND = /The clock of this server is 15 minutes behind the one of workflows_db/;

describe('a clock that is wrong', () => {
  const log = memoryLog();
  let app: RunningApp;

  before(async () => {
    app = await startApp();
  });
  beforeEach(resetUsage);
  afterEach(() => followSourceClock(databases().workflows, pino({ level: 'silent' })));
  after(async () => {
    await app.close();
    await resetUsage();
  });

  const compare = () => followSourceClock(app.databases.workflows, log.log);
  const warnings = () =>
    log.entries().flatMap(({ severity, message }) => (severity === 'WARNING' ? [String(message)] : []));
  const requests = async (client: Client) => (await client.get('/api/ai-usage/stats?period=1d')).body.totalRequests;

  it('is followed by the program from its first page on, which says so, as does the log', async function () {
    needsServer(this); // The program opens pools of its own, which embedded databases of one connection do not take.
    this.timeout(120_000);
    await insertUsage([{ at: addTime(now(), -MINUTE) }]);
    const port = await freePort();
    const { workflows, backoffice } = databaseUrls();
    const shifted = 'const real = Date.now; Date.now = () => real() - 15 * 60_000;';
    const program = startProgram(
      process.execPath,
      ['--import', `data:text/javascript,${shifted}`, ...(await commandLine('src/server.ts'))],
      { settings: { PORT: String(port), WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice } },
    );
    try {
      await program.line(/^Mythoria Admin · AI Usage: /);
      const client = await signedIn(`http://localhost:${port}`);
      const page = await client.get('/ai-usage?period=1d');
      assert.match(page.text, BEHIND);
      assert.equal(await requests(client), 1);
      assert.match([...program.lines.out, ...program.lines.err].join('\n'), BEHIND);
    } finally {
      program.signal('SIGKILL');
      await program.exitCode;
    }
  });

  for (const [how, milliseconds, says] of [
    ['behind', -15 * A_MINUTE, BEHIND],
    ['ahead', 3 * 60 * A_MINUTE, /3 hours ahead of/],
    ['three seconds behind', -3_000, null],
  ] as const) {
    it(`${how}: windows that end now end by the clock that stamps the records`, async () => {
      const before = warnings().length;
      await insertUsage([{ at: addTime(now(), -SECOND) }, { at: now() - 23n * HOUR - 58n * MINUTE }]);
      await withClockMoved(milliseconds, async () => {
        await compare();
        const client = await signedIn(app.origin);
        assert.equal(await requests(client), 2);
        const { text } = await client.get('/ai-usage');
        const said = warnings().slice(before);
        if (says === null) {
          assert.doesNotMatch(text, /The clock of this server/);
          assert.deepEqual(said, []);
        } else {
          assert.match(text, says);
          assert.equal(said.length, 1);
          assert.match(said[0] ?? '', says);
          await compare();
          assert.equal(warnings().length, before + 1, 'once, not at every tick');
        }
      });
      await compare();
      const { text } = await (await signedIn(app.origin)).get('/ai-usage');
      assert.doesNotMatch(text, /The clock of this server/);
    });
  }

  it('is not told to those who have not signed in', async () => {
    await withClockMoved(-15 * A_MINUTE, async () => {
      await compare();
      const { text } = await fetch(`${app.origin}/auth/sign-in`).then(async (answer) => ({
        text: await answer.text(),
      }));
      assert.doesNotMatch(text, BEHIND);
    });
  });
});

describe('a clock that steps back', () => {
  let app: RunningApp;
  before(resetUsage);
  beforeEach(async () => {
    app = await startApp({ reuseForMs: 200 });
  });
  afterEach(() => app.close());
  after(resetUsage);

  it('does not let an answer live longer', async () => {
    const client = await signedIn(app.origin);
    const requests = async () => (await client.get('/api/ai-usage/stats?period=7d')).body.totalRequests;
    assert.equal(await requests(), 0);
    await insertUsage([{ at: addTime(now(), -2n * HOUR) }]);
    await withClockMoved(-60 * A_MINUTE, async () => {
      for (let asked = 0; (await requests()) === 0; asked++) {
        assert.ok(asked < 100, 'the answer from before is still given');
        await sleep(50);
      }
    });
  });

  it('does not step back what "now" is, once it has been compared', async () => {
    await followSourceClock(app.databases.workflows, pino({ level: 'silent' }));
    const before = now();
    await withClockMoved(-60 * A_MINUTE, async () => assert.ok(now() > before - SECOND));
    // A machine that slept: its monotonic clock did not go on.
    await withClockMoved(60 * A_MINUTE, async () => assert.ok(now() > before + HOUR - SECOND));
  });

  it('lets a session end when it would have ended', async () => {
    const client = await withClockMoved(30 * A_MINUTE, () => signedIn(app.origin));
    const expires = async () => Date.parse((await sessionRow(client))?.expire ?? '') - Date.now();
    assert.ok((await expires()) > 80 * A_MINUTE);
    await client.get('/ai-usage');
    for (let asked = 0; (await expires()) > 61 * A_MINUTE; asked++) {
      assert.ok(asked < 100, 'it lives on by the clock that was ahead');
      await sleep(20);
    }
  });
});
