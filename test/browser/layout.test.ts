import assert from 'node:assert/strict';
import { addTime, DAY_OF_24_HOURS, HOUR, now } from '../../src/units/time.ts';
import { AUTHOR, PAGES } from '../support/every-page.ts';
import { filledBrowser } from '../support/filled-browser.ts';

/** How many tiles stand beside each other, row by row; the first, which is the largest, may stand by itself. */
const TILES = `[...document.querySelectorAll('.tiles')].map((tiles) => {
  const tops = [...tiles.children].map((tile) => Math.round(tile.getBoundingClientRect().top));
  return [...new Set(tops)].map((top) => tops.filter((one) => one === top).length);
})`;
const LINES_OF_HEADS = `[...document.querySelectorAll('.pivot thead th')].map((head) => {
  const range = new Range();
  range.selectNodeContents(head);
  return [head.textContent, new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size];
})`;
const CUT_TABLES = `[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.ariaLabel)`;
/** Where the columns of each table end. */
const ENDS = `[...document.querySelectorAll('.units thead tr')].map((heads) => [...heads.children].map((head) => Math.round(head.getBoundingClientRect().right)))`;
/** How much of the shade that says that a table goes on is seen. */
const GOES_ON = `(async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  return Number(getComputedStyle(document.querySelector('.pivot'), '::after').opacity);
})()`;

const of = (cost: number, days: bigint, model: string) => ({
  ...{ author: AUTHOR, action: 'blog_translation', cost, model },
  at: addTime(now(), -days * DAY_OF_24_HOURS - HOUR),
});

describe('the layout of pages', () => {
  const filled = filledBrowser({}, () =>
    // Next to nothing before and much now: changes of thousands of percent.
    ['claude-opus-4-1', 'gemini-2.5-flash-image', 'claude-sonnet-4-5', 'gpt-image-1-mini'].flatMap((model, i) => [
      of(30_000 + 7 * i, 40n, model),
      of(76_480_000 + 11 * i, 12n, model),
    ]),
  );

  const open = async (path: string, width: number) => {
    await filled.page.setViewportSize({ width, height: 900 });
    await filled.go(path);
  };

  for (const name of ['overview', 'author', 'model', 'story', 'statement', 'budget', 'rates'])
    it(`leaves no tile by itself at the end of its rows: ${name}`, async () => {
      const { page } = filled;
      await open(PAGES[name] as string, 1024);
      for (const width of [1280, 1100, 1024, 900, 768]) {
        await page.setViewportSize({ width, height: 900 });
        const tiles = (await page.evaluate(TILES)) as number[][];
        assert.ok(tiles.length > 0);
        for (const rows of tiles) assert.ok(rows.length === 1 || (rows.at(-1) ?? 0) > 1, `${width}: ${rows}`);
      }
    });

  it('has the heads of Explore in two lines at most, however long the names of its columns', async () => {
    const { page } = filled;
    for (const [path, width] of [
      ['/ai-usage/explore?period=90d', 1280],
      ['/ai-usage/explore?period=90d', 390],
      ['/ai-usage/explore?period=90d&rows=model&columns=action', 1280],
    ] as const) {
      await open(path, width);
      const heads = (await page.evaluate(LINES_OF_HEADS)) as [string, number][];
      assert.ok(heads.length > 3);
      assert.deepEqual(
        heads.filter(([, lines]) => lines > 2),
        [],
        `${path} ${width}`,
      );
    }
  });

  it('says of a table of Explore that it goes on to the side, until its end has been reached, and of none that fits', async () => {
    const { page } = filled;
    await open('/ai-usage/explore?period=90d&columns=hour', 640);
    assert.equal(await page.evaluate(GOES_ON), 1);
    await page.evaluate(`document.querySelector('.pivot .scroll').scrollLeft = 10_000`);
    assert.equal(await page.evaluate(GOES_ON), 0);
    await open('/ai-usage/explore?period=90d&rows=hour&columns=provider', 1280);
    assert.equal(await page.evaluate(GOES_ON), 0);
  });

  it('has the columns of unit costs below each other, from table to table', async () => {
    const { page } = filled;
    await open('/ai-usage/unit-costs?period=90d', 1280);
    const [first, ...others] = (await page.evaluate(ENDS)) as number[][];
    assert.equal(others.length, 3);
    for (const ends of others) assert.deepEqual(ends, first);
  });

  it('has every column of a page of an author in sight on a desk, also where much has changed', async () => {
    const { page } = filled;
    await open(`/ai-usage/authors/${AUTHOR}`, 1280);
    assert.match(await page.locator('#models ~ .scroll tbody').innerText(), /\+\d{3},\d{3}\.\d%/);
    assert.deepEqual(await page.evaluate(CUT_TABLES), []);
  });
});
