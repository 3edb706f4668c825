import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { HOUR, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser } from '../support/browser.ts';
import { databases } from '../support/databases.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const AUTHOR = '0b7c5a5e-98f1-4c3f-9a8e-1d2c3b4a5f60';
const HOSTILE = `<img src=x onerror="document.title='taken over'"><script>document.title='taken over'</script>`;

/** 120 records of gpt-5 in 20 days, 60 of gemini-2.5-pro in 60 days, 20 of a model without a price today. */
async function fill(): Promise<void> {
  await resetUsage();
  const hoursAgo = (hours: number) => now() - BigInt(Math.round(hours * Number(HOUR)));
  await insertUsage([
    ...Array.from({ length: 120 }, (_, i) => ({ model: 'gpt-5', cost: 20_000 + 37 * i, at: hoursAgo(0.5 + 4 * i) })),
    ...Array.from({ length: 60 }, (_, i) => ({
      model: 'gemini-2.5-pro',
      action: 'story_outline',
      author: AUTHOR,
      cost: 1_000_000 + 1_013 * ((i * 7) % 60),
      at: hoursAgo(12.5 + 24 * i),
      prompt: { messages: [{ role: 'user', content: HOSTILE }] },
    })),
    ...Array.from({ length: 20 }, (_, i) => ({ model: 'mystery-1', cost: 0, at: hoursAgo(0.25 + i / 2) })),
  ]);
  await databases()
    .mythoria('authors')
    .insert({ author_id: AUTHOR, display_name: 'Inês <b>Duarte</b>', email: 'ines@example.com' });
}

describe('in a browser', () => {
  let browser: Browser;
  let origin: string;

  before(async function () {
    browser = await sharedBrowser(this);
    await fill();
    ({ origin } = await sharedApp());
    await mkdir('test-results', { recursive: true });
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
  });

  after(async () => {
    if (browser) await resetUsage();
  });

  for (const javaScript of [true, false]) {
    const how = javaScript ? 'with JavaScript' : 'without JavaScript';

    it(`one signs in to where one wanted to go, finds records, reads a prompt and signs out, ${how}`, async () => {
      const began = new Date().toISOString();
      const { page, complaints } = await openPage(browser, { javaScriptEnabled: javaScript });
      const at = () => page.url().replace(origin, '');
      const count = () => page.locator('.sum b').first().innerText();
      const firstRow = () => page.locator('tbody tr').first().innerText();
      const arriveAt = (address: string | RegExp) =>
        page.waitForURL((url) => {
          const path = url.href.replace(origin, '');
          return typeof address === 'string' ? path === address : address.test(path);
        });

      await page.goto(`${origin}/ai-usage/records?period=7d&model=gpt-5`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.getByRole('link', { name: 'Sign in with Google' }).click();
      await page.getByRole('link', { name: 'Ana Sousa' }).click();
      await arriveAt('/ai-usage/records?period=7d&model=gpt-5');
      assert.equal(await count(), '42');
      if (javaScript) await page.evaluate('window.sameWindow = true');

      await page.getByRole('navigation', { name: 'Period' }).getByRole('link', { name: '90 days' }).click();
      await arriveAt('/ai-usage/records?period=90d&model=gpt-5');
      await page.locator('.sum', { hasText: '120 records' }).waitFor();

      await page.getByRole('combobox', { name: 'Model' }).selectOption('gemini-2.5-pro');
      if (!javaScript) await page.getByRole('button', { name: 'Filter' }).click();
      await arriveAt('/ai-usage/records?period=90d&model=gemini-2.5-pro');
      await page.locator('.sum', { hasText: '60 records' }).waitFor();

      const byTime = await firstRow();
      await page.getByRole('columnheader', { name: 'Cost' }).getByRole('link').click();
      await arriveAt('/ai-usage/records?period=90d&model=gemini-2.5-pro&sortBy=estimatedCostInEuros');
      await page.locator('th[aria-sort=descending]', { hasText: 'Cost' }).waitFor();
      const byCost = await firstRow();
      assert.notEqual(byCost, byTime);
      const sorted = at();

      await page.getByRole('link', { name: 'Next' }).click();
      await arriveAt(/&sortBy=estimatedCostInEuros&page=2&after=/);
      await page.getByRole('link', { name: 'Previous' }).waitFor();
      assert.equal(await page.locator('tbody tr').count(), 10);
      const secondPage = await firstRow();
      if (javaScript) assert.equal(await page.evaluate('window.sameWindow'), true, 'the page was loaded as a whole');
      await page.reload();
      assert.equal(await firstRow(), secondPage);

      await page.goBack();
      await arriveAt(sorted);
      await page.getByRole('link', { name: 'Next' }).waitFor();
      assert.equal(await firstRow(), byCost);
      await page.reload();
      assert.equal(await firstRow(), byCost);

      await page.getByRole('link', { name: 'Remove the filter: model is gemini-2.5-pro' }).click();
      await arriveAt('/ai-usage/records?period=90d&sortBy=estimatedCostInEuros');
      await page.locator('.sum', { hasText: '200 records' }).waitFor();

      await page.locator('tbody th a').first().click();
      await arriveAt(/^\/ai-usage\/records\/[0-9a-f-]{36}\?period=90d&sortBy=estimatedCostInEuros$/);
      const [record = '', view = ''] = at().split('?');
      const id = record.split('/').at(-1) ?? '';
      const opened = (subject: string) =>
        databases().backoffice('audit_log').where({ subject, action: 'open prompt' }).where('happened_at', '>', began);
      await page.getByRole('link', { name: 'Show prompt' }).click();
      await arriveAt(`/ai-usage/records/${id}/prompt?${view}`);
      assert.ok((await page.locator('pre').textContent())?.includes(HOSTILE.replaceAll('"', '\\"')));
      assert.equal(await page.title(), 'Record · Mythoria Admin');
      assert.equal((await opened(id)).length, 1);

      await page.getByText('Ana Sousa', { exact: true }).click();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await arriveAt('/sign-in');
      await page.goBack();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.equal(await page.locator('pre').count(), 0);
      assert.deepEqual(complaints, []);
      await page.context().close();
    });
  }
});
