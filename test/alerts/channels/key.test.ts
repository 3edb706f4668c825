import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { deliver } from '../../../src/delivery/deliver.ts';
import { enqueue } from '../../../src/delivery/outbox.ts';
import { createSend } from '../../../src/delivery/send.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { auditLines } from '../../support/audit.ts';
import { ANA, type Client, createClient, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { openPage, textOf } from '../../support/page.ts';
import { type Sink, startSink } from '../../support/sink.ts';
import { API, lookup, MESSAGE, TEAM } from './samples.ts';

describe('the key of a webhook', () => {
  let app: RunningApp;
  let sink: Sink;
  let ana: Client;
  const clean = () => databases().backoffice.raw('TRUNCATE channels CASCADE');
  before(async () => {
    sink = await startSink();
    app = await startApp({ variables: { WEBHOOK_ALLOWED_HOSTS: sink.host }, lookup });
    ana = await signedIn(app.origin);
  });
  beforeEach(clean);
  after(async () => {
    await clean();
    await Promise.all([app.close(), sink.close()]);
  });

  const made = async (body: object) => (await ana.json('post', API, body)).body;
  const hook = () => made({ name: 'Hook', type: 'webhook', url: sink.url });
  const isSignedWith = (key: string) => {
    const { headers, body } = sink.received.at(-1) ?? assert.fail('nothing was sent');
    const signed = createHmac('sha256', key).update(`${headers['x-mythoria-timestamp']}.${body}`).digest('hex');
    return headers['x-mythoria-signature'] === `sha256=${signed}`;
  };

  it('is made anew: what waits is signed with the new one, which whoever asked for it is told', async () => {
    const { id, secret } = await hook();
    const { backoffice } = databases();
    await enqueue(backoffice, { event: randomUUID(), thread: randomUUID(), channels: [id], message: MESSAGE });
    const answer = await ana.json('post', `${API}/${id}/key`);
    assertDescribed(`${API}/{id}/key`, answer, 'post');
    assert.equal(answer.status, 200);
    const renewed: string = answer.body.secret;
    assert.equal(renewed.length, 43);
    assert.notEqual(renewed, secret);
    const { config } = app;
    const targets = { allowedHosts: config.webhookAllowedHosts, lookup };
    await deliver(backoffice, createSend({ appUrl: config.appUrl, mail: null, targets }));
    assert.deepEqual([isSignedWith(secret), isSignedWith(renewed)], [false, true]);
    assert.equal('secret' in (await ana.json('get', `${API}/${id}`)).body, false);
    const { action, email, details } = (await auditLines()).at(-1) ?? assert.fail();
    assert.deepEqual([action, email, details], ['change channel key', ANA, `Hook: Webhook at ${sink.host}`]);
  });

  it('is made anew on its page, which shows it and says what of the old one remains', async () => {
    const { id, secret } = await hook();
    const form = (await openPage(ana, `/alerts/channels/${id}`)).querySelector(`form[action$="/key"]`);
    const answer = await ana.submit(form?.getAttribute('action') ?? '', {});
    assert.equal(answer.status, 200);
    const { secret: renewed } = await databases().backoffice('channels').where('channel_id', id).first('secret');
    assert.notEqual(renewed, secret);
    assert.ok(answer.text.includes(renewed) && !answer.text.includes(secret));
    assert.match(answer.text, /<details class="panel editing" open>\s*<summary>The key/);
    assert.match(answer.text, /This is the new key\. What is sent from now on is signed with it/);
    assert.equal(textOf((await openPage(ana, `/alerts/channels/${id}`)).querySelector('details [role=status]')), '');
  });

  it('is of webhooks only, and for people of this site', async () => {
    const { id } = await made(TEAM);
    for (const path of [`${API}/${id}/key`, `${API}/${randomUUID()}/key`, `${API}/x/key`])
      assert.equal((await ana.json('post', path)).status, 404, path);
    assert.equal((await createClient(app.origin).json('post', `${API}/${(await hook()).id}/key`)).status, 401);
  });
});
