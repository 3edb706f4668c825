import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { atTheEnd } from './at-the-end.ts';
import { missing } from './skip.ts';

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Chromium, or null where there is none. */
export async function openBrowser(): Promise<Browser | null> {
  const path = process.env.CHROMIUM_PATH || USUAL_PLACES.find(existsSync);
  if (!path) return null;
  // Chromium's sandbox refuses to run as root, as containers do.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: path, args: [...QUIET, ...sandbox] });
}

let shared: Promise<Browser | null> | null = null;

/** One Chromium for all tests; those that need it are left out where there is none. */
export async function sharedBrowser(test: Mocha.Context): Promise<Browser> {
  if (!shared) {
    shared = openBrowser();
    atTheEnd(closeSharedBrowser);
  }
  return (await shared) ?? missing(test, 'Chromium in the usual places or at CHROMIUM_PATH');
}

async function closeSharedBrowser(): Promise<void> {
  // One that did not start has failed its tests; here it must not keep the rest from being closed.
  const browser = await shared?.catch(() => null);
  await browser?.close();
  shared = null;
}

/** Goes to an address as Ana, by way of signing in. */
export async function signInAs(page: Page, origin: string, path = '/ai-usage'): Promise<void> {
  await page.goto(`${origin}/auth/google?returnTo=${encodeURIComponent(path)}`);
  await page.getByRole('link', { name: 'Ana Sousa' }).click();
  await page.waitForURL((url) => url.href === `${origin}${path}`);
}

/** Waits until an expression is true in a page; playwright's own way would need the policy to allow eval. */
export async function until(page: Page, expression: string, withinMs = 60_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await page.evaluate(`Boolean(${expression})`))) {
    if (Date.now() > end) throw new Error(`never true: ${expression}`);
    await sleep(20);
  }
}

/** Pictures of the pages of a failed test, for those who look for the reason. */
export async function pictureFailure(browser: Browser): Promise<void> {
  for (const context of browser.contexts()) {
    const [page] = context.pages();
    await page?.screenshot({ path: `test-results/failed-at-${Date.now()}.png`, fullPage: true });
  }
}

/** A page in a browser profile of its own; `complaints` are errors of scripts, of the console and of the network. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page: Page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  // A violation of the content security policy is an error of the console.
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => {
    const error = request.failure()?.errorText;
    // What a page still wanted when one went on to the next.
    if (error !== 'net::ERR_ABORTED') complaints.push(`${request.url()} ${error}`);
  });
  return { page, complaints };
}
