import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { WebhookChannel, WebhookFormat } from '../../src/delivery/channels.ts';
import type { Message } from '../../src/delivery/message.ts';
import type { Lookup } from '../../src/delivery/targets.ts';
import { retryAfterMs, sendWebhook, signatureOf } from '../../src/delivery/webhook.ts';
import { webhookBody } from '../../src/delivery/webhook-bodies.ts';
import { parseInstant } from '../../src/units/time.ts';
import { type Sink, startSink } from '../support/sink.ts';

const AT = parseInstant('2026-11-29T12:00:00Z') ?? assert.fail();
const loopback: Lookup = async () => [{ address: '127.0.0.1', family: 4 }];

const MESSAGE: Message = {
  subject: '€48.20 since midnight:\r\n <!channel> gpt-image-1',
  level: 'critical',
  facts: [{ label: 'Cost', value: '€48.20 & [more](https://evil.example)' }],
  paragraphs: ['<users/all> **Three** times as much.'],
  links: [{ label: 'The alert', url: 'https://admin.example/alerts/1' }],
  data: { value: 48.2 },
};
const delivery = { id: randomUUID(), event: randomUUID(), thread: randomUUID(), message: MESSAGE };

const channelTo = (url: string, format: WebhookFormat = 'json'): WebhookChannel => ({
  ...{ id: randomUUID(), owner: 'x', type: 'webhook', name: 'Hook', url, format, secret: 'k'.repeat(43) },
});

describe('a webhook', () => {
  let sink: Sink;
  before(async () => {
    sink = await startSink();
  });
  after(() => sink.close());

  const send = (answer: (res: ServerResponse) => void, lookup = loopback) => {
    sink.answer(answer);
    return sendWebhook(channelTo(sink.url), delivery, { allowedHosts: [sink.host], lookup }, AT);
  };

  it('is posted once, signed over time and body, under the key of its delivery', async () => {
    const before = sink.received.length;
    assert.deepEqual(await send((res) => res.end('thanks')), { outcome: 'taken', text: '200 OK: thanks' });
    assert.equal(sink.received.length, before + 1);
    const { headers, body, url } = sink.received.at(-1) ?? assert.fail();
    assert.equal(url, '/hook');
    assert.equal(headers['idempotency-key'], delivery.id);
    assert.equal(headers['x-mythoria-timestamp'], '1795953600');
    const expected = createHmac('sha256', 'k'.repeat(43)).update(`1795953600.${body}`).digest('hex');
    assert.equal(headers['x-mythoria-signature'], `sha256=${expected}`);
    const { id, event, alert, subject, data } = JSON.parse(body);
    assert.deepEqual(
      [id, event, alert, subject, data],
      [delivery.id, delivery.event, delivery.thread, MESSAGE.subject, MESSAGE.data],
    );
  });

  it('is signed as docs/webhooks.md shows it', () => {
    assert.equal(
      signatureOf('3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '1795953600', '{"subject":"A test"}'),
      'sha256=92146f50049535fcd7ee87c9ba6a9e56d93b1949aa2a4c83e4747786938ec70d',
    );
  });

  it('is tried again after what passes, and given up after a refusal', async () => {
    const status = (code: number, headers = {}) => send((res) => void res.writeHead(code, headers).end('no'));
    assert.deepEqual(await status(204), { outcome: 'taken', text: '204 No Content' });
    for (const code of [500, 503, 408, 425, 429]) assert.equal((await status(code)).outcome, 'later', `${code}`);
    for (const code of [400, 401, 404, 410]) assert.equal((await status(code)).outcome, 'never', `${code}`);
    assert.deepEqual(await status(429, { 'Retry-After': '120' }), {
      ...{ outcome: 'later', text: '429 Too Many Requests: no', afterMs: 120_000 },
    });
  });

  it('follows no redirect', async () => {
    const before = sink.received.length;
    const answer = await send((res) => void res.writeHead(307, { Location: sink.url }).end());
    assert.deepEqual(answer, {
      outcome: 'never',
      text: `307: it redirects to ${sink.url}, and redirects are not followed`,
    });
    assert.equal(sink.received.length, before + 1);
  });

  it('reads no more of an endless answer than it tells, and cuts what it tells', async () => {
    let closed = false;
    let written = 0;
    const answer = await send((res) => {
      res.on('close', () => {
        closed = true;
      });
      const more = () =>
        void res.write('x'.repeat(10_000), () => {
          written += 10_000;
          if (!res.destroyed) more();
        });
      more();
    });
    assert.equal(answer.outcome, 'taken');
    assert.equal(answer.text.length, '200 OK: '.length + 500);
    assert.ok(answer.text.endsWith('…'));
    while (!closed) await new Promise((resolve) => setImmediate(resolve));
    // What the buffers of two sockets hold.
    assert.ok(written < 10_000_000, `${written} bytes`);
  });

  it('is tried again where the connection ends early, or nobody listens', async () => {
    assert.deepEqual(await send((res) => void res.destroy()), {
      ...{ outcome: 'later', text: 'No answer: it closed the connection without an answer (ECONNRESET)' },
    });
    const gone = await startSink();
    await gone.close();
    const answer = await sendWebhook(
      channelTo(gone.url),
      delivery,
      { allowedHosts: [gone.host], lookup: loopback },
      AT,
    );
    assert.deepEqual(answer, { outcome: 'later', text: 'No answer: it refuses connections (ECONNREFUSED)' });
  });

  it('waits five seconds for an answer, and no longer', async function () {
    this.slow(12_000);
    assert.deepEqual(await send(() => {}), { outcome: 'later', text: 'No answer within 5 seconds' });
  });

  it('leads nowhere but to the public, also where its name has moved since it was saved', async () => {
    const before = sink.received.length;
    const port = sink.host.split(':')[1];
    const rules = { allowedHosts: [], lookup: loopback };
    const moved = await sendWebhook(channelTo(`https://hooks.example:${port}/`), delivery, rules, AT);
    assert.equal(moved.outcome, 'never');
    assert.match(moved.text, /^Not sent: its address leads to 127\.0\.0\.1, which is no public address/);
    const literal = await sendWebhook(channelTo(`https://127.0.0.1:${port}/`), delivery, rules, AT);
    assert.match(literal.text, /leads to 127\.0\.0\.1/);
    assert.equal(sink.received.length, before);
  });

  it('heeds Retry-After as seconds or a date', () => {
    assert.equal(retryAfterMs('30', AT), 30_000);
    assert.equal(retryAfterMs('Sun, 29 Nov 2026 12:01:00 GMT', AT), 60_000);
    assert.equal(retryAfterMs('Sun, 29 Nov 2026 11:00:00 GMT', AT), 0);
    for (const nothing of [undefined, 'soon', '-5', '1e9']) assert.equal(retryAfterMs(nothing, AT), null);
  });

  describe('of a chat', () => {
    const bodyOf = (format: WebhookFormat) => {
      const { url, body } = webhookBody(channelTo('https://chat.example/x?key=1', format), delivery);
      return { url: url.href, body: JSON.parse(body), text: body };
    };

    it('is of blocks for Slack, and mentions nobody', () => {
      const { body, text } = bodyOf('slack');
      assert.deepEqual(
        body.blocks.map(({ type }: { type: string }) => type),
        ['header', 'section', 'section', 'section'],
      );
      assert.equal(body.text, 'Critical: €48.20 since midnight:  &lt;!channel&gt; gpt-image-1');
      assert.equal(body.blocks.at(-1).text.text, '<https://admin.example/alerts/1|The alert>');
      const mrkdwn = body.blocks.filter(({ text }: { text?: { type: string } }) => text?.type === 'mrkdwn');
      assert.equal(mrkdwn.length, 1, `only the link is marked up: ${text}`);
    });

    it('is a card for Google Chat, in the thread of its alert, and mentions nobody', () => {
      const { url, body } = bodyOf('google-chat');
      assert.equal(url, 'https://chat.example/x?key=1&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD');
      assert.deepEqual(body.thread, { threadKey: delivery.thread });
      const [{ widgets }] = body.cardsV2[0].card.sections;
      assert.equal(widgets[0].decoratedText.text, '€48.20 &amp; [more](https://evil.example)');
      assert.equal(widgets[1].textParagraph.text, '&lt;users/all&gt; **Three** times as much.');
      assert.equal(widgets[2].buttonList.buttons[0].onClick.openLink.url, 'https://admin.example/alerts/1');
      assert.equal(body.text, undefined);
    });

    it('is an adaptive card for Teams, of plain runs of text', () => {
      const { body } = bodyOf('teams');
      const [{ contentType, content }] = body.attachments;
      assert.equal(contentType, 'application/vnd.microsoft.card.adaptive');
      assert.deepEqual(new Set(content.body.map(({ type }: { type: string }) => type)), new Set(['RichTextBlock']));
      assert.equal(content.body[1].inlines[1].text, '€48.20 & [more](https://evil.example)');
      assert.deepEqual(content.actions, [
        { type: 'Action.OpenUrl', title: 'The alert', url: 'https://admin.example/alerts/1' },
      ]);
    });
  });
});
