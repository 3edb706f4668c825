import assert from 'node:assert/strict';
import { sharedApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { ANA, type Client, location, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { assertDescribed } from '../support/openapi.ts';
import { openPage, tableOf, textOf } from '../support/page.ts';
import { enterPrice, openProposals } from '../support/prices.ts';
import { upload } from '../support/upload.ts';
import { resetUsage } from '../support/usage.ts';

describe('proposed prices of a file', () => {
  let origin: string;
  let ana: Client;
  const prices = () => databases().backoffice('prices').whereNull('withdrawn_at').orderBy('model').orderBy('from_day');
  const proposals = () =>
    databases()
      .backoffice('price_proposals')
      .orderByRaw('model, coalesce(action, chr(32)), above_input_tokens, from_day');

  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await forgetAudit();
  });
  after(resetUsage);

  const made = (body: object) => enterPrice(ana, body);
  const open = () => openProposals(ana);
  const idFields = (ids: string[]) => ids.map((id): [string, string] => ['id', id]);
  const hrefOf = async (model: string) => (await open()).find((one) => one.model === model)?.href ?? '';

  const HEAD = 'model,from,currency,inputPerMillion,outputPerMillion';
  const send = (text: string) => {
    const body = new FormData();
    body.set('file', new Blob([text]), 'list.csv');
    body.set('proposes', 'true');
    return upload(ana, `${origin}/prices/import`, body);
  };

  it('wait on the page of prices and change nothing; what is in force already is none; the same again adds none', async () => {
    await made({ model: 'gpt-*', from: '2026-01-01', currency: 'USD', inputPerMillion: 1, outputPerMillion: 2 });
    await forgetAudit();
    const text = `${HEAD}\ngpt-5-mini,2026-12-01,USD,1,1.8\ngpt-5,2026-12-01,USD,1.00,2\n`;
    assert.equal((await send(text)).said, '1 price is proposed. 1 was there already. See all prices');
    assert.equal((await send(text)).said, '0 prices are proposed. 2 were there already. See all prices');
    assert.equal((await prices()).length, 1);
    const page = await openPage(ana, '/prices');
    assert.match(textOf(page.querySelector('.proposals .lead')), /^1 price is proposed; nothing changes until/);
    const [row] = page.querySelectorAll('.proposals tbody tr').map(textOf);
    assert.match(
      row ?? '',
      /^gpt-5-mini retired from 11 Dec 2026 \$1\.00 \$1\.80 now \$2\.00 1 Dec 2026 not computed yet/,
    );
    assert.deepEqual(
      (await auditLines()).map(({ action, details }) => [action, details]),
      [
        ['propose prices', '1 proposed, 1 there already'],
        ['propose prices', '0 proposed, 2 there already'],
      ],
    );
  });

  it('are accepted, each with who did, in place of a price of the same day; a form that was sent twice changes nothing', async () => {
    const id = await made({
      model: 'gpt-5',
      from: '2026-12-01',
      currency: 'USD',
      inputPerMillion: 1,
      outputPerMillion: 2,
    });
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.8`);
    await forgetAudit();
    const href = await hrefOf('gpt-5');
    assert.equal(location(await ana.submit(`${href}/accept`, {})), '/prices');
    const [price] = await prices();
    assert.deepEqual([price.output_per_million, price.created_by], ['1.800000000', ANA]);
    assert.equal((await databases().backoffice('prices').where({ id }).first()).withdrawn_by, ANA);
    assert.equal((await ana.submit(`${href}/accept`, {})).status, 404);
    assert.equal((await prices()).length, 1);
    const [line, ...more] = await auditLines();
    assert.deepEqual(more, []);
    assert.equal(line?.action, 'accept price');
    assert.match(line?.details ?? '', /^gpt-5 from 2026-12-01: USD 1 .*1\.8 .*; before: gpt-5 .*2 per million output/);
    assert.deepEqual(await open(), []);
  });

  it('are accepted with other figures by a form that is filled in; what is wrong is said beside its field', async () => {
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.8`);
    const href = await hrefOf('gpt-5');
    const form = await openPage(ana, href);
    assert.equal(form.querySelector('input[name=outputPerMillion]')?.getAttribute('value'), '1.8');
    const fields = {
      model: 'gpt-5',
      from: '2026-12-02',
      currency: 'USD',
      inputPerMillion: '1',
      outputPerMillion: '-1',
    };
    const wrong = await ana.submit(`${href}/edit`, fields);
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /name="outputPerMillion"[^>]*value="-1" aria-invalid="true"/);
    assert.deepEqual(await prices(), []);
    assert.equal(location(await ana.submit(`${href}/edit`, { ...fields, outputPerMillion: '1.5' })), '/prices');
    const [price] = await prices();
    assert.deepEqual([price.from_day, price.output_per_million], ['2026-12-02', '1.500000000']);
    const line = (await auditLines()).at(-1);
    assert.match(line?.details ?? '', /1\.5 per million output tokens; proposed: gpt-5 from 2026-12-01: .*1\.8/);
  });

  it('that are dismissed are not proposed again until their figures change', async () => {
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.8`);
    await ana.submit(`${await hrefOf('gpt-5')}/dismiss`, {});
    assert.deepEqual(await open(), []);
    assert.deepEqual((await auditLines()).at(-1)?.action, 'dismiss price');
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1.0,1.80`);
    assert.deepEqual(await open(), []);
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.7`);
    assert.deepEqual((await open()).length, 1);
    assert.deepEqual(await prices(), []);
  });

  it('that were dismissed are listed with who did, and wait for an answer again where that is taken back', async () => {
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.8\ngpt-5-mini,2026-12-01,USD,0.5,1`);
    const dismissed = async () => {
      const answer = await ana.json('get', '/api/prices/proposals?dismissed=true');
      assertDescribed('/api/prices/proposals', answer);
      return answer.body.proposals;
    };
    const [gpt, mini] = [await hrefOf('gpt-5'), await hrefOf('gpt-5-mini')];
    for (const href of [gpt, mini]) await ana.submit(`${href}/dismiss`, {});
    assert.deepEqual(await open(), []);
    const list = await openPage(ana, '/prices/proposals/dismissed');
    const rows = tableOf(list, 'Dismissed').rows.map((row) => row.map(({ text, href }) => href ?? text));
    assert.deepEqual(
      rows.map(([href, price, from, , by]) => [href, price, from, by]),
      [
        [mini, 'USD 0.5 per million input tokens, 1 per million output tokens', '1 Dec 2026', ANA],
        [gpt, 'USD 1 per million input tokens, 1.8 per million output tokens', '1 Dec 2026', ANA],
      ],
    );
    assert.equal((await dismissed())[1].dismissedBy, ANA);
    const ways = async (path: string) =>
      (await openPage(ana, path)).querySelectorAll('.ways-out a').map((link) => link.getAttribute('href'));
    assert.ok((await ways('/prices')).includes('/prices/proposals'), 'found where nothing is proposed');
    assert.ok((await ways('/prices/proposals')).includes('/prices/proposals/dismissed'));

    const page = await openPage(ana, gpt);
    const form = page.querySelector('main form[method=post]');
    assert.equal(form?.getAttribute('action'), `${gpt}/reopen`);
    assert.equal(page.querySelector(`form[action="${gpt}/accept"]`), null);
    assert.equal(location(await ana.submit(`${gpt}/reopen`, {})), gpt);
    assert.deepEqual(
      (await open()).map(({ href }) => href),
      [gpt],
    );
    assert.equal((await auditLines()).at(-1)?.action, 'reopen proposed price');
    assert.equal((await ana.submit(`${gpt}/reopen`, {})).status, 404);

    const path = `/api/prices/proposals/${mini.split('/').at(-1)}/dismissal`;
    assert.equal((await ana.json('delete', path)).status, 204);
    assert.equal((await ana.json('delete', path)).status, 404);
    assert.equal((await open()).length, 2);
    assert.deepEqual(await dismissed(), []);
    assert.match(
      textOf((await openPage(ana, '/prices/proposals/dismissed')).querySelector('.empty')),
      /No proposed price/,
    );
    await ana.submit(`${gpt}/accept`, {});
    assert.deepEqual(
      (await prices()).map(({ model }) => model),
      ['gpt-5'],
    );
    assert.equal((await ana.get('/api/prices/proposals?dismissed=maybe')).status, 400);
  });

  it('are accepted all at once, or none where one has other figures by now', async () => {
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.8\ngpt-5-mini,2026-12-01,USD,1,1`);
    const ids = (await openPage(ana, '/prices/proposals'))
      .querySelectorAll('input[name=id]')
      .map((input) => input.getAttribute('value') ?? '');
    assert.equal(ids.length, 2);
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.7`);
    const late = await ana.submit('/prices/proposals', idFields(ids));
    assert.equal(late.status, 400);
    assert.match(late.text, /Nothing was accepted: One of them has been answered already, or has other figures by now/);
    assert.deepEqual(await prices(), []);
    const shown = (await openPage(ana, '/prices/proposals'))
      .querySelectorAll('input[name=id]')
      .map((input) => input.getAttribute('value') ?? '');
    assert.equal(location(await ana.submit('/prices/proposals', idFields(shown))), '/prices');
    assert.deepEqual(
      (await prices()).map(({ model, output_per_million }) => [model, output_per_million]),
      [
        ['gpt-5', '1.700000000'],
        ['gpt-5-mini', '1.000000000'],
      ],
    );
    for (const body of [[], idFields(['x'])]) assert.equal((await ana.submit('/prices/proposals', body)).status, 400);
  });

  it('are read by programs, until they are answered', async () => {
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.8`);
    const read = async () => {
      const answer = await ana.json('get', '/api/prices/proposals');
      assertDescribed('/api/prices/proposals', answer);
      return answer.body.proposals;
    };
    const [one, ...others] = await read();
    assert.equal(others.length, 0);
    const { model, from, currency, inputPerMillion, outputPerMillion, ofList, effect } = one;
    assert.deepEqual(
      { model, from, currency, inputPerMillion, outputPerMillion, ofList },
      {
        ...{ model: 'gpt-5', from: '2026-12-01', currency: 'USD' },
        ...{ inputPerMillion: 1, outputPerMillion: 1.8, ofList: false },
      },
    );
    assert.ok(effect === null || effect.month.length === 7);
    await ana.submit(`/prices/proposals/${one.id}/dismiss`, {});
    assert.deepEqual(await read(), []);
  });

  it('keep their figures and are answered once, whoever writes to the table', async () => {
    await send(`${HEAD}\ngpt-5,2026-12-01,USD,1,1.8`);
    const table = () => databases().backoffice('price_proposals');
    await assert.rejects(
      table().update({ output_per_million: 2 }),
      /a proposal keeps its figures, and is answered once/,
    );
    await ana.submit(`${await hrefOf('gpt-5')}/dismiss`, {});
    const open = { answer: null, answered_at: null, answered_by: null };
    const other = { answer: 'accepted' };
    await assert.rejects(table().update(other), /a proposal keeps its figures, and is answered once/);
    await assert.rejects(table().update({ ...open, output_per_million: 2 }), /a proposal keeps its figures/);
    await table().update(open);
    await ana.submit(`${await hrefOf('gpt-5')}/accept`, {});
    await assert.rejects(table().update(open), /a proposal keeps its figures, and is answered once/);
  });

  it('more than there may be at once are refused, all of them', async () => {
    const lines = Array.from({ length: 501 }, (_, i) => `m-${i},2026-12-01,USD,1,1`);
    const { status, problems } = await send([HEAD, ...lines].join('\n'));
    assert.equal(status, 400);
    assert.match(problems.join(), /would be 501 proposals to answer, and may be 500/);
    assert.deepEqual(await proposals(), []);
  });
});
