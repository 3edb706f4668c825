import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { sharedApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs } from '../support/browser.ts';
import { fillPages, PAGES } from '../support/every-page.ts';
import { resetUsage } from '../support/usage.ts';

/** Of each row of a list the top of its name and of what leads, the top of what is below, and what is said before that. */
const ROWS = `[...document.querySelectorAll('table.in-lines tbody tr')].filter((row) => row.checkVisibility()).map((row) => {
  const top = (cell) => Math.round(cell.getBoundingClientRect().top);
  const cells = [...row.querySelectorAll('td')].filter((cell) => cell.checkVisibility() && cell.textContent !== '');
  const below = cells.filter((cell) => 'label' in cell.dataset);
  return {
    name: top(row.querySelector('th')),
    leads: cells.filter((cell) => !below.includes(cell)).map(top),
    below: below.map(top),
    said: below.map((cell) => getComputedStyle(cell, '::before').content),
  };
})`;
const SIDEWAYS = `[...document.querySelectorAll('.scroll:has(.in-lines)')].filter((one) => one.scrollWidth > one.clientWidth).length`;
type Row = { name: number; leads: number[]; below: number[]; said: string[] };

describe('lists on a telephone', () => {
  let browser: Browser;
  let page: Page;
  before(async function () {
    browser = await sharedBrowser(this);
    await fillPages();
    const { origin } = await sharedApp();
    ({ page } = await openPage(browser, { viewport: { width: 390, height: 844 } }));
    await signInAs(page, origin);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
  });
  after(async () => {
    if (!browser) return;
    await page.context().close();
    await resetUsage();
  });

  for (const [path, label] of [
    ['/ai-usage/records?period=90d', '"Tokens in "'],
    ['/findings', '"Since "'],
    ['/alerts', '"Last evaluation "'],
    ['/bills', '"Recorded "'],
    ['/ai-usage/unit-costs?period=90d', '"Half cost at most "'],
    ['/ai-usage/repriced?period=90d', '"Recorded "'],
    ['/what-if?period=90d', '"Tokens in "'],
    [PAGES.bill as string, '"So far "'],
    [PAGES.story as string, '"Tokens out "'],
  ] as const)
    it(`have what matters beside the name, the rest below it with its label, and nothing to the side: ${path}`, async () => {
      await page.goto(new URL(path, page.url()).href);
      const rows = (await page.evaluate(ROWS)) as Row[];
      assert.ok(rows.length > 0);
      assert.equal(await page.evaluate(SIDEWAYS), 0);
      for (const { name, leads, below } of rows) {
        assert.ok(leads.length > 0, 'something leads');
        for (const top of leads) assert.ok(Math.abs(top - name) <= 2, `leads at ${top}, the name is at ${name}`);
        for (const top of below) assert.ok(top > name + 10);
      }
      assert.ok(
        rows.some(({ said }) => said.includes(label)),
        `${rows[0]?.said}`,
      );
      await page.setViewportSize({ width: 1280, height: 844 });
      const wide = (await page.evaluate(ROWS)) as Row[];
      assert.ok(
        wide.every(({ said }) => said.every((one) => one === 'none')),
        'on a desk they stand below their heads',
      );
      await page.setViewportSize({ width: 390, height: 844 });
    });

  it('can be sorted from there', async () => {
    await page.goto(new URL('/ai-usage/records?period=90d', page.url()).href);
    await page.getByRole('link', { name: 'Cost' }).click();
    await page.waitForURL(/sortBy=estimatedCostInEuros/);
  });
});
