import assert from 'node:assert/strict';
import { saveChoice } from '../../src/account/digest/choice.ts';
import { type Digest, periodToTell } from '../../src/account/digest/period.ts';
import { tellDigests } from '../../src/account/digest/tell.ts';
import { deliver } from '../../src/delivery/deliver.ts';
import type { Message } from '../../src/delivery/message.ts';
import { createSend } from '../../src/delivery/send.ts';
import type { Day } from '../../src/units/calendar.ts';
import { createFormat } from '../../src/units/format.ts';
import { addTime, HOUR, type Instant, MINUTE, parseInstant, startOfDay } from '../../src/units/time.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { ANA, type Client, RUI, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage, textOf } from '../support/page.ts';
import { decoded, headersOf, type MailServer, partOf, startMailServer } from '../support/smtp.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const STORY = '5d1c0f7b-2a64-4e0b-8f3d-9b7a6c5e4d30';
const OTHER_STORY = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const LISBON = 'Europe/Lisbon';
const instant = (text: string): Instant => parseInstant(text) ?? assert.fail(text);

describe('the period of a digest', () => {
  const told = (digest: Digest, at: string) => {
    const { first, next } = periodToTell(digest, instant(at), LISBON);
    return `${first} ${next}`;
  };
  it('is yesterday or the last whole week, and from eight on the next one, also where clocks change', () => {
    // Lisbon is on UTC until 2026-03-29 01:00, and an hour ahead after it.
    assert.equal(told('daily', '2026-03-29T06:59:59Z'), '2026-03-27 2026-03-28');
    assert.equal(told('daily', '2026-03-29T07:00:00Z'), '2026-03-28 2026-03-29');
    assert.equal(told('daily', '2026-03-30T07:00:00Z'), '2026-03-29 2026-03-30');
    assert.equal(told('weekly', '2026-03-30T06:59:59Z'), '2026-03-16 2026-03-23');
    assert.equal(told('weekly', '2026-03-30T07:00:00Z'), '2026-03-23 2026-03-30');
    assert.equal(told('weekly', '2026-04-05T22:00:00Z'), '2026-03-23 2026-03-30');
  });
});

describe('digests', () => {
  let app: RunningApp;
  let mail: MailServer;
  let ana: Client;
  const clean = () => databases().backoffice.raw('TRUNCATE channels, budgets CASCADE');
  const day = (text: string, hours = 12) => addTime(startOfDay(text as Day, LISBON), BigInt(hours) * HOUR);

  before(async () => {
    mail = await startMailServer();
    app = await startApp({ variables: { SMTP_URL: mail.url, MAIL_FROM: 'ai-usage@mythoria.pt' } });
    ana = await signedIn(app.origin);
    await resetUsage();
    await databases().mythoria('stories').insert({ story_id: STORY, title: 'A <maré>', author_id: STORY });
    await insertUsage([
      { cost: 1_000_000, model: 'gpt-5', at: day('2026-11-23') },
      { cost: 3_000_000, model: 'gpt-5', story: STORY, at: day('2026-11-24') },
      { cost: 500_000, model: 'gpt-image-1', story: OTHER_STORY, at: day('2026-11-24', 23) },
      { cost: 0, model: 'mystery-1', input: 10, at: day('2026-11-24') },
      { cost: 0, model: 'free-1', input: 0, output: 0, at: day('2026-11-24') },
      { cost: 70_000_000, model: 'gpt-5', at: day('2026-11-25', 1) },
    ]);
    await ana.json('post', '/api/budgets', { name: 'All', amount: 100, per: 'month' });
    await ana.json('post', '/api/budgets', { name: 'Listed', amount: 10, per: 'month', cost: 'repriced' });
  });
  after(async () => {
    await clean();
    await resetUsage();
    await Promise.all([app.close(), mail.close()]);
  });
  beforeEach(() => databases().backoffice.raw('TRUNCATE channels CASCADE'));

  const telling = (mayEnter = (_email: string) => true) => {
    const { databases: opened, config, reader } = app;
    const format = createFormat('en-GB', LISBON);
    const openAlerts = async () => ['Spend: €70.00, since 01:00'];
    return { reader, databases: opened, timeZone: LISBON, format, appUrl: config.appUrl, mayEnter, openAlerts };
  };
  const choose = (digest: Digest | null, at: Instant, email = ANA) =>
    saveChoice(databases().backoffice, { sub: email, email }, digest, at, LISBON);
  const messages = async (): Promise<Message[]> =>
    databases().backoffice('deliveries').orderBy('made_at').pluck('message');

  it('tell of yesterday once, at eight, with what every page shows', async () => {
    await choose('daily', day('2026-11-24', 9));
    assert.equal(await tellDigests(telling(), day('2026-11-24', 20)), 0, 'chosen after eight: tomorrow');
    assert.equal(await tellDigests(telling(), addTime(day('2026-11-25', 8), -MINUTE)), 0);
    assert.equal(await tellDigests(telling(), day('2026-11-25', 8)), 1);
    assert.equal(await tellDigests(telling(), day('2026-11-25', 9)), 0);
    const [message = assert.fail()] = await messages();
    assert.equal(message.subject, '€3.50 on Tue, 24 Nov 2026, +250.0% against the day before');
    assert.deepEqual(
      message.facts.map(({ label, value }) => `${label}: ${value}`),
      ['Cost: €3.50 (+250.0%)', 'Requests: 4 (+300.0%)', 'Tokens: 3,510 (+134.0%)', 'Stories: 4 (+300.0%)'],
    );
    assert.deepEqual(message.paragraphs.slice(0, 2), [
      'What moved against the day before: gpt-5 +€2.00, to €3.00; gpt-image-1 +€0.50, to €0.50.',
      `Dearest stories: “A <maré>” €3.00; “${OTHER_STORY.slice(0, 8)}” €0.50.`,
    ]);
    assert.match(message.paragraphs[2] ?? '', /^Budgets: All €74\.50 of €100\.00 \(74\.5%\)/);
    assert.match(
      message.paragraphs[2] ?? '',
      /; Listed €0\.00 of €10\.00 \(0\.0%\), \d+ calls without a price left out\.$/,
    );
    assert.equal(message.paragraphs[3], 'Without a price: mystery-1, 1 request at €0 with tokens.');
    assert.equal(message.paragraphs[4], 'Alerts that are open: Spend: €70.00, since 01:00.');
    const overview = new URL(message.links[0]?.url ?? '');
    const page = await openPage(ana, overview.pathname + overview.search);
    assert.match(textOf(page.querySelector('.tiles')), /€3\.50/);
  });

  it('tell of the last week on Mondays, and of the newest period alone where nothing ran for days', async () => {
    await choose('weekly', day('2026-11-24'));
    assert.equal(await tellDigests(telling(), day('2026-11-29', 20)), 0);
    assert.equal(await tellDigests(telling(), day('2026-12-16', 10)), 1);
    assert.equal(await tellDigests(telling(), day('2026-12-17', 10)), 0);
    assert.match((await messages())[0]?.subject ?? '', /^€0\.00 from 7 Dec – Sun, 13 Dec 2026/);
    await choose(null, day('2026-11-24'));
    await choose('weekly', day('2026-11-24'));
    assert.equal(await tellDigests(telling(), day('2026-11-30', 8)), 1);
    assert.match((await messages())[1]?.subject ?? '', /^€74\.50 from 23 Nov – Sun, 29 Nov 2026/);
  });

  it('are told once by several at it, and not to whom may no longer enter', async () => {
    await choose('daily', day('2026-11-24', 9));
    await choose('daily', day('2026-11-24', 9), RUI);
    const at = day('2026-11-25', 8);
    await Promise.all([
      tellDigests(
        telling((email) => email === ANA),
        at,
      ),
      tellDigests(
        telling((email) => email === ANA),
        at,
      ),
    ]);
    assert.equal((await messages()).length, 1);
    await choose(null, at);
    assert.equal(await tellDigests(telling(), day('2026-11-26', 8)), 1, 'Rui, and Ana no more');
  });

  it('are told to everybody, however many they are', async () => {
    const { backoffice } = databases();
    await backoffice.raw(
      `INSERT INTO channels (name, type, recipients, owner, person, digest, digest_until)
       SELECT 'n', 'email', ARRAY['p' || n || '@mythoria.pt'], 'p' || n || '@mythoria.pt', n, CASE WHEN n % 7 = 0 THEN 'weekly' ELSE 'daily' END,
              '2026-11-20'
         FROM generate_series(1, 1234) AS n`,
    );
    assert.equal(
      await tellDigests(
        telling((email) => email !== 'p5@mythoria.pt'),
        day('2026-11-30', 8),
      ),
      1233,
    );
    assert.equal(await tellDigests(telling(), day('2026-11-30', 9)), 1);
    const row = await backoffice('deliveries').countDistinct('channel_id AS channels').count('* AS all').first();
    assert.deepEqual(row, { channels: '1234', all: '1234' });
  });

  it('stand in the audit log, who chose which; the same again changes nothing, and loses no period', async () => {
    await forgetAudit();
    for (const digest of ['daily', 'daily', 'weekly', 'none', 'none'])
      assert.equal((await ana.submit('/account', { digest })).status, 303);
    assert.deepEqual(
      (await auditLines()).map(({ action, email, subject, details }) => [action, email, subject, details]),
      ['Every day, of the day before', 'Every Monday, of the week before', 'No digest'].map((details) => [
        ...['choose digest', ANA, '/account', details],
      ]),
    );
    await choose('daily', day('2026-11-24', 9));
    await choose('daily', day('2026-11-26', 9));
    assert.equal(await tellDigests(telling(), day('2026-11-26', 10)), 1);
  });

  it('are chosen on a page, sent by mail, and end where the mail says', async () => {
    assert.equal((await ana.submit('/account', { digest: 'daily' })).status, 303);
    const page = await openPage(ana, '/account');
    assert.equal(page.querySelector('input[checked]')?.getAttribute('value'), 'daily');
    const { backoffice } = databases();
    await backoffice('channels').update('digest_until', '2026-11-24');
    assert.equal(await tellDigests(telling(), day('2026-11-25', 8)), 1);
    const targets = { allowedHosts: [], lookup: async () => [] };
    await deliver(backoffice, createSend({ appUrl: app.config.appUrl, mail: app.config.mail, targets }));
    const [{ to, raw } = assert.fail()] = mail.received;
    assert.deepEqual(to, [ANA]);
    const headers = headersOf(raw);
    assert.equal(decoded(headers.get('subject') ?? ''), '€3.50 on Tue, 24 Nov 2026, +250.0% against the day before');
    assert.equal(headers.get('list-unsubscribe'), `<${app.origin}/account>`);
    assert.match(partOf(raw, 'text/plain'), /You get this because you have chosen so/);

    assert.deepEqual((await ana.json('get', '/api/alerts/channels')).body, { channels: [] }, 'no channel for rules');
    const wrong = await ana.submit('/account', { digest: 'hourly' });
    assert.equal(wrong.status, 400);
    assert.equal((await ana.submit('/account', { digest: 'none' })).status, 303);
    const ended = await openPage(ana, '/account');
    assert.equal(ended.querySelector('input[checked]')?.getAttribute('value'), 'none');
  });
});
