import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { DAY_OF_24_HOURS, now } from '../../src/units/time.ts';
import { sharedApp, startApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs, until } from '../support/browser.ts';
import { databaseUrls } from '../support/databases.ts';
import { startProxy } from '../support/proxy.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const STORY = '8a7b6c5d-4e3f-4a1b-9c8d-7e6f5a4b3c2d';
const LIST = '/ai-usage/records';

describe('a tab left open', () => {
  let browser: Browser;
  let origin: string;

  before(async function () {
    browser = await sharedBrowser(this);
    ({ origin } = await sharedApp());
  });

  beforeEach(async () => {
    await resetUsage();
    await insertUsage(
      Array.from({ length: 40 }, (_, i) => ({ story: STORY, at: now() - DAY_OF_24_HOURS - BigInt(i) * 1_000_000n })),
    );
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
    for (const context of browser?.contexts() ?? []) await context.close();
  });

  after(async () => {
    if (browser) await resetUsage();
  });

  /** A page, how it is looked at again, and how often it has asked for itself since. */
  const openAs = async (path: string, options: BrowserContextOptions = {}, at = origin) => {
    const { page, complaints } = await openPage(browser, options);
    if (options.javaScriptEnabled !== false) await page.clock.install();
    await signInAs(page, at, path);
    let asked = 0;
    page.on('request', (request) => {
      if (request.headers()['hx-request-type'] === 'partial') asked += 1;
    });
    const later = (seconds: number) => page.clock.fastForward(seconds * 1000);
    const lookAgain = async () => {
      // As browsers do: both tell that somebody is back.
      await page.evaluate(
        `document.dispatchEvent(new Event('visibilitychange')); window.dispatchEvent(new Event('focus'));`,
      );
    };
    return { page, complaints, later, lookAgain, asked: () => asked };
  };

  const sum = (page: Page) => page.locator('.sum b').first().innerText();
  /** What a request would have been sent for by now. */
  const settled = async (page: Page) => {
    await page.evaluate(`fetch('/healthz').then((answer) => answer.text())`);
  };

  it('reads itself again, once, when it is looked at a minute later', async () => {
    const { page, complaints, later, lookAgain, asked } = await openAs(LIST);
    assert.equal(await sum(page), '40');
    await insertUsage([{}, {}]);
    await later(50);
    await lookAgain();
    await settled(page);
    assert.equal(asked(), 0, 'within the minute');
    await later(3600);
    await settled(page);
    assert.equal(asked(), 0, 'nobody looks');
    const address = page.url();
    const entries = await page.evaluate('history.length');
    await lookAgain();
    await until(page, `document.querySelector('.sum b').textContent === '42'`);
    await lookAgain();
    await settled(page);
    assert.equal(asked(), 1);
    assert.equal(page.url(), address);
    assert.equal(await page.evaluate('history.length'), entries);
    await until(page, `/^Read again: .*42/.test(document.getElementById('announcement').textContent)`);
    // What is in its place works as what was there.
    await page.locator('.periods a >> text=7 days').click();
    await page.waitForURL(`${origin}${LIST}?period=7d`);
    assert.equal(asked(), 2, 'its links load a part');
    await insertUsage([{}]);
    await later(61);
    await lookAgain();
    await until(page, `document.querySelector('.sum b').textContent === '43'`);
    assert.deepEqual(complaints, []);
  });

  it('keeps the focus, where one has scrolled to, and what is open', async () => {
    const { page, later, lookAgain } = await openAs(LIST, { viewport: { width: 720, height: 500 } });
    await page.evaluate(`document.querySelector('details.download').open = true`);
    await page.evaluate(`document.querySelector('.scroll').scrollLeft = 20`);
    await page.evaluate(`window.scrollTo(0, 700)`);
    await page.evaluate(`document.querySelector('.download a[href*=".json"]').focus({ preventScroll: true })`);
    const place = `[document.querySelector('.scroll').scrollLeft, scrollY, document.querySelector('details.download').open,
      document.activeElement.textContent, document.querySelector('details.custom').open].join()`;
    const before = await page.evaluate(place);
    assert.match(String(before), /^20,700,true,JSON,false$/);
    await insertUsage([{}]);
    await later(61);
    await lookAgain();
    await until(page, `document.querySelector('.sum b').textContent === '41'`);
    await until(page, `${place} === ${JSON.stringify(before)}`);
  });

  const LIVE = [
    '/ai-usage',
    '/ai-usage/models/gpt-5',
    `/ai-usage/stories/${STORY}`,
    '/audit',
    '/ai-usage/tie-out',
    `${LIST}?from=2026-01-01`,
  ];
  it('is any page whose numbers end now', async () => {
    const { page, later, lookAgain, asked } = await openAs('/account/sessions');
    for (const [i, path] of LIVE.entries()) {
      await page.goto(origin + path);
      const read = await page.locator('.read-at time').getAttribute('datetime');
      await later(61);
      await lookAgain();
      await until(page, `document.querySelector('.read-at time').getAttribute('datetime') !== ${JSON.stringify(read)}`);
      assert.equal(asked(), i + 1, path);
    }
  });

  const FIXED = [
    `${LIST}?from=2026-01-01&to=2026-01-31`,
    `${LIST}?asOf=2026-11-01T00%3A00%3A00.000Z`,
    '/ai-usage?from=2026-01-01&to=2026-01-31',
    '/ai-usage/statement?month=2026-01',
    '/ai-usage/tie-out?asOf=2026-11-01T00%3A00%3A00.000Z',
    '/audit?to=2026-01-31',
    '/account/sessions',
  ];
  it('stays as it is where its window is fixed or frozen', async () => {
    const { page, later, lookAgain, asked } = await openAs('/account/sessions');
    for (const path of FIXED) {
      await page.goto(origin + path);
      assert.equal(await page.locator('.read-at').count(), 0, path);
      await later(3600);
      await lookAgain();
      await settled(page);
      assert.equal(asked(), 0, path);
    }
  });

  it('stays as it is while something typed or chosen is in a form of it', async () => {
    const { page, later, lookAgain, asked } = await openAs(LIST);
    for (const type of [
      `document.querySelector('input[type=search]').value = 'gpt'`,
      `document.querySelector('.custom input[name=from]').value = '2026-01-01'`,
      `document.querySelector('select[name=model]').selectedIndex = 1`,
    ]) {
      await page.goto(origin + LIST);
      await page.evaluate(type);
      await later(3600);
      await lookAgain();
      await settled(page);
      assert.equal(asked(), 0, type);
    }
  });

  it('says so where it cannot be read again, and keeps what it shows', async () => {
    const { page, later, lookAgain } = await openAs(LIST);
    await page.context().clearCookies();
    await later(3600);
    await lookAgain();
    await until(page, `document.getElementById('announcement').textContent.includes('session has ended')`);
    assert.equal(await sum(page), '40');
    await page.route('**/*', (route) => route.abort());
    await later(61);
    await lookAgain();
    await until(page, `document.getElementById('announcement').textContent.includes('could not be read again')`);
    assert.equal(await sum(page), '40');
  });

  it('keeps its numbers while the database does not answer, and is read again at the first look that it does', async () => {
    const proxy = await startProxy(databaseUrls().workflows);
    const app = await startApp({ urls: { workflows: proxy.url } });
    try {
      const { page, later, lookAgain, asked } = await openAs(LIST, {}, app.origin);
      await insertUsage([{}]);
      proxy.down();
      await later(61);
      await lookAgain();
      await until(page, `document.getElementById('announcement').textContent.includes('could not be read again')`);
      assert.equal(await sum(page), '40');
      proxy.up();
      await lookAgain();
      await until(page, `document.querySelector('.sum b').textContent === '41'`);
      assert.equal(asked(), 2);

      // One that was opened meanwhile has no numbers to keep.
      for (const path of [LIST, `${LIST}?from=2026-01-01&to=2026-01-31`]) {
        proxy.down();
        await page.goto(app.origin + path);
        assert.equal(await page.locator('.failed').count(), 1);
        proxy.up();
        await lookAgain();
        await until(page, `document.querySelector('.sum b') && !document.querySelector('.failed')`);
      }
    } finally {
      await app.close();
      await proxy.close();
    }
  });

  it('has those of its parts again that answer, where its window is fixed and several did not', async () => {
    const { page, lookAgain } = await openAs('/ai-usage?from=2026-01-01&to=2026-01-31');
    const part = '<p class="failed">This part does not answer.</p>';
    const fail = (parts: number) =>
      `for (let i = 0; i < ${parts}; i++) document.getElementById('usage').insertAdjacentHTML('beforeend', '${part}');`;
    await page.evaluate(fail(2));
    await page.route('**/ai-usage?**', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({
        response: answer,
        body: (await answer.text()).replace(/<\/section>\s*$/, `${part}</section>`),
      });
    });
    await lookAgain();
    await until(page, `document.querySelectorAll('.failed').length === 1`);
    await page.unroute('**/ai-usage?**');
    await lookAgain();
    await until(page, `document.querySelectorAll('.failed').length === 0`);
  });

  it('says without any script when its numbers were read', async () => {
    const { page } = await openAs(LIST, { javaScriptEnabled: false });
    assert.match(await page.locator('header.title .read-at').innerText(), /^Read \d+ \w+ 20\d\d, \d\d:\d\d:\d\d$/);
  });
});
