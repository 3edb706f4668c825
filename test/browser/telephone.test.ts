import assert from 'node:assert/strict';
import { PAGES } from '../support/every-page.ts';
import { filledBrowser } from '../support/filled-browser.ts';

/** Of each row of a list the top of its name and of what leads, the top of what is below, and what is said before that. */
const ROWS = `[...document.querySelectorAll('table.in-lines tbody tr')].filter((row) => row.checkVisibility()).map((row) => {
  const top = (cell) => Math.round(cell.getBoundingClientRect().top);
  const cells = [...row.querySelectorAll('td')].filter((cell) => cell.checkVisibility() && cell.textContent !== '');
  const below = cells.filter((cell) => 'label' in cell.dataset);
  return {
    name: top(row.querySelector('th')),
    leads: cells.filter((cell) => !below.includes(cell)).map(top),
    below: below.map(top),
    said: below.map((cell) => getComputedStyle(cell, '::before').content),
  };
})`;
const SIDEWAYS = `[...document.querySelectorAll('.scroll:has(.in-lines)')].filter((one) => one.scrollWidth > one.clientWidth).length`;
type Row = { name: number; leads: number[]; below: number[]; said: string[] };

describe('lists on a telephone', () => {
  const filled = filledBrowser({ viewport: { width: 390, height: 844 } });

  for (const [path, label] of [
    ['/ai-usage/records?period=90d', '"Tokens in "'],
    ['/findings', '"Since "'],
    ['/alerts', '"Last checked "'],
    ['/bills', '"Recorded "'],
    ['/budgets', '"Expected by now "'],
    [PAGES.budget as string, '"Left "'],
    ['/audit', '"Rows "'],
    ['/ai-usage/unit-costs?period=90d', '"Half cost at most "'],
    ['/ai-usage/repriced?period=90d', '"Recorded "'],
    ['/what-if?period=90d', '"Tokens in "'],
    [PAGES.bill as string, '"So far "'],
    [PAGES.story as string, '"Tokens out "'],
    ['/ai-usage/tie-out?period=90d', '"Record by record "'],
    ['/account/sessions', '"Last seen "'],
  ] as const)
    it(`have what matters beside the name, the rest below it with its label, and nothing to the side: ${path}`, async () => {
      const { page, go } = filled;
      await go(path);
      const rows = (await page.evaluate(ROWS)) as Row[];
      assert.ok(rows.length > 0);
      assert.equal(await page.evaluate(SIDEWAYS), 0);
      for (const { name, leads, below } of rows) {
        assert.ok(leads.length > 0, 'something leads');
        for (const top of leads) assert.ok(Math.abs(top - name) <= 2, `leads at ${top}, the name is at ${name}`);
        for (const top of below) assert.ok(top > name + 10);
      }
      assert.ok(
        rows.some(({ said }) => said.includes(label)),
        `${rows[0]?.said}`,
      );
      await page.setViewportSize({ width: 1280, height: 844 });
      const wide = (await page.evaluate(ROWS)) as Row[];
      assert.ok(
        wide.every(({ said }) => said.every((one) => one === 'none')),
        'on a desk they stand below their heads',
      );
      await page.setViewportSize({ width: 390, height: 844 });
    });

  it('can be sorted from there', async () => {
    const { page, go } = filled;
    await go('/ai-usage/records?period=90d');
    await page.getByRole('link', { name: 'Cost' }).click();
    await page.waitForURL(/sortBy=estimatedCostInEuros/);
  });
});
