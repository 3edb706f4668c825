import assert from 'node:assert/strict';
import { closeSharedApp } from './app.ts';
import { closeSharedBrowser } from './browser.ts';
import { startDatabases, stopDatabases } from './databases.ts';

// Hooks outside any describe frame the whole run. They reach the tests' databases only because mocha imports every file
// (.mocharc.json switches require(esm) off): required and imported files would be two instances of each module.

/** What pg says once a process when a connection is asked a second thing before it has answered the first. */
const askedTooSoon: string[] = [];
process.on('warning', ({ message, stack }) => {
  if (message.includes('already executing a query')) askedTooSoon.push(stack ?? message);
});

before(async function () {
  this.timeout(600_000);
  await startDatabases();
});

after(async function () {
  this.timeout(600_000);
  await closeSharedBrowser();
  await closeSharedApp();
  await stopDatabases();
  assert.deepEqual(askedTooSoon, []);
});
