import assert from 'node:assert/strict';
import { type Instant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { auditLines, forgetAudit } from '../../support/audit.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { linkTo, openPage, recordIds, textOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const RECORDS = '/ai-usage/records';
const at = (iso: string) => parseInstant(`${iso}Z`) as Instant;
const STORY = '5d1c0f7b-2a64-4e0b-8f3d-9b7a6c5e4d30';
const OTHER = '6d1c0f7b-2a64-4e0b-8f3d-9b7a6c5e4d30';
const COUNT = 12;

describe('a record in the list that it was opened from', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    await insertUsage(
      Array.from({ length: COUNT }, (_, i) => ({
        model: i % 3 === 0 ? 'tts-1' : 'gpt-5',
        // Some of one cost, so that ids alone tell them apart.
        cost: 1000 * (i % 4),
        at: at(`2026-10-${10 + (i % 5)}T10:00:00`),
      })),
    );
    await coverUsage();
  });
  after(resetUsage);

  const rows = async (path: string) => recordIds(await openPage(client, path));
  const links = (page: Awaited<ReturnType<typeof openPage>>) =>
    new Map(
      page
        .querySelectorAll('nav[aria-label="In the list"] a')
        .map((link) => [textOf(link), (link.getAttribute('href') ?? '').replaceAll('&amp;', '&')]),
    );
  const idOf = (path: string) => /records\/([^?]+)/.exec(path)?.[1];

  for (const view of [
    'period=2026-10',
    'period=2026-10&sortBy=estimatedCostInEuros&sortOrder=asc',
    'period=2026-10&model=gpt-5&sortBy=aiModel',
  ]) {
    it(`has the one before and the one after it, from the first to the last and back: ${view}`, async () => {
      const order = await rows(`${RECORDS}?${view}`);
      let page = await openPage(client, `${RECORDS}/${order[0]}?${view}`);
      for (const [i, id] of order.entries()) {
        assert.equal(textOf(page.querySelector('.title code')), id);
        const next = links(page).get('Next →');
        const previous = links(page).get('← Previous');
        assert.equal(previous === undefined ? undefined : idOf(previous), order[i - 1]);
        assert.equal(next === undefined ? undefined : idOf(next), order[i + 1]);
        if (next !== undefined) page = await openPage(client, next);
      }
      for (let i = order.length - 2; i >= 0; i--) {
        page = await openPage(client, links(page).get('← Previous') ?? '');
        assert.equal(textOf(page.querySelector('.title code')), order[i]);
      }
    });
  }

  it('leads back to its row, of the page that it was opened on and of the one that it was walked to', async () => {
    const list = `${RECORDS}?period=2026-10&pageSize=5&page=2`;
    const ids = await rows(list);
    const opened = (await openPage(client, list)).querySelectorAll('tbody th a')[1]?.getAttribute('href') ?? '';
    let page = await openPage(client, opened.replaceAll('&amp;', '&'));
    assert.equal(links(page).get('Back to its row'), `${RECORDS}?period=2026-10&page=2&pageSize=5#r-${ids[1]}`);
    for (const way of ['Next →', 'Next →', 'Next →', 'Next →', '← Previous']) {
      page = await openPage(client, links(page).get(way) ?? assert.fail(way));
      const [path = '', row = ''] = (links(page).get('Back to its row') ?? '').split('#');
      const there = await openPage(client, path);
      assert.equal(row, `r-${textOf(page.querySelector('.title code'))}`);
      assert.ok(there.querySelector(`tr#${row}`), `${row} is on ${path}`);
    }
  });

  it('stands in no list that leaves it out, and refuses a view that there is none of', async () => {
    const [id] = await rows(`${RECORDS}?period=2026-10&model=tts-1`);
    const page = await openPage(client, `${RECORDS}/${id}?period=2026-10&model=gpt-5`);
    assert.deepEqual([...links(page)], [['To the list', `${RECORDS}?period=2026-10&model=gpt-5`]]);
    assert.equal((await client.get(`${RECORDS}/${id}?sortBy=price`)).status, 400);
  });
});

describe('a prompt that people read', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
  });
  beforeEach(forgetAudit);
  after(resetUsage);

  const turns = async (prompt: unknown) => {
    const [row] = await insertUsage([{ prompt }]);
    const page = await openPage(client, `${RECORDS}/${row?.id}/prompt`);
    assert.ok(page.querySelector('pre.prompt'), 'the JSON is there as well');
    const isFolded = page.querySelector('details.as-json')?.getAttribute('open') === undefined;
    const said = page
      .querySelectorAll('.conversation li')
      .map((turn) => [textOf(turn.querySelector('b')), turn.querySelector('p')?.text]);
    assert.equal(isFolded, said.length > 0);
    return said;
  };

  it('is a conversation, as each provider writes it', async () => {
    const hostile = '<script>alert(1)</script> "é" \n line';
    assert.deepEqual(
      await turns({
        model: 'gpt-5',
        messages: [
          { role: 'system', content: 'Be kind' },
          { role: 'user', content: hostile },
        ],
      }),
      [
        ['system', 'Be kind'],
        ['user', hostile],
      ],
    );
    assert.deepEqual(
      await turns({
        system: [{ type: 'text', text: 'Be kind' }],
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Look:' },
              { type: 'image', source: { data: 'abc' } },
            ],
          },
        ],
      }),
      [
        ['system', 'Be kind'],
        ['user', 'Look:\n[picture]'],
      ],
    );
    assert.deepEqual(
      await turns({
        instructions: 'Be kind',
        input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
      }),
      [
        ['system', 'Be kind'],
        ['user', 'Hi'],
      ],
    );
    assert.deepEqual(
      await turns({ systemInstruction: { parts: [{ text: 'Be kind' }] }, contents: [{ parts: [{ text: 'Hi' }] }] }),
      [
        ['system', 'Be kind'],
        ['user', 'Hi'],
      ],
    );
    assert.deepEqual(await turns({ prompt: 'A lighthouse', n: 1 }), [['prompt', 'A lighthouse']]);
  });

  it('is JSON where it is none', async () => {
    for (const prompt of ['text', null, [1, 2], { messages: [] }, { messages: 'none' }, { messages: [{ role: 1 }] }])
      assert.deepEqual(await turns(prompt), []);
  });

  it('shows a picture within a text as one, and no run of letters', async () => {
    const picture = `data:image/png;base64,${'iVBORw0KGgoA'.repeat(60_000)}`;
    const [[role, text] = []] = await turns({ messages: [{ role: 'user', content: `Draw this: ${picture} again` }] });
    assert.deepEqual([role, text], ['user', 'Draw this: [picture] again']);
  });

  it('names the other calls of its story and action with the same prompt, to whoever opens it alone', async () => {
    const prompt = { messages: [{ role: 'user', content: 'Once' }], temperature: 0.7 };
    const call = { story: STORY, action: 'story_outline', prompt };
    const [row, again] = await insertUsage([
      call,
      // Another order of its names is the same prompt.
      { ...call, prompt: { temperature: 0.7, messages: prompt.messages } },
      { ...call, prompt: { ...prompt, temperature: 0.8 } },
      { ...call, action: 'story_review' },
      { ...call, story: OTHER },
    ]);
    const closed = await openPage(client, `${RECORDS}/${row?.id}`);
    assert.equal(closed.querySelector('.repeats'), null);
    assert.deepEqual(await auditLines(), []);
    const page = await openPage(client, `${RECORDS}/${row?.id}/prompt`);
    assert.deepEqual(
      page.querySelectorAll('.repeats a').map((link) => link.getAttribute('href')),
      [`${RECORDS}/${again?.id}`],
    );
    assert.equal((await auditLines()).length, 1);
    const alone = await insertUsage([{ prompt }]);
    const none = await openPage(client, `${RECORDS}/${alone[0]?.id}/prompt`);
    assert.equal(linkTo(none, '.repeats a'), null);
    assert.match(textOf(none.querySelector('.sheet')), /No other call of this story and action has this prompt/);
  });
});
