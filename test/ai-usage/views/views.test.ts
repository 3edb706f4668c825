import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sharedApp } from '../../support/app.ts';
import { auditLines, forgetAudit } from '../../support/audit.ts';
import { ANA, type Client, location, RUI, SAME_ORIGIN, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { AUTHOR, STORY } from '../../support/every-page.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { openPage, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const emptied = () => databases().backoffice.raw('TRUNCATE saved_views, starred_views, start_pages');

describe('saved views', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
    await resetUsage();
    await insertUsage([{ author: AUTHOR, story: STORY, model: 'gpt-5', action: 'story_outline' }]);
  });
  beforeEach(async () => {
    await emptied();
    await forgetAudit();
  });
  after(async () => {
    await emptied();
    await resetUsage();
  });

  const stored = () => databases().backoffice('saved_views').orderBy('made_at').pluck('address');
  const made = async (name: string, address = '/ai-usage', more: object = {}): Promise<string> => {
    const answer = await ana.json('post', '/api/views', { name, address, ...more });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.id;
  };
  const listed = async (client = ana) => {
    const page = await openPage(client, '/views');
    return page
      .querySelectorAll('.views')
      .map((section) => [
        textOf(section.querySelector('h2')),
        ...section.querySelectorAll('li a:first-child').map(textOf),
      ]);
  };

  describe('of the page at hand', () => {
    for (const [address, page, calls] of [
      ['/ai-usage?period=last-month&model=gpt-5&breakdown=author', 'Overview', 'Calls whose model is gpt-5'],
      [
        '/ai-usage/records?model=gpt-5&sortBy=aiModel&sortOrder=asc&pageSize=25',
        'Records',
        'Calls whose model is gpt-5',
      ],
      [
        '/ai-usage/explore?model=gpt-5&rows=hour&columns=weekday&measure=requests',
        'Explore',
        'Calls whose model is gpt-5',
      ],
      ['/ai-usage/models?rankBy=requests', 'Models', 'All calls'],
      ['/ai-usage/stories?action=story_outline', 'Stories', 'Calls whose action is Story outline'],
      [`/ai-usage/stories/${STORY}?period=90d`, 'Story', 'Calls whose story is'],
      [`/ai-usage/authors/${AUTHOR}?show=table`, 'Author', 'Calls whose author is'],
      [
        '/ai-usage/models/gpt-5?notAction=image_edit',
        'Model',
        'Calls whose model is gpt-5 and whose action is not Image edit',
      ],
      ['/ai-usage/actions/story_outline?minCost=0.05', 'Action', 'Calls whose action is Story outline'],
    ] as const) {
      it(`are made from ${address}, by links and a form, and keep all of its address`, async () => {
        const link = (await openPage(ana, address)).querySelector('a[href^="/views/new"]')?.getAttribute('href') ?? '';
        const form = await openPage(ana, link.replaceAll('&amp;', '&'));
        const said = textOf(form.querySelector('.about-view'));
        assert.ok(said.includes(`Page${page}`) && said.includes(calls), said);
        const field = form.querySelector('input[name=address]')?.getAttribute('value') ?? '';
        const sent = await ana.submit('/views', { name: 'At hand', address: field, shared: 'false', starred: 'true' });
        assert.equal(sent.status, 303);
        assert.deepEqual(await stored(), [address]);
        assert.deepEqual(await listed(), [['With a star', 'At hand']]);
        const [line] = await auditLines();
        assert.deepEqual(
          [line?.action, line?.email, line?.details],
          ['make view', ANA, `At hand: ${address}, their own`],
        );
        assert.equal((await ana.get(address)).status, 200);
      });
    }

    it('keep no instant and no page of a list, and say so', async () => {
      const address = '/ai-usage/records?asOf=2026-11-01T00:00:00.000Z&page=1&model=gpt-5';
      const form = await openPage(ana, `/views/new?address=${encodeURIComponent(address)}`);
      assert.match(textOf(form.querySelector('.notice')), /counts up to now/);
      await made('Frozen', address);
      await made('Second page', '/ai-usage/records?page=2');
      assert.deepEqual(await stored(), ['/ai-usage/records?model=gpt-5', '/ai-usage/records']);
    });

    it('are made once by a form that is sent twice', async () => {
      const fields = { name: 'Twice', address: '/ai-usage', shared: 'false' };
      const sent = await Promise.all([ana.submit('/views', fields), ana.submit('/views', fields)]);
      assert.deepEqual(
        sent.map(({ status }) => status),
        [303, 303],
      );
      assert.equal((await stored()).length, 1);
    });
  });

  describe('say in words whether their period moves along', () => {
    for (const [asked, words, relative] of [
      ['', '30 days until now', true],
      ['period=7d', '7 days until now', true],
      ['period=this-month', 'This month', true],
      ['period=last-month', 'Last month', true],
      ['period=yesterday', 'Yesterday', true],
      ['period=all', 'All time', true],
      ['period=2026-10', 'October 2026', false],
      ['from=2026-10-01&to=2026-10-05', 'from 1 Oct 2026 to 5 Oct 2026', false],
      ['from=2026-10-01', 'from 1 Oct 2026 until now', true],
    ] as const) {
      it(asked || 'no period', async () => {
        const id = await made('Period', `/ai-usage${asked && `?${asked}`}`);
        const { body } = await ana.json('get', `/api/views/${id}`);
        assert.deepEqual([body.period, body.relative], [words, relative]);
        assert.deepEqual(await stored(), [`/ai-usage${asked && `?${asked}`}`], 'a word stays a word');
        const said = textOf((await openPage(ana, `/views/${id}`)).querySelector('.about-view'));
        assert.ok(said.includes(words) && said.includes(relative ? 'it moves along' : 'it stays as it is'), said);
      });
    }
  });

  const VIEW = { name: 'Good', address: '/ai-usage' };
  for (const [wrong, parameter] of [
    [{ ...VIEW, name: 'n'.repeat(101) }, 'name'],
    [{ ...VIEW, name: ' ' }, 'name'],
    [{ ...VIEW, name: 'a\u0000b' }, 'name'],
    [{ name: 'No address' }, 'address'],
    [{ ...VIEW, address: '/ai-usage?period=2d' }, 'address'],
    [{ ...VIEW, address: '/ai-usage?modell=gpt-5' }, 'address'],
    [{ ...VIEW, address: '/ai-usage?from=2026-10-05&to=2026-10-01' }, 'address'],
    [{ ...VIEW, address: '/ai-usage/models/gpt-5?model=tts-1' }, 'address'],
    [{ ...VIEW, address: '/ai-usage/stories/nobody' }, 'address'],
    [{ ...VIEW, address: '/ai-usage/models/%E0%A4%A' }, 'address'],
    [{ ...VIEW, address: '/audit' }, 'address'],
    [{ ...VIEW, address: '/sign-out' }, 'address'],
    [{ ...VIEW, address: 'javascript:alert(1)' }, 'address'],
    [{ ...VIEW, address: '//evil.example/x' }, 'address'],
    [{ ...VIEW, address: `/ai-usage?search=${'x'.repeat(4_000)}` }, 'address'],
    [{ ...VIEW, shared: 'yes' }, 'shared'],
    [{ ...VIEW, sharde: true }, 'sharde'],
    [[VIEW], 'body'],
  ] as const) {
    it(`refuse ${parameter} of ${JSON.stringify(wrong).slice(0, 90)}, and keep nothing`, async () => {
      const answer = await ana.json('post', '/api/views', wrong);
      assertDescribed('/api/views', answer, 'post');
      assert.equal(answer.status, 400);
      assert.deepEqual(
        [...new Set(answer.body.details.map((one: { parameter: string }) => one.parameter))],
        [parameter],
      );
      assert.deepEqual(await stored(), []);
      assert.deepEqual(await auditLines(), []);
      if (Array.isArray(wrong) || parameter === 'sharde') return;
      const sent = await ana.submit('/views', wrong as Record<string, string>);
      assert.equal(sent.status, 400);
      assert.ok(sent.text.includes('class="problem"'), 'the form says it');
    });
  }

  it('never lead to another site, whatever is saved', async () => {
    await made('Ours', 'https://evil.example/ai-usage?period=7d');
    assert.deepEqual(await stored(), ['/ai-usage?period=7d']);
  });

  it('whose address is no longer understood are listed, say what is wrong, open without it, and no page fails', async () => {
    const { backoffice } = databases();
    const person = (await backoffice('sessions').where('sub', 'is not', null).first('sub'))?.sub;
    const view_id = randomUUID();
    const view = {
      view_id,
      person,
      owner: ANA,
      name: 'Old',
      address: '/ai-usage?period=2d&model=gpt-5',
      shared: false,
    };
    await backoffice('saved_views').insert(view);
    await ana.post(`/views/${view_id}/star`, SAME_ORIGIN);
    assert.match(textOf(await openPage(ana, '/views')), /Old not understood/);
    const page = await openPage(ana, `/views/${view_id}`);
    assert.match(textOf(page.querySelector('.notice')), /period takes 1d, 7d/);
    assert.equal(page.querySelector('.notice a')?.getAttribute('href'), '/ai-usage?model=gpt-5');
    assert.equal(page.querySelector('input[name=address]')?.getAttribute('value'), '/ai-usage?model=gpt-5');
    await ana.submit('/views/start', { start: 'first' });
    assert.equal(location(await ana.get('/')), `/views/${view_id}`);
    const { body } = await ana.json('get', '/api/views');
    assertDescribed('/api/views', await ana.json('get', '/api/views'));
    assert.equal(body.views[0].problems[0].parameter, 'period');
    await openPage(ana, '/ai-usage');
  });

  describe('with a star', () => {
    it('stand on the overview in an order of each one’s own, and the first is what / and a sign-in lead to, if wanted', async () => {
      const ids = [
        await made('One', '/ai-usage?period=7d'),
        await made('Two', '/ai-usage/records'),
        await made('Three'),
      ];
      for (const id of ids) assert.equal((await ana.post(`/views/${id}/star`, SAME_ORIGIN)).status, 303);
      await ana.submit(`/views/${ids[2]}/move`, { to: 'up' });
      await ana.submit(`/views/${ids[2]}/move`, { to: 'up' });
      await ana.submit(`/views/${ids[2]}/move`, { to: 'up' });
      await ana.submit(`/views/${ids[0]}/move`, { to: 'down' });
      assert.deepEqual(await listed(), [['With a star', 'Three', 'Two', 'One']]);
      const starred = (await openPage(ana, '/ai-usage?period=7d')).querySelectorAll('.starred a');
      assert.deepEqual(starred.map(textOf), ['Three', 'Two', 'One', 'All views']);
      assert.deepEqual(
        starred.map((link) => link.getAttribute('aria-current') ?? null),
        [null, null, 'true', null],
      );

      assert.equal(location(await ana.get('/')), '/ai-usage', 'nobody has asked for it yet');
      await ana.submit('/views/start', { start: 'first' });
      await ana.post(`/views/${ids[2]}/unstar`, SAME_ORIGIN);
      assert.deepEqual(await listed(), [
        ['With a star', 'Two', 'One'],
        ['Yours', 'Three'],
      ]);
      assert.equal(location(await ana.get('/')), '/ai-usage/records');
      assert.equal(location(await ana.get('/?period=7d')), '/ai-usage?period=7d', 'who asks for something gets it');
      const again = await signedIn(origin);
      assert.equal(location(await again.get('/')), '/ai-usage/records');
      assert.equal(location(await (await signedIn(origin, RUI)).get('/')), '/ai-usage', 'it is a choice of hers');
      await ana.submit('/views/start', { start: 'overview' });
      assert.equal(location(await ana.get('/')), '/ai-usage');
      assert.deepEqual(
        [...new Set((await auditLines()).map(({ action }) => action))],
        ['make view', 'star view', 'order views', 'choose start page', 'unstar view'],
      );
      assert.equal((await ana.submit(`/views/${ids[0]}/move`, { to: 'left' })).status, 400);
      assert.equal((await ana.submit('/views/start', { start: 'last' })).status, 400);
    });

    it('lead to the overview where the first was deleted', async () => {
      const id = await made('Gone');
      await ana.post(`/views/${id}/star`, SAME_ORIGIN);
      await ana.submit('/views/start', { start: 'first' });
      assert.equal((await ana.post(`/views/${id}/delete`, SAME_ORIGIN)).status, 303);
      assert.equal(location(await ana.get('/')), '/ai-usage');
      assert.equal((await ana.get(`/views/${id}`)).status, 404);
    });
  });

  it('are no more than a hundred a person and twenty with a star, however many are sent at once', async () => {
    const { backoffice } = databases();
    const first = await made('First');
    const [own] = await backoffice('saved_views').where('view_id', first);
    const copies = Array.from({ length: 96 }, (_, i) => ({ ...own, view_id: randomUUID(), name: `Copy ${i}` }));
    await backoffice('saved_views').insert(copies);
    const names = Array.from({ length: 6 }, (_, i) => `At once ${i}`);
    const answers = await Promise.all(names.map((name) => ana.json('post', '/api/views', { ...VIEW, name })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 400, 400, 400]);
    assert.equal((await stored()).length, 100);
    const stars = await Promise.all(
      copies.slice(0, 22).map(({ view_id }) => ana.post(`/views/${view_id}/star`, SAME_ORIGIN)),
    );
    assert.equal(stars.filter(({ status }) => status === 303).length, 20);
    assert.equal(stars.filter(({ status }) => status === 400).length, 2);
    await openPage(ana, '/views');
  });
});
