import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { addTime, HOUR, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs } from '../support/browser.ts';
import { CUT_OFF, TOO_WIDE, WIDTHS } from '../support/cut-off.ts';
import { AUTHOR, fillPages, PAGES, STORY } from '../support/every-page.ts';
import { resetUsage } from '../support/usage.ts';

const MOST_TOKENS = 2_147_483_647;
const MOST_COST = 9_999_999_999;
const LONG_MODEL = 'publishers/a-provider-with-a-long-name/models/'.padEnd(100, 'x');

describe('however large the numbers and long the names', () => {
  let browser: Browser;
  let record: string;
  let person: Awaited<ReturnType<typeof openPage>>;
  let stranger: Awaited<ReturnType<typeof openPage>>;
  let origin: string;

  before(async function () {
    browser = await sharedBrowser(this);
    const large = { input: MOST_TOKENS, output: MOST_TOKENS, author: AUTHOR };
    record = await fillPages([
      ...Array.from({ length: 30 }, (_, i) => ({
        ...large,
        cost: MOST_COST - i,
        at: addTime(now(), -BigInt(i + 1) * HOUR),
      })),
      { ...large, story: STORY, cost: MOST_COST, at: addTime(now(), -HOUR) },
      { ...large, story: STORY, cost: -MOST_COST, model: LONG_MODEL, at: addTime(now(), -2n * HOUR) },
      // Little in the windows before, so that changes are large as well.
      { ...large, model: LONG_MODEL, input: 1, output: 1, cost: 1, at: now() - 24n * 95n * HOUR },
    ]);
    ({ origin } = await sharedApp());
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

  const pages = {
    ...PAGES,
    'long model': `/ai-usage/models/${encodeURIComponent(LONG_MODEL)}`,
    all: '/ai-usage?period=all',
  };
  for (const [name, path] of Object.entries(pages)) {
    it(`nothing is cut off in windows of ${WIDTHS.join(', ')} pixels: ${name}`, async () => {
      const { page } = name === 'sign-in' ? stranger : person;
      await page.goto(`${origin}${path.replace('{record}', record)}`);
      const found: string[] = [];
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })");
        const wider = Number(await page.evaluate(TOO_WIDE));
        const cut = (await page.evaluate(CUT_OFF)) as string[];
        if (wider > 0) found.push(`${width}: the page is ${wider} pixels wider`);
        found.push(...cut.map((one) => `${width}: ${one}`));
      }
      assert.deepEqual(found, []);
    });
  }
});
