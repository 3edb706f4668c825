import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import fc from 'fast-check';
import { HOUR, now } from '../../../src/units/time.ts';
import { address } from '../../support/addresses.ts';
import { sharedApp } from '../../support/app.ts';
import { HTMX_FRAGMENT, signedIn } from '../../support/client.ts';
import { databases, onServer } from '../../support/databases.ts';
import { AUTHORS, usageAt } from '../../support/generated-usage.ts';
import { THOROUGH } from '../../support/thorough.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const BATCH = 50;
// Ten thousand take a minute: every day a fiftieth has to do.
const BATCHES = THOROUGH ? 200 : 4;
/** On a server as many as there are connections; the embedded database is one session, which its clients must not share. */
const AT_ONCE = onServer() ? 6 : 1;

type Answer = { status: number; body: string };

describe(`${BATCH * BATCHES} generated addresses`, () => {
  // Connections that stay open: opening ten thousand would take longer than answering.
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  after(() => agent.destroy());

  it('are answered, sent on or refused, and never our mistake', async function () {
    this.timeout(600_000);
    const app = await sharedApp();
    const client = await signedIn(app.origin);
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    await resetUsage();
    await insertUsage(fc.sample(usageAt(fc.bigInt({ min: now() - 100n * HOUR, max: now() })), 12));
    await databases().mythoria('authors').insert({
      author_id: AUTHORS[0],
      display_name: 'Gpt',
      email: 'x@example.com',
    });
    await coverUsage();

    const get = (path: string, headers: Record<string, string>) =>
      new Promise<Answer>((resolve, reject) => {
        const sent = request(
          app.origin + path,
          { agent, headers: { Accept: 'text/html', Cookie: cookie, ...headers } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () =>
              resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
            );
          },
        );
        sent.on('error', reject).end();
      });

    const counts = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(address, { minLength: BATCH, maxLength: BATCH }), async (addresses) => {
        await Promise.all(
          addresses.map(async (path, i) => {
            const { status, body } = await get(path, i % 5 === 0 ? HTMX_FRAGMENT : {});
            counts.set(status, (counts.get(status) ?? 0) + 1);
            // A third window recomputed at once has to wait.
            const right = path.startsWith('/ai-usage/tie-out') ? [200, 302, 400, 429] : [200, 302, 400];
            assert.ok(right.includes(status), `${status}: ${path}\n${body.slice(0, 500)}`);
            if (status === 400) assert.match(body, /"details":\[\{"parameter"|class="problems"/, path);
            if (status === 200) assert.doesNotMatch(body, /role="alert"/, path);
          }),
        );
      }),
      { numRuns: BATCHES, endOnFailure: true },
    );
    assert.equal(
      [...counts.values()].reduce((sum, count) => sum + count),
      BATCH * BATCHES,
    );
    // Neither all fine nor all refused: both ways were tried.
    for (const status of [200, 400])
      assert.ok((counts.get(status) ?? 0) > (BATCH * BATCHES) / 10, JSON.stringify([...counts]));
  });
});
