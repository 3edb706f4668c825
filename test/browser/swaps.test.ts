import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { until } from '../support/browser.ts';
import { inBrowser } from './in-browser.ts';

const LIST = '/ai-usage/records';

describe('what takes the place of something in a browser', () => {
  const { openAs, origin } = inBrowser();

  /** The parts that a page asks for from now on, as their addresses. */
  const askedBy = (page: Page) => {
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.headers()['hx-request-type']) asked.push(request.url().replace(origin(), ''));
    });
    return asked;
  };
  const settled = (page: Page) => page.evaluate(`fetch('/healthz').then((answer) => answer.text())`);
  const search = (page: Page) => page.getByRole('searchbox');

  it('Enter in the search asks once, and one goes on typing where one was', async () => {
    const { page, complaints } = await openAs(LIST);
    const asked = askedBy(page);
    await search(page).focus();
    await page.keyboard.type('gpt');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.waitForURL(/search=gpt/);
    await until(page, '!document.querySelector("[aria-busy]")');
    await settled(page);
    assert.equal(asked.length, 1, asked.join(' '));
    assert.equal(await page.evaluate('document.activeElement.name'), 'search');
    assert.equal(await page.evaluate('document.activeElement.selectionStart'), 2);
    await page.keyboard.press('End');
    await page.keyboard.type('-5');
    await page.keyboard.press('Enter');
    await page.waitForURL(/search=gpt-5/);
    assert.equal(asked.length, 2);
    assert.deepEqual(complaints, []);
  });

  it('a link that is clicked from the search is followed, however long the button is held', async () => {
    for (const [link, end] of [
      ['.periods a >> text=90 days', `${LIST}?period=90d`],
      ['.ways-out a, header.site nav a >> text=Budgets', '/budgets'],
    ] as const) {
      const { page, arrive } = await openAs(LIST);
      const asked = askedBy(page);
      await search(page).focus();
      await page.keyboard.type('gpt');
      await page.locator(link).first().hover();
      await page.mouse.down();
      await settled(page);
      assert.deepEqual(asked, [], 'nothing is taken from under the pointer');
      await page.mouse.up();
      await arrive(end);
    }
  });

  it('the search is sent by a press on nothing, by Tab and after a list was open', async () => {
    const { page } = await openAs(LIST);
    await search(page).fill('gpt');
    await page.locator('h1').click();
    await page.waitForURL(/search=gpt/);
    await page.locator('select[name=model]').click();
    await page.keyboard.press('Escape');
    await search(page).fill('tts');
    await page.keyboard.press('Tab');
    await page.waitForURL(/search=tts/);
  });

  it('stays where one has scrolled to, with the focus on what was used, and it is said', async () => {
    const { page, arrive, said } = await openAs('/ai-usage', { viewport: { width: 900, height: 500 } });
    const place = () =>
      page.evaluate(`[scrollY, document.activeElement.tagName, document.activeElement.textContent.trim()].join()`);
    const tab = page.locator('.tabs a >> text=Authors');
    await tab.scrollIntoViewIfNeeded();
    await tab.focus();
    const before = await place();
    assert.match(String(before), /^[1-9]\d+,A,Authors$/);
    await page.keyboard.press('Enter');
    await arrive('/ai-usage?breakdown=author');
    await until(page, '!document.querySelector("[aria-busy]")');
    assert.equal(await place(), before);
    await said()
      .getByText(/^Total cost/)
      .waitFor({ state: 'attached' });
    // The second of two links of one name.
    const names = page.locator('#usage tbody th a', { hasText: /^gpt-5$/ });
    const list = await openAs(`${LIST}?pageSize=20`, { viewport: { width: 900, height: 500 } });
    await list.page.locator('.pager a.page >> text="2"').click();
    await list.arrive(`${LIST}?page=2&pageSize=20`);
    await until(list.page, '!document.querySelector("[aria-busy]")');
    assert.ok(Number(await list.page.evaluate('scrollY')) > 300, 'the pager is still under the pointer');
    assert.ok((await names.count()) > 0);
  });

  it('says a change where nothing is counted', async () => {
    const { page, said } = await openAs('/audit');
    await page.locator('select[name=kind]').selectOption({ index: 1 });
    await page.waitForURL(/kind=/);
    await said().getByText('Audit log: changed').waitFor({ state: 'attached' });
  });

  it('menus are put away by Esc, which gives the focus back, and by a click elsewhere', async () => {
    const { page } = await openAs(LIST);
    const open = () => page.locator('details:has(> .menu)[open]').count();
    for (const menu of ['From–to', 'Download', 'Ana Sousa']) {
      const summary = page.locator('summary', { hasText: menu });
      await summary.click();
      assert.equal(await open(), 1, menu);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Escape');
      assert.equal(await open(), 0, menu);
      assert.equal(
        await page.evaluate('document.activeElement.textContent.trim()'),
        (await summary.innerText()).trim(),
      );
      await summary.click();
      await page.locator('h1').click();
      assert.equal(await open(), 0, menu);
    }
    await page.locator('summary', { hasText: 'From–to' }).click();
    await page.locator('summary', { hasText: 'Download' }).click();
    assert.equal(await open(), 1, 'one at a time');
  });

  it('a period that the server does not take is said beside its field, and the numbers stay', async () => {
    const { page } = await openAs(LIST);
    await page.locator('summary', { hasText: 'From–to' }).click();
    const days = page.locator('.menu form.days');
    const from = days.locator('input[name=from]');
    await from.fill('2026-11-01');
    // As one that has no dates of its own sends it.
    await from.evaluate((field) => Object.assign(field, { type: 'text', value: '2026-02-30' }));
    await days.getByRole('button').click();
    const problem = days.locator('label:has(input[name=from]) .field-problem');
    await problem.waitFor();
    assert.match(await problem.innerText(), /^takes a day/);
    assert.equal(await from.getAttribute('aria-invalid'), 'true');
    assert.equal(await from.inputValue(), '2026-02-30');
    assert.equal(await page.evaluate('document.activeElement.name'), 'from');
    assert.equal(await page.locator('.sum b').first().innerText(), '70');
    assert.equal(page.url(), origin() + LIST);
    await page.locator('summary', { hasText: 'Calendar' }).click();
    const named = page.locator('.menu.calendar');
    await named.locator('input[name=period]').fill('2026-W60');
    await named.getByRole('button').click();
    await named.locator('.field-problem').waitFor();
    assert.equal(page.url(), origin() + LIST);
    await page.locator('summary', { hasText: 'From–to' }).click();
    await from.fill('2026-01-01');
    await days.getByRole('button').click();
    await page.waitForURL(/from=2026-01-01/);
    assert.equal(await page.locator('.field-problem').count(), 0);
  });

  it('a click after one’s session has ended is where one lands after signing in, and it is said why', async () => {
    const { page, arrive } = await openAs(LIST);
    await page.context().clearCookies();
    await page.locator('.periods a >> text=90 days').click();
    await page.waitForURL(/sign-in/);
    assert.match(await page.locator('.notice').innerText(), /^Your session has ended\. Sign in again, and you come to/);
    await page.getByRole('link', { name: 'Sign in with Google' }).click();
    await page.getByRole('link', { name: 'Ana Sousa' }).click();
    await arrive(`${LIST}?period=90d`);
  });
});
