import assert from 'node:assert/strict';
import { sharedApp } from '../../support/app.ts';
import { ANA, type Client, location, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { openPage } from '../../support/page.ts';

const VIEW = { name: 'Good', address: '/ai-usage' };

describe('a saved view', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  after(() => databases().backoffice('saved_views').delete());

  it('is made, read, changed and deleted as JSON', async () => {
    const answer = await ana.json('post', '/api/views', { ...VIEW, address: '/ai-usage?period=last-month' });
    assertDescribed('/api/views', answer, 'post');
    const { id, ...body } = answer.body;
    assert.equal(location(answer), `/api/views/${id}`);
    assert.deepEqual(body, {
      ...{ name: 'Good', address: '/ai-usage?period=last-month', shared: false, owner: ANA, own: true, starred: false },
      ...{ page: 'Overview', calls: 'All calls', period: 'Last month', relative: true, problems: [] },
    });
    const changed = await ana.json('put', `/api/views/${id}`, { ...answer.body, name: 'Better' });
    assertDescribed('/api/views/{id}', changed, 'put');
    assert.equal(changed.body.name, 'Better', 'as it was read, with something of it changed');
    assertDescribed('/api/views/{id}', await ana.json('get', `/api/views/${id}`));
    assert.equal((await ana.json('delete', `/api/views/${id}`)).status, 204);
    const gone = await ana.json('get', `/api/views/${id}`);
    assertDescribed('/api/views/{id}', gone);
    assert.equal(gone.status, 404);
  });

  it('is not changed by a form that was opened before another change', async () => {
    const { id } = (await ana.json('post', '/api/views', { ...VIEW, name: 'First' })).body;
    const action = (await openPage(ana, `/views/${id}`)).querySelector('form.sheet-form')?.getAttribute('action') ?? '';
    assert.equal((await ana.json('put', `/api/views/${id}`, { ...VIEW, name: 'Second' })).status, 200);
    const late = await ana.submit(action, { ...VIEW, name: 'Late', shared: 'false' });
    assert.equal(late.status, 400);
    assert.match(late.text, /was opened before somebody saved another change/);
    assert.equal((await ana.json('get', `/api/views/${id}`)).body.name, 'Second');
  });
});
