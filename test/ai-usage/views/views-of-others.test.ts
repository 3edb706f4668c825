import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type RunningApp, startApp } from '../../support/app.ts';
import { ANA, type Client, location, RUI, SAME_ORIGIN, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { openPage, textOf } from '../../support/page.ts';
import { resetUsage } from '../../support/usage.ts';

const VIEW = { name: 'Good', address: '/ai-usage' };
const emptied = () => databases().backoffice.raw('TRUNCATE saved_views, starred_views, start_pages');

const listed = async (client: Client) => {
  const page = await openPage(client, '/views');
  return page
    .querySelectorAll('.views')
    .map((section) => [
      textOf(section.querySelector('h2')),
      ...section.querySelectorAll('li a:first-child').map(textOf),
    ]);
};

describe('saved views of others, where ADMIN_EMAILS names admins', () => {
  let app: RunningApp;
  let admin: Client;
  let reader: Client;
  before(async () => {
    await resetUsage();
    app = await startApp({ variables: { ADMIN_EMAILS: ANA } });
    admin = await signedIn(app.origin, ANA);
    reader = await signedIn(app.origin, RUI);
  });
  beforeEach(emptied);
  after(async () => {
    await emptied();
    await app.close();
  });
  const madeBy = async (client: Client, name: string, shared: boolean) =>
    (await client.json('post', '/api/views', { ...VIEW, name, shared })).body.id as string;

  it('are used by all and changed by whoever made them, or an admin; those of one alone are nobody else’s to see', async () => {
    const [shared, alone] = [await madeBy(admin, 'Hers for all', true), await madeBy(admin, 'Hers alone', false)];
    assert.deepEqual(await listed(reader), [['Everyone’s', 'Hers for all']]);
    assert.equal((await reader.post(`/views/${shared}/star`, SAME_ORIGIN)).status, 303);
    assert.deepEqual(await listed(reader), [['With a star', 'Hers for all']]);
    assert.deepEqual(await listed(admin), [['Yours', 'Hers alone', 'Hers for all']], 'a star is whose it is');
    assert.equal((await openPage(reader, `/views/${shared}`)).querySelector('form[action*=delete]'), null);
    const changed = { ...VIEW, name: 'Taken over' };
    for (const [path, status] of [
      [shared, 403],
      [alone, 404],
    ] as const) {
      assert.equal((await reader.submit(`/views/${path}`, changed)).status, status);
      assert.equal((await reader.submit(`/views/${path}/delete`, {})).status, status);
      assert.equal((await reader.json('put', `/api/views/${path}`, changed)).status, status);
      assert.equal((await reader.json('delete', `/api/views/${path}`)).status, status);
    }
    assert.equal((await reader.get(`/views/${alone}`)).status, 404);
    assert.equal((await reader.post(`/views/${alone}/star`, SAME_ORIGIN)).status, 404);

    const his = await madeBy(reader, 'His for all', true);
    const own = await reader.json('put', `/api/views/${his}`, { ...VIEW, name: 'His, renamed', shared: true });
    assert.deepEqual([own.status, own.body.name, own.body.owner], [200, 'His, renamed', RUI]);
    assert.equal((await admin.submit(`/views/${his}`, { ...VIEW, name: 'By the admin', shared: 'true' })).status, 303);
    assert.equal((await reader.json('get', `/api/views/${his}`)).body.name, 'By the admin');
    const alsoHis = await madeBy(reader, 'His alone', false);
    assert.equal(
      (await admin.json('delete', `/api/views/${alsoHis}`)).status,
      404,
      'an admin sees no more than others',
    );
  });

  it('stay when whoever made them is gone, and an admin can delete them', async () => {
    const gone = { person: 'gone', owner: 'gone@mythoria.pt', name: 'Of before', address: '/ai-usage' };
    const view_id = randomUUID();
    await databases()
      .backoffice('saved_views')
      .insert({ ...gone, view_id, shared: true });
    assert.deepEqual(await listed(reader), [['Everyone’s', 'Of before']]);
    assert.match(textOf(await openPage(reader, '/views')), /everyone’s, by gone@mythoria.pt/);
    assert.equal((await admin.submit(`/views/${view_id}/delete`, {})).status, 303);
    assert.deepEqual(await listed(reader), []);
  });

  it('that are no longer everyone’s have no star of others', async () => {
    const id = await madeBy(admin, 'Mine again', true);
    await reader.post(`/views/${id}/star`, SAME_ORIGIN);
    await reader.submit('/views/start', { start: 'first' });
    assert.equal((await admin.json('put', `/api/views/${id}`, { ...VIEW, shared: false })).status, 200);
    assert.equal(location(await reader.get('/')), '/ai-usage');
    assert.equal(await databases().backoffice('starred_views').first(), undefined);
  });
});
