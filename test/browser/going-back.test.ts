import assert from 'node:assert/strict';
import { until } from '../support/browser.ts';
import { squeeze } from '../support/page.ts';
import { inBrowser, STORY } from './in-browser.ts';

describe('using it in a browser', () => {
  const { openAs, origin } = inBrowser();

  describe('what takes the place of something else stays when one goes back or loads anew:', () => {
    const LIST = '/ai-usage/records';
    type Swap = { name: string; from: string; to: string; link: string | null; shows: string };
    const SWAPS: Swap[] = [
      {
        name: 'a period',
        from: LIST,
        to: `${LIST}?period=90d`,
        link: '.periods a >> text=90 days',
        shows: '71 records',
      },
      {
        name: 'a sort',
        from: LIST,
        to: `${LIST}?sortBy=totalTokens`,
        link: 'th a >> text="Tokens"',
        shows: '70 records',
      },
      { name: 'a page', from: LIST, to: `${LIST}?page=2`, link: '.pager a.page >> text="2"', shows: '70 records' },
      { name: 'a filter', from: `${LIST}?page=2`, to: `${LIST}?model=gpt-5`, link: null, shows: '35 records' },
      {
        name: 'a chip’s removal',
        from: `${LIST}?model=gpt-5&action=story_outline`,
        to: `${LIST}?action=story_outline`,
        link: '.chips a.remove >> nth=0',
        shows: '24 records',
      },
      {
        name: 'the period of a model',
        from: '/ai-usage/models/gpt-5',
        to: '/ai-usage/models/gpt-5?period=7d',
        link: '.periods a >> text=7 days',
        shows: 'gpt-5',
      },
      {
        name: 'the period of a story',
        from: `/ai-usage/stories/${STORY}`,
        to: `/ai-usage/stories/${STORY}?period=90d`,
        link: '.periods a >> text=90 days',
        shows: 'of the 1 other story',
      },
      {
        name: 'what bars are made of',
        from: '/ai-usage',
        to: '/ai-usage?by=action',
        link: '.usage .choice a >> text=action',
        shows: 'Chapter writing: €',
      },
      {
        name: 'a chart for its table',
        from: '/ai-usage',
        to: '/ai-usage?show=table',
        link: '.usage .choice a >> text=table',
        shows: 'Day (Europe/Lisbon)',
      },
      {
        name: 'what is compared with',
        from: '/ai-usage?period=90d',
        to: '/ai-usage?period=90d&compare=none',
        link: '.comparison a >> text=nothing',
        shows: 'Compared with',
      },
      {
        name: 'a breakdown',
        from: '/ai-usage',
        to: '/ai-usage?breakdown=author',
        link: '.tabs a >> text=Authors',
        shows: 'Marta',
      },
      {
        name: 'the order of breakdowns',
        from: '/ai-usage',
        to: '/ai-usage?rankOrder=asc',
        link: 'th a >> text="Cost"',
        shows: 'Models',
      },
      {
        name: 'a row that adds a filter',
        from: '/ai-usage',
        to: '/ai-usage?model=tts-1',
        link: 'tbody th a >> text="tts-1"',
        shows: 'Calls whose',
      },
    ];

    for (const { name, from, to, link, shows } of SWAPS) {
      it(name, async () => {
        const { page, complaints, arrive } = await openAs(from);
        // What a bar says is laid out when the pointer happens to be above it: blanks do not count.
        const words = async () => squeeze(await page.locator('#usage').innerText());
        await page.evaluate('window.sameWindow = true');
        const before = await words();
        if (link === null) await page.getByRole('combobox', { name: 'Model' }).selectOption('gpt-5');
        else await page.locator(link).first().click();
        await arrive(to);
        await page.locator('#usage', { hasText: shows }).waitFor();
        await until(page, '!document.querySelector(".htmx-request")');
        assert.equal(await page.evaluate('window.sameWindow'), true, 'only a part was loaded');
        const after = await words();
        assert.notEqual(after, before);
        const timeless = (text: string) => text.replaceAll(/\d\d:\d\d(:\d\d)?/g, '');

        await page.goBack();
        await arrive(from);
        await until(
          page,
          `document.querySelector('#usage').innerText.replace(/\\s+/g, ' ').trim() !== ${JSON.stringify(after)}`,
        );
        assert.equal(timeless(await words()), timeless(before));
        await page.goForward();
        await arrive(to);
        await page.locator('#usage', { hasText: shows }).waitFor();
        await page.reload();
        assert.equal(page.url(), `${origin()}${to}`);
        assert.equal(timeless(await words()), timeless(after));
        assert.deepEqual(complaints, []);
      });
    }
  });
});
