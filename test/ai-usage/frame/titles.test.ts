import assert from 'node:assert/strict';
import { type Instant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { openPage, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const AUTHOR = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const STORY = '7f9619ff-8b86-4011-b42d-00c04fc964ff';

describe('the title of a page', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await insertUsage([
      { model: 'gpt-5', cost: 135_700_000, story: STORY, at: parseInstant('2026-10-10T10:00:00Z') as Instant },
      {
        model: 'tts-1',
        cost: 1_000_000,
        action: 'test',
        author: AUTHOR,
        at: parseInstant('2026-10-10T10:00:00Z') as Instant,
      },
    ]);
    await databases().mythoria('stories').insert({ story_id: STORY, title: 'O farol', author_id: AUTHOR });
  });
  after(resetUsage);

  for (const [path, expected] of [
    ['/ai-usage?model=gpt-5&period=2026-10', 'gpt-5, October 2026: €135.70 · AI usage'],
    ['/ai-usage?period=2026-10', 'October 2026: €136.70 · AI usage'],
    ['/ai-usage/records?notModel=gpt-5&period=2026-10', 'model is not gpt-5, October 2026: €1.00 · Records'],
    ['/ai-usage/explore?period=2026-10', 'October 2026: €136.70 · Explore'],
    ['/ai-usage/models/gpt-5?period=2026-10', 'gpt-5, October 2026: €135.70 · Model'],
    ['/ai-usage/actions/test?period=2026-10&model=tts-1', 'Test, tts-1, October 2026: €1.00 · Action'],
    [`/ai-usage/authors/${AUTHOR}?period=2026-10`, 'Author 6f9619ff, October 2026: €1.00 · Author'],
    [`/ai-usage/stories/${STORY}?period=7d`, 'O farol: €135.70 · Story'],
    ['/ai-usage/models?period=2026-10', 'October 2026: €136.70 · Models'],
    ['/ai-usage/statement?month=2026-10', 'October 2026: €136.70 · Statement'],
  ] as const)
    it(`says the view: ${path}`, async () => {
      const page = await openPage(client, path);
      assert.equal(textOf(page.querySelector('title')), `${expected} · Mythoria Admin`);
      // What takes the place of a part of the page says it as well.
      assert.equal(page.querySelector('#usage')?.getAttribute('data-title'), expected);
    });
});
