import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Day } from '../../src/units/calendar.ts';
import { periodBefore, periodOf } from '../../src/units/calendar-period.ts';
import { addDays, dayOf, now, startOfDay } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { auditLines } from '../support/audit.ts';
import { ANA, type Client, createClient, location, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { csvRows, download } from '../support/export.ts';
import { assertDescribed } from '../support/openapi.ts';
import { openPage, textOf } from '../support/page.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const LISBON = 'Europe/Lisbon';
const MONTHLY = { name: 'gpt-5', amount: 50, per: 'month', filter: 'model=gpt-5' };

describe('budgets', () => {
  let origin: string;
  let ana: Client;
  const today = dayOf(now(), LISBON);
  const month = periodOf(today, 'month');
  const past = periodBefore(month, 'month');
  const at = (day: Day) => startOfDay(day, LISBON);

  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
    await resetUsage();
    await insertUsage([
      { cost: 10_000_001, model: 'gpt-5', at: at(month.first) },
      { cost: 5_000_002, model: 'gpt-5', at: at(today) },
      { cost: 40_000_000, model: 'gpt-image-1', at: at(today) },
      { cost: 60_000_003, model: 'gpt-5', at: at(addDays(month.first, -1)) },
    ]);
  });
  beforeEach(async () => {
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
  });
  after(async () => {
    await databases().backoffice.raw('TRUNCATE budgets CASCADE');
    await resetUsage();
  });

  const made = async (body: object = MONTHLY) => {
    const answer = await ana.json('post', '/api/budgets', body);
    assertDescribed('/api/budgets', answer, 'post');
    assert.equal(answer.status, 201);
    return answer.body;
  };

  describe('as JSON', () => {
    it('are made, read, changed and deleted; what is used is exact', async () => {
      const answer = await ana.json('post', '/api/budgets', MONTHLY);
      assert.equal(answer.status, 201);
      const { id } = answer.body;
      assert.equal(location(answer), `/api/budgets/${id}`);
      const one = await ana.json('get', `/api/budgets/${id}`);
      assertDescribed('/api/budgets/{id}', one);
      const { status, body } = one;
      assert.equal(status, 200);
      const { name, amount, per, filter, owner, from, to, used, left, usedShare, amounts, history } = body;
      assert.deepEqual({ name, amount, per, filter, owner }, { ...MONTHLY, owner: ANA });
      assert.deepEqual({ from, to }, { from: month.first, to: addDays(month.next, -1) });
      assert.deepEqual({ used, left }, { used: 15.000003, left: 34.999997 });
      assert.equal(usedShare, 15.000003 / 50);
      assert.ok(body.expected >= 0 && body.expected <= 50);
      for (const field of ['forecast', 'forecastRange', 'runsOutOn']) assert.ok(field in body);
      assert.deepEqual(amounts, [{ from: null, amount: 50 }]);
      assert.deepEqual(history, [
        { from: past.first, to: addDays(past.next, -1), amount: 50, used: 60.000003, left: -10.000003 },
      ]);
      const list = await ana.json('get', '/api/budgets');
      assertDescribed('/api/budgets', list);
      const { body: all } = list;
      assert.deepEqual(
        all.budgets.map((one: { id: string }) => one.id),
        [id],
      );

      const changed = await ana.json('put', `/api/budgets/${id}`, {
        ...MONTHLY,
        name: 'All',
        amount: 75.5,
        filter: '',
      });
      assert.equal(changed.status, 200);
      assertDescribed('/api/budgets/{id}', changed, 'put');
      assert.deepEqual([changed.body.name, changed.body.amount, changed.body.used], ['All', 75.5, 55.000003]);
      assert.deepEqual(changed.body.amounts, [
        { from: null, amount: 50 },
        { from: month.first, amount: 75.5 },
      ]);
      assert.equal(changed.body.history[0].amount, 50, 'the past keeps its amount');

      assert.equal((await ana.json('delete', `/api/budgets/${id}`)).status, 204);
      const gone = await ana.json('get', `/api/budgets/${id}`);
      assertDescribed('/api/budgets/{id}', gone);
      assert.equal(gone.status, 404);
      assert.equal((await ana.json('put', `/api/budgets/${id}`, MONTHLY)).status, 404);
      assert.equal((await ana.json('delete', `/api/budgets/${id}`)).status, 404);
      assert.deepEqual((await ana.json('get', '/api/budgets')).body, { budgets: [] });
    });

    it('take an amount from a day on, whatever has been said of later days', async () => {
      const { id } = await made();
      const amounts = async (amount: number, from?: string) =>
        (await ana.json('put', `/api/budgets/${id}`, { ...MONTHLY, amount, from })).body.amounts;
      assert.deepEqual(await amounts(60, '2099-01-01'), [
        { from: null, amount: 50 },
        { from: '2099-01-01', amount: 60 },
      ]);
      assert.deepEqual(await amounts(70, '2020-01-01'), [
        { from: null, amount: 50 },
        { from: '2020-01-01', amount: 70 },
      ]);
      assert.deepEqual(await amounts(50, '2020-01-01'), [{ from: null, amount: 50 }], 'as before: nothing has changed');
    });

    const name = 'n'.repeat(300);
    for (const [wrong, parameter] of [
      [{ ...MONTHLY, name }, 'name'],
      [{ ...MONTHLY, name: ' ' }, 'name'],
      [{ ...MONTHLY, name: 'a\u0000b' }, 'name'],
      [{ ...MONTHLY, name: 7 }, 'name'],
      [{ ...MONTHLY, amount: -5 }, 'amount'],
      [{ ...MONTHLY, amount: 0 }, 'amount'],
      [{ ...MONTHLY, amount: '1e3' }, 'amount'],
      [{ ...MONTHLY, amount: 1e12 }, 'amount'],
      [{ ...MONTHLY, amount: 0.000_000_1 }, 'amount'],
      [{ ...MONTHLY, amount: null }, 'amount'],
      [{ ...MONTHLY, per: 'day' }, 'per'],
      [{ ...MONTHLY, per: undefined }, 'per'],
      [{ ...MONTHLY, filter: 'modell=gpt-5' }, 'filter'],
      [{ ...MONTHLY, filter: 'period=7d' }, 'filter'],
      [{ ...MONTHLY, filter: '__proto__' }, 'filter'],
      [{ ...MONTHLY, filter: 'constructor=1' }, 'filter'],
      [{ ...MONTHLY, filter: 'author=nobody' }, 'filter'],
      [{ ...MONTHLY, filter: ['model=gpt-5'] }, 'filter'],
      [{ ...MONTHLY, from: '2026-02-30' }, 'from'],
      [{ ...MONTHLY, ammount: 5 }, 'ammount'],
      [[MONTHLY], 'body'],
    ] as const) {
      it(`refuse ${parameter} of ${JSON.stringify(wrong).slice(0, 90)}, and keep nothing`, async () => {
        const answer = await ana.json('post', '/api/budgets', wrong);
        assertDescribed('/api/budgets', answer, 'post');
        const { status, body } = answer;
        assert.equal(status, 400);
        assert.deepEqual(
          body.details.map((one: { parameter: string }) => one.parameter),
          [parameter],
        );
        assert.deepEqual((await ana.json('get', '/api/budgets')).body, { budgets: [] });
      });
    }

    it('say of a name whether it is too long, or has what cannot be seen', async () => {
      const problemsOf = async (name: string) =>
        (await ana.json('post', '/api/budgets', { ...MONTHLY, name })).body.details.map(
          (one: { message: string }) => one.message,
        );
      const long = 'takes a name of at most 100 characters';
      for (const name of ['', ' ', 'n'.repeat(101), '🦊'.repeat(101)]) assert.deepEqual(await problemsOf(name), [long]);
      for (const name of ['a\u0000b', 'a\nb', '\u202eabc', '\u200b', '\ud800'])
        assert.deepEqual(await problemsOf(name), [
          `${long}, without line breaks and other characters that cannot be seen`,
        ]);
    });

    it('say everything that is wrong at once; what is no JSON is a 400 too', async () => {
      const { body } = await ana.json('post', '/api/budgets', { name: '', amount: 'x', per: 'x', filter: 'x=1' });
      assert.deepEqual(body.details.map((one: { parameter: string }) => one.parameter).sort(), [
        'amount',
        'filter',
        'name',
        'per',
      ]);
      const broken = await ana.post('/api/budgets', {
        'Sec-Fetch-Site': 'same-origin',
        'Content-Type': 'application/json',
      });
      assert.equal(broken.status, 400);
    });

    it('are for people of this site only', async () => {
      const { id } = await made();
      for (const method of ['post', 'put', 'delete'] as const) {
        const path = method === 'post' ? '/api/budgets' : `/api/budgets/${id}`;
        assert.equal((await createClient(origin).json(method, path, MONTHLY)).status, 401);
      }
      assert.equal((await ana.post('/api/budgets', { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
      assert.equal((await ana.post(`/budgets/${id}/delete`, { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
      assert.equal((await ana.json('get', '/api/budgets')).body.budgets.length, 1);
    });

    it('are at most two hundred', async () => {
      await databases().backoffice.raw(
        `INSERT INTO budgets (name, per, filter, owner) SELECT 'n' || n, 'week', '', 'x' FROM generate_series(1, 200) AS n`,
      );
      const { status, body } = await ana.json('post', '/api/budgets', MONTHLY);
      assert.deepEqual([status, body.details[0].parameter], [400, 'name']);
    });
  });

  describe('as pages', () => {
    it('are made in a form, seen in the list and on a page of their own, changed and deleted', async () => {
      assert.match(textOf((await openPage(ana, '/budgets')).querySelector('.empty h2')), /No budget yet/);
      const answer = await ana.submit('/budgets', {
        name: 'Images',
        amount: '30.5',
        per: 'month',
        filter: 'model=gpt-image-1',
      });
      assert.equal(answer.status, 303);
      const page = await openPage(ana, location(answer));
      assert.equal(textOf(page.querySelector('h1')), 'Images');
      assert.match(textOf(page.querySelector('.tiles')), /Used ?€40\.00 131\.1%.*Budget ?€30\.50.*Over by ?€9\.50/);
      assert.match(textOf(page.querySelector('.budget .lead')), /^Over since .*: €9\.50 more than the budget\.$/);
      const list = await openPage(ana, '/budgets');
      assert.match(
        textOf(list.querySelector('tbody tr')),
        /Images over Calls whose model is gpt-image-1 .* €30\.50 €40\.00/,
      );

      await ana.submit(location(answer), {
        name: 'Pictures',
        amount: '100',
        per: 'month',
        filter: 'model=gpt-image-1',
        from: '',
      });
      assert.equal(textOf((await openPage(ana, location(answer))).querySelector('h1')), 'Pictures');
      assert.equal((await ana.submit(`${location(answer)}/delete`, {})).status, 303);
      assert.equal((await ana.get(location(answer))).status, 404);
      const actions = (await auditLines())
        .slice(-3)
        .map(({ action, email }: { action: string; email: string }) => [action, email]);
      assert.deepEqual(actions, [
        ['make budget', ANA],
        ['change budget', ANA],
        ['delete budget', ANA],
      ]);
    });

    it('stand in the month card of the overview of just these calls, which leads to another', async () => {
      const { id } = await made();
      const page = await openPage(ana, '/ai-usage?model=gpt-5');
      const line = page.querySelector(`.month a[href="/budgets/${id}"]`)?.closest('div');
      assert.match(textOf(line ?? null), /^Budget gpt-5 ?30\.0% ?of €50\.00/);
      assert.ok(page.querySelector('.month a[href="/budgets/new?filter=model%3Dgpt-5"]'));
      assert.equal((await openPage(ana, '/ai-usage')).querySelector(`a[href="/budgets/${id}"]`), null);
      const form = await openPage(ana, '/budgets/new?filter=model%3Dgpt-5');
      assert.equal(form.querySelector('input[name=filter]')?.getAttribute('value'), 'model=gpt-5');
    });

    it('keep what was entered, and say beside each field what it takes', async () => {
      const answer = await ana.submit('/budgets', { name: '<b>', amount: '-1', per: 'month', filter: 'modl=1' });
      assert.equal(answer.status, 400);
      assert.match(answer.text, /value="&lt;b&gt;"/);
      assert.match(answer.text, /value="-1" aria-invalid="true" aria-describedby="amount-problem"/);
      assert.match(answer.text, /id="amount-problem">takes euros above 0/);
      assert.match(answer.text, /id="filter-problem">takes model,.* and not “modl”/);
      assert.equal((await ana.json('get', '/api/budgets')).body.budgets.length, 0);

      const { id } = await made();
      const wrong = await ana.submit(`/budgets/${id}`, { name: '', amount: '7', per: 'month', filter: '' });
      assert.equal(wrong.status, 400);
      assert.match(wrong.text, /value="7"/);
      assert.equal((await ana.json('get', `/api/budgets/${id}`)).body.amount, 50);
    });

    it('are a 404 where there is none', async () => {
      for (const path of [`/budgets/${randomUUID()}`, '/budgets/x', '/budgets/%00']) {
        assert.equal((await ana.get(path)).status, 404, path);
        assert.equal((await ana.submit(path, { name: 'x' })).status, 404, path);
      }
    });
  });

  it('are files: every budget, and every past period', async () => {
    await made();
    await made({ ...MONTHLY, name: 'Week', per: 'week', amount: 1 });
    const [budgets, periods] = await Promise.all(
      ['budgets', 'periods'].map(async (table) =>
        csvRows((await download(origin, ana, `/budgets.csv?table=${table}`)).text),
      ),
    );
    assert.deepEqual(
      budgets?.map((row) => [row.Budget, row.Period, row['Amount (€)']]),
      [
        ['gpt-5', 'month', '50.000000'],
        ['Week', 'week', '1.000000'],
      ],
    );
    const { Budget, From, To, ...amounts } = periods?.[0] ?? {};
    assert.deepEqual([Budget, From, To], ['gpt-5', past.first, addDays(past.next, -1)]);
    assert.deepEqual([amounts['Amount (€)'], amounts['Used (€)']], ['50.000000', '60.000003']);
  });
});
