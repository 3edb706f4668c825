import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { addTime, isoFromInstant, MINUTE, now } from '../../src/units/time.ts';
import { resetAlerts } from '../support/alerts.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { held } from '../support/held.ts';
import { type Program, startProgram } from '../support/program.ts';
import { needsServer } from '../support/skip.ts';
import { THOROUGH } from '../support/thorough.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

/** Programs at once that are killed, how often each, and how soon at the latest: twelve times in the long run (THOROUGH=1). */
const [PROGRAMS, KILLS, WITHIN_MS] = THOROUGH ? [4, 3, 800] : [2, 2, 200];

const MONTHLY = { name: 'Month', type: 'threshold', measure: 'cost', window: 'month', critical: 20 };

describe('npm run jobs', function () {
  this.timeout(240_000);
  let ana: Client;
  const programs: Program[] = [];

  before(async function () {
    // Other processes beside the tests' own connections.
    needsServer(this);
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
  });
  afterEach(() => {
    for (const program of programs.splice(0)) program.signal('SIGKILL');
  });

  const jobs = async (args: string[]): Promise<Program> => {
    const { workflows, backoffice, mythoria } = databaseUrls();
    const program = startProgram(process.execPath, [...(await commandLine('scripts/jobs.ts')), ...args], {
      settings: {
        NODE_ENV: 'test',
        WORKFLOWS_DATABASE_URL: workflows,
        BACKOFFICE_DATABASE_URL: backoffice,
        MYTHORIA_DATABASE_URL: mythoria,
      },
    });
    programs.push(program);
    return program;
  };
  const channel = async () =>
    (await ana.json('post', '/api/alerts/channels', { name: 'Finance', type: 'email', to: ['ana@mythoria.pt'] })).body
      .id;

  it('--once does all that is due and ends with 0', async () => {
    const channels = [await channel()];
    const { status } = await ana.json('post', '/api/alerts/rules', { ...MONTHLY, channels });
    assert.equal(status, 201);
    await insertUsage([{ cost: 21_000_000, at: now() }]);
    const program = await jobs(['--once']);
    assert.equal(await program.exitCode, 0, program.lines.err.join('\n'));
    assert.deepEqual(
      program.lines.out.map((line) => line.replace(/ \(\d+ ms\)$/, '')),
      [
        'rollups: done',
        'evaluation: done',
        'digests: done',
        'delivery: done',
        'old deliveries: done',
        'old alerts: done',
        'sessions: done',
        'audit chain: done',
        'old audit lines: done',
        'limits: done',
        're-pricing: done',
        'findings: done',
      ],
    );
    const { alerts } = (await ana.json('get', '/api/alerts')).body;
    assert.deepEqual(
      alerts.map(({ state, value }: { state: string; value: number }) => ({ state, value })),
      [{ state: 'firing', value: 21 }],
    );
    assert.deepEqual(await databases().backoffice('deliveries').pluck('attempts'), [1]);
  });

  it('runs until it is told to end, and then ends with what it has begun', async () => {
    const program = await jobs([]);
    await program.line(/^Running until told to end: rollups, evaluation/);
    program.signal('SIGTERM');
    assert.equal(await program.exitCode, 0);
  });

  it(`of ${PROGRAMS} that are killed at random, none loses an alert or tells it twice`, async () => {
    const channels = [await channel()];
    for (let i = 0; i < 200; i++) {
      const { status } = await ana.json('post', '/api/alerts/rules', { ...MONTHLY, name: `Month ${i}`, channels });
      assert.equal(status, 201);
    }
    await insertUsage([{ cost: 21_000_000, at: addTime(now(), -MINUTE) }]);
    const { backoffice } = databases();
    const fired = async () => Number((await backoffice('alerts').count('* AS count').first())?.count);
    let kills = 0;
    const worker = async () => {
      for (let attempt = 0; attempt <= KILLS; attempt++) {
        const program = await jobs(['--once']);
        await program.line(/^rollups: done/);
        // While it evaluates and writes down what it found, and once not at all.
        const gone = program.exitCode.then(() => 'gone');
        if (attempt === KILLS || (await Promise.race([gone, sleep(WITHIN_MS * Math.random())])) === 'gone') continue;
        program.signal('SIGKILL');
        kills += 1;
        await program.exitCode;
      }
    };
    await Promise.all(Array.from({ length: PROGRAMS }, worker));
    const last = await jobs(['--once']);
    assert.equal(await last.exitCode, 0, last.lines.err.join('\n'));
    assert.ok(kills > 0);
    assert.equal(await fired(), 200);
    assert.equal(
      Number((await backoffice('alert_events').where('kind', 'fired').count('* AS count').first())?.count),
      200,
    );
    assert.equal(Number((await backoffice('deliveries').count('* AS count').first())?.count), 200);
    const behind = await backoffice('rule_standings').where(
      'evaluated_until',
      '<',
      isoFromInstant(addTime(now(), -5n * MINUTE)),
    );
    assert.deepEqual(behind, []);
    const fault = `processes that evaluate 200 rules are killed, ${kills} of them`;
    held(import.meta.filename, { fault, requests: 200, errors: 0, healedMs: null, losses: 0 });
  });
});
