import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  changeChannel,
  deleteChannel,
  makeChannel,
  readChannel,
  readChannels,
  unknownChannels,
} from '../../src/delivery/channels.ts';
import type { Message } from '../../src/delivery/message.ts';
import { deliveriesOf, enqueue } from '../../src/delivery/outbox.ts';
import { databases } from '../support/databases.ts';

const MESSAGE: Message = {
  subject: '€48.20 since midnight, usually €16: gpt-image-1',
  level: 'critical',
  facts: [{ label: 'Cost', value: '€48.20' }],
  paragraphs: ['More than three times as much as usual.'],
  links: [{ label: 'The alert', url: 'https://admin.example/alerts/1' }],
  data: { value: 48.2 },
};

describe('the outbox', () => {
  const backoffice = () => databases().backoffice;
  const clean = () => backoffice().raw('TRUNCATE channels CASCADE');
  beforeEach(clean);
  after(clean);

  const mail = (name = 'Team') =>
    backoffice().transaction(
      async (transaction) =>
        (await makeChannel(transaction, { type: 'email', name, to: ['a@mythoria.pt'] }, 'x')) as string,
    );

  it('takes a message once for each event and channel, and leaves deleted channels out', async () => {
    const [one, two, gone] = [await mail('One'), await mail('Two'), await mail('Gone')];
    await deleteChannel(backoffice(), gone);
    const [event, thread] = [randomUUID(), randomUUID()];
    const outgoing = { event, thread, channels: [one, two, gone, randomUUID()], message: MESSAGE };
    await backoffice().transaction((transaction) => enqueue(transaction, outgoing));
    await enqueue(backoffice(), { ...outgoing, channels: [two] });
    const lines = await deliveriesOf(backoffice(), thread);
    assert.deepEqual(
      lines.map(({ channel: { name, deleted }, subject, state, attempts }) => [
        name,
        deleted,
        subject,
        state,
        attempts,
      ]),
      ['One', 'Two'].map((name) => [name, false, MESSAGE.subject, 'waiting', 0]),
    );
    assert.deepEqual(await deliveriesOf(backoffice(), randomUUID()), []);
  });

  it('takes nothing of a transaction that fails', async () => {
    const [thread, channel] = [randomUUID(), await mail()];
    const failing = backoffice().transaction(async (transaction) => {
      await enqueue(transaction, { event: randomUUID(), thread, channels: [channel], message: MESSAGE });
      throw new Error('no');
    });
    await assert.rejects(failing, /^Error: no$/);
    assert.deepEqual(await deliveriesOf(backoffice(), thread), []);
  });

  it('knows which channels there are', async () => {
    const id = await mail();
    const nobody = randomUUID();
    assert.deepEqual(await unknownChannels(backoffice(), [id, id.toUpperCase(), nobody]), [nobody]);
    const hook = { type: 'webhook', name: 'Hook', url: 'https://hook.example/', format: 'json' } as const;
    await changeChannel(backoffice(), (await readChannel(backoffice(), id)) ?? assert.fail(), hook);
    const [channel] = await readChannels(backoffice());
    assert.ok(channel?.type === 'webhook');
    const { secret, ...rest } = channel;
    assert.deepEqual(rest, { id, owner: 'x', ...hook });
    assert.equal(Buffer.from(secret, 'base64url').length, 32);
    await deleteChannel(backoffice(), id);
    assert.deepEqual([await readChannels(backoffice()), await readChannel(backoffice(), id)], [[], null]);
    assert.deepEqual(await unknownChannels(backoffice(), [id]), [id]);
  });
});
