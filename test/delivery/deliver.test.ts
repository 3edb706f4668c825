import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Channel, deleteChannel, makeChannel } from '../../src/delivery/channels.ts';
import { deliver, forgetDeliveries, LEASE } from '../../src/delivery/deliver.ts';
import type { Answer, Delivery, Message } from '../../src/delivery/message.ts';
import { deliveriesOf, enqueue } from '../../src/delivery/outbox.ts';
import type { Send } from '../../src/delivery/send.ts';
import { createUndeliveredCount, dismiss, readUndelivered, sendAgain } from '../../src/delivery/undelivered.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  type Instant,
  type Length,
  MINUTE,
  now,
  SECOND,
} from '../../src/units/time.ts';
import { databases } from '../support/databases.ts';
import { needsServer } from '../support/skip.ts';

const MESSAGE: Message = { subject: 'One', level: 'warning', facts: [], paragraphs: [], links: [], data: {} };
const TAKEN: Answer = { outcome: 'taken', text: '200 OK' };
const LATER: Answer = { outcome: 'later', text: '503' };

describe('delivery', () => {
  const backoffice = () => databases().backoffice;
  const clean = () => backoffice().raw('TRUNCATE channels CASCADE');
  beforeEach(clean);
  after(clean);

  const made = (name = 'Hook') =>
    backoffice().transaction(async (transaction) => {
      const terms = { type: 'webhook', name, url: 'https://hooks.example/', format: 'json' } as const;
      return (await makeChannel(transaction, terms, 'x')) as string;
    });
  const tell = async (channel: string, thread = randomUUID(), message = MESSAGE): Promise<string> => {
    await enqueue(backoffice(), { event: randomUUID(), thread, channels: [channel], message });
    return thread;
  };
  /** A sender that answers one after the other, the last for good, and keeps what it was given. */
  const sender = (...answers: Answer[]) => {
    const sent: Delivery[] = [];
    const send: Send = async (_channel, delivery) => {
      sent.push(delivery);
      return answers[Math.min(sent.length, answers.length) - 1] ?? TAKEN;
    };
    return { send, sent };
  };
  const at = (length: Length): Instant => addTime(now(), length);
  const run = (send: Send, length: Length = 0n, random = 0.5) =>
    deliver(backoffice(), send, { clock: () => at(length), random: () => random });
  const only = async (thread: string) => (await deliveriesOf(backoffice(), thread))[0] ?? assert.fail();

  it('sends what is due once, with the secret of its channel, and writes down the answer', async () => {
    const thread = await tell(await made());
    const channels: Channel[] = [];
    const send: Send = async (channel) => {
      channels.push(channel);
      return TAKEN;
    };
    assert.equal(await run(send), 1);
    assert.equal(await run(send, HOUR), 0);
    assert.ok(channels[0]?.type === 'webhook' && channels[0].secret.length === 43);
    const { state, attempts, answer, ended, due } = await only(thread);
    assert.deepEqual([state, attempts, answer, due], ['sent', 1, '200 OK', null]);
    assert.ok(ended);
  });

  it('tries again under the same key after growing pauses, for a day, and then gives up', async () => {
    const thread = await tell(await made());
    const { send, sent } = sender(LATER);
    const pauses: number[] = [];
    let clock = now();
    const began = clock;
    const tick = () => deliver(backoffice(), send, { clock: () => clock, random: () => 0.5 });
    for (;;) {
      assert.equal(await tick(), 1);
      assert.equal(await tick(), 0, 'not before its pause is over');
      const { due } = await only(thread);
      if (due === null) break;
      pauses.push(Number((due - clock) / SECOND));
      clock = due;
    }
    assert.deepEqual(pauses.slice(0, 10), [30, 60, 120, 240, 480, 960, 1920, 3840, 7200, 7200]);
    assert.ok(clock - began <= DAY_OF_24_HOURS && clock - began > 21n * HOUR);
    assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
    const { state, attempts, answer } = await only(thread);
    assert.deepEqual([state, attempts, answer], ['dead', sent.length, '503']);
    assert.equal((await readUndelivered(backoffice())).length, 1);
  });

  it('spreads pauses by a fifth, and heeds what it is asked to wait, up to two hours', async () => {
    for (const [answer, random, low, high] of [
      [LATER, 0, 23, 24],
      [LATER, 1, 35, 36],
      [{ ...LATER, afterMs: 600_000 }, 0.5, 599, 600],
      [{ ...LATER, afterMs: 5 }, 0.5, 29, 30],
      [{ ...LATER, afterMs: 1e12 }, 0.5, 7199, 7200],
    ] as const) {
      const thread = await tell(await made());
      const began = now();
      await deliver(backoffice(), sender(answer).send, { clock: () => began, random: () => random });
      const { due } = await only(thread);
      const seconds = Number(((due ?? 0n) - began) / SECOND);
      assert.ok(seconds >= low && seconds <= high, `${seconds}`);
      await clean();
    }
  });

  it('gives up at once what is refused for good, is told so, and sends it again or not as people say', async () => {
    const count = createUndeliveredCount(backoffice(), 0);
    const thread = await tell(await made());
    await run(sender({ outcome: 'never', text: '410 Gone' }).send);
    assert.equal(await count(), 1);
    const { id, state } = await only(thread);
    assert.equal(state, 'dead');
    assert.equal(await sendAgain(backoffice(), randomUUID()), 0);
    assert.equal(await sendAgain(backoffice(), id), 1);
    assert.equal(await count(), 0);
    const { send, sent } = sender({ outcome: 'never', text: '410 Gone' });
    await run(send, SECOND);
    assert.deepEqual(
      sent.map((one) => one.id),
      [id],
      'under the same key',
    );
    assert.equal(await dismiss(backoffice(), null), 1);
    assert.deepEqual([await count(), (await only(thread)).state], [0, 'dismissed']);
    assert.equal(await sendAgain(backoffice(), id), 0);
  });

  it('tells of the beginning before the end, whatever a channel takes, and one channel waits for no other', async () => {
    const [slow, quick] = [await made('Slow'), await made('Quick')];
    const thread = randomUUID();
    for (const subject of ['Fires', 'Resolved']) {
      await enqueue(backoffice(), {
        ...{ event: randomUUID(), thread, channels: [slow, quick], message: { ...MESSAGE, subject } },
      });
      await backoffice().raw(`UPDATE deliveries SET made_at = made_at - interval '1 second'`);
    }
    const told: string[] = [];
    let refuses = true;
    const send: Send = async ({ name }, { message }) => {
      told.push(`${name}: ${message.subject}`);
      return name === 'Slow' && refuses ? LATER : TAKEN;
    };
    await run(send, 0n);
    assert.deepEqual(told.sort(), ['Quick: Fires', 'Quick: Resolved', 'Slow: Fires']);
    refuses = false;
    told.length = 0;
    await run(send, HOUR);
    assert.deepEqual(told, ['Slow: Fires', 'Slow: Resolved']);
  });

  it('asks a channel that is away a few times and no more, before it turns to the others', async () => {
    const [away, quick] = [await made('Away'), await made('Quick')];
    for (let i = 0; i < 30; i++) await tell(away);
    const thread = await tell(quick);
    let asked = 0;
    const send: Send = async ({ name }) => {
      if (name === 'Quick') return TAKEN;
      asked += 1;
      return LATER;
    };
    await run(send);
    assert.equal((await only(thread)).state, 'sent');
    assert.equal(asked, 10);
  });

  it('sends each thing once, with several at it', async function () {
    needsServer(this);
    const channel = await made();
    for (let i = 0; i < 60; i++) await tell(channel);
    const { send, sent } = sender(TAKEN);
    const counts = await Promise.all([1, 2, 3, 4].map(() => run(send)));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      60,
    );
    assert.equal(new Set(sent.map(({ id }) => id)).size, 60);
  });

  it('sends again under the same key what was taken by somebody who died, once the lease is over', async () => {
    const thread = await tell(await made());
    let die = (_answer: Answer) => {};
    const dying = new Promise<Answer>((resolve) => {
      die = resolve;
    });
    const first: Delivery[] = [];
    let begun = () => {};
    const beginning = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const dead = run((_channel, delivery) => {
      first.push(delivery);
      begun();
      return dying;
    });
    await beginning;
    assert.equal(await run(sender(TAKEN).send, LEASE - SECOND), 0);
    const second: string[] = [];
    const send: Send = async (_channel, { id }) => {
      second.push(id);
      // Should the first live after all, it changes nothing any more.
      die({ outcome: 'never', text: 'late' });
      await dead;
      assert.equal((await only(thread)).state, 'waiting');
      return TAKEN;
    };
    assert.equal(await run(send, LEASE + SECOND), 1);
    assert.deepEqual(second, [first[0]?.id]);
    const { state, attempts, answer } = await only(thread);
    assert.deepEqual([state, attempts, answer], ['sent', 2, '200 OK']);
  });

  it('survives a sender that throws, and stops where the program does', async () => {
    const thread = await tell(await made());
    await run(() => Promise.reject(new Error('a mistake of ours')));
    assert.deepEqual(
      [(await only(thread)).state, (await only(thread)).answer],
      ['waiting', 'Not sent: a mistake of ours'],
    );
    const options = { clock: () => at(HOUR), isStopping: () => true };
    assert.equal(await deliver(backoffice(), sender(TAKEN).send, options), 0);
  });

  it('waits for no receiver that says nothing while the program stops: its message is sent again by another', async () => {
    const thread = await tell(await made());
    let isStopping = false;
    let answer = (_answer: Answer) => {};
    const silent: Send = () => {
      isStopping = true;
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    // It ends before the receiver has said anything.
    assert.equal(await deliver(backoffice(), silent, { isStopping: () => isStopping }), 1);
    assert.deepEqual([(await only(thread)).state, (await only(thread)).answer], ['waiting', '']);
    assert.equal(await run(sender(TAKEN).send, LEASE + SECOND), 1);
    assert.equal((await only(thread)).state, 'sent');
    answer(TAKEN);
  });

  it('sends nothing to a channel that was deleted meanwhile', async () => {
    const channel = await made();
    const thread = await tell(channel);
    await deleteChannel(backoffice(), channel);
    assert.equal(await run(sender(TAKEN).send, MINUTE), 0);
    const { state, answer } = await only(thread);
    assert.deepEqual([state, answer], ['dismissed', 'The channel was deleted.']);
  });

  it('forgets what was sent or given up ninety days ago, and nothing that waits', async () => {
    const channel = await made();
    const [sent, waits] = [await tell(channel), await tell(channel)];
    await backoffice()('deliveries')
      .where('thread_id', sent)
      .update({ state: 'sent', ended_at: backoffice().fn.now() });
    assert.equal(await forgetDeliveries(backoffice(), at(89n * DAY_OF_24_HOURS)), 0);
    assert.equal(await forgetDeliveries(backoffice(), at(91n * DAY_OF_24_HOURS)), 1);
    assert.deepEqual(await deliveriesOf(backoffice(), sent), []);
    assert.equal((await only(waits)).state, 'waiting');
  });

  it('is counted for pages at most once in a while, and never breaks one', async () => {
    const count = createUndeliveredCount(backoffice(), 60_000);
    assert.equal(await count(), 0);
    await tell(await made());
    await run(sender({ outcome: 'never', text: 'no' }).send);
    assert.equal(await count(), 0);
    const broken = { ...backoffice() } as never;
    assert.equal(await createUndeliveredCount(broken, 0)(), 0);
  });
});
