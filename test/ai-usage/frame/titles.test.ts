import assert from 'node:assert/strict';
import { type Instant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { openPage, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

describe('the title of a page', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await insertUsage([
      { model: 'gpt-5', cost: 135_700_000, at: parseInstant('2026-10-10T10:00:00Z') as Instant },
      { model: 'tts-1', cost: 1_000_000, at: parseInstant('2026-10-10T10:00:00Z') as Instant },
    ]);
  });
  after(resetUsage);

  for (const [path, expected] of [
    ['/ai-usage?model=gpt-5&period=2026-10', 'gpt-5, October 2026: €135.70 · AI usage'],
    ['/ai-usage?period=2026-10', 'October 2026: €136.70 · AI usage'],
    ['/ai-usage/records?notModel=gpt-5&period=2026-10', 'model is not gpt-5, October 2026: €1.00 · Records'],
    ['/ai-usage/explore?period=2026-10', 'October 2026: €136.70 · Explore'],
  ] as const)
    it(`says the view: ${path}`, async () => {
      const page = await openPage(client, path);
      assert.equal(textOf(page.querySelector('title')), `${expected} · Mythoria Admin`);
      // What takes the place of a part of the page says it as well.
      assert.equal(page.querySelector('#usage')?.getAttribute('data-title'), expected);
    });
});
