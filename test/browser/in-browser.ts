import type { Browser, BrowserContextOptions } from 'playwright-core';
import { addTime, HOUR, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs } from '../support/browser.ts';
import { databases } from '../support/databases.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

export const STORY = '8a7b6c5d-4e3f-4a1b-9c8d-7e6f5a4b3c2d';
export const AUTHOR = '4e8d1c7a-3b52-4f69-9d0e-7a6b5c4d3e21';

/** A browser before seventy records of a story, an hour each, and one of two months ago, for a describe. */
export function inBrowser() {
  let browser: Browser;
  let origin: string;

  before(async function () {
    browser = await sharedBrowser(this);
    ({ origin } = await sharedApp());
    await resetUsage();
    await insertUsage([
      ...Array.from({ length: 70 }, (_, i) => ({
        model: i % 2 === 0 ? 'gpt-5' : 'tts-1',
        action: i % 3 === 0 ? 'story_outline' : 'chapter_writing',
        author: AUTHOR,
        story: STORY,
        cost: 10_000 + ((i * 37) % 70) * 1000,
        at: addTime(now(), -BigInt(i + 1) * HOUR),
      })),
      { at: now() - 60n * 24n * HOUR, cost: 5_000_000 },
    ]);
    const { mythoria } = databases();
    await mythoria('authors').insert({ author_id: AUTHOR, display_name: 'Marta', email: 'm@example.com' });
    await mythoria('stories').insert({ story_id: STORY, title: 'O farol', author_id: AUTHOR });
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
    for (const context of browser?.contexts() ?? []) await context.close();
  });

  after(async () => {
    if (browser) await resetUsage();
  });

  const openAs = async (path: string, options: BrowserContextOptions = {}) => {
    const { page, complaints } = await openPage(browser, options);
    await signInAs(page, origin, path);
    const arrive = (end: string) => page.waitForURL((url) => url.href === `${origin}${end}`);
    const said = () => page.locator('#announcement');
    return { page, complaints, arrive, said };
  };

  return { openAs, origin: () => origin };
}
