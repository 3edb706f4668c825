import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sharedApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { ANA, type Client, location, RUI, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { assertDescribed } from '../support/openapi.ts';
import { resetUsage } from '../support/usage.ts';

const GPT = { model: 'gpt-5', from: '2026-01-01', currency: 'USD', inputPerMillion: 1.25, outputPerMillion: 10 };

describe('prices as JSON', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
    await resetUsage();
  });
  beforeEach(async () => {
    await databases().backoffice('prices').delete();
    await forgetAudit();
  });
  after(resetUsage);

  const send = async (body: unknown) => {
    const answer = await ana.json('post', '/api/prices', body);
    assertDescribed('/api/prices', answer, 'post');
    return answer;
  };
  const made = async (body: object) => {
    const answer = await send(body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  };
  const list = async (query = '') => {
    const answer = await ana.json('get', `/api/prices${query}`);
    assertDescribed('/api/prices', answer);
    return answer.body.prices;
  };

  it('are added as they are listed, found at their address, withdrawn and kept; who did it is written down', async () => {
    const answer = await send(GPT);
    assert.equal(answer.status, 201);
    const { id, createdAt, ...rest } = answer.body;
    assert.deepEqual(rest, {
      ...GPT,
      ...{ action: null, aboveInputTokens: 0, cachedInputPerMillion: null, reasoningPerMillion: null, perImage: null },
      ...{ outputTokensPerImage: null, perThousandCharacters: null, source: null },
      ...{ createdBy: ANA, withdrawnAt: null, withdrawnBy: null },
    });
    assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000);
    assert.deepEqual(await list(), [answer.body]);
    assert.equal(location(answer), `/api/prices/${id}`);
    const one = await ana.json('get', location(answer));
    assertDescribed('/api/prices/{id}', one);
    assert.deepEqual(one.body, answer.body);

    assert.equal((await ana.json('delete', location(answer))).status, 204);
    assert.deepEqual(await list(), []);
    const [kept, ...others] = await list('?withdrawn=true');
    assert.deepEqual(others, []);
    assert.deepEqual({ ...kept, withdrawnAt: null, withdrawnBy: null }, answer.body);
    assert.equal(kept.withdrawnBy, ANA);
    assert.ok(Math.abs(Date.parse(kept.withdrawnAt) - Date.now()) < 60_000);
    assert.deepEqual((await ana.json('get', location(answer))).body, kept);
    assert.equal((await ana.json('delete', location(answer))).status, 404, 'once');
    assert.equal((await ana.json('delete', `/api/prices/${randomUUID()}`)).status, 404);
    assert.equal((await ana.json('get', '/api/prices/x')).status, 404);
    const words = 'gpt-5 from 2026-01-01: USD 1.25 per million input tokens, 10 per million output tokens';
    assert.deepEqual(
      (await auditLines()).map(({ action, subject, details, email }) => [action, subject, details, email]),
      [
        ['add price', `/prices/${id}`, words, ANA],
        ['withdraw price', `/prices/${id}`, words, ANA],
      ],
    );
    await made({ ...GPT, inputPerMillion: 1 });
  });

  it('hold every field', async () => {
    const all = {
      ...{
        ...GPT,
        action: 'image_edit',
        aboveInputTokens: 200_000,
        cachedInputPerMillion: 0.125,
        reasoningPerMillion: 0,
      },
      ...{
        perImage: 0.04,
        outputTokensPerImage: 1056,
        perThousandCharacters: 0.015,
        source: 'openai.com, 29 Nov 2026',
      },
    };
    const { id, createdAt, createdBy, withdrawnAt, withdrawnBy, ...rest } = await made(all);
    assert.deepEqual(rest, all);
    const sentBack = await send({ id, createdAt, createdBy, withdrawnAt, withdrawnBy, ...rest, from: '2026-02-01' });
    assert.equal(sentBack.status, 201, 'as it was read, but for the day');
  });

  it('are exact, whether they come as numbers or as text', async () => {
    let day = Date.parse('2000-01-01');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 999_999 }),
        fc.integer({ min: 0, max: 999_999_999 }),
        async (whole, fraction) => {
          const text = `${whole}.${String(fraction).padStart(9, '0')}`;
          day += 86_400_000;
          const from = new Date(day).toISOString().slice(0, 10);
          const body = { ...GPT, from, inputPerMillion: Number(text), outputPerMillion: text };
          const { id, inputPerMillion, outputPerMillion } = await made(body);
          assert.deepEqual([inputPerMillion, outputPerMillion], [Number(text), Number(text)]);
          const row = await databases().backoffice('prices').where({ id }).first();
          assert.deepEqual([row.input_per_million, row.output_per_million], [text, text]);
        },
      ),
      {
        numRuns: 30,
        examples: [
          [0, 1],
          [0, 120],
          [999_999, 999_999_999],
          [0, 0],
          [10, 0],
        ],
      },
    );
  });

  it('of images and of characters need none of tokens', async () => {
    const price = (fields: object) => ({ model: 'tts-1', from: '2026-01-01', currency: 'EUR', ...fields });
    const image = await made(price({ perImage: '0.04' }));
    assert.deepEqual([image.perImage, image.inputPerMillion, image.outputPerMillion], [0.04, null, null]);
    const speech = await made(price({ from: '2026-01-02', perThousandCharacters: 0.015, inputPerMillion: null }));
    assert.equal(speech.perThousandCharacters, 0.015);
  });

  it('of one model, action, day and tier there is one: another is a 409 that says which', async () => {
    const { id } = await made(GPT);
    const answer = await send({ ...GPT, currency: 'EUR', inputPerMillion: 2 });
    assert.equal(answer.status, 409);
    assert.equal(answer.body.price.id, id);
    assert.match(answer.body.error, /^There is a price of gpt-5 from 2026-01-01 already: USD 1.25 per million input/);
    for (const other of [
      { from: '2026-01-02' },
      { action: 'image_edit' },
      { aboveInputTokens: 1 },
      { model: 'gpt-5*' },
    ])
      await made({ ...GPT, ...other });
    assert.equal((await send({ ...GPT, action: 'image_edit' })).status, 409);
    assert.equal((await list()).length, 5);
    // What one person asks is done in turn.
    const rui = await signedIn((await sharedApp()).origin, RUI);
    const models = Array.from({ length: 8 }, (_, i) => `at once ${i}`);
    const atOnce = await Promise.all(
      models.flatMap((model) => [ana, rui].map((client) => client.json('post', '/api/prices', { ...GPT, model }))),
    );
    assert.deepEqual(atOnce.map(({ status }) => status).sort(), [...Array(8).fill(201), ...Array(8).fill(409)]);
    assert.equal((await auditLines()).filter(({ details }) => details.startsWith('at once')).length, 8);
  });

  describe('that are wrong are a 400 that names each field, and nothing is kept', () => {
    const cases: [string, unknown, string[]][] = [
      ['everything missing', {}, ['currency', 'from', 'inputPerMillion', 'model', 'outputPerMillion']],
      [
        'less than nothing',
        { ...GPT, inputPerMillion: -1, outputPerMillion: '-0.5' },
        ['inputPerMillion', 'outputPerMillion'],
      ],
      [
        'no number',
        { ...GPT, inputPerMillion: 'NaN', outputPerMillion: 'Infinity' },
        ['inputPerMillion', 'outputPerMillion'],
      ],
      ['a formula', { ...GPT, inputPerMillion: '=1+1', source: 'ok' }, ['inputPerMillion']],
      ['a list', { ...GPT, inputPerMillion: [1], outputPerMillion: { a: 1 } }, ['inputPerMillion', 'outputPerMillion']],
      [
        'ten decimals',
        { ...GPT, inputPerMillion: '1.0000000001', outputPerMillion: 1e-10 },
        ['inputPerMillion', 'outputPerMillion'],
      ],
      [
        'seven digits',
        { ...GPT, inputPerMillion: 1_000_000, outputPerMillion: 1e300 },
        ['inputPerMillion', 'outputPerMillion'],
      ],
      ['a comma', { ...GPT, inputPerMillion: '1,25' }, ['inputPerMillion']],
      ['days that are none', { ...GPT, from: '2026-02-30' }, ['from']],
      ['an instant for a day', { ...GPT, from: '2026-02-28T00:00:00Z' }, ['from']],
      ['a year of five digits', { ...GPT, from: '+012026-02-28' }, ['from']],
      ['another currency', { ...GPT, currency: 'GBP' }, ['currency']],
      ['small letters', { ...GPT, currency: 'usd' }, ['currency']],
      ['an empty model', { ...GPT, model: ' ' }, ['model']],
      ['a long model', { ...GPT, model: 'x'.repeat(101) }, ['model']],
      ['a model that PostgreSQL cannot hold', { ...GPT, model: 'a\0b' }, ['model']],
      ['a tier below nothing', { ...GPT, aboveInputTokens: -1 }, ['aboveInputTokens']],
      ['half a token', { ...GPT, aboveInputTokens: 1.5 }, ['aboveInputTokens']],
      ['more than an integer', { ...GPT, aboveInputTokens: 2_147_483_648 }, ['aboveInputTokens']],
      ['tokens of no image', { ...GPT, outputTokensPerImage: 1000 }, ['outputTokensPerImage']],
      ['no tokens of an image', { ...GPT, perImage: 1, outputTokensPerImage: 0 }, ['outputTokensPerImage']],
      ['one of two', { model: 'x', from: '2026-01-01', currency: 'EUR', inputPerMillion: 1 }, ['outputPerMillion']],
      ['an unknown field', { ...GPT, inputPerMilion: 1, x: 2 }, ['inputPerMilion', 'x']],
      ['no object', [GPT], ['body']],
    ];
    for (const [name, body, wrong] of cases)
      it(name, async () => {
        const answer = await send(body);
        assert.equal(answer.status, 400, JSON.stringify(answer.body));
        const named = answer.body.details.map(({ parameter }: { parameter: string }) => parameter);
        assert.deepEqual([...new Set(named)].sort(), wrong);
        assert.deepEqual(await list('?withdrawn=true'), []);
      });

    it('what GET is asked', async () => {
      for (const query of ['?withdrawn=1', '?model=gpt-5', '?withdrawn=true&withdrawn=false']) {
        const answer = await ana.json('get', `/api/prices${query}`);
        assertDescribed('/api/prices', answer);
        assert.equal(answer.status, 400, query);
      }
    });
  });

  it('are never changed in the table, but withdrawn once; each change raises their version', async () => {
    const { backoffice } = databases();
    const version = async () => Number((await backoffice('price_version').first()).version);
    const before = await version();
    const { id } = await made(GPT);
    const added = await version();
    assert.ok(added > before);
    await assert.rejects(backoffice('prices').where({ id }).update({ input_per_million: 2 }), /never changed/);
    assert.equal(await version(), added);
    await ana.json('delete', `/api/prices/${id}`);
    assert.ok((await version()) > added);
    await assert.rejects(
      backoffice('prices').where({ id }).update({ withdrawn_at: null, withdrawn_by: null }),
      /never changed/,
    );
  });

  it('are five thousand at most', async () => {
    await databases().backoffice.raw(
      `INSERT INTO prices (model, from_day, currency, per_image, created_by)
       SELECT 'm' || n, '2026-01-01', 'EUR', 1, 'x' FROM generate_series(1, 5000) AS n`,
    );
    const answer = await send(GPT);
    assert.equal(answer.status, 400);
    assert.match(answer.body.details[0].message, /one too many: there are 5000/);
    const [first] = await list();
    assert.equal((await ana.json('delete', `/api/prices/${first.id}`)).status, 204);
    await made(GPT);
  });
});
