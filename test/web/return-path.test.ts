import assert from 'node:assert/strict';
import fc from 'fast-check';
import { returnPath } from '../../src/web/return-path.ts';
import { sharedApp } from '../support/app.ts';
import { createClient, location, signedIn, signIn } from '../support/client.ts';

const APP = new URL('https://admin.mythoria.pt');

/** Beginnings that have led other people's redirects astray; each is tried before two hosts. */
const BEGINNINGS = [
  ...[
    '//',
    '///',
    '////',
    '/////',
    '\\\\',
    '\\/',
    '/\\',
    '/\\/',
    '\\',
    '/\\\\',
    '//\\',
    '\\//',
    '/\t/',
    '/\n/',
    '/\r/',
  ],
  ...['\t//', ' //', '\0//', '\x01//', '\x1f//', '/\t\\', '\t/\\', '/\0/', '//\t', '//\0', '\u00a0//', '\ufeff//'],
  ...[
    '/.//',
    '/..//',
    '/./\\',
    '/a/..//',
    '/a/../\\',
    './/',
    '..//',
    './\\',
    '/%2e//',
    '/%2e%2e//',
    '/.\t//',
    '?/..//',
  ],
  ...['http:', 'https:', 'HTTPS:', 'http:/', 'https:/', 'https:\\', 'https:\\\\', 'http://', 'https://', 'hTtPs://'],
  ...['https:///', 'https:////', 'https:/\\', 'ht\ttps://', 'https\n://', ' https://', '\x08https://', 'https:\t//'],
  ...['https://admin.mythoria.pt@', 'https://admin.mythoria.pt:443@', 'https://admin.mythoria.pt%40', '//a:b@', '//@'],
  ...['https://admin.mythoria.pt.', 'https://admin.mythoria.pt\\@', 'https://admin.mythoria.pt:8443/', '//%00'],
  ...[
    'javascript:',
    'JaVaScRiPt:',
    'java\tscript:',
    '\x01javascript:',
    'javascript://%0a',
    'vbscript:',
    'data:text/html,',
  ],
  ...[
    'blob:https://',
    'filesystem:https://',
    'ftp://',
    'file:///',
    'mailto:',
    'view-source:https://',
    'ws://',
    'about:',
  ],
  ...[
    '//％２ｆ',
    '／／',
    '/／',
    '。',
    '//。',
    '/%5c',
    '/%2f',
    '%2f%2f',
    '%5c%5c',
    '/%09/',
    '/%0d%0aLocation:%20//',
    '/;//',
  ],
];
const HOSTILE = BEGINNINGS.flatMap((beginning) => [
  `${beginning}evil.example`,
  `${beginning}evil.example/%2e%2e//a?b#c`,
]);

/** Where a browser that stands on the app goes, and whether the answer is a path and nothing but. */
function assertStays(path: string, site: URL, target: string): void {
  assert.match(path, /^\/(?![/\\])[\x21-\x7e]*$/, JSON.stringify(target));
  assert.equal(new URL(path, site).origin, site.origin, JSON.stringify(target));
}

describe('the address to return to', () => {
  for (const path of [
    '/',
    '/ai-usage',
    '/ai-usage/records?period=7d&model=gpt-5&search=a%26b&page=3',
    '/ai-usage?from=2026-10-01&to=2026-10-31',
    '/ai-usage?search=//evil.example',
  ]) {
    it(`is kept: ${path}`, () => {
      assert.equal(returnPath(path, APP), path);
      assert.equal(returnPath(APP.origin + path, APP), path, 'as htmx names it, with its origin');
    });
  }

  it(`never leaves the site (${HOSTILE.length} hostile targets)`, () => {
    assert.ok(HOSTILE.length >= 100);
    for (const target of HOSTILE) assertStays(returnPath(target, APP), APP, target);
  });

  it('is the front page for what names another site', () => {
    for (const target of [
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '/.//evil.example',
      'https:evil.example',
    ]) {
      assert.equal(returnPath(target, target === 'https:evil.example' ? new URL('http://localhost:3000') : APP), '/');
    }
    assert.equal(returnPath('http://admin.mythoria.pt/', APP), '/', 'plain http is another origin');
    assert.equal(returnPath('https://admin.mythoria.pt:444/', APP), '/', 'and so is another port');
    assert.equal(returnPath('https://user:pass@admin.mythoria.pt/a', APP), '/a', 'userinfo goes nowhere');
    assert.equal(returnPath(`blob:${APP.origin}/3f2c`, APP), '/', 'its origin is ours, but it is no path');
  });

  it('is the front page for what is no text, no URL, or longer than a cookie can hold', () => {
    for (const target of [undefined, null, ['/a', '/b'], { toString: () => '//evil' }, 7, 'https://[', '//', '//:']) {
      assert.equal(returnPath(target, APP), '/');
    }
    assert.equal(returnPath(`/${'a'.repeat(1_999)}`, APP).length, 2_000);
    assert.equal(returnPath(`/${'a'.repeat(2_000)}`, APP), '/');
    assert.equal(returnPath(`/${'€'.repeat(300)}`, APP), '/', 'counted as it is written in an address');
  });

  it('never leaves the site, whatever is put together', () => {
    const pieces = ['/', '\\', ':', '@', '.', '..', '?', '#', '%', '%2f', '%5c', '\t', '\n', '\r', '\0', ' ', '\u3002'];
    const words = [
      'evil.example',
      'http',
      'https',
      'javascript',
      'blob',
      'data',
      'file',
      APP.host,
      APP.origin,
      '[::1]',
    ];
    const target = fc.oneof(
      fc.array(fc.constantFrom(...pieces, ...words), { maxLength: 12 }).map((parts) => parts.join('')),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
    );
    for (const site of [APP, new URL('http://localhost:3000')]) {
      fc.assert(
        fc.property(target, (text) => assertStays(returnPath(text, site), site, text)),
        { numRuns: 2_000 },
      );
    }
  });
});

describe('the address to return to, through the app', () => {
  const origin = async () => (await sharedApp()).origin;

  it('is on this site wherever a target comes in: sign-in page, whole round trip, address asked for, htmx', async () => {
    const site = new URL(await origin());
    const person = await signedIn(site.origin);
    const stranger = createClient(site.origin);
    for (const target of HOSTILE.filter((_, i) => i % 4 === 0)) {
      const asked = encodeURIComponent(target);
      assertStays(location(await person.get(`/sign-in?returnTo=${asked}`)), site, target);
    }
    for (const target of [
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '/.//evil.example',
      'https:evil.example',
    ]) {
      assertStays(location(await signIn(createClient(site.origin), undefined, target)), site, target);
    }
    for (const target of ['//evil.example/a', '/.//evil.example', '/\\evil.example']) {
      const back = new URL(location(await stranger.get(target)), site);
      assert.equal(back.origin, site.origin);
      assertStays(back.searchParams.get('returnTo') ?? '/', site, target);
    }
    const window = await stranger.get('/ai-usage', {
      'HX-Request': 'true',
      'HX-Current-URL': 'https://evil.example/x',
    });
    assert.equal(window.headers['hx-redirect'], '/sign-in?ended=yes');
  });
});
