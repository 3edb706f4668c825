import assert from 'node:assert/strict';
import { PAGES } from '../support/every-page.ts';
import { filledBrowser } from '../support/filled-browser.ts';

/** What somebody without scripts would press in vain. */
const IN_VAIN = `[...document.querySelectorAll('main button, main a')]
  .filter((one) => one.checkVisibility())
  .filter((one) => one.tagName === 'A' ? !one.getAttribute('href')
    : !(one.form && one.type === 'submit') && !document.getElementById(one.getAttribute('popovertarget')))
  .map((one) => one.outerHTML.slice(0, 120))`;

/** Choices of a form that its own button sends: a select by itself sends nothing. */
const UNSENT = `[...document.querySelectorAll('main form')]
  .filter((form) => form.checkVisibility() && ![...form.elements].some((one) => one.type === 'submit'))
  .map((form) => form.outerHTML.slice(0, 120))`;

describe('every page without scripts', () => {
  const filled = filledBrowser({ javaScriptEnabled: false });

  for (const [name, path] of Object.entries(PAGES)) {
    it(`has nothing that only a script would do: ${name}`, async () => {
      const { page, go } = filled;
      await go(path);
      assert.ok(await page.locator('h1').first().isVisible());
      assert.equal(await page.locator('.by-script:visible').count(), 0, 'nor speaks of it');
      const folded = page.locator('main details > summary:visible');
      for (let i = 0; i < Math.min(await folded.count(), 12); i++) {
        const was = await folded.nth(i).evaluate((one) => one.parentElement?.hasAttribute('open'));
        await folded.nth(i).click();
        const is = await folded.nth(i).evaluate((one) => one.parentElement?.hasAttribute('open'));
        assert.notEqual(is, was, 'what is folded opens and closes');
      }
      assert.deepEqual(await page.evaluate(IN_VAIN), []);
      assert.deepEqual(await page.evaluate(UNSENT), []);
    });
  }

  it('the form of Explore and the search of prices are sent by their buttons, and rows lead on', async () => {
    const { page, go } = filled;
    await go('/ai-usage/explore?period=90d');
    await page.locator('form.axes select[name=rows]').selectOption('weekday');
    await page.getByRole('button', { name: 'Show', exact: true }).filter({ visible: true }).click();
    await page.waitForURL(/rows=weekday/);
    assert.match(await page.locator('#explored').innerText(), /by weekday and model$/);
    await page.locator('.pivot tbody th a').first().click();
    await page.waitForURL(/weekdays=/);
    assert.equal(await page.locator('.pivot tbody tr').count(), 1);
    await go('/prices');
    await page.locator('input[type=search]').first().fill('gpt');
    await page.keyboard.press('Enter');
    await page.waitForURL(/search=gpt/);
  });
});
