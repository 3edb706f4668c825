import assert from 'node:assert/strict';
import { parse } from 'node-html-parser';
import { sharedApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { download } from '../support/export.ts';
import { textOf } from '../support/page.ts';
import { upload } from '../support/upload.ts';
import { resetUsage } from '../support/usage.ts';

const HEAD = 'model,from,currency,inputPerMillion,outputPerMillion';

const TWO = [
  { model: 'gpt-5', from: '2026-01-01', currency: 'USD', inputPerMillion: 0.1, outputPerMillion: 10 },
  { model: 'gpt-5-mini', from: '2026-01-01', currency: 'USD', inputPerMillion: 1e-9, outputPerMillion: 2 },
];

describe('prices from a file', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
    await resetUsage();
  });
  beforeEach(async () => {
    await databases().backoffice('prices').delete();
    await forgetAudit();
  });
  after(resetUsage);

  /** As a browser sends the form. */
  const send = async (fields: { file?: string | Uint8Array<ArrayBuffer>; text?: string }) => {
    const body = new FormData();
    body.set(
      'file',
      new Blob(fields.file === undefined ? [] : [fields.file]),
      fields.file === undefined ? '' : 'prices.csv',
    );
    body.set('text', fields.text ?? '');
    return upload(ana, `${origin}/prices/import`, body);
  };
  const rows = () => databases().backoffice('prices').orderBy('model').orderBy('from_day');
  const csv = async (query = '') => (await download(origin, ana, `/prices.csv${query}`)).text;

  it('are added, all of them, and written down once; the same again changes nothing', async () => {
    const text = `${HEAD},source\ngpt-5,2025-08-07,USD,1.25,10,"openai.com, ""list"""\n\ntts-1,2026-01-01,EUR,0.000000001,0,\n`;
    const first = await send({ file: text });
    assert.equal(first.said, '2 prices were added. See all prices');
    const [gpt, tts] = await rows();
    assert.deepEqual(
      [gpt.model, gpt.from_day, gpt.currency, gpt.input_per_million, gpt.output_per_million, gpt.source],
      ['gpt-5', '2025-08-07', 'USD', '1.250000000', '10.000000000', 'openai.com, "list"'],
    );
    assert.deepEqual([tts.input_per_million, tts.source], ['0.000000001', null]);
    assert.equal((await send({ text })).said, '0 prices were added. 2 were there already. See all prices');
    assert.equal((await rows()).length, 2);
    assert.deepEqual(
      (await auditLines()).map(({ action, details, rows }) => [action, details, Number(rows)]),
      [
        ['import prices', '2 added, 0 there already', 2],
        ['import prices', '0 added, 2 there already', 0],
      ],
    );
  });

  it('come back as they went: every field, in both kinds of CSV, without those that were withdrawn', async () => {
    const all = [
      {
        model: 'gpt-5',
        action: 'image_edit',
        inputPerMillion: 1.25,
        outputPerMillion: 10,
        cachedInputPerMillion: 0.125,
      },
      {
        model: '@cf/meta',
        inputPerMillion: '0.000000001',
        outputPerMillion: '999999.999999999',
        reasoningPerMillion: 3,
      },
      { model: "'=a", perImage: 0.04, outputTokensPerImage: 1056, source: '=1+1, "quoted"; ok' },
      { model: '#tts-*', perThousandCharacters: 0.015, aboveInputTokens: 7 },
    ].map((price) => ({ from: '2026-01-01', currency: 'USD', ...price }));
    for (const price of all) assert.equal((await ana.json('post', '/api/prices', price)).status, 201);
    const gone = await ana.json('post', '/api/prices', { ...all[0], model: 'gone' });
    await ana.json('delete', `/api/prices/${gone.body.id}`);
    const before = (await rows()).map(({ id, created_at, ...row }) => row);
    for (const query of ['', '?dialect=excel-pt', '?manifest=1']) {
      const text = await csv(query);
      await databases().backoffice('prices').delete();
      const { said, problems } = await send({ file: text });
      assert.deepEqual(problems, [], query);
      assert.equal(said, '4 prices were added. 1 was withdrawn, and left out. See all prices');
      const after = (await rows()).map(({ id, created_at, ...row }) => row);
      assert.deepEqual(
        after,
        before.filter(({ withdrawn_at }) => withdrawn_at === null),
        query,
      );
      const again = await ana.json('post', '/api/prices', { ...all[0], model: 'gone' });
      await ana.json('delete', `/api/prices/${again.body.id}`);
    }
  });

  it('of which a line is wrong are not taken at all, and each wrong line is named with its field and reason', async () => {
    const RATE =
      'takes a number from 0, with at most six digits before and nine after the point, such as 1.25; or nothing';
    const text = [
      HEAD,
      'good,2026-01-01,USD,1,2',
      'gpt-5,2026-01-01,USD,-1,2',
      '=1+1,2026-01-01,USD,1,2',
      'gpt-5,2026-02-30,GBP,=1+1,2',
      'good,2026-01-01,USD,1,2',
      'gpt-5,2026-01-01,USD,1',
      '"two\nlines",2026-01-01,USD,"1,25",',
    ].join('\n');
    const { status, problems } = await send({ file: text });
    assert.equal(status, 400);
    assert.deepEqual(problems, [
      `Line 3, inputPerMillion ${RATE}`,
      'Line 4, model begins as a formula does',
      'Line 5, inputPerMillion is a formula, and takes a number',
      'Line 6, from is that of line 2 too: good from 2026-01-01',
      'Line 7 has 4 cells, and the first line has 5',
      'Line 9, model takes the name of a model, or one with * for any text, of at most 100 characters, without line breaks and other characters that cannot be seen',
      `Line 9, inputPerMillion ${RATE}`,
      'Line 9, outputPerMillion is missing: only with perImage or perThousandCharacters may it be left out',
    ]);
    assert.deepEqual(await rows(), []);
    assert.deepEqual(await auditLines(), []);
    const both = await send({ file: `${HEAD}\ngpt-5,2026-02-30,GBP,1,2` });
    assert.deepEqual(both.problems, [
      'Line 2, from takes the first day of the price, such as 2026-12-01',
      'Line 2, currency takes EUR or USD',
    ]);
  });

  it('are taken from JSON as from CSV: an array, or what the API answers; each wrong one is named by its number', async () => {
    await ana.json('post', '/api/prices', { ...TWO[0], model: 'gone' });
    const { prices } = (await ana.get('/api/prices')).body;
    await ana.json('delete', `/api/prices/${prices[0].id}`);
    const answer = (await ana.get('/api/prices?withdrawn=true')).body;
    const both = { prices: [...answer.prices, ...TWO] };
    assert.equal(
      (await send({ file: JSON.stringify(both) })).said,
      '2 prices were added. 1 was withdrawn, and left out. See all prices',
    );
    const added = (await rows()).filter(({ withdrawn_at }) => withdrawn_at === null);
    assert.deepEqual(
      added.map(({ model, input_per_million }) => [model, input_per_million]),
      [
        ['gpt-5', '0.100000000'],
        ['gpt-5-mini', '0.000000001'],
      ],
    );
    const wrong = await send({ text: JSON.stringify([TWO[0], { ...TWO[1], currency: 'GBP' }, TWO[0], 7]) });
    assert.deepEqual(wrong.problems, [
      'Price 2, currency takes EUR or USD',
      'Price 3, from is that of price 1 too: gpt-5 from 2026-01-01',
      ...wrong.problems.slice(2),
    ]);
    assert.match(wrong.problems[2] ?? '', /^Price 4, /);
    for (const [text, problem] of [
      ['[{', 'The file is no JSON'],
      ['{}', 'The file takes an array of prices, or { "prices": [ … ] }'],
      [`[${'0,'.repeat(5000)}0]`, 'The file has more than 5000 prices'],
    ] as const)
      assert.deepEqual((await send({ text })).problems, [problem]);
  });

  it('that say another price than there is are refused, with which', async () => {
    await send({ text: `${HEAD}\ngpt-5,2026-01-01,USD,1.25,10` });
    const { problems } = await send({ text: `${HEAD}\nnew,2026-01-01,USD,1,1\ngpt-5,2026-01-01,USD,1.5,10` });
    assert.deepEqual(problems, [
      'Line 3 is not what there is already from 2026-01-01: USD 1.25 per million input tokens, 10 per million output tokens. ' +
        'Withdraw or correct that one first',
    ]);
    assert.equal((await rows()).length, 1);
  });

  describe('that cannot be read say why', () => {
    const many = (count: number) => `${HEAD}\n${'gpt-5,2026-01-01,USD,1,1\n'.repeat(count)}`;
    const cases: [string, Parameters<typeof send>[0], RegExp][] = [
      ['nothing', {}, /^The file is missing or empty/],
      [
        'headings only of others',
        { text: 'model,from,currency,price,model\na,b,c,d,e' },
        /column 4 is “price”, which no price has/,
      ],
      ['a column twice', { text: 'model,from,currency,Model\na,b,c,d' }, /column 4 is model once more/],
      ['no day', { text: 'model,currency\na,USD' }, /Line 1 has no column from/],
      ['an open quote', { text: `${HEAD}\n"gpt-5,2026-01-01,USD,1,1` }, /^The file is no CSV: Quote Not Closed/],
      ['another code', { file: new Uint8Array([...Buffer.from(`${HEAD}\n`), 0xe9]) }, /is not UTF-8/],
      ['too many lines', { text: many(5001) }, /^The file has more than 5000 lines$/],
      ['more problems than help', { text: many(200) }, /^The file has 149 more such problems$/],
      [
        'points among semicolons',
        { text: `${HEAD.replaceAll(',', ';')}\ngpt-5;2026-01-01;USD;1.250;1` },
        /has a point: where semi/,
      ],
    ];
    for (const [name, fields, said] of cases)
      it(name, async () => {
        const { status, problems } = await send(fields);
        assert.equal(status, 400);
        assert.ok(
          problems.some((problem) => said.test(problem)),
          problems.join('\n'),
        );
        assert.deepEqual(await rows(), []);
      });

    it('a million lines, and a body that is no form', async () => {
      const { status, page } = await send({ file: many(1_000_000) });
      assert.equal(status, 413);
      assert.match(textOf(page), /takes at most 1000000 bytes/);
      assert.equal((await ana.submit('/prices/import', { text: HEAD })).status, 400);
      assert.equal((await ana.json('post', '/prices/import', {})).status, 400);
    });
  });

  it('are five thousand at most, which one file may hold', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `m${i},2026-01-01,USD,1.25,10`);
    assert.equal((await send({ file: [HEAD, ...lines].join('\n') })).said, '5,000 prices were added. See all prices');
    const { problems } = await send({ text: `${HEAD}\none more,2026-01-01,USD,1,1` });
    assert.deepEqual(problems, ['The file has more new prices (1) than there is room for (0)']);
    const page = parse((await ana.get('/prices')).text);
    assert.match(textOf(page.querySelector('.prices')), /1–100 of 5,000 prices; all are in the file\./);
    const last = parse((await ana.get('/prices?search=m49&page=2')).text);
    assert.match(textOf(last.querySelector('.prices')), /101–111 of 111 prices/);
    assert.equal(last.querySelector('.pager a[rel=prev]')?.getAttribute('href'), '/prices?search=m49');
    assert.equal(last.querySelector('.pager a[rel=next]'), null);
  });
});
