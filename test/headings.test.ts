import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { sharedApp } from './support/app.ts';
import { signedIn } from './support/client.ts';
import { fillPages, PAGES } from './support/every-page.ts';
import { resetUsage } from './support/usage.ts';

describe('headings', () => {
  after(resetUsage);

  it('of sections lead to themselves, on every page', async () => {
    const record = await fillPages();
    const client = await signedIn((await sharedApp()).origin);
    let seen = 0;
    for (const [name, path] of Object.entries(PAGES)) {
      const page = parse((await client.get(path.replace('{record}', record))).text);
      for (const heading of page.querySelectorAll('section[aria-labelledby] > h2[id]:not(.hidden, .problem)')) {
        seen++;
        const href = heading.querySelector('a.self')?.getAttribute('href');
        assert.equal(href, `#${heading.id}`, `${name}: ${heading.textContent}`);
      }
    }
    assert.ok(seen > 50, `${seen} headings`);
  });
});
