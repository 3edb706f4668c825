import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { EmailChannel } from '../../src/delivery/channels.ts';
import { sendMail } from '../../src/delivery/email.ts';
import type { Message } from '../../src/delivery/message.ts';
import { closing } from '../support/closing.ts';
import { decoded, headersOf, partOf, startMailServer } from '../support/smtp.ts';

const APP = new URL('https://admin.mythoria.pt');
const FROM = 'Mythoria <ai-usage@mythoria.pt>';

const MESSAGE: Message = {
  subject: '€48.20 since midnight, usually €16: gpt-image-1',
  level: 'critical',
  facts: [
    { label: 'Cost', value: '€48.20' },
    { label: 'Model', value: '<b>gpt-image-1</b>' },
  ],
  paragraphs: ['More than three times as much as usual.'],
  links: [{ label: 'The alert', url: 'https://admin.mythoria.pt/alerts/1?a=1&b=2' }],
  data: {},
};

describe('a mail', () => {
  const opened = closing();
  const channel = (to: string[], name = 'Team'): EmailChannel => ({
    ...{ id: randomUUID(), owner: 'x', type: 'email', name, to, own: null },
  });
  const deliveryOf = (message: Message) => ({ id: randomUUID(), event: randomUUID(), thread: randomUUID(), message });

  it('says everything as text and as HTML, the fact first, in the thread of its alert', async () => {
    const server = await opened(startMailServer());
    const delivery = deliveryOf(MESSAGE);
    const team = channel(['ana@mythoria.pt', 'rui@caravanconcierge.com']);
    const answer = await sendMail(team, delivery, { smtpUrl: server.url, from: FROM }, APP);
    assert.deepEqual(answer, { outcome: 'taken', text: '250 kept' });
    const [mail = assert.fail()] = server.received;
    assert.equal(server.received.length, 1);
    assert.deepEqual(mail.to, ['ana@mythoria.pt', 'rui@caravanconcierge.com']);
    assert.equal(mail.from, 'ai-usage@mythoria.pt');

    const headers = headersOf(mail.raw);
    assert.equal(decoded(headers.get('subject') ?? ''), MESSAGE.subject);
    assert.equal(headers.get('message-id'), `<${delivery.id}@admin.mythoria.pt>`);
    for (const name of ['references', 'in-reply-to'])
      assert.equal(headers.get(name), `<${delivery.thread}@admin.mythoria.pt>`);
    const unsubscribe = `https://admin.mythoria.pt/alerts/channels/${team.id}`;
    assert.equal(headers.get('list-unsubscribe'), `<${unsubscribe}>`);
    assert.equal(headers.get('auto-submitted'), 'auto-generated');

    const text = partOf(mail.raw, 'text/plain').replaceAll('\r\n', '\n');
    for (const said of [MESSAGE.subject, 'Cost: €48.20', 'Model: <b>gpt-image-1</b>', ...MESSAGE.paragraphs])
      assert.ok(text.includes(said), said);
    assert.ok(text.includes('The alert:\nhttps://admin.mythoria.pt/alerts/1?a=1&b=2'));
    assert.ok(text.includes(unsubscribe));

    const html = partOf(mail.raw, 'text/html');
    assert.match(html, /<meta name="color-scheme" content="light dark">/);
    assert.match(html, /&lt;b&gt;gpt-image-1&lt;\/b&gt;/);
    assert.match(html, /href="https:\/\/admin\.mythoria\.pt\/alerts\/1\?a=1&amp;b=2"/);
    assert.doesNotMatch(html, /<img|<b>|(^|[^-])color:(?!#)/);
  });

  it('cannot be given headers or recipients by what it says', async () => {
    const server = await opened(startMailServer());
    const hostile = 'x\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>\u202e\u0000';
    const delivery = deliveryOf({ ...MESSAGE, subject: hostile, facts: [{ label: hostile, value: hostile }] });
    await sendMail(channel(['ana@mythoria.pt'], hostile), delivery, { smtpUrl: server.url, from: FROM }, APP);
    const [mail = assert.fail()] = server.received;
    assert.deepEqual(mail.to, ['ana@mythoria.pt']);
    const headers = headersOf(mail.raw);
    assert.equal(headers.has('bcc'), false);
    assert.equal(headers.get('subject'), 'x Bcc: eve@evil.example <script>alert(1)</script>');
    assert.doesNotMatch(partOf(mail.raw, 'text/html'), /<script/);
    assert.doesNotMatch(partOf(mail.raw, 'text/plain'), /^Bcc:/m);
  });

  it('says who was not taken, and is given up where nobody was', async () => {
    const onRcptTo = ({ address }: { address: string }, _session: unknown, callback: (error?: Error) => void) =>
      callback(
        address.startsWith('gone') ? Object.assign(new Error('no such person'), { responseCode: 550 }) : undefined,
      );
    const server = await opened(startMailServer({ onRcptTo }));
    const settings = { smtpUrl: server.url, from: FROM };
    const some = await sendMail(channel(['ana@mythoria.pt', 'gone@mythoria.pt']), deliveryOf(MESSAGE), settings, APP);
    assert.deepEqual(some, { outcome: 'taken', text: '250 kept; not taken for gone@mythoria.pt' });
    const nobody = await sendMail(channel(['gone@mythoria.pt']), deliveryOf(MESSAGE), settings, APP);
    assert.equal(nobody.outcome, 'never');
    assert.match(nobody.text, /550 no such person/);
  });

  it('is tried again where the server is busy, away, or refuses our password', async () => {
    const busy = await opened(
      startMailServer({
        onMailFrom: (_address, _session, callback) =>
          callback(Object.assign(new Error('come back later'), { responseCode: 451 })),
      }),
    );
    const later = await sendMail(channel(['a@b.pt']), deliveryOf(MESSAGE), { smtpUrl: busy.url, from: FROM }, APP);
    assert.deepEqual([later.outcome, /451 come back later/.test(later.text)], ['later', true]);

    const strict = await opened(
      startMailServer({
        ...{ authOptional: false, allowInsecureAuth: true },
        onAuth: (_auth, _session, callback) => callback(new Error('wrong password')),
      }),
    );
    const smtpUrl = strict.url.replace('smtp://', 'smtp://user:secret-of-ours@');
    const refused = await sendMail(channel(['a@b.pt']), deliveryOf(MESSAGE), { smtpUrl, from: FROM }, APP);
    assert.equal(refused.outcome, 'later');
    assert.match(refused.text, /^The mail server refuses our user or password: /);
    assert.doesNotMatch(refused.text, /secret-of-ours/);

    const gone = await startMailServer();
    await gone.close();
    const away = await sendMail(channel(['a@b.pt']), deliveryOf(MESSAGE), { smtpUrl: gone.url, from: FROM }, APP);
    assert.equal(away.outcome, 'later');
    assert.match(away.text, /^The mail server cannot be reached: /);
  });

  it('goes nowhere in the open but on this machine', async () => {
    const server = await opened(startMailServer());
    // Another name of this machine, which the settings do not know as such.
    const smtpUrl = server.url.replace('127.0.0.1', '[::ffff:127.0.0.1]');
    const open = await sendMail(channel(['a@b.pt']), deliveryOf(MESSAGE), { smtpUrl, from: FROM }, APP);
    assert.equal(open.outcome, 'later');
    assert.match(open.text, /STARTTLS|encrypted/);
    assert.equal(server.received.length, 0);
    const allowed = { smtpUrl: `${smtpUrl}?requireTLS=false`, from: FROM };
    assert.equal((await sendMail(channel(['a@b.pt']), deliveryOf(MESSAGE), allowed, APP)).outcome, 'taken');
  });

  it('waits five seconds for a server that says nothing', async function () {
    this.slow(12_000);
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const smtpUrl = `smtp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const answer = await sendMail(channel(['a@b.pt']), deliveryOf(MESSAGE), { smtpUrl, from: FROM }, APP);
    assert.equal(answer.outcome, 'later');
    assert.match(answer.text, /^The mail server does not answer in time: /);
    await new Promise((resolve) => silent.close(resolve));
  });
});
