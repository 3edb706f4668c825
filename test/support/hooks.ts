import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { closeShared } from './at-the-end.ts';
import { makeTemplate, removeDatabases, startDatabases, stopDatabases } from './databases.ts';
import { noteFailedFiles } from './failed-files.ts';
import { printSkipped, writeSkippedTo } from './skip.ts';

// A property that fails says why, and not only with what: a cause of its own is not printed.
fc.configureGlobal({ includeErrorInReport: true });

// Required by every worker and reached by the tests only because mocha imports what it requires (.mocharc.json switches
// require(esm) off): required and imported files would be two instances of each module. They import neither the app nor a
// browser: so what runs no test, as the process that starts the workers, does not load them.

/** Set in the workers of a run, which end by themselves; a run that has none runs its files in this process. */
const isWorker = process.env.MOCHA_WORKER_ID !== undefined;

/** What pg says once a process when a connection is asked a second thing before it has answered the first. */
const askedTooSoon: string[] = [];
process.on('warning', ({ message, stack }) => {
  if (message.includes('already executing a query')) askedTooSoon.push(stack ?? message);
});

export async function mochaGlobalSetup() {
  writeSkippedTo(join(tmpdir(), `mythoria-admin-skipped-${process.pid}`));
  await makeTemplate();
}

export async function mochaGlobalTeardown() {
  await removeDatabases();
  printSkipped();
}

// Around each file in a worker, around all of them in a process that runs them itself.
export const mochaHooks = {
  async beforeAll() {
    await startDatabases();
  },
  async afterAll(this: Mocha.Context) {
    noteFailedFiles(this.test?.parent);
    assert.deepEqual(askedTooSoon, []);
    if (isWorker) return;
    await closeShared();
    await stopDatabases();
  },
};
