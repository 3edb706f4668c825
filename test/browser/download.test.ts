import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { addTime, HOUR, now } from '../../src/units/time.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs } from '../support/browser.ts';
import { databaseUrls } from '../support/databases.ts';
import { csvRows } from '../support/export.ts';
import { startProxy } from '../support/proxy.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('taking data away in a browser', () => {
  let browser: Browser;
  let origin: string;
  before(async function () {
    browser = await sharedBrowser(this);
    ({ origin } = await sharedApp());
    await resetUsage();
    await insertUsage(
      Array.from({ length: 60 }, (_, i) => ({ cost: 10_000 + i, at: addTime(now(), -BigInt(i + 1) * HOUR) })),
    );
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
    for (const context of browser?.contexts() ?? []) await context.close();
  });
  after(async () => {
    if (browser) await resetUsage();
  });

  const openAs = async (path: string, options: BrowserContextOptions = {}) => {
    const { page, complaints } = await openPage(browser, options);
    await signInAs(page, origin, path);
    return { page, complaints };
  };

  for (const javaScriptEnabled of [true, false]) {
    it(`downloads what the page shows, ${javaScriptEnabled ? 'with' : 'without'} scripts`, async () => {
      const { page, complaints } = await openAs('/ai-usage/records', { javaScriptEnabled });
      await page.getByText('Download').click();
      const menu = page.locator('.download .menu');
      assert.match(await menu.innerText(), /60 records, €0\.601770/);
      assert.match(await menu.innerText(), /CSV\s+about 14 kB/);
      if (javaScriptEnabled) await page.screenshot({ path: 'test-results/download-menu.png' });
      const downloading = page.waitForEvent('download');
      await menu.getByRole('link', { name: 'CSV', exact: true }).click();
      const file = await downloading;
      assert.match(file.suggestedFilename(), /^ai-usage-records-.*\.csv$/);
      assert.equal(csvRows(readFileSync(await file.path(), 'utf8')).length, 60);
      assert.deepEqual(complaints, []);
    });
  }

  const csv = (page: Page) => page.locator('.download .menu').getByRole('link', { name: 'CSV', exact: true });

  it('leads to the sign-in where the session has ended, and from there to the file', async () => {
    const { page } = await openAs('/ai-usage/records');
    await page.getByText('Download').click();
    await page.context().clearCookies();
    await csv(page).click();
    await page.waitForURL(/\/sign-in\?returnTo=%2Fai-usage%2Frecords\.csv/);
    await page.getByRole('link', { name: 'Sign in with Google' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Ana Sousa' }).click();
    const file = await downloading;
    assert.match(file.suggestedFilename(), /^ai-usage-records-.*\.csv$/);
    assert.equal(csvRows(readFileSync(await file.path(), 'utf8')).length, 60);
  });

  it('says on a page why there is no file: a database that does not answer', async () => {
    const proxy = await startProxy(databaseUrls().workflows);
    const other = await startApp({ urls: { workflows: proxy.url } });
    try {
      const { page } = await openPage(browser);
      await signInAs(page, other.origin, '/ai-usage/records');
      await page.getByText('Download').click();
      proxy.down();
      await csv(page).click();
      await page.getByRole('heading', { name: 'The database does not answer' }).waitFor();
      await page.getByRole('link', { name: 'Try again' }).waitFor();
    } finally {
      await other.close();
      await proxy.close();
    }
  });

  it('copies a link whose numbers stay, and without scripts leads there', async () => {
    const { page } = await openAs('/ai-usage', { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByText('Download').click();
    await page.screenshot({ path: 'test-results/download-menu-overview.png' });
    await page.getByRole('link', { name: 'Copy link to these numbers' }).click();
    await page.locator('.frozen.copied').waitFor();
    const copied = String(await page.evaluate('navigator.clipboard.readText()'));
    assert.match(copied, /^http:\/\/localhost:\d+\/ai-usage\?asOf=2/);
    await insertUsage([{ cost: 9_000_000, at: now() }]);
    await page.goto(copied);
    assert.match(await page.locator('.tiles').innerText(), /€0\.602\b/);
    assert.match(await page.locator('.window').first().innerText(), /nothing newer is counted/);

    const plain = await openAs('/ai-usage?period=7d', { javaScriptEnabled: false });
    await plain.page.getByText('Download').click();
    await plain.page.getByRole('link', { name: 'Link to these numbers' }).click();
    await plain.page.waitForURL(/\/ai-usage\?period=7d&asOf=2/);
  });
});
