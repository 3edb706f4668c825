import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addTime, dayOf, HOUR, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { openChromium } from '../support/browsers/chromium.ts';
import { openFirefox } from '../support/browsers/firefox.ts';
import { openWebkit } from '../support/browsers/webkit.ts';
import { type BrowserWindow, click, type OpenWindow, until } from '../support/browsers/window.ts';
import { CUT_OFF, TOO_WIDE, WIDTHS } from '../support/cut-off.ts';
import { csvRows } from '../support/export.ts';
import { missing } from '../support/skip.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const BROWSERS: Record<string, OpenWindow> = { Chromium: openChromium, Firefox: openFirefox, WebKit: openWebkit };
const MOST_TOKENS = 2_147_483_647;

/** The file that a download leaves in its folder, once it is whole. */
async function downloaded(folder: string): Promise<string> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    const [name] = (await readdir(folder)).filter((file) => file.endsWith('.csv'));
    const text = name ? await readFile(join(folder, name), 'utf8') : '';
    if (text.endsWith('\n')) return text;
    await sleep(20);
  }
  throw new Error('no file was downloaded');
}

describe('the walk, in three browsers', () => {
  let origin: string;
  before(async () => {
    ({ origin } = await sharedApp());
    await resetUsage();
    const hoursAgo = (hours: number) => now() - BigInt(Math.round(hours * Number(HOUR)));
    await insertUsage([
      // Costs that do not come in the order of time.
      ...Array.from({ length: 70 }, (_, i) => ({ cost: 20_000 + ((i * 37) % 70), at: hoursAgo(1 + 8 * i) })),
      { model: 'gemini-2.5-pro', cost: 9_999_999_999, input: MOST_TOKENS, output: MOST_TOKENS, at: hoursAgo(2) },
      { model: 'gemini-2.5-pro', cost: 41_760_000, input: 16_033, at: hoursAgo(24 * 8) },
    ]);
    await mkdir('test-results', { recursive: true });
  });
  after(resetUsage);

  for (const [name, open] of Object.entries(BROWSERS)) {
    it(`signs in, changes the period, goes back, searches, sorts, downloads, and fits any window: ${name}`, async function () {
      const opened = await open();
      if ('missing' in opened) {
        return missing(this, opened.missing);
      }
      const window = opened;
      try {
        await walk(window);
      } catch (error) {
        const picture = await window.picture().catch(() => null);
        if (picture) await writeFile(`test-results/walk-${name}.png`, picture, 'base64');
        throw error;
      } finally {
        await window.close();
      }
    });
  }

  async function walk(window: BrowserWindow): Promise<void> {
    const at = (path: string) => until(window, `location.href === ${JSON.stringify(origin + path)}`);
    const records = (count: number) =>
      until(window, `document.querySelector('.sum')?.innerText.startsWith('${count} record')`);
    const column = (index: number) =>
      window.read(`[...document.querySelectorAll('tbody tr')].map((row) => row.cells[${index}].innerText)`);

    await window.resize(1280, 900);
    await window.go(`${origin}/ai-usage/records?period=7d`);
    await click(window, 'a', 'Sign in with Google');
    await click(window, 'a', 'Ana Sousa');
    await at('/ai-usage/records?period=7d');
    await records(22);

    await click(window, '.periods a', '90 days');
    await at('/ai-usage/records?period=90d');
    await records(72);
    await window.back();
    await at('/ai-usage/records?period=7d');
    await records(22);
    await click(window, '.periods a', '90 days');
    await records(72);

    await click(window, 'input[type=search]');
    await window.type('gpt 5');
    await click(window, '.filters button', 'Filter');
    await at('/ai-usage/records?period=90d&search=gpt+5');
    await records(70);

    const byTime = await column(0);
    await click(window, 'thead a', 'Cost');
    await at('/ai-usage/records?period=90d&search=gpt+5&sortBy=estimatedCostInEuros');
    await until(window, `document.querySelector('[aria-sort=descending]')?.innerText.startsWith('Cost')`);
    const byCost = await column(0);
    assert.notDeepEqual(byCost, byTime);
    await window.back();
    await until(window, `document.querySelector('[aria-sort=descending]')?.innerText.startsWith('Time')`);
    assert.deepEqual(await column(0), byTime);

    await click(window, 'summary', 'Download');
    await click(window, '.download a', 'CSV');
    assert.equal(csvRows(await downloaded(window.downloads)).length, 70);

    const month = dayOf(addTime(now(), -2n * HOUR), 'Europe/Lisbon').slice(0, 7);
    for (const path of ['/ai-usage/records?period=90d', '/ai-usage', `/ai-usage/statement?month=${month}`]) {
      await window.resize(1280, 900);
      await window.go(origin + path);
      for (const width of WIDTHS) {
        await window.resize(width, 900);
        assert.equal(await window.read(TOO_WIDE), 0, `${path} at ${width}`);
        assert.deepEqual(await window.read(CUT_OFF), [], `${path} at ${width}`);
      }
    }
  }
});
