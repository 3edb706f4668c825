import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { sharedApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs, until } from '../support/browser.ts';

describe('dates in a browser', () => {
  let browser: Browser;
  let origin: string;
  before(async function () {
    browser = await sharedBrowser(this);
    ({ origin } = await sharedApp());
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
    for (const context of browser?.contexts() ?? []) await context.close();
  });

  /** Signed in at an address; `asked` are the addresses asked for since. */
  const openAt = async (path: string) => {
    const { page, complaints } = await openPage(browser);
    await signInAs(page, origin, path);
    const asked: string[] = [];
    page.on(
      'request',
      (request) => request.url().includes('/assets/') || asked.push(request.url().replace(origin, '')),
    );
    return { page, complaints, asked };
  };
  const focused = (page: Page) => page.evaluate('document.activeElement.name');
  const beside = (page: Page, name: string) => page.locator(`label:has(input[name=${name}]) .field-problem`);

  it('are sent when they are whole and left, not while their year is typed', async () => {
    const { page, asked, complaints } = await openAt('/audit');
    await page.locator('input[name=from]').focus();
    await page.keyboard.type('11112026');
    assert.equal(await page.locator('input[name=from]').inputValue(), '2026-11-11');
    assert.deepEqual(asked, []);
    assert.equal(await focused(page), 'from');
    await page.locator('input[name=to]').focus();
    await page.waitForURL(`${origin}/audit?person=&kind=&from=2026-11-11&to=`);
    await until(page, "document.activeElement.name === 'to'");
    await page.keyboard.type('12122026');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/audit?person=&kind=&from=2026-11-11&to=2026-12-12`);
    assert.equal(await page.locator('input[name=from]').inputValue(), '2026-11-11');
    assert.deepEqual(complaints, []);
  });

  it('that are being typed are not taken away by the answer to those before', async () => {
    const { page } = await openAt('/audit');
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/audit?**', async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    await page.locator('input[name=from]').focus();
    await page.keyboard.type('11112026');
    await page.locator('input[name=to]').focus();
    await page.keyboard.type('1212');
    answer();
    await page.keyboard.type('2026');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/audit?person=&kind=&from=2026-11-11&to=2026-12-12`);
  });

  it('that are not whole, or in the wrong order, are said beside their field and not sent', async () => {
    const { page, asked, complaints } = await openAt('/audit');
    await page.locator('input[name=from]').focus();
    await page.keyboard.type('11');
    await page.locator('main button', { hasText: 'Filter' }).focus();
    assert.deepEqual(complaints, []);
    assert.equal(await beside(page, 'from').innerText(), 'This is not a whole date.');
    assert.equal(await page.locator('input[name=from]').getAttribute('aria-invalid'), 'true');
    await page.locator('input[name=from]').fill('2026-02-01');
    await page.locator('input[name=to]').fill('2026-01-31');
    await page.locator('input[name=to]').blur();
    assert.equal(await beside(page, 'from').innerText(), 'This is after “To”.');
    await page.keyboard.press('Enter');
    assert.equal(new URL(page.url()).search.includes('to=2026-01-31'), false);
    assert.ok(asked.every((address) => !address.includes('to=2026-01-31')));
    await page.locator('input[name=to]').fill('2026-02-28');
    await page.locator('input[name=to]').blur();
    await page.waitForURL(`${origin}/audit?person=&kind=&from=2026-02-01&to=2026-02-28`);
    assert.equal(await beside(page, 'from').count(), 0);
  });

  it('behind the year 9999 are said beside their field and not sent, and are not taken for earlier ones', async () => {
    const form = 'form:has(input[type=date][name=from])';
    for (const path of ['/audit', '/ai-usage?from=2026-10-01&to=2026-10-31']) {
      const { page, asked } = await openAt(path);
      const put = (name: string, value: string) =>
        page.evaluate(`{
          const field = document.querySelector(${JSON.stringify(`${form} input[name=${name}]`)});
          field.value = ${JSON.stringify(value)};
          field.dispatchEvent(new Event('change', { bubbles: true }));
        }`);
      await put('from', '2026-02-01');
      await put('to', '12026-01-01');
      await page.evaluate(`document.querySelector(${JSON.stringify(form)}).requestSubmit()`);
      const said = page.locator(`${form} .field-problem`);
      assert.deepEqual(await said.allTextContents(), ['This takes years up to 9999.'], path);
      assert.deepEqual(asked, []);
    }
  });

  it('of a period are judged beside their fields as well, and sent by their button', async () => {
    const { page, asked, complaints } = await openAt('/ai-usage?from=2026-10-01&to=2026-10-31');
    await page.getByText('From–to').click();
    await page.locator('.menu .days input[name=from]').fill('2026-11-01');
    await page.getByRole('button', { name: 'Show' }).click();
    assert.equal(await beside(page, 'from').innerText(), 'This is after “To”.');
    assert.deepEqual(asked, []);
    await page.locator('.menu .days input[name=from]').fill('2026-10-02');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL(/from=2026-10-02&to=2026-10-31/);
    assert.deepEqual(complaints, []);
  });
});
