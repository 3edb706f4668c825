import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { startApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs } from '../support/browser.ts';
import { closing } from '../support/closing.ts';

/** The app as old browsers reach it, or others by way of a proxy that takes the headers away which it does not know. */
async function startWithoutSecFetch() {
  let answer: RequestListener = () => {};
  const server = createServer((req, res) => {
    for (const name of Object.keys(req.headers)) if (name.startsWith('sec-fetch-')) delete req.headers[name];
    answer(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const app = await startApp({ variables: { APP_URL: origin } });
  answer = app.express;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await app.close();
  };
  return { origin, close };
}

describe('signing out where nothing says Sec-Fetch-Site', () => {
  const opened = closing();
  let browser: Browser;
  before(async function () {
    browser = await sharedBrowser(this);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
  });

  for (const [where, button] of [
    ['/ai-usage', 'Sign out'],
    ['/account/sessions', 'Sign out everywhere'],
  ] as const) {
    it(`works by Origin, with the button “${button}”`, async () => {
      const { origin } = await opened(startWithoutSecFetch());
      const { page } = await openPage(browser);
      await signInAs(page, origin, where);
      if (where === '/ai-usage') await page.locator('.account summary').click();
      await page.getByRole('button', { name: button, exact: true }).click();
      await page.waitForURL(`${origin}/sign-in`);
      await page.goto(`${origin}/account/sessions`);
      assert.equal(await page.locator('h1').innerText(), 'Sign in');
      await page.context().close();
    });
  }
});
