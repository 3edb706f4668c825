import assert from 'node:assert/strict';
import type { Page, Route } from 'playwright-core';
import { type RunningApp, startApp } from '../support/app.ts';
import { openPage, sharedBrowser, signInAs, until } from '../support/browser.ts';
import { type DatabaseProxy, startProxy } from '../support/proxy.ts';
import { inBrowser } from './in-browser.ts';

const LIST = '/ai-usage/records';
const NOTE = '.not-reached';

describe('on a bad line in a browser', () => {
  const { openAs, origin } = inBrowser();
  const sum = (page: Page) => page.locator('.sum b').first().innerText();
  const note = (page: Page) => page.locator(NOTE);
  /** Where the note stands under what was clicked. */
  const gap = (page: Page, selector: string) =>
    page.evaluate(`(() => {
      const [one, note] = [document.querySelector(${JSON.stringify(selector)}), document.querySelector('${NOTE}')]
        .map((element) => element.getBoundingClientRect());
      return [note.top - one.bottom, note.left >= 0 && note.right <= innerWidth].join();
    })()`);

  describe('behind a wire that is cut', () => {
    let app: RunningApp;
    let wire: DatabaseProxy;
    let wired: string;
    before(async () => {
      app = await startApp();
      wire = await startProxy(app.origin);
      wired = `http://localhost:${new URL(wire.url).port}`;
    });
    afterEach(() => wire.up());
    after(async () => {
      await app.close();
      await wire.close();
    });

    const openWired = async (mocha: Mocha.Context, path: string) => {
      const { page } = await openPage(await sharedBrowser(mocha));
      await signInAs(page, app.origin);
      await page.goto(wired + path);
      return page;
    };

    it('says beside what was clicked whose numbers these are, and asks again by itself once it is mended', async function () {
      const page = await openWired(this, LIST);
      const read = await page.locator('.read-at time').innerText();
      wire.down();
      await page.locator('.periods a >> text=90 days').click();
      await note(page).waitFor();
      assert.equal(
        await note(page).innerText(),
        `The server was not reached. These are still the numbers of ${read}. It is tried again by itself.\n\nTry again`,
      );
      assert.equal(await note(page).getAttribute('role'), 'alert');
      assert.equal(await gap(page, '.periods a:nth-of-type(4)'), '6,true');
      assert.equal(await sum(page), '70');
      assert.equal(page.url(), wired + LIST);
      assert.equal(await page.locator('#usage').getAttribute('aria-busy'), null);
      wire.up();
      await page.waitForURL(`${wired}${LIST}?period=90d`);
      assert.equal(await sum(page), '71');
      assert.equal(await note(page).count(), 0);
      await page.goBack();
      await page.waitForURL(wired + LIST);
      await until(page, `document.querySelector('.sum b').textContent === '70'`);
    });

    it('puts a form back to what the numbers show, and remembers what was chosen for the button', async function () {
      const page = await openWired(this, `${LIST}?model=gpt-5`);
      wire.down();
      const model = page.getByRole('combobox', { name: 'Model' });
      await model.selectOption('tts-1');
      await note(page).waitFor();
      assert.equal(await model.inputValue(), 'gpt-5');
      wire.up();
      await note(page).getByRole('button').click();
      await page.waitForURL(/model=tts-1/);
      assert.equal(await model.inputValue(), 'tts-1');
      await until(page, "document.activeElement.name === 'model'");
    });

    it('going back says so too, and comes there when it is mended', async function () {
      const page = await openWired(this, LIST);
      await page.locator('.periods a >> text=90 days').click();
      await page.waitForURL(`${wired}${LIST}?period=90d`);
      wire.down();
      await page.evaluate('history.back()');
      await note(page).waitFor();
      assert.equal(await sum(page), '71');
      wire.up();
      await until(page, `document.querySelector('.sum b').textContent === '70'`);
      assert.equal(page.url(), wired + LIST);
      assert.equal(await note(page).count(), 0);
    });

    it('another click takes the place of what was not reached', async function () {
      const page = await openWired(this, LIST);
      wire.down();
      await page.locator('.periods a >> text=90 days').click();
      await note(page).waitFor();
      wire.up();
      await page.locator('.periods a >> text=7 days').click();
      await page.waitForURL(`${wired}${LIST}?period=7d`);
      const asked: string[] = [];
      page.on('request', (request) => request.url().includes('/assets/') || asked.push(request.url()));
      await page.waitForTimeout(3000);
      assert.deepEqual(asked, []);
    });
  });

  const answers: [name: string, answer: (route: Route) => Promise<void>][] = [
    [
      'a gateway’s 502',
      (route) =>
        route.fulfill({ status: 502, contentType: 'text/html', body: '<h1 id="usage">Bad gateway</h1><p>nginx' }),
    ],
    [
      'a hotel’s page with a 200',
      (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<section id="usage">Welcome!' }),
    ],
  ];
  for (const [name, answer] of answers) {
    it(`never shows ${name} as its own`, async () => {
      const { page, arrive } = await openAs(LIST);
      await page.route('**/ai-usage/records?period=90d', answer);
      await page.locator('.periods a >> text=90 days').click();
      await note(page).waitFor();
      assert.match(
        await note(page).innerText(),
        /^The server was not reached. Something else answered \((200|502)\)\./,
      );
      assert.equal(await sum(page), '70');
      assert.equal(page.url(), origin() + LIST);
      await page.unroute('**/ai-usage/records?period=90d');
      await arrive(`${LIST}?period=90d`);
      assert.equal(await sum(page), '71');
    });
  }

  it('keeps the numbers where the program itself says that something is wrong', async () => {
    const { page } = await openAs(LIST);
    await page.route('**/ai-usage/records?period=90d', async (route) => {
      const answer = await route.fetch({ url: `${origin()}/ai-usage/no-such-page` });
      await route.fulfill({ response: answer });
    });
    await page.locator('.periods a >> text=90 days').click();
    await note(page).waitFor();
    assert.match(await note(page).innerText(), /^Not found\. There is no page at this address\.$/);
    assert.equal(await sum(page), '70');
  });

  it('is busy while a request runs, and of two clicks the second counts', async () => {
    const { page, arrive } = await openAs(LIST);
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/ai-usage/records?period=90d', async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    const busy = () => page.locator('#usage').getAttribute('aria-busy');
    await page.locator('.periods a >> text=90 days').click({ noWaitAfter: true });
    assert.equal(await busy(), 'true');
    await page.locator('.periods a >> text=7 days').click();
    await arrive(`${LIST}?period=7d`);
    answer();
    await page.evaluate(`fetch('/healthz').then((answer) => answer.text())`);
    assert.equal(page.url(), `${origin()}${LIST}?period=7d`);
    assert.equal(await page.locator('.periods a[aria-current]').innerText(), '7 days');
    assert.equal(await busy(), null);
    assert.equal(await note(page).count(), 0);
  });

  it('clicked twice is asked for and remembered once', async () => {
    const { page, arrive } = await openAs(LIST);
    const entries = Number(await page.evaluate('history.length'));
    await page.locator('.periods a >> text=90 days').dblclick();
    await arrive(`${LIST}?period=90d`);
    await until(page, '!document.querySelector("[aria-busy]")');
    assert.equal(await page.evaluate('history.length'), entries + 1);
  });
});
