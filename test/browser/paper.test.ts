import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { extractText, getDocumentProxy } from 'unpdf';
import { startApp } from '../support/app.ts';
import { openPage, until } from '../support/browser.ts';
import { createClient } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { CUT_OFF, TOO_WIDE } from '../support/cut-off.ts';
import { PAGES } from '../support/every-page.ts';
import { profileOf, signInAtFake, startFakeGoogle } from '../support/fake-google.ts';
import { filledBrowser } from '../support/filled-browser.ts';

/** What lies between the margins of A4, 182 mm, in CSS pixels. */
const A4 = { width: 688, height: 1000 };

/** What one can only click, by its first words: on paper there is none. */
const CONTROLS = `[...document.querySelectorAll('button, .button, select, input, summary, nav, [role=search]')]
  .filter((element) => element.checkVisibility() && element.getClientRects().length > 0 && element.innerText.trim() !== '')
  .filter((element) => !element.matches('.tabs, .trail, .comparison nav, .names'))
  .map((element) => element.outerHTML.slice(0, 80))`;

const BEYOND = `[...document.querySelectorAll('table, svg, dl, p, h1, h2')]
  .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((element) => element.outerHTML.slice(0, 80) + Math.round(element.getBoundingClientRect().right))`;

/** Bars of shares that lie over their own figure, or over that of the row below. */
const STRUCK = `[...document.querySelectorAll('.bar')].filter((bar) => {
  const figure = new Range();
  figure.selectNodeContents(bar.parentElement.firstChild);
  const { top, bottom } = bar.getBoundingClientRect();
  return top < figure.getBoundingClientRect().bottom - 2 || bottom > bar.parentElement.getBoundingClientRect().bottom + 1;
}).length`;

/** What a text says, however it is laid out. */
const plain = (text: string) => text.replace(/\s+/g, '');

const colours = (selector: string, property: string) =>
  `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => getComputedStyle(one)[${JSON.stringify(property)}])`;

describe('every page on paper, and in a person’s own colours', () => {
  const filled = filledBrowser({ viewport: A4 });
  const opened = closing();
  before(() => mkdir('test-results', { recursive: true }));

  for (const [name, path] of Object.entries(PAGES)) {
    if (name === 'sign-in') continue;
    it(`is printed on A4 with nothing cut off and nothing to click: ${name}`, async () => {
      const { page, go } = filled;
      await page.emulateMedia({ media: 'print', forcedColors: 'none', colorScheme: 'dark' });
      await go(path);
      await page.screenshot({ path: `test-results/${name}-paper.png`, fullPage: true });
      assert.deepEqual(await page.evaluate(BEYOND), []);
      assert.equal(await page.evaluate(TOO_WIDE), 0);
      assert.deepEqual(await page.evaluate(CUT_OFF), []);
      assert.deepEqual(await page.evaluate(CONTROLS), []);
      assert.equal(await page.evaluate(STRUCK), 0);
      const swatches = (await page.evaluate(colours('.legend i, .heat', 'printColorAdjust'))) as string[];
      assert.ok(swatches.every((adjust) => adjust === 'exact'));
    });

    it(`says in forced colours what it says in ours: ${name}`, async () => {
      const { page, go } = filled;
      await page.emulateMedia({ media: 'screen', forcedColors: 'active', colorScheme: 'light' });
      await go(path);
      await page.screenshot({ path: `test-results/${name}-forced.png`, fullPage: true });
      const current = await page.evaluate(`[...document.querySelectorAll('nav [aria-current], .tabs [aria-current]')]
        .filter((one) => {
          const other = one.parentElement.querySelector(one.tagName + ':not([aria-current])');
          return other && getComputedStyle(one).backgroundColor === getComputedStyle(other).backgroundColor;
        }).map((one) => one.outerHTML)`);
      assert.deepEqual(current, [], 'the current one looks like the others');
      const pairs =
        await page.evaluate(`[...new Set([...document.querySelectorAll('nav [aria-current], .tabs [aria-current]')]
        .map((one) => getComputedStyle(one)).map(({ color, backgroundColor }) => color + ' on ' + backgroundColor))]`);
      assert.ok((pairs as string[]).length <= 1, `in the person’s colours for what is chosen: ${pairs}`);
      const series = (await page.evaluate(colours('.chart path[class^=s]', 'stroke'))) as string[];
      const swatches = (await page.evaluate(
        colours('.legend i:not(.before, .marked, .unusual, .cut)', 'backgroundColor'),
      )) as string[];
      if (series.length > 0) assert.deepEqual([...new Set(swatches)].sort(), [...new Set(series)].sort());
      const heat = (await page.evaluate(colours('.heat', 'backgroundColor'))) as string[];
      if (heat.length > 0) assert.ok(new Set(heat).size > 1, 'the hours of the week differ');
    });
  }

  it('a total stands once on paper, what ties out on one page, and nobody is told that it is a demo', async () => {
    const { page, go } = filled;
    await page.emulateMedia({ media: 'print', forcedColors: 'none' });
    await go(PAGES.statement as string);
    assert.equal(await page.locator('.demo-banner').isVisible(), false);
    const feet = (await page.evaluate(colours('tfoot', 'display'))) as string[];
    assert.ok(feet.length >= 4);
    assert.deepEqual([...new Set(feet)], ['table-row-group'], 'a group of the footer would be repeated on each page');
    assert.deepEqual(await page.evaluate(colours('[aria-labelledby=sums]', 'breakInside')), ['avoid']);
    await go(PAGES.overview as string);
    assert.equal(await page.locator('.steps a, .periods, .demo-banner').filter({ visible: true }).count(), 0);
    const widths =
      (await page.evaluate(`[...document.querySelectorAll('[aria-labelledby=models] tbody td:nth-child(2)')]
      .map((cell) => cell.getBoundingClientRect().width)`)) as number[];
    assert.ok(Math.min(...widths) > 40, `a provider is a word: ${Math.min(...widths)}`);
  });

  it('is a PDF whose text says what the page says: each total once, and what ties out on one page', async () => {
    const { page, go } = filled;
    const printed = async (path: string) => {
      await page.emulateMedia({ media: 'print', forcedColors: 'none', colorScheme: 'light' });
      await go(path);
      const { text } = await extractText(await getDocumentProxy(new Uint8Array(await page.pdf({ format: 'A4' }))));
      return text.map(plain);
    };
    const shown = async (selector: string) => (await page.locator(selector).allInnerTexts()).map(plain);

    const statement = await printed(PAGES.statement as string);
    assert.ok(statement.length > 1, 'more than one page');
    const totals = await shown('tfoot tr');
    assert.ok(totals.length >= 4);
    for (const total of totals) {
      const alike = totals.filter((one) => one.includes(total)).length;
      assert.equal(statement.join(' ').split(total).length - 1, alike, total);
    }
    const sums = await shown('[aria-labelledby=sums] tr');
    assert.ok(sums.length >= 5);
    assert.ok(
      statement.some((onOnePage) => sums.every((row) => onOnePage.includes(row))),
      `on one page: ${sums}`,
    );

    const overview = (await printed(PAGES.overview as string)).join(' ');
    const cells = await shown('main table :is(th[scope=row], tbody td)');
    assert.ok(cells.length > 10);
    for (const cell of cells) assert.ok(overview.includes(cell), cell);
    assert.doesNotMatch(overview, /demo/i);
  });

  it('says at its head what was printed, when and by whom: the view at hand, and now', async () => {
    const { page, go } = filled;
    await page.emulateMedia({ media: 'screen', forcedColors: 'none' });
    await go('/ai-usage?model=gpt-5');
    const head = page.locator('.on-paper');
    assert.equal(await head.isVisible(), false);
    const written =
      /^gpt-5, 30 days: €[\d.,]+ · AI usage · printed \d+ \w+ 20\d\d, \d\d:\d\d by Ana Sousa, ana\.sousa@mythoria\.pt$/;
    assert.match((await head.textContent()) ?? '', written, 'without any script too');
    await page.evaluate("document.querySelector('.on-paper time').textContent = 'long ago'");
    await page.getByRole('link', { name: '90 days' }).click();
    await page.waitForURL(/period=90d/);
    await until(page, 'document.title.startsWith("gpt-5, 90 days")');
    await page.evaluate("window.dispatchEvent(new Event('beforeprint'))");
    await page.emulateMedia({ media: 'print' });
    assert.match(await head.innerText(), new RegExp(written.source.replace('30 days', '90 days')));
    await page.emulateMedia({ media: 'screen' });
  });

  it('fits a telephone under the name of somebody whom Google gives none but a long address', async () => {
    const google = await opened(startFakeGoogle());
    const app = await opened(startApp({ google: () => google.client }));
    const email = `${'mariadaconceicaodealbuquerqueevasconcelos'.padEnd(60, 'x')}@mythoria.pt`;
    google.answers.userinfo = profileOf({ email, name: undefined });
    const client = createClient(app.origin);
    await signInAtFake(client);
    const { page } = await openPage(filled.browser, { viewport: { width: 390, height: 844 } });
    await page.context().addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: app.origin })));
    await page.goto(`${app.origin}/ai-usage`);
    assert.equal(await page.locator('.account summary').innerText(), email);
    for (const width of [320, 390, 768]) {
      await page.setViewportSize({ width, height: 844 });
      assert.equal(await page.evaluate(TOO_WIDE), 0, String(width));
    }
    await page.screenshot({ path: 'test-results/long-name-390.png' });
    await page.context().close();
  });
});
