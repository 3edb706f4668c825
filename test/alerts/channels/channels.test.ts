import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parse } from 'node-html-parser';
import { deliver } from '../../../src/delivery/deliver.ts';
import { enqueue } from '../../../src/delivery/outbox.ts';
import { createSend } from '../../../src/delivery/send.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { auditLines, forgetAudit } from '../../support/audit.ts';
import { ANA, type Client, createClient, location, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { openPage, textOf } from '../../support/page.ts';
import { type Sink, startSink } from '../../support/sink.ts';
import { type MailServer, startMailServer } from '../../support/smtp.ts';
import { API, HOOK, lookup, MESSAGE, SLACK, TEAM } from './samples.ts';

describe('channels', () => {
  let app: RunningApp;
  let sink: Sink;
  let mail: MailServer;
  let ana: Client;
  const clean = () => databases().backoffice.raw('TRUNCATE channels CASCADE');

  before(async () => {
    [sink, mail] = await Promise.all([startSink(), startMailServer()]);
    const variables = { SMTP_URL: mail.url, MAIL_FROM: 'ai-usage@mythoria.pt', WEBHOOK_ALLOWED_HOSTS: sink.host };
    app = await startApp({ variables, lookup });
    ana = await signedIn(app.origin);
  });
  beforeEach(clean);
  after(async () => {
    await clean();
    await Promise.all([app.close(), sink.close(), mail.close()]);
  });

  const made = async (body: object) => {
    const answer = await ana.json('post', API, body);
    assertDescribed(API, answer, 'post');
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  };

  describe('as JSON', () => {
    it('are made, read, changed and deleted, all of it in the audit log', async () => {
      await forgetAudit();
      const team = await ana.json('post', API, TEAM);
      assert.equal(team.status, 201);
      const { id, ...rest } = team.body;
      assert.deepEqual(rest, { ...TEAM, owner: ANA });
      assert.equal(location(team), `${API}/${id}`);
      const hook = await made(HOOK);

      const one = await ana.json('get', `${API}/${id}`);
      assertDescribed(`${API}/{id}`, one);
      assert.deepEqual(one.body, team.body);
      const all = await ana.json('get', API);
      assertDescribed(API, all);
      assert.deepEqual(
        all.body.channels.map(({ name }: { name: string }) => name),
        ['Hook', 'Team'],
      );

      const changed = await ana.json('put', `${API}/${hook.id}`, { ...HOOK, name: 'Other', url: 'https://b.example/' });
      assertDescribed(`${API}/{id}`, changed, 'put');
      assert.deepEqual([changed.status, changed.body.name, changed.body.url], [200, 'Other', 'https://b.example/']);

      assert.equal((await ana.json('delete', `${API}/${id}`)).status, 204);
      for (const method of ['get', 'put', 'delete'] as const) {
        const gone = await ana.json(method, `${API}/${id}`, method === 'put' ? TEAM : undefined);
        assert.equal(gone.status, 404);
        assertDescribed(`${API}/{id}`, gone, method);
      }
      assert.deepEqual(
        (await auditLines()).map(({ action, email, details }) => [action, email, details]),
        [
          ['make channel', ANA, 'Team: E-mail to ana@mythoria.pt, oncall@example.com'],
          ['make channel', ANA, 'Hook: Webhook at hooks.example'],
          ['change channel', ANA, 'Other: Webhook at b.example'],
          ['delete channel', ANA, 'Team: E-mail to ana@mythoria.pt, oncall@example.com'],
        ],
      );
    });

    it('are sent back as they were read', async () => {
      for (const body of [TEAM, HOOK, SLACK]) {
        const { id } = await made(body);
        const before = (await ana.json('get', `${API}/${id}`)).body;
        const { status, body: after } = await ana.json('put', `${API}/${id}`, { ...before, name: 'Renamed' });
        assert.deepEqual([status, after], [200, { ...before, name: 'Renamed' }]);
        assert.equal((await ana.json('put', `${API}/${id}`, { ...before, ownr: 'x' })).status, 400);
      }
    });

    it('tell their secrets to whoever makes them, and to nobody after', async () => {
      const hook = await made(HOOK);
      assert.equal(hook.secret.length, 43);
      const slack = await made(SLACK);
      assert.equal(slack.url, SLACK.url);
      const texts = [await ana.json('get', API), await ana.json('get', `${API}/${slack.id}`)].map(({ text }) => text);
      const put = await ana.json('put', `${API}/${slack.id}`, {
        ...SLACK,
        name: 'S',
        url: 'https://hooks.slack.example/…',
      });
      assert.equal(put.status, 200);
      for (const text of [...texts, put.text]) assert.doesNotMatch(text, /secret|T0/);
      const [row] = await databases().backoffice('channels').where('channel_id', slack.id);
      assert.deepEqual(
        [row?.name, row?.url, row?.secret],
        ['S', SLACK.url, slack.secret],
        'what is given as it is shown is kept',
      );
      assert.doesNotMatch(JSON.stringify(await auditLines()), /T0\/B0/);
    });

    const name = 'n'.repeat(300);
    const urls = [
      ...['https://169.254.169.254/latest/meta-data', 'https://[::1]/', 'https://2130706433/', 'https://0177.0.0.1/'],
      ...['https://0x7f.1/', 'https://[::ffff:10.0.0.1]/', 'https://[64:ff9b::a00:1]/', 'https://inside.example/'],
      ...[
        'http://hooks.example/',
        'https://nobody.invalid/',
        'https://u:p@hooks.example/',
        'https://localhost/',
        'hooks',
      ],
    ];
    for (const [wrong, parameters] of [
      ...urls.map((url) => [{ ...HOOK, url }, 'url'] as const),
      [{ ...HOOK, url: undefined }, 'url'],
      [{ ...HOOK, url: 7 }, 'url'],
      [{ ...HOOK, format: 'irc' }, 'format'],
      [{ ...HOOK, formt: 'json' }, 'formt'],
      [{ ...HOOK, to: ['a@b.pt'] }, 'to'],
      [{ ...HOOK, secret: 'x' }, 'secret'],
      [{ ...HOOK, name }, 'name'],
      [{ ...HOOK, name: ' ' }, 'name'],
      [{ ...HOOK, name: 'a\u0000b' }, 'name'],
      [{ ...HOOK, name, url: 'https://127.0.0.1/' }, 'name,url'],
      [{ ...TEAM, to: [] }, 'to'],
      [{ ...TEAM, to: ['nobody'] }, 'to'],
      [{ ...TEAM, to: ['a@b.pt\r\nBcc: c@d.pt'] }, 'to'],
      [{ ...TEAM, to: ['Ana <a@b.pt>'] }, 'to'],
      [{ ...TEAM, to: [7] }, 'to'],
      [{ ...TEAM, to: Array.from({ length: 21 }, (_, i) => `a${i}@b.pt`) }, 'to'],
      [{ ...TEAM, to: undefined }, 'to'],
      [{ ...TEAM, type: 'pigeon' }, 'type'],
      [{ ...TEAM, type: undefined, name: '' }, 'name,type'],
      [{}, 'name,type'],
      [[TEAM], 'body'],
    ] as const) {
      it(`refuse ${parameters} of ${JSON.stringify(wrong).slice(0, 90)}, and keep nothing`, async () => {
        const answer = await ana.json('post', API, wrong);
        assertDescribed(API, answer, 'post');
        assert.equal(answer.status, 400);
        assert.equal(
          answer.body.details
            .map((one: { parameter: string }) => one.parameter)
            .sort()
            .join(),
          parameters,
        );
        assert.deepEqual((await ana.json('get', API)).body, { channels: [] });
      });
    }

    it('are for people of this site only', async () => {
      const { id } = await made(TEAM);
      for (const method of ['post', 'put', 'delete', 'get'] as const) {
        const path = method === 'post' ? API : `${API}/${id}`;
        assert.equal((await createClient(app.origin).json(method, path)).status, 401);
      }
      for (const path of [
        API,
        `/alerts/channels/${id}/test`,
        `/alerts/channels/${id}/delete`,
        '/alerts/deliveries/again',
      ])
        assert.equal((await ana.post(path, { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
      assert.equal((await ana.json('get', API)).body.channels.length, 1);
    });

    it('are at most a hundred', async () => {
      await databases().backoffice.raw(
        `INSERT INTO channels (name, type, owner) SELECT 'n' || n, 'email', 'x' FROM generate_series(1, 100) AS n`,
      );
      const { status, body } = await ana.json('post', API, TEAM);
      assert.deepEqual([status, body.details[0].parameter], [400, 'name']);
    });
  });

  describe('as pages', () => {
    it('are made in a form, seen in the list and on a page of their own, changed and deleted', async () => {
      assert.match(textOf((await openPage(ana, '/alerts/channels')).querySelector('.empty h2')), /No channel yet/);
      const form = await openPage(ana, '/alerts/channels/new?type=email');
      assert.equal(form.querySelector('input[name=type]')?.getAttribute('value'), 'email');
      const answer = await ana.submit('/alerts/channels', { type: 'email', name: 'Team', to: 'a@b.pt,\r\nc@d.pt' });
      assert.equal(answer.status, 303);
      const page = await openPage(ana, location(answer));
      assert.equal(textOf(page.querySelector('h1')), 'Team');
      assert.match(textOf(page.querySelector('.window')), /^E-mail to a@b\.pt, c@d\.pt\. Made by ana/);
      assert.match(
        textOf((await openPage(ana, '/alerts/channels')).querySelector('tbody tr')),
        /^Team E-mail to a@b\.pt/,
      );
      await ana.submit(location(answer), { type: 'email', name: 'Crew', to: 'a@b.pt' });
      assert.equal(textOf((await openPage(ana, location(answer))).querySelector('h1')), 'Crew');
      assert.equal((await ana.submit(`${location(answer)}/delete`, {})).status, 303);
      assert.equal((await ana.get(location(answer))).status, 404);
      for (const path of [`/alerts/channels/${randomUUID()}`, '/alerts/channels/x', '/alerts/channels/%00'])
        for (const one of [await ana.get(path), await ana.submit(path, {}), await ana.submit(`${path}/test`, {})])
          assert.equal(one.status, 404, path);
    });

    it('keep what was entered, and say beside each field what it takes', async () => {
      const answer = await ana.submit('/alerts/channels', {
        type: 'webhook',
        name: '<b>',
        url: 'http://10.0.0.1/',
        format: 'teams',
      });
      assert.equal(answer.status, 400);
      assert.match(answer.text, /value="&lt;b&gt;"/);
      assert.match(answer.text, /value="http:\/\/10\.0\.0\.1\/" aria-invalid="true" aria-describedby="url-problem"/);
      assert.match(answer.text, /id="url-problem">takes https only/);
      assert.match(answer.text, /value="teams" selected/);
      assert.equal((await ana.json('get', API)).body.channels.length, 0);
    });

    it('show the key of signatures to who asks for it there, and no address of a chat', async () => {
      const hook = await made(HOOK);
      assert.match((await ana.get(`/alerts/channels/${hook.id}`)).text, new RegExp(hook.secret));
      const slack = await made(SLACK);
      const { text } = await ana.get(`/alerts/channels/${slack.id}`);
      assert.doesNotMatch(text, new RegExp(`T0|${slack.secret}`));
      assert.match(text, /value="https:\/\/hooks\.slack\.example\/…"/);
    });

    it('send a test, and show the answer: of a webhook, of a mail server, and of nobody', async () => {
      const tested = async (body: object) => {
        const { id } = await made(body);
        const answer = await ana.submit(`/alerts/channels/${id}/test`, {});
        assert.equal(answer.status, 200);
        return textOf(parse(answer.text).querySelector('.answer'));
      };
      sink.answer((res) => void res.writeHead(500).end('<b>boom</b>'));
      const refused = await tested({ ...HOOK, url: sink.url });
      assert.match(refused, /The test was not taken.* 500 Internal Server Error: <b>boom<\/b>/);
      sink.answer((res) => void res.end('ok'));
      assert.match(await tested({ ...HOOK, url: sink.url }), /The test was taken 200 OK: ok/);
      assert.match(await tested(TEAM), /The test was taken 250 kept/);
      assert.match(mail.received.at(-1)?.raw ?? '', /A test of this channel/);
      assert.equal((await auditLines()).at(-1)?.action, 'test channel');
    });
  });

  describe('that could not be reached', () => {
    it('are said on every page until it is sent again or dismissed', async () => {
      const { id } = await made({ ...HOOK, url: sink.url });
      sink.answer((res) => void res.writeHead(410).end('gone'));
      for (const thread of [randomUUID(), randomUUID()])
        await enqueue(databases().backoffice, { event: randomUUID(), thread, channels: [id], message: MESSAGE });
      const targets = { allowedHosts: [sink.host], lookup };
      const send = createSend({ appUrl: new URL(app.origin), mail: null, targets });
      const bannerOf = async (path: string) =>
        textOf((await openPage(ana, path)).querySelector('.warning-banner[aria-label=Undelivered]'));
      assert.equal(await bannerOf('/budgets'), '');
      await deliver(databases().backoffice, send);
      for (const path of ['/budgets', '/audit', '/alerts/channels'])
        assert.equal(await bannerOf(path), '2 messages could not be delivered: send again or dismiss');
      const list = await openPage(ana, '/alerts/channels');
      assert.match(
        textOf(list.querySelector('.undelivered li')),
        /^Too <much> to Hook 1 attempt until .* 410 Gone: gone Send again Dismiss$/,
      );

      const [first, second] = list.querySelectorAll('.undelivered li form');
      assert.equal((await ana.submit(first?.getAttribute('action') ?? '', {})).status, 303);
      assert.equal((await ana.submit(first?.getAttribute('action') ?? '', {})).status, 404, 'no longer there');
      assert.ok(second);
      sink.answer((res) => void res.end('ok'));
      await deliver(databases().backoffice, send);
      assert.equal(await bannerOf('/budgets'), '1 message could not be delivered: send again or dismiss');
      assert.match(
        textOf((await openPage(ana, `/alerts/channels/${id}`)).querySelector('.sent')),
        /Too <much> .* sent .*200 OK: ok/,
      );
      assert.equal((await ana.submit('/alerts/deliveries/dismiss', {})).status, 303);
      assert.equal(await bannerOf('/budgets'), '');
      assert.deepEqual(
        (await auditLines()).slice(-2).map(({ action }) => action),
        ['send again', 'dismiss delivery'],
      );
      assert.equal((await ana.submit('/alerts/deliveries/x/again', {})).status, 404);
    });
  });
});
