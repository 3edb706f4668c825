import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningApp, startApp } from '../support/app.ts';
import { forgetAudit } from '../support/audit.ts';
import { ANA, type Client, RUI, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { needsServer } from '../support/skip.ts';

describe('many forms for API tokens at once', () => {
  let app: RunningApp;
  let ana: Client;
  let rui: Client;
  before(async () => {
    app = await startApp();
    [ana, rui] = [await signedIn(app.origin, ANA), await signedIn(app.origin, RUI)];
  });
  after(async () => {
    await app.close();
    await databases().backoffice('api_tokens').delete();
    await forgetAudit();
  });

  it('keep nobody waiting while forms of one person wait for each other', async function () {
    needsServer(this);
    // As a form at another replica that takes long.
    const busy = await databases().backoffice.transaction();
    const [{ sub }] = await databases()
      .backoffice('sessions')
      .whereRaw(`data->'person'->>'email' = ?`, [RUI])
      .select('sub');
    await busy.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`tokens of ${sub}`]);
    const forms = Promise.all(
      Array.from({ length: 30 }, () => rui.submit('/account/tokens', { name: 'nightly', scopes: 'stats' })),
    );
    try {
      await sleep(800);
      const began = performance.now();
      assert.equal((await ana.get('/account/tokens')).status, 200);
      const took = performance.now() - began;
      assert.ok(took < 1_000, `${took} ms`);
    } finally {
      await busy.rollback();
      await forms;
    }
  });
});
