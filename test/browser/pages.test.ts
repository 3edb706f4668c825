import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { sharedApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs } from '../support/browser.ts';
import { fillPages, PAGES } from '../support/every-page.ts';
import { resetUsage } from '../support/usage.ts';

/** A desk and a telephone in both lights, and a desk at 200 % zoom, which to a page is a window half as wide. */
const VIEWS = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: 'zoomed', colorScheme: 'light', width: 640 },
  { name: '390', colorScheme: 'dark', width: 390 },
] as const;

describe('every page in a browser', () => {
  let browser: Browser;
  let origin: string;
  let record: string;
  let person: Awaited<ReturnType<typeof openPage>>;
  let stranger: Awaited<ReturnType<typeof openPage>>;

  before(async function () {
    browser = await sharedBrowser(this);
    record = await fillPages();
    ({ origin } = await sharedApp());
    await mkdir('test-results', { recursive: true });
    stranger = await openPage(browser);
    person = await openPage(browser);
    await signInAs(person.page, origin);
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
  });

  after(async () => {
    if (!browser) return;
    for (const { page } of [person, stranger]) await page.context().close();
    await resetUsage();
  });

  for (const [name, path] of Object.entries(PAGES)) {
    it(`keeps nobody out and fits the window, light, dark, zoomed and on a telephone: ${name}`, async () => {
      const { page, complaints } = name === 'sign-in' ? stranger : person;
      complaints.length = 0;
      for (const view of VIEWS) {
        await page.emulateMedia({ colorScheme: view.colorScheme });
        await page.setViewportSize({ width: view.width, height: 844 });
        if (view.name === 'light') await page.goto(`${origin}${path.replace('{record}', record)}`);
        // What is dimmed until its answer comes is not what anybody reads.
        await page.locator('.htmx-request').waitFor({ state: 'detached' });
        await page.screenshot({ path: `test-results/${name}-${view.name}.png`, fullPage: true });
        assert.deepEqual(
          await barriers(page, { exclude: ['.chart .marks'] }, TARGETS),
          [],
          `links and buttons too small to be hit, ${view.name}`,
        );
        // Menus and tables that are folded away count as well.
        await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })");
        const widest = Number(await page.evaluate('document.documentElement.scrollWidth'));
        assert.ok(widest <= view.width, `${widest} pixels wide in a window of ${view.width}`);
        const cut = view.width === 1280 ? await page.evaluate(CUT_TABLES) : [];
        assert.deepEqual(cut, [], 'on a desk every column of a table is in sight');
        assert.deepEqual(await page.evaluate(BROKEN_WORDS), [], `words of tables in two lines, ${view.name}`);
        const coverage = Number(await page.evaluate(NAMES_COVER));
        assert.ok(coverage < 0.6, `the names of rows cover ${coverage} of their table`);
        if (view.name !== 'zoomed') assert.deepEqual(await barriers(page), [], view.name);
        await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = false })");
      }
      const expected = /the server responded with a status of 40[04]/;
      assert.deepEqual(
        complaints.filter((complaint) => !expected.test(complaint)),
        [],
      );
    });
  }

  it('shows a statement on paper without anything to click', async () => {
    const { page } = person;
    await page.setViewportSize({ width: 718, height: 1000 });
    await page.goto(`${origin}${PAGES.statement}`);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.screenshot({ path: 'test-results/statement-print.png', fullPage: true });
    for (const hidden of ['.site nav', '.account', '.statement .months', '.tie-out'])
      assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
    const cut = await page.evaluate(
      `[...document.querySelectorAll('table')].filter((table) => table.getBoundingClientRect().right > innerWidth + 1).length`,
    );
    assert.equal(cut, 0, 'no table is cut off at the edge of the paper');
    assert.equal(await page.evaluate('getComputedStyle(document.body).color'), 'rgb(0, 0, 0)');
    await page.emulateMedia({ media: 'screen' });
  });
});

/** The names of tables that have to be scrolled sideways. */
const CUT_TABLES = `[...document.querySelectorAll('.scroll')]
  .filter((region) => region.scrollWidth > region.clientWidth)
  .map((region) => region.ariaLabel)`;

/** Words of a table that stand in two lines, but for the longest, which fit none. */
const BROKEN_WORDS = `[...document.querySelectorAll('td > a, tbody th > a')].flatMap((link) => {
  const walker = document.createTreeWalker(link, NodeFilter.SHOW_TEXT);
  const broken = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (const { 0: word, index } of node.data.matchAll(/[\\p{L}\\p{N}/:]{2,16}(?![\\p{L}\\p{N}/:])/gu)) {
      const before = node.data[index - 1];
      if (before && /[\\p{L}\\p{N}/:]/u.test(before)) continue;
      const range = new Range();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) broken.push(word);
    }
  return broken;
})`;

/** The largest part of a table that scrolls sideways which stays covered by the names of its rows. */
const NAMES_COVER = `Math.max(0, ...[...document.querySelectorAll('.scroll')]
  .filter((region) => region.scrollWidth > region.clientWidth)
  .map((region) => region.querySelector('tbody th').offsetWidth / region.clientWidth))`;

/** Without menus, which would cover each other's were all open at once, and bars, of which there are ninety and a table. */
const TARGETS = { runOnly: ['target-size'], rules: { 'target-size': { enabled: true } } };

type Violation = { id: string; help: string; nodes: { html: string }[] };

/** Everything that axe finds. */
async function barriers(page: Page, context: object | string = 'html', options = {}): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate(`axe.run(${JSON.stringify(context)}, ${JSON.stringify(options)})`)) as {
    violations: Violation[];
  };
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}
