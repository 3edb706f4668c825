import assert from 'node:assert/strict';
import { resetAlerts } from '../support/alerts.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { type Client, RUI, sameSession, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { needsServer } from '../support/skip.ts';
import { until } from '../support/until.ts';

/** What people make and delete, with where it is kept and what changes it. */
const THINGS = [
  ['/api/budgets', 'budgets', 'budget_id', { name: 'Once', amount: 1, per: 'week' }],
  ['/api/notes', 'day_notes', 'note_id', { text: 'Once', first: '2026-11-14' }],
  ['/api/views', 'saved_views', 'view_id', { name: 'Once', address: '/ai-usage?period=7d', shared: true }],
  ['/api/alerts/channels', 'channels', 'channel_id', { name: 'Once', type: 'email', to: ['x@example.com'] }],
  ['/api/alerts/rules', 'alert_rules', 'rule_id', { name: 'Once', type: 'silence', hours: 3 }],
] as const;

describe('what is deleted while others look at it', () => {
  let ana: Client;
  let rui: Client;
  let elsewhere: RunningApp;
  /** The same person at another replica, whose requests wait for nobody's of this one. */
  let anaElsewhere: Client;
  before(async () => {
    const { origin } = await sharedApp();
    [ana, rui] = [await signedIn(origin), await signedIn(origin, RUI)];
    elsewhere = await startApp();
    anaElsewhere = sameSession(ana, elsewhere.origin);
  });
  const clear = async () => {
    await resetAlerts();
    for (const table of ['day_notes', 'saved_views']) await databases().backoffice(table).delete();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  };
  after(async () => {
    await elsewhere.close();
    await clear();
  });

  /** Asks while a row is held: each has found it when the first of them may go on. */
  const askedMeanwhile = async (
    table: string,
    key: string,
    id: string,
    asks: (() => Promise<{ status: number }>)[],
  ) => {
    const { backoffice } = databases();
    const holding = await backoffice.transaction();
    try {
      await holding(table).where(key, id).forUpdate().first(key);
      const answers: Promise<{ status: number }>[] = [];
      for (const ask of asks) {
        answers.push(ask());
        await until(async () => {
          const waiting = await backoffice('pg_stat_activity')
            .whereRaw('datname = current_database()')
            .where('wait_event_type', 'Lock');
          return waiting.length === answers.length;
        }, `${answers.length} that wait`);
      }
      await holding.rollback();
      return (await Promise.all(answers)).map(({ status }) => status);
    } finally {
      if (!holding.isCompleted()) await holding.rollback();
    }
  };
  const made = async (path: string, body: object): Promise<string> => (await ana.json('post', path, body)).body.id;
  const deletionsOf = (id: string) =>
    databases().backoffice('audit_log').where('subject', 'like', `%${id}`).where('action', 'like', 'delete %');

  for (const [path, table, key, body] of THINGS) {
    it(`is deleted once, and written down once: ${path}`, async function () {
      needsServer(this);
      const id = await made(path, body);
      const deleting = [ana, anaElsewhere, rui]
        .filter((client) => client !== rui || path !== '/api/views')
        .map((client) => () => client.json('delete', `${path}/${id}`));
      const [first, ...others] = await askedMeanwhile(table, key, id, deleting);
      assert.equal(first, 204);
      assert.deepEqual(others, Array(others.length).fill(404));
      assert.equal((await deletionsOf(id)).length, 1);
    });

    it(`is changed by nobody any more: ${path}`, async function () {
      needsServer(this);
      const id = await made(path, body);
      const answers = await askedMeanwhile(table, key, id, [
        () => ana.json('delete', `${path}/${id}`),
        () =>
          anaElsewhere.json('put', `${path}/${id}`, {
            ...body,
            ...('name' in body ? { name: 'Twice' } : { text: 'Twice' }),
          }),
      ]);
      assert.deepEqual(answers, [204, 404]);
      assert.equal((await deletionsOf(id)).length, 1);
    });
  }

  it('is starred by nobody any more', async function () {
    needsServer(this);
    const id = await made('/api/views', { name: 'Once', address: '/ai-usage?period=7d', shared: true });
    const answers = await askedMeanwhile('saved_views', 'view_id', id, [
      () => ana.json('delete', `/api/views/${id}`),
      () => rui.submit(`/views/${id}/star`, {}),
    ]);
    assert.deepEqual(answers, [204, 404]);
  });
});
