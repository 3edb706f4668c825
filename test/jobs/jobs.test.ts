import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type Job, type RunningJobs, startJobs } from '../../src/jobs/jobs.ts';
import { createMetrics } from '../../src/measuring/metrics.ts';

const metrics = createMetrics();

const job = (more: Partial<Job> & Pick<Job, 'run'>): Job => ({
  ...{ name: 'one', does: 'Does one thing.', everyMs: 1, atOnce: true, onError: () => {} },
  ...more,
});

describe('jobs', () => {
  it('run again and again, never beside themselves, also after a failure, and say when they last went through or did not', async () => {
    const told = new EventEmitter();
    const errors: unknown[] = [];
    let running = 0;
    let runs = 0;
    let jobs: RunningJobs | undefined;
    jobs = startJobs(
      [
        job({
          run: async () => {
            running += 1;
            assert.equal(running, 1);
            assert.deepEqual(jobs?.underWay(), runs === 0 ? undefined : ['one']);
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
            runs += 1;
            if (runs === 2) throw new Error('the database is away');
            if (runs === 4) told.emit('again');
          },
          onError: (error) => errors.push(error),
        }),
      ],
      metrics,
    );
    assert.deepEqual(jobs.states(), [
      { name: 'one', does: 'Does one thing.', everyMs: 1, lastSuccess: null, lastFailure: null },
    ]);
    await once(told, 'again');
    await jobs.stop();
    assert.deepEqual(jobs.underWay(), []);
    assert.match(String(errors), /the database is away/);
    assert.equal(errors.length, 1);
    const [state] = jobs.states();
    assert.equal(state?.lastFailure?.reason, 'the database is away');
    assert.ok(state?.lastSuccess && state.lastSuccess >= state.lastFailure.at);
  });

  it('first run at once or after their time, each by its own clock', async () => {
    const told = new EventEmitter();
    const begun: string[] = [];
    const jobs = startJobs(
      [
        job({ name: 'later', atOnce: false, run: async () => begun.push('later') && told.emit('later') }),
        job({ name: 'at once', everyMs: 60_000, run: async () => begun.push('at once') }),
      ],
      metrics,
    );
    assert.deepEqual(begun, ['at once']);
    await once(told, 'later');
    await jobs.stop();
    assert.equal(begun.filter((name) => name === 'at once').length, 1);
  });

  it('stop when what is under way has ended; that it was stopped is no failure, and nothing begins after it', async () => {
    const told = new EventEmitter();
    let runs = 0;
    let ended = false;
    const jobs = startJobs(
      [
        job({
          run: async (isStopping) => {
            runs += 1;
            told.emit('begun');
            while (!isStopping()) await new Promise((resolve) => setImmediate(resolve));
            ended = true;
            throw new Error('stopping');
          },
          onError: () => assert.fail('told of a failure'),
        }),
      ],
      metrics,
    );
    await jobs.stop();
    assert.ok(ended);
    assert.equal(jobs.states()[0]?.lastFailure, null);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(runs, 1);
  });
});
