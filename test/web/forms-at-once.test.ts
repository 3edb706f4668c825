import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { resetAlerts } from '../support/alerts.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { forgetAudit } from '../support/audit.ts';
import { ANA, type Client, RUI, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { needsServer } from '../support/skip.ts';

/** Each with what a form at another replica may hold meanwhile. */
const FORMS = [
  [
    '/account/tokens',
    { name: 'nightly', scopes: 'stats' },
    (busy: Knex, sub: string) => busy.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`tokens of ${sub}`]),
  ],
  [
    '/budgets',
    { name: 'Many', amount: '10', per: 'month', filter: '' },
    (busy: Knex) => busy.raw('SELECT pg_advisory_xact_lock(hashtext(?))', [`make budget ${RUI}`]),
  ],
  ['/account', { digest: 'daily' }, (busy: Knex, sub: string) => busy('channels').where('person', sub).forUpdate()],
] as const;

describe('many forms of one person at once', () => {
  let app: RunningApp;
  let ana: Client;
  let rui: Client;
  let sub: string;
  before(async () => {
    app = await startApp();
    [ana, rui] = [await signedIn(app.origin, ANA), await signedIn(app.origin, RUI)];
    await rui.submit('/account', { digest: 'weekly' });
    [{ sub }] = await databases().backoffice('sessions').whereRaw(`data->'person'->>'email' = ?`, [RUI]).select('sub');
  });
  after(async () => {
    await app.close();
    await databases().backoffice('api_tokens').delete();
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    await forgetAudit();
  });

  for (const [path, fields, hold] of FORMS)
    it(`keep nobody else waiting while they wait for each other: ${path}`, async function () {
      needsServer(this);
      const busy = await databases().backoffice.transaction();
      await hold(busy, sub);
      const forms = Promise.all(Array.from({ length: 30 }, () => rui.submit(path, fields)));
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
