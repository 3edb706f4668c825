import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sharedApp } from '../../support/app.ts';
import { type Client, HTMX_FRAGMENT, signedIn } from '../../support/client.ts';
import { insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

/** What htmx 4 sends when it restores history from the server, and when a boosted link swaps the whole body. */
const HISTORY_RESTORE = { 'HX-Request': 'true', 'HX-Request-Type': 'full', 'HX-History-Restore-Request': 'true' };
const BOOSTED = { 'HX-Request': 'true', 'HX-Request-Type': 'full', 'HX-Boosted': 'true' };
const BOOSTED_FRAGMENT = { ...HTMX_FRAGMENT, 'HX-Boosted': 'true' };

/** But for the minute at the head of paper, which may be another one. */
const notPrinted = (text: string) => text.replace(/ · printed <time[^>]*>[^<]*/, '');

describe('a page and its fragment', () => {
  let client: Client;
  let row: UsageRow;
  // Two requests are two instants: with the same "as of" they say the same.
  const asOf = `asOf=${new Date().toISOString()}`;

  const paths = (): Record<string, [path: string, status: number]> => ({
    overview: [`/ai-usage?${asOf}`, 200],
    'overview by month': [`/ai-usage?period=all&model=gpt-5&${asOf}`, 200],
    'overview without rows': [`/ai-usage?search=nothing-like-this&${asOf}`, 200],
    recomputed: [`/ai-usage/tie-out?${asOf}`, 200],
    records: [`/ai-usage/records?pageSize=25&page=2&${asOf}`, 200],
    'records without rows': [`/ai-usage/records?search=nothing-like-this&${asOf}`, 200],
    'records past the end': [`/ai-usage/records?page=99&${asOf}`, 200],
    record: [`/ai-usage/records/${row.id}`, 200],
    prompt: [`/ai-usage/records/${row.id}/prompt`, 200],
    story: [`/ai-usage/stories/${row.story}?${asOf}`, 200],
    'story without records': [`/ai-usage/stories/${randomUUID()}?${asOf}`, 200],
    author: [`/ai-usage/authors/${row.author}?${asOf}`, 200],
    model: [`/ai-usage/models/gpt-5?period=7d&${asOf}`, 200],
    action: [`/ai-usage/actions/chapter_writing?search=gpt&${asOf}`, 200],
    statement: [`/ai-usage/statement?month=2026-10&${asOf}`, 200],
    'bad month': ['/ai-usage/statement?month=october', 400],
    'bad input': ['/ai-usage/records?page=abc', 400],
    'no such record': [`/ai-usage/records/${randomUUID()}`, 404],
    'no such page': ['/ai-usage/nowhere', 404],
  });

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const rows = await insertUsage(Array.from({ length: 60 }, (_, i) => ({ model: i % 2 === 0 ? 'gpt-5' : 'tts-1' })));
    row = rows[0] as UsageRow;
  });

  it('are the same words: the fragment stands in the page as it is', async () => {
    for (const [name, [path, status]] of Object.entries(paths())) {
      const page = await client.get(path);
      const fragment = await client.get(path, HTMX_FRAGMENT);
      assert.deepEqual([page.status, fragment.status], [status, status], name);
      assert.match(page.text, /^<!doctype html>/);
      assert.match(fragment.text, /^<section [^>]*id="usage"/, name);
      assert.ok(page.text.includes(fragment.text), `${name}: the fragment is not in the page`);
      assert.doesNotMatch(fragment.text, /<html|<head>|<body|<main/);
      // The fragment takes the place of the element that it is in the page.
      assert.equal(page.text.split('id="usage"').length, 2, name);
    }
  });

  it('are told apart by what htmx asks for: only a part gets the fragment', async () => {
    for (const [name, [path, status]] of Object.entries(paths())) {
      const page = await client.get(path);
      for (const headers of [HISTORY_RESTORE, BOOSTED]) {
        const whole = await client.get(path, headers);
        assert.equal(whole.status, status);
        assert.equal(notPrinted(whole.text), notPrinted(page.text), `${name} ${JSON.stringify(headers)}`);
      }
      const part = await client.get(path, BOOSTED_FRAGMENT);
      assert.ok(!part.text.includes('<html') && page.text.includes(part.text), name);
    }
  });

  it('say that they differ, and are kept nowhere', async () => {
    for (const [path] of Object.values(paths())) {
      for (const headers of [{}, HTMX_FRAGMENT]) {
        const response = await client.get(path, headers);
        assert.match(response.headers.vary ?? '', /HX-Request\b/);
        assert.match(response.headers.vary ?? '', /HX-Request-Type/);
        assert.equal(response.headers['cache-control'], 'no-store');
      }
    }
  });

  it('keep the address bar where it was when they are errors, and only then', async () => {
    for (const [name, [path, status]] of Object.entries(paths())) {
      const { headers } = await client.get(path, HTMX_FRAGMENT);
      assert.equal(headers['hx-push-url'], status === 200 ? undefined : 'false', name);
    }
  });
});
