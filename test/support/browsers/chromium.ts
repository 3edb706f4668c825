import { join } from 'node:path';
import { openBrowser } from '../browser.ts';
import { type BrowserWindow, household } from './window.ts';

/** A window of Chromium, by its own protocol. */
export async function openChromium(): Promise<BrowserWindow | { missing: string }> {
  const browser = await openBrowser();
  if (!browser) return { missing: 'chromium' };
  const { home, end } = await household();
  const page = await browser.newPage();
  page.on('download', (download) => void download.saveAs(join(home, download.suggestedFilename())).catch(() => {}));
  return {
    go: async (address) => void (await page.goto(address)),
    back: async () => void (await page.goBack()),
    read: (expression) => page.evaluate(expression),
    press: (x, y) => page.mouse.click(x, y),
    type: (text) => page.keyboard.type(text),
    resize: (width, height) => page.setViewportSize({ width, height }),
    picture: async () => (await page.screenshot()).toString('base64'),
    downloads: home,
    close: async () => {
      await browser.close();
      await end();
    },
  };
}
