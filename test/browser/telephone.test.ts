import assert from 'node:assert/strict';
import { addTime, DAY_OF_24_HOURS, now } from '../../src/units/time.ts';
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

const daysAgo = (days: bigint) => addTime(now(), -days * DAY_OF_24_HOURS);

describe('lists on a telephone', () => {
  const filled = filledBrowser({ viewport: { width: 390, height: 844 } }, () => [
    { at: daysAgo(40n), cost: 3_000_000 },
    // One day that flattens all others, of one of many models.
    ...Array.from({ length: 9 }, (_, i) => ({ at: daysAgo(BigInt(i + 2)), cost: 2_000_000, model: `model-${i}` })),
    { at: daysAgo(9n), cost: 900_000_000 },
  ]);

  for (const [path, label] of [
    ['/ai-usage/records?period=90d', '"Tokens in "'],
    ['/ai-usage?period=30d&compare=previous', '"Before "'],
    ['/ai-usage?period=90d&breakdown=author&rankBy=inputTokens', '"Tokens in "'],
    ['/ai-usage?period=90d&show=table', '"Requests "'],
    ['/ai-usage/actions?period=90d&compare=none', '"Share "'],
    [PAGES.statement as string, '"Requests "'],
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

  it('are six rows of models, actions and others in the overview, their total, and the way to all; on a desk all rows', async () => {
    const { page, go } = filled;
    await go('/ai-usage?period=90d');
    const panel = page.locator('section[aria-labelledby=models]');
    const all = await panel.locator('tbody tr').count();
    assert.ok(all > 6);
    const shown = async () => await panel.locator('tbody tr').filter({ visible: true }).count();
    assert.equal(await shown(), 6);
    assert.equal(await panel.locator('tfoot').isVisible(), true);
    const way = panel.getByRole('link', { name: `All ${all} models` });
    await page.setViewportSize({ width: 1280, height: 844 });
    assert.deepEqual([await shown(), await way.isVisible()], [all, false]);
    await page.setViewportSize({ width: 390, height: 844 });
    await way.click();
    await page.waitForURL(/\/ai-usage\/models\?/);
    assert.equal(await page.locator('tbody tr').filter({ visible: true }).count(), all);
  });

  it('says above a bar that is cut what it cost, and not in the middle of the chart', async () => {
    const { page, go } = filled;
    await go('/ai-usage?period=30d');
    const far = (await page.evaluate(`[...document.querySelectorAll('.chart .marks small')].map((small) => {
      const [label, bar] = [small, small.parentElement].map((one) => one.getBoundingClientRect());
      return [Math.round(label.left - bar.left), label.bottom <= bar.top];
    })`)) as [number, boolean][];
    assert.ok(far.length > 0);
    for (const [aside, above] of far) assert.deepEqual([aside, above], [0, true]);
  });

  it('can be sorted from there', async () => {
    const { page, go } = filled;
    await go('/ai-usage/records?period=90d');
    await page.getByRole('link', { name: 'Cost' }).click();
    await page.waitForURL(/sortBy=estimatedCostInEuros/);
  });
});
