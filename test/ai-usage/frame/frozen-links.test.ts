import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { addTime, HOUR, isoFromInstant, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { AUTHOR, fillPages, STORY } from '../../support/every-page.ts';
import { openPage, textOf, tilesOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

describe('the links of a frozen page', () => {
  let client: Client;
  const asOf = isoFromInstant(addTime(now(), -HOUR));
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await fillPages();
  });
  after(resetUsage);

  const linksOf = async (path: string) => {
    const page = await openPage(client, path);
    return page
      .querySelectorAll('main a[href]')
      .map((link) => (link.getAttribute('href') ?? '').replaceAll('&amp;', '&'));
  };
  const FROZEN = [
    ...['author', 'story', 'provider', 'hour'].map((breakdown) => `/ai-usage?period=90d&breakdown=${breakdown}`),
    ...['models', 'authors', 'stories', 'records', 'explore'].map((list) => `/ai-usage/${list}?period=90d`),
    `/ai-usage/stories/${STORY}?period=90d`,
    `/ai-usage/authors/${AUTHOR}?period=90d`,
    '/ai-usage/models/gpt-5?period=90d',
  ];

  for (const path of FROZEN)
    it(`carry the instant only to pages that use it, and to those it goes with all else: ${path}`, async () => {
      const links = await linksOf(`${path}&asOf=${asOf}`);
      const kinds = new Map<string, string>();
      for (const href of links) {
        const { pathname, searchParams } = new URL(href, 'http://x');
        // One link of each kind is opened.
        const kind = `${pathname.replace(/[^/]*-[^/]*$/, ':id')} ${[...new Set(searchParams.keys())].sort()}`;
        if (searchParams.has('asOf') && !/\.[a-z]+$/.test(pathname)) kinds.set(kind, href);
      }
      assert.ok(kinds.size > 3, [...kinds.keys()].join('\n'));
      for (const href of kinds.values()) {
        const { status, text } = await client.get(href);
        assert.equal(status, 200, href);
        const page = parse(text);
        assert.equal(textOf(page.querySelector('.not-understood')), '', href);
        const onward = page.querySelectorAll('.periods a').map((link) => link.getAttribute('href') ?? '');
        assert.ok(onward.length === 0 || onward.some((to) => to.includes('asOf=')), `${href} lets it go`);
      }
    });

  it('lead to authors and stories as they were then', async () => {
    await insertUsage([{ author: AUTHOR, story: STORY, cost: 999_000_000, at: addTime(now(), -HOUR / 2n) }]);
    for (const [list, name] of [
      ['authors', AUTHOR],
      ['stories', STORY],
    ] as const) {
      const links = await linksOf(`/ai-usage/${list}?period=90d&model=gpt-image-1&asOf=${asOf}`);
      const href = links.find((link) => link.startsWith(`/ai-usage/${list}/${name}?`)) ?? '';
      assert.match(href, /asOf=/);
      const cost = async (path: string) => tilesOf(await openPage(client, path)).get('Total cost')?.text ?? '';
      assert.doesNotMatch(await cost(href), /999|1,0/, href);
      assert.match(await cost(`/ai-usage/${list}/${name}?period=90d`), /^€(999|1,0)/);
    }
  });
});
