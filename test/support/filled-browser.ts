import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { sharedApp } from './app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs } from './browser.ts';
import { fillPages } from './every-page.ts';
import { resetUsage, type UsageRow } from './usage.ts';

type FilledBrowser = {
  browser: Browser;
  page: Page;
  origin: string;
  /** Opens a page; `{record}` in its path is the id of one. */
  go: (path: string) => Promise<void>;
};

/** For a describe: a browser in which Ana is signed in and every page has something to show, and `more`. Its members are there from the first test on. */
export function filledBrowser(
  options: BrowserContextOptions = {},
  more: () => Partial<UsageRow>[] = () => [],
): FilledBrowser {
  const filled = {} as FilledBrowser;
  before(async function () {
    const browser = await sharedBrowser(this);
    const record = await fillPages(more());
    const { origin } = await sharedApp();
    const { page } = await openPage(browser, options);
    await signInAs(page, origin);
    const go = async (path: string) => {
      await page.goto(`${origin}${path.replace('{record}', record)}`);
    };
    Object.assign(filled, { browser, page, origin, go });
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(filled.browser);
  });
  after(async () => {
    if (!filled.page) return;
    await filled.page.context().close();
    await resetUsage();
  });
  return filled;
}
