import assert from 'node:assert/strict';
import { addTime, MINUTE, now } from '../../../src/units/time.ts';
import { resetAlerts } from '../../support/alerts.ts';
import { commandLine } from '../../support/command-line.ts';
import { databases, databaseUrls } from '../../support/databases.ts';
import { freePort } from '../../support/ports.ts';
import { type Program, startProgram } from '../../support/program.ts';
import { needsServer } from '../../support/skip.ts';
import { until } from '../../support/until.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

describe('three processes tick once for all of them', function () {
  this.timeout(120_000);
  const programs: Program[] = [];

  before(async function () {
    needsServer(this);
    await resetUsage();
    await resetAlerts();
    await insertUsage([{ cost: 1_000_000, at: addTime(now(), -300n * MINUTE) }]);
    // Every tick ends with its process writing itself down.
    await databases().backoffice.raw(`
      CREATE TABLE ticks (at timestamptz DEFAULT clock_timestamp(), by text);
      CREATE FUNCTION note_tick() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO ticks (by) VALUES (NEW.confirmed_by); RETURN NULL; END $$;
      CREATE TRIGGER note_tick AFTER UPDATE OF confirmed_at ON rollup_state FOR EACH ROW
        WHEN (NEW.confirmed_at IS NOT NULL) EXECUTE FUNCTION note_tick()`);
  });
  after(async () => {
    for (const program of programs) program.signal('SIGKILL');
    await Promise.all(programs.map(({ exitCode }) => exitCode));
    await databases().backoffice.raw(`
      DROP TRIGGER IF EXISTS note_tick ON rollup_state; DROP FUNCTION IF EXISTS note_tick; DROP TABLE IF EXISTS ticks`);
    await resetUsage();
  });

  /** Starts one, and waits until it has done its job for the first time, or found it done. */
  async function startAndRun(): Promise<Program> {
    const { workflows, backoffice } = databaseUrls();
    const port = await freePort();
    const urls = { WORKFLOWS_DATABASE_URL: workflows, BACKOFFICE_DATABASE_URL: backoffice };
    const settings = { PORT: '0', METRICS_PORT: String(port), ...urls };
    const program = startProgram(process.execPath, await commandLine('src/server.ts'), { settings });
    programs.push(program);
    await program.line(/^Mythoria Admin/);
    const hasRun = async () =>
      /job_last_success_timestamp_seconds\{job="rollups"\}/.test(
        await (await fetch(`http://localhost:${port}/metrics`)).text(),
      );
    await until(hasRun, 'it has done its job');
    return program;
  }
  const ticks = (): Promise<string[]> => databases().backoffice('ticks').orderBy('at').pluck('by');

  it('and another does when the one that did is gone, and its time over', async () => {
    const first = await startAndRun();
    await startAndRun();
    await startAndRun();
    const [by, ...others] = await ticks();
    assert.ok(by);
    assert.deepEqual(others, []);

    first.signal('SIGKILL');
    await first.exitCode;
    await startAndRun();
    assert.equal((await ticks()).length, 1, 'the time of the one that was killed is not over');
    const { backoffice } = databases();
    await backoffice('job_leases').where('name', 'rollups').update({ until: backoffice.fn.now() });
    await startAndRun();
    const all = await ticks();
    assert.equal(all.length, 2);
    assert.notEqual(all[1], by);
  });
});
