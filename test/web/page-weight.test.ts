import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { parse } from 'node-html-parser';
import { BREAKDOWNS_BESIDE } from '../../src/query/view.ts';
import { HOUR, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, type Headers, HTMX_FRAGMENT, signedIn } from '../support/client.ts';
import { ACTIONS, MODELS } from '../support/generated-usage.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const KB = 1000;
const FIRST_VISIT = 60 * KB;
const FRAGMENT = 15 * KB;

type Answer = { bytes: Buffer; encoding: string | undefined; vary: string; text: string };

describe('what goes over the wire', () => {
  let origin: string;
  let client: Client;

  /** As a browser asks, and the bytes as they come: supertest would unpack them. */
  const fetched = (path: string, headers: Headers = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const all = { Accept: 'text/html', 'Accept-Encoding': 'gzip, deflate, br', Cookie: cookie, ...headers };
      get(new URL(path, origin), { headers: all }, (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const encoding = response.headers['content-encoding'];
          const plain =
            encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes;
          resolve({ bytes, encoding, vary: response.headers.vary ?? '', text: plain.toString() });
        });
      }).on('error', reject);
    });

  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
    await resetUsage();
    // As many different names as a page can hold, so that nothing is small for want of data.
    await insertUsage(
      Array.from({ length: 1000 }, (_, i) => ({
        model: MODELS[i % MODELS.length],
        action: ACTIONS[i % ACTIONS.length],
        cost: 12_345 + ((i * 7_919_317) % 1_999_993),
        input: 1000 + 13 * i,
        output: 17 * i,
        at: now() - BigInt(i) * 4n * HOUR,
      })),
    );
  });
  after(resetUsage);

  const PATHS = [
    ...['/ai-usage', '/ai-usage/records', '/ai-usage/models/gpt-5', '/ai-usage?period=90d'],
    ...BREAKDOWNS_BESIDE.map((breakdown) => `/ai-usage?period=90d&by=action&breakdown=${breakdown}`),
    '/ai-usage?period=90d&show=table',
  ];

  for (const path of PATHS) {
    it(`is at most 60 kB for a first visit, all included: ${path}`, async () => {
      const page = await fetched(path);
      assert.match(page.encoding ?? '', /^(br|gzip)$/);
      const assets = parse(page.text)
        .querySelectorAll('script[src], link[href], use[href]')
        .map((element) => (element.getAttribute('src') ?? element.getAttribute('href') ?? '').replace(/#.*/, ''));
      let total = page.bytes.length;
      for (const address of new Set(assets)) total += (await fetched(address)).bytes.length;
      assert.ok(new Set(assets).size >= 5, 'style, htmx, script and both drawings');
      assert.ok(total <= FIRST_VISIT, `${total} bytes`);
    });

    it(`is at most 15 kB for a fragment: ${path}`, async () => {
      const { bytes, encoding, text } = await fetched(path, HTMX_FRAGMENT);
      assert.match(encoding ?? '', /^(br|gzip)$/);
      assert.match(text, /^<section/);
      assert.ok(bytes.length <= FRAGMENT, `${bytes.length} bytes`);
    });
  }

  describe('with 4,663 models', () => {
    before(async () => {
      const models = Array.from({ length: 4663 }, (_, i) => ({ model: `model-${(i * 7919) % 9973}`, cost: 1000 + i }));
      await insertUsage(models);
    });

    for (const path of ['/ai-usage', '/ai-usage/models', '/ai-usage/models/model-0', '/ai-usage/records'])
      it(`is at most 15 kB for a fragment, and 200 kB before it is compressed: ${path}`, async () => {
        const { bytes, text } = await fetched(path, HTMX_FRAGMENT);
        assert.match(text, /<table/);
        assert.ok(bytes.length <= FRAGMENT, `${bytes.length} bytes`);
        assert.ok(text.length <= 200 * KB, `${text.length} characters`);
      });
  });

  it('is told apart by encoding, and plain for those who understand none', async () => {
    const plain = await fetched('/ai-usage', { 'Accept-Encoding': 'identity' });
    assert.equal(plain.encoding, undefined);
    assert.match(plain.text, /^<!doctype html>/);
    for (const path of ['/ai-usage', '/assets/app.css', '/api/ai-usage/stats']) {
      const { vary, encoding } = await fetched(path);
      assert.match(vary, /Accept-Encoding/, path);
      assert.match(encoding ?? '', /^(br|gzip)$/, path);
    }
  });

  it('is not compressed for what another site asks for', async () => {
    for (const [site, compressed] of [
      ['cross-site', false],
      ['same-site', true],
      ['same-origin', true],
      ['none', true],
    ] as const) {
      const { encoding } = await fetched('/ai-usage?search=secret', { 'Sec-Fetch-Site': site });
      assert.equal(encoding !== undefined, compressed, site);
    }
  });
});
