import assert from 'node:assert/strict';
import { HOUR, type Instant, now, parseInstant } from '../../src/units/time.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { type Client, location, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { download } from '../support/export.ts';
import { chipsOf, linkTo, openJson, openPage, recordIds, submitted, textOf } from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const PATH = '/ai-usage/records';
const ALL = 'period=all&asOf=2026-11-20T00:00:00Z';
const AUTHOR = '4e8d1c7a-3b52-4f69-9d0e-7a6b5c4d3e21';
const at = (iso: string) => parseInstant(iso) as Instant;

/** The models of a page's records, in their own order: what the rows of these tests are told apart by. */
async function found(client: Client, filters: string): Promise<string[]> {
  const { records } = await openJson<{ records: { aiModel: string }[] }>(
    client,
    `/api/ai-usage/records?${ALL}&sortBy=aiModel&sortOrder=asc&${filters}`,
  );
  return records.map(({ aiModel }) => aiModel);
}

/** The same counts from every place that takes filters. */
async function countedEverywhere(app: RunningApp, client: Client, filters: string): Promise<number[]> {
  const stats = await openJson<{ totalRequests: number; modelBreakdown: { requests: number }[] }>(
    client,
    `/api/ai-usage/stats?${ALL}&${filters}`,
  );
  const records = await openJson<{ total: number }>(client, `/api/ai-usage/records?${ALL}&${filters}`);
  const page = await openPage(client, `${PATH}?${ALL}&${filters}`);
  const file = await download(app.origin, client, `${PATH}.csv?${ALL}&${filters}`);
  const ndjson = await download(app.origin, client, `${PATH}.ndjson?${ALL}&${filters}`);
  const overview = await openPage(client, `/ai-usage?${ALL}&${filters}`);
  const tile = overview.querySelectorAll('.tiles > div').find((one) => textOf(one.querySelector('dt')) === 'Requests');
  const tieOut = await openPage(client, `/ai-usage/tie-out?${ALL}&${filters}`);
  assert.match(textOf(tieOut.querySelector('main')), /equal|same/i);
  return [
    stats.totalRequests,
    stats.modelBreakdown.reduce((sum, { requests }) => sum + requests, 0),
    records.total,
    recordIds(page).length,
    Number(file.headers['x-total-rows']),
    ndjson.text.trimEnd().split('\n').length - 1,
    Number(textOf(tile?.querySelector('dd') ?? null)),
  ];
}

describe('filters of cost, of what is not, and of hours', () => {
  let app: RunningApp;
  let ana: Client;
  before(async () => {
    app = await sharedApp();
    ana = await signedIn(app.origin);
  });
  after(resetUsage);

  const rows: Partial<UsageRow>[] = [
    { model: 'a-refund', action: 'test', cost: -10_000, at: at('2026-10-24T20:59:59.999999Z') },
    { model: 'b-free', action: 'image_edit', cost: 0, at: at('2026-10-24T23:30:00Z') },
    // The clocks of Lisbon show 01:30 twice.
    { model: 'c-cheap', cost: 49_999, at: at('2026-10-25T00:30:00Z') },
    { model: 'd-limit', cost: 50_000, at: at('2026-10-25T01:30:00Z') },
    { model: 'e-dear', cost: 9_999_999_999, at: at('2026-10-25T20:00:00Z') },
    { model: 'f-none', cost: Number.NaN, at: at('2026-10-25T23:59:59.999999Z') },
    // 02:30, for there was no 01:30.
    { model: 'g-spring', cost: 1, at: at('2026-03-29T01:30:00Z') },
  ];
  const NAMES = rows.map(({ model }) => model as string);
  const but = (...names: string[]) => NAMES.filter((name) => !names.includes(name));

  for (const covered of [false, true]) {
    describe(covered ? 'over rollups' : 'without rollups', () => {
      before(async () => {
        await resetUsage();
        await insertUsage(rows);
        if (covered) await coverUsage();
      });

      it('find what costs at least or at most so much, both included; what has no number is neither', async () => {
        assert.deepEqual(await found(ana, 'minCost=0.05'), ['d-limit', 'e-dear']);
        assert.deepEqual(await found(ana, 'maxCost=0.05'), but('e-dear', 'f-none'));
        assert.deepEqual(await found(ana, 'minCost=0'), but('a-refund', 'f-none'));
        assert.deepEqual(await found(ana, 'minCost=0&maxCost=0'), ['b-free']);
        assert.deepEqual(await found(ana, 'minCost=-0.01&maxCost=-0.000001'), ['a-refund']);
        assert.deepEqual(await found(ana, 'minCost=9999.999999'), ['e-dear']);
        assert.deepEqual(await found(ana, 'minCost=999999999'), []);
      });

      it('leave out models and actions, any number of them, and those that nothing has', async () => {
        assert.deepEqual(await found(ana, 'notModel=a-refund&notModel=b-free'), but('a-refund', 'b-free'));
        assert.deepEqual(await found(ana, 'notAction=test&notAction=image_edit'), but('a-refund', 'b-free'));
        assert.deepEqual(await found(ana, 'notModel=no-such&notAction=no_such'), NAMES);
        assert.deepEqual(await found(ana, 'notModel=a-refund&action=test'), []);
        assert.deepEqual(await found(ana, 'notModel=a-refund&search=refund'), []);
        assert.deepEqual(await found(ana, 'notModel=a-refund&search=cheap'), ['c-cheap']);
      });

      it('go by the clock of the business, over midnight and where clocks change', async () => {
        assert.deepEqual(await found(ana, 'hours=1-1'), ['c-cheap', 'd-limit']);
        assert.deepEqual(await found(ana, 'hours=21-21'), ['a-refund']);
        assert.deepEqual(await found(ana, 'hours=20-23'), ['a-refund', 'e-dear', 'f-none']);
        assert.deepEqual(await found(ana, 'hours=22-0'), ['b-free', 'f-none']);
        assert.deepEqual(await found(ana, 'hours=2-2'), ['g-spring']);
        assert.deepEqual(await found(ana, 'hours=0-23'), NAMES);
        assert.deepEqual(await found(ana, 'hours=5-4'), NAMES);
      });

      it('mean the same to statistics, lists, files, pages and their recomputation', async () => {
        for (const [filters, count] of [
          ['minCost=0.05', 2],
          ['maxCost=0', 2],
          ['notModel=d-limit&notModel=e-dear', 5],
          ['notAction=test', 6],
          ['hours=1-2', 3],
          ['hours=22-0&notModel=f-none&minCost=0', 1],
        ] as const)
          assert.deepEqual(await countedEverywhere(app, ana, filters), Array(7).fill(count), filters);
      });
    });
  }

  it('know nothing of records without a time, but those without a price', async () => {
    await resetUsage();
    await insertUsage([{ model: 'timeless', cost: 1 }]);
    await databases().workflows.raw(`UPDATE token_usage_tracking SET created_at = 'infinity'`);
    const none = async (filters: string) =>
      (await openJson<{ total: number }>(ana, `/api/ai-usage/records?period=none&${filters}`)).total;
    assert.deepEqual([await none(''), await none('hours=0-23'), await none('minCost=0')], [1, 0, 1]);
  });

  it('go by a clock of half hours too', async () => {
    const kolkata = await startApp({ variables: { TIME_ZONE: 'Asia/Kolkata' } });
    try {
      await resetUsage();
      await insertUsage([
        { model: 'before', at: at('2026-10-25T18:29:59.999999Z') },
        { model: 'midnight', at: at('2026-10-25T18:30:00Z') },
        { model: 'within', at: at('2026-10-25T19:29:59.999999Z') },
        { model: 'after', at: at('2026-10-25T19:30:00Z') },
      ]);
      await coverUsage('Asia/Kolkata');
      const client = await signedIn(kolkata.origin);
      assert.deepEqual(await found(client, 'hours=0-0'), ['midnight', 'within']);
      assert.deepEqual(await countedEverywhere(kolkata, client, 'hours=23-0'), Array(7).fill(3));
    } finally {
      await kolkata.close();
    }
  });

  it('are said as chips and as a sentence, and the form carries and changes them', async () => {
    await resetUsage();
    await insertUsage(rows);
    const filters = 'notModel=gpt-5&notModel=tts-1&notAction=image_edit&minCost=0.05&maxCost=1.234567&hours=22-5';
    const page = await openPage(ana, `${PATH}?${filters}`);
    const without = (part: string) => `${PATH}?${filters.replace(part, '').replace(/^&|&(?=&|$)/g, '')}`;
    assert.deepEqual(chipsOf(page), [
      ['model is not gpt-5', without('notModel=gpt-5&')],
      ['model is not tts-1', without('&notModel=tts-1')],
      ['action is not Image edit', without('&notAction=image_edit')],
      ['cost is at least €0.05', without('&minCost=0.05')],
      ['cost is at most €1.234567', without('&maxCost=1.234567')],
      ['time of day is 22:00–05:59', without('&hours=22-5')],
    ]);
    const { body } = await ana.get(`${PATH}.json?${filters}`);
    assert.equal(
      body.manifest.filters,
      'Calls whose model is not gpt-5 and whose model is not tts-1 and whose action is not Image edit and whose cost is at least ' +
        '€0.05 and whose cost is at most €1.234567 and whose time of day is 22:00–05:59',
    );
    const form = page.querySelector('form.filters') ?? assert.fail('no form');
    assert.ok(form.querySelector('details[open]'));
    const unchanged = await ana.get(submitted(form));
    assert.equal(location(unchanged), `${PATH}?${filters}`);
    const changed = await ana.get(submitted(form, { minCost: '0.50', hours: '09-17', notModel: 'd-limit' }));
    assert.equal(
      location(changed),
      `${PATH}?notModel=d-limit&notModel=gpt-5&notModel=tts-1&notAction=image_edit&minCost=0.5&maxCost=1.234567&hours=9-17`,
    );
    assert.equal((await openPage(ana, PATH)).querySelector('form.filters details[open]'), null);
  });

  it('are turned around by their chips: both together are all calls, and turned around again they are the same', async () => {
    await resetUsage();
    await insertUsage(rows);
    const turned = async (filters: string) => {
      const page = await openPage(ana, `/ai-usage?${ALL}&${filters}`);
      return (linkTo(page, '.chips .negate') ?? assert.fail(filters))
        .replace(/^.*?\?/, '')
        .replace(/&?(period|asOf)=[^&]*/g, '');
    };
    for (const [filters, around] of [
      ['model=d-limit', 'notModel=d-limit'],
      ['notAction=image_edit', 'action=image_edit'],
      ['hours=20-23', 'hours=0-19'],
      ['hours=22-5', 'hours=6-21'],
      ['minCost=0.05', 'maxCost=0.049999'],
      ['maxCost=0', 'minCost=0.000001'],
    ] as const) {
      assert.equal((await turned(filters)).replace(/^&/, ''), around);
      assert.equal((await turned(around)).replace(/^&/, ''), filters);
      // What costs no number is neither dear nor cheap.
      const all = filters.includes('Cost') ? but('f-none') : NAMES;
      assert.deepEqual([...(await found(ana, filters)), ...(await found(ana, around))].sort(), all);
    }
    const several = await openPage(ana, `${PATH}?model=b-free&model=d-limit&notModel=a-refund`);
    assert.equal(linkTo(several, '.chips .negate'), `${PATH}?model=d-limit&notModel=a-refund&notModel=b-free`);
    for (const whole of ['hours=0-23', 'hours=5-4', 'search=x', `author=${AUTHOR}`])
      assert.equal((await openPage(ana, `${PATH}?${whole}`)).querySelector('.negate'), null, whole);
  });

  it('several models and actions are chosen at once in a form that keeps all else', async () => {
    await resetUsage();
    await insertUsage(rows.map((row) => ({ ...row, at: now() - HOUR })));
    const page = await openPage(ana, `${PATH}?model=b-free&model=not-there&hours=0-23&period=7d`);
    const form = page.querySelector('.several form') ?? assert.fail('no form');
    const boxes = (name: string) =>
      form
        .querySelectorAll(`input[name=${name}]`)
        .map((box) => [box.getAttribute('value'), box.hasAttribute('checked')]);
    const models = ['b-free', 'not-there', ...but('b-free')];
    assert.deepEqual(
      boxes('model'),
      models.map((name) => [name, name === 'b-free' || name === 'not-there']),
    );
    assert.ok(boxes('action').some(([name]) => name === 'image_edit'));
    const hidden = form
      .querySelectorAll('input[type=hidden]')
      .map((one) => [one.getAttribute('name'), one.getAttribute('value')]);
    assert.deepEqual(hidden, [
      ['period', '7d'],
      ['hours', '0-23'],
    ]);
    const model = await openPage(ana, '/ai-usage/models/b-free');
    assert.equal(model.querySelector('.several input[name=model]'), null, 'what the address says already');
  });

  it('are refused in words where they say nothing', async () => {
    const refused = async (parameters: string) => {
      const { status, body } = await ana.get(`/api/ai-usage/stats?${parameters}`);
      assert.equal(status, 400, parameters);
      return (body.details as { parameter: string; message: string }[]).map(
        ({ parameter, message }) => `${parameter} ${message}`,
      );
    };
    const amount = 'takes euros, with a point and at most six decimals, such as 0.05';
    for (const value of ['0,05', '0.0000001', '1e3', 'NaN', '.5', '5.', '+1', '9999999999'])
      assert.deepEqual(await refused(`minCost=${encodeURIComponent(value)}`), [`minCost ${amount}`]);
    assert.deepEqual(await refused('minCost=0.06&maxCost=0.05'), ['minCost must not be more than maxCost (0.05)']);
    assert.deepEqual(await refused('minCost=1&minCost=2'), ['minCost is given more than once']);
    const hours =
      'takes two hours of the day from 0 to 23, the first and the last, such as 20-23, or 22-5 over midnight';
    for (const value of ['24-3', '9', '9-', '-9', '1-2-3', '9:00-17:00', '٣-٤'])
      assert.deepEqual(await refused(`hours=${encodeURIComponent(value)}`), [`hours ${hours}`]);
    const many = Array.from({ length: 51 }, (_, i) => `notModel=m${i}`).join('&');
    assert.deepEqual(await refused(many), ['notModel takes at most 50 values']);
    assert.deepEqual(await refused('notmodel=x'), ['notmodel is not known here; did you mean notModel?']);
  });

  it('that have to look at every record say so where there are too many, instead of that the database is away', async () => {
    const { workflows } = databases();
    // As PostgreSQL ends what takes longer than its limit.
    await workflows.raw(`
      CREATE FUNCTION out_of_time() RETURNS boolean LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = '57014'; END $$;
      ALTER TABLE token_usage_tracking RENAME TO token_usage_tracking_itself;
      CREATE VIEW token_usage_tracking AS SELECT * FROM token_usage_tracking_itself WHERE out_of_time()`);
    try {
      const words =
        'Costs of at least an amount and costs of at most an amount are counted from the records themselves';
      const page = await openPage(ana, '/ai-usage?period=all&minCost=0.01&maxCost=5');
      const failed = page.querySelectorAll('.failed p').map(textOf);
      assert.ok(failed.length > 0);
      assert.match(failed[0] ?? '', new RegExp(`^${words}, and in this period there are too many`));
      const { status, body } = await ana.get('/api/ai-usage/stats?period=all&minCost=0.01&maxCost=5');
      assert.equal(status, 503);
      assert.match(body.error, new RegExp(`^${words}`));
      const other = await openPage(ana, '/ai-usage?period=all');
      assert.doesNotMatch(textOf(other), /counted from the records/);
    } finally {
      await workflows.raw(`
        DROP VIEW token_usage_tracking;
        ALTER TABLE token_usage_tracking_itself RENAME TO token_usage_tracking;
        DROP FUNCTION out_of_time()`);
    }
  });
});
