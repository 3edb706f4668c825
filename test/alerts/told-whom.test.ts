import assert from 'node:assert/strict';
import { pino } from 'pino';
import { enqueue } from '../../src/delivery/outbox.ts';
import { everyJob } from '../../src/jobs/list.ts';
import { createFormat } from '../../src/units/format.ts';
import { resetAlerts } from '../support/alerts.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { auditLines } from '../support/audit.ts';
import { ANA, type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage, textOf } from '../support/page.ts';
import { needsServer } from '../support/skip.ts';
import { decoded, headersOf, type MailServer, partOf, startMailServer } from '../support/smtp.ts';
import { until } from '../support/until.ts';
import { resetUsage } from '../support/usage.ts';

const MAIL = { name: 'Finance', type: 'email', to: ['finance@example.com'] };

describe('who is told', () => {
  let app: RunningApp;
  let ana: Client;
  let mail: MailServer;
  before(async () => {
    mail = await startMailServer();
    app = await startApp({ variables: { SMTP_URL: mail.url, MAIL_FROM: 'ai-usage@mythoria.pt' } });
    ana = await signedIn(app.origin);
    await resetUsage();
  });
  beforeEach(async () => {
    await resetAlerts();
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    mail.received.length = 0;
  });
  after(async () => {
    await resetAlerts();
    await Promise.all([app.close(), mail.close()]);
  });

  const post = async (path: string, body: object): Promise<string> => {
    const answer = await ana.json('post', path, body);
    assert.equal(answer.status, 201, answer.text);
    return answer.body.id;
  };
  /** What the program does by the clock: an evaluation, and what it tells. */
  const round = async ({ mails = true, allowedDomains = ['mythoria.pt'] } = {}) => {
    const { databases, reader, rollupsOrigin: origin, config } = app;
    const jobs = everyJob({
      ...{
        databases,
        reader,
        origin,
        allowedDomains,
        auditDays: 730,
        log: pino({ level: 'silent' }),
        replicas: false,
        once: true,
      },
      format: createFormat(config.locale, config.timeZone),
      sending: {
        ...{ appUrl: config.appUrl, mail: mails ? config.mail : null },
        targets: { allowedHosts: [], lookup: async () => [] },
      },
    });
    for (const name of ['evaluation', 'delivery']) await jobs.find((job) => job.name === name)?.run(() => false);
  };
  const again = () => databases().backoffice('rule_standings').update({ evaluated_at: '2020-01-01' });
  /** A rule that cannot be evaluated, for its budget is gone. */
  const failing = async (more: object = {}): Promise<string> => {
    const budget = await post('/api/budgets', { name: 'B', amount: 10, per: 'week' });
    const rule = await post('/api/alerts/rules', { name: 'Of B', type: 'budget', budget, ...more });
    await ana.json('delete', `/api/budgets/${budget}`);
    return rule;
  };
  const said = async (rule: string) =>
    textOf((await openPage(ana, `/alerts/rules/${rule}`)).querySelector('.notice[role=status]'));

  it('the owner of a rule that cannot be evaluated, by mail, once and with why, also where it has no channel', async () => {
    const rule = await failing();
    await round();
    await again();
    await round();
    const [one, ...others] = mail.received;
    assert.deepEqual([one?.to, others], [[ANA], []]);
    const headers = headersOf(one?.raw ?? '');
    assert.match(decoded(headers.get('subject') ?? ''), /^Not checked: Of B, since its budget has been deleted$/);
    assert.equal(headers.get('list-unsubscribe'), `<${app.origin}/alerts/rules>`);
    assert.match(partOf(one?.raw ?? '', 'text/plain'), /You get this because you have made what it is about/);
    assert.match(await said(rule), /: its budget has been deleted\. Told: Mail to ana\.sousa@mythoria\.pt \(sent\)\.$/);
    assert.deepEqual((await ana.json('get', '/api/alerts/channels')).body.channels, [], 'rules cannot choose it');
  });

  it('the owner once where a channel goes to them already, and nobody where it is muted', async () => {
    const own = await post('/api/alerts/channels', { ...MAIL, to: [ANA, 'b@example.com'] });
    const other = await post('/api/alerts/channels', MAIL);
    await failing({ channels: [own] });
    await failing({ channels: [other] });
    const muted = await failing({ muted: true });
    await round();
    assert.deepEqual(
      mail.received.map(({ to }) => to.join()).sort(),
      [`${ANA},b@example.com`, ANA, 'finance@example.com'].sort(),
    );
    assert.match(await said(muted), /Nobody was told, for it is muted\.$/);
  });

  it('nobody by mail where none can be sent, or who may no longer enter: the page says so', async () => {
    const rule = await failing();
    await round({ mails: false });
    assert.match(await said(rule), /Nobody was told\.$/);
    const gone = await failing();
    await round({ allowedDomains: ['example.com'] });
    assert.match(await said(gone), /Nobody was told\.$/);
    assert.deepEqual(mail.received, []);
    assert.deepEqual(await databases().backoffice('deliveries'), []);
    const without = await startApp();
    const page = await openPage(await signedIn(without.origin), `/alerts/rules/${rule}`);
    assert.match(
      textOf(page.querySelector('.notice[role=status]')),
      /for it has no channel\. No mail can be sent: SMTP_URL/,
    );
    await without.close();
  });

  it('nobody where all channels of a rule were deleted, which its page, the list and the JSON say, and that of a channel before', async () => {
    const [one, two] = [await post('/api/alerts/channels', MAIL), await post('/api/alerts/channels', MAIL)];
    const silence = { type: 'silence', hours: 3 };
    const rule = await post('/api/alerts/rules', { ...silence, name: '<b>Of one</b>', channels: [one] });
    await post('/api/alerts/rules', { ...silence, name: 'Of both', channels: [one, two] });
    const none = await post('/api/alerts/rules', { ...silence, name: 'Of none' });
    const json = async (id: string) => (await ana.json('get', `/api/alerts/rules/${id}`)).body;
    assert.equal((await json(rule)).tellsNobody, false);
    const page = await openPage(ana, `/alerts/channels/${one}`);
    assert.equal(textOf(page.querySelector('.silent')), 'Without it this rule tells nobody: <b>Of one</b>.');
    assert.equal((await openPage(ana, `/alerts/channels/${two}`)).querySelector('.silent'), null);

    assert.equal((await ana.json('delete', `/api/alerts/channels/${one}`)).status, 204);
    assert.match((await auditLines()).at(-1)?.details ?? '', /; now tell nobody: <b>Of one<\/b>$/);
    const read = await json(rule);
    assert.deepEqual([read.tellsNobody, read.channels], [true, []]);
    assert.equal(
      (await ana.json('put', `/api/alerts/rules/${rule}`, read)).status,
      200,
      'is taken back as it was read',
    );
    await databases()
      .backoffice('alert_rules')
      .where('rule_id', rule)
      .update({ channels: [one] });
    const list = await openPage(ana, '/alerts');
    const flags = list.querySelectorAll('.rules tbody tr').map((row) => textOf(row.querySelector('th .flag')));
    assert.deepEqual(flags, ['tells nobody', '', 'tells nobody']);
    const tiles = async (id: string) => textOf((await openPage(ana, `/alerts/rules/${id}`)).querySelector('.tiles'));
    assert.match(await tiles(rule), /tells nobody: its channels were deleted/);
    assert.match(await tiles(none), /tells nobody: it has no channel/);
  });

  it('nobody by a channel that is deleted while it is written to', async function () {
    needsServer(this);
    const channel = await post('/api/alerts/channels', MAIL);
    const { backoffice } = databases();
    const writing = await backoffice.transaction();
    const message = { subject: 'x', level: 'warning' as const, facts: [], paragraphs: [], links: [], data: {} };
    const event = crypto.randomUUID();
    await enqueue(writing, { event, thread: event, channels: [channel], message });
    let deleted = false;
    const deleting = ana.json('delete', `/api/alerts/channels/${channel}`).then(() => {
      deleted = true;
    });
    const waits = async () =>
      ((
        await backoffice.raw(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%channels%'`,
        )
      ).rows.length ?? 0) > 0;
    await until(async () => deleted || (await waits()), 'the channel to be deleted, or to be waited for');
    await writing.commit();
    await deleting;
    assert.deepEqual(await backoffice('deliveries').pluck('state'), ['dismissed']);
    await enqueue(backoffice, { event: crypto.randomUUID(), thread: event, channels: [channel], message });
    assert.equal((await backoffice('deliveries')).length, 1);
  });
});
