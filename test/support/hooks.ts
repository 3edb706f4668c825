import { closeSharedApp } from './app.ts';
import { closeSharedBrowser } from './browser.ts';
import { startDatabases, stopDatabases } from './databases.ts';

// Hooks outside any describe frame the whole run. They reach the tests' databases only because mocha imports every file
// (.mocharc.json switches require(esm) off): required and imported files would be two instances of each module.

before(async function () {
  this.timeout(120_000);
  await startDatabases();
});

after(async function () {
  this.timeout(30_000);
  await closeSharedBrowser();
  await closeSharedApp();
  await stopDatabases();
});
