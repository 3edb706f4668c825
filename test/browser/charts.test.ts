import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { addTime, HOUR, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs, until } from '../support/browser.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const MODELS = [
  'gpt-5',
  'tts-1',
  'dall-e-3',
  'gpt-4-turbo',
  'claude-opus-4-1',
  'imagen-4.0',
  'flux-2-pro',
  'gpt-5-mini',
];
const DAY = 24n * HOUR;

describe('charts in a browser', () => {
  let browser: Browser;
  let origin: string;
  before(async function () {
    browser = await sharedBrowser(this);
    ({ origin } = await sharedApp());
    await resetUsage();
    await insertUsage(
      Array.from({ length: 200 }, (_, i) => ({
        model: MODELS[i % MODELS.length],
        cost: i % 25 === 24 ? -900_000 : 600_000 + 1000 * (MODELS.length - (i % MODELS.length)),
        at: addTime(now(), -(BigInt(i) * DAY) / 2n - HOUR),
      })),
    );
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
    for (const context of browser?.contexts() ?? []) await context.close();
  });
  after(async () => {
    if (browser) await resetUsage();
  });

  const openAt = async (path: string, width = 1200, forcedColors: 'active' | 'none' = 'none') => {
    const { page, complaints } = await openPage(browser, { viewport: { width, height: 900 }, forcedColors });
    await signInAs(page, origin, path);
    return { page, complaints };
  };

  for (const [period, width] of [
    ['all', 1200],
    ['7d', 1200],
    ['30d', 1024],
    ['90d', 1200],
    ['1d', 1200],
    ['7d', 390],
    ['30d', 390],
  ] as const) {
    it(`have their labels under their bars, in sight and apart: ${period}, ${width} pixels`, async () => {
      const { page } = await openAt(`/ai-usage?period=${period}`, width);
      await page.locator('.chart').waitFor();
      const labels = (await page.evaluate(LABELS)) as { off: number; left: number; right: number }[];
      assert.ok(labels.length >= 2);
      labels.forEach(({ off, left, right }, i) => {
        assert.ok(off <= 1, `${off} pixels from the middle of its bar`);
        if (i > 0) assert.ok(left > (labels[i - 1]?.right ?? 0), 'labels overlap');
        assert.ok(right <= width, 'beyond the edge');
      });
    });
  }

  it('are wide enough for a finger at 390 pixels, begin at the newest and keep their scale in sight', async () => {
    const { page } = await openAt('/ai-usage', 390);
    const widths = (await page.evaluate(
      `[...document.querySelectorAll('.marks a')].map((bar) => bar.getBoundingClientRect().width)`,
    )) as number[];
    assert.ok(Math.min(...widths) >= 24, `${Math.min(...widths)}`);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390);
    const last = page.locator('.marks a').last();
    const inSight = async (bar: typeof last) => {
      const box = await bar.boundingBox();
      return box !== null && box.x >= 0 && box.x + box.width <= 390;
    };
    assert.ok(await inSight(last), 'today');
    await last.focus();
    const words = await last.locator('span').boundingBox();
    assert.ok(words && words.x >= 0 && words.x + words.width <= 390 && words.height > 40, 'what it says');
    await page.locator('.marks a').first().focus();
    assert.ok(await inSight(page.locator('.marks a').first()), 'the first day, once it has the focus');
    const scale = await page.locator('.scale.costs').boundingBox();
    assert.ok(scale && scale.x >= 0 && scale.x < 20);
  });

  it('keep their colours, those of the legend, and the hatching of a part in forced colours', async () => {
    const { page } = await openAt('/ai-usage?period=7d', 1200, 'active');
    const colours =
      (await page.evaluate(`[...document.querySelectorAll('.legend i:not(.before, .marked, .unusual, .cut)')].map((swatch) => [
      getComputedStyle(swatch).backgroundColor,
      getComputedStyle(document.querySelector('.chart path.' + swatch.className)).stroke,
    ])`)) as [string, string][];
    assert.equal(colours.length, 6);
    for (const [legend, bar] of colours) assert.equal(legend, bar);
    assert.equal(new Set(colours.map(([legend]) => legend)).size, 6);
    const part = `getComputedStyle(document.querySelector('.marks .part a'))`;
    assert.match(String(await page.evaluate(`${part}.backgroundImage`)), /gradient/);
    assert.equal(
      await page.evaluate(`${part}.forcedColorAdjust`),
      'none',
      'else the gradient is in colours of the system',
    );
  });

  it('several bars are one part of the window: dragged over, or reached with Shift and an arrow key', async () => {
    const { page } = await openAt('/ai-usage?period=7d&model=gpt-5');
    const bar = (i: number) => page.locator('.marks a').nth(i);
    const [from] = (await bar(2).getAttribute('href'))?.match(/from=[^&]*/) ?? [];
    const [to] = (await bar(4).getAttribute('href'))?.match(/to=[^&]*/) ?? [];
    assert.ok(from && to);
    const isTheSpan = ({ search }: URL) => search.includes(from) && search.includes(to) && search.includes('gpt-5');
    await page.evaluate('window.isThere = true');
    // Backwards as well.
    await bar(4).hover();
    await page.mouse.down();
    await bar(3).hover();
    await bar(2).hover();
    assert.equal(await page.locator('.marks a.spanned').count(), 3);
    await page.mouse.up();
    await page.waitForURL(isTheSpan);
    assert.equal(await page.locator('h2#usage-over-time').innerText(), 'Usage by day');
    await until(page, 'document.querySelectorAll(".marks a").length === 3');
    assert.equal(await page.evaluate('window.isThere'), true, 'only a part of the page is loaded');
    await page.goBack();
    await until(page, 'document.querySelectorAll(".marks a").length === 8');

    await page.goto(`${origin}/ai-usage?period=7d&model=gpt-5`);
    await bar(2).focus();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.marks a.spanned').count(), 0);
    await bar(2).focus();
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await until(page, '/ to .*: Enter shows them$/.test(document.querySelector("#announcement").textContent)');
    await page.keyboard.press('Enter');
    await page.waitForURL(isTheSpan);

    await page.goto(`${origin}/ai-usage?period=7d&model=gpt-5`);
    const one = await bar(2).getAttribute('href');
    await bar(2).click();
    await page.waitForURL((url) => url.href === `${origin}${one}`);
  });

  it('keep in colour what is pointed at in the legend, also by keyboard', async () => {
    const { page } = await openAt('/ai-usage?period=30d');
    const strokes = async () =>
      (await page.evaluate(
        `[0, 1, 2].map((i) => getComputedStyle(document.querySelector('.chart path.s' + i)).stroke)`,
      )) as string[];
    const plain = await strokes();
    const changed = async () => (await strokes()).map((stroke, i) => stroke !== plain[i]);
    await page.locator('.legend li', { has: page.locator('.s1') }).hover();
    assert.deepEqual(await changed(), [true, false, true]);
    await page.mouse.move(0, 0);
    await page.locator('.legend a').first().focus();
    assert.deepEqual(await changed(), [false, true, true]);
  });

  it('a wide table of Explore keeps names, totals and headings in sight, however far one goes', async () => {
    const { page } = await openAt('/ai-usage/explore?period=all&rows=day&columns=model', 720);
    const region = page.locator('.pivot .scroll');
    const stuck = ['thead th', 'thead th:nth-child(2)', 'tbody th', 'tbody td:nth-child(2)', 'tfoot td:nth-child(2)'];
    const left = () => Promise.all(stuck.map(async (one) => (await region.locator(one).first().boundingBox())?.x));
    const before = await left();
    await region.evaluate((one) => one.scrollTo(400, 700));
    assert.deepEqual(await left(), before);
    const [box, head, foot] = await Promise.all(
      [region, region.locator('thead th').first(), region.locator('tfoot td').first()].map((one) => one.boundingBox()),
    );
    assert.ok(box && head && foot);
    const [aside, down] = await region.evaluate((one) => [one.scrollLeft, one.scrollTop]);
    assert.ok(box.height <= 900 && Number(aside) > 20 && Number(down) > 600, `${box.height} ${aside} ${down}`);
    assert.ok(Math.abs(head.y - box.y) <= 1, 'the headings stay above');
    assert.ok(Math.abs(foot.y + foot.height - box.y - box.height) <= 16, 'the totals stay below');
  });

  it('“Other” leads to the models in it', async () => {
    const { page } = await openAt('/ai-usage?period=all');
    const cost = await page.locator('.usage .legend li', { hasText: 'Other' }).locator('b').innerText();
    await page.getByRole('link', { name: 'Other', exact: true }).click();
    await page.waitForURL(/notModel=/);
    await until(page, '!document.querySelector("[aria-busy]")');
    assert.equal(await page.locator('.tiles dd span').first().innerText(), cost);
    for (const path of ['/ai-usage?period=all&by=action', '/ai-usage?period=all&by=provider'])
      await noDeadEnds(page, path);
  });
  const noDeadEnds = async (page: Page, path: string) => {
    await page.goto(origin + path);
    assert.equal(
      await page
        .locator('.usage .legend li', { hasText: 'Other' })
        .filter({ hasNot: page.locator('a') })
        .count(),
      0,
    );
  };
});

/** How far each label is from the middle of its bar, and where it stands. */
const LABELS = `(() => {
  const bars = [...document.querySelectorAll('.marks li')].map((bar) => bar.getBoundingClientRect());
  return [...document.querySelectorAll('.axis li')].flatMap((item, i) => {
    const box = item.querySelector('span')?.getBoundingClientRect();
    if (!box || box.width === 0) return [];
    const middle = bars[i].left + bars[i].width / 2;
    return [{ off: Math.abs((box.left + box.right) / 2 - middle), left: box.left, right: box.right }];
  });
})()`;
