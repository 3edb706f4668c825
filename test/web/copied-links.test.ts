import assert from 'node:assert/strict';
import { type RunningApp, sharedApp } from '../support/app.ts';
import { type Client, createClient, location, signedIn } from '../support/client.ts';
import { openPage, recordIds } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('a link that was copied out of HTML', () => {
  let ana: Client;
  before(async () => {
    await resetUsage();
    await insertUsage([{ model: 'gpt-5' }, { model: 'tts-1' }, { model: 'gpt-5', action: 'image_edit' }]);
    ana = await signedIn((await sharedApp()).origin);
  });

  it('is repaired', async () => {
    for (const joint of ['&amp;', '&amp%3B', '&amp;amp;', '&AMP;', '&%2338;']) {
      const path = `/ai-usage/records?period=7d${joint}model=gpt-5${joint}action=image_edit`;
      const page = await openPage(ana, path);
      assert.equal(page.querySelector('.not-understood'), null, path);
      assert.equal(recordIds(page).length, 1, path);
      for (const link of page.querySelectorAll('a'))
        assert.doesNotMatch(link.getAttribute('href') ?? '', /amp%3B|&amp;amp/i);
    }
    const both = await openPage(ana, '/ai-usage/records?model=gpt-5&amp;model=tts-1');
    assert.equal(recordIds(both).length, 3);
  });
});

describe('marks of mail and advertising programs', () => {
  const MARKED =
    'utm_source=mail&UTM_Campaign=x&fbclid=1&gclid=2&msclkid=3&mc_eid=4&_hsenc=5&gad_source=1&igsh=6&srsltid=7';
  let app: RunningApp;
  let ana: Client;
  before(async () => {
    app = await sharedApp();
    await resetUsage();
    await insertUsage([{ model: 'gpt-5' }]);
    ana = await signedIn(app.origin);
  });

  const linksOf = async (client: Client, path: string) =>
    (await openPage(client, path))
      .querySelectorAll('[href], [action], [value]')
      .map((one) => one.outerHTML)
      .join('\n');

  it('change nothing, are not complained of, and stand in no link', async () => {
    for (const path of ['/ai-usage', '/ai-usage/records', '/ai-usage/models/gpt-5', '/audit', '/ai-usage/tie-out']) {
      const page = await openPage(ana, `${path}?${MARKED}`);
      assert.equal(page.querySelector('.not-understood'), null, path);
      assert.doesNotMatch(await linksOf(ana, `${path}?${MARKED}`), /utm_|clid|mc_eid|_hsenc|igsh/i, path);
    }
    assert.equal((await ana.get(`${'/api/ai-usage/stats'}?${MARKED}`)).status, 200);
    assert.equal((await ana.get(`/ai-usage/records.csv?${MARKED}`)).status, 200);
  });

  it('are left behind at the sign-in', async () => {
    const away = await createClient(app.origin).get(`/ai-usage?period=7d&${MARKED}`);
    assert.equal(location(away), `/sign-in?returnTo=${encodeURIComponent('/ai-usage?period=7d')}`);
    const door = `/sign-in?${MARKED}&returnTo=${encodeURIComponent('/ai-usage?period=7d&utm_source=mail')}`;
    assert.doesNotMatch(await linksOf(createClient(app.origin), door), /utm_|clid/i);
  });
});
