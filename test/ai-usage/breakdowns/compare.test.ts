import assert from 'node:assert/strict';
import fc from 'fast-check';
import { comparedWindow } from '../../../src/ai-usage/breakdowns/compare.ts';
import { PANELS } from '../../../src/ai-usage/overview/panels.ts';
import { parseUsageQuery } from '../../../src/query/query.ts';
import type { Comparison } from '../../../src/query/view.ts';
import {
  addTime,
  earliest,
  type Instant,
  instantAt,
  isoFromInstant,
  latest,
  parseInstant,
} from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { columnOf, openPage, tableOf, textOf, totalOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const ZONE = 'Europe/Lisbon';
const NOW = parseInstant('2026-11-25T09:30:00Z') as Instant;
const at = (iso: string) => parseInstant(iso) as Instant;

function compared(parameters: Record<string, string>, compare: Comparison = 'previous', now = NOW): string[] | null {
  const query = parseUsageQuery(parameters, { maxPageSize: 200, timeZone: ZONE }, now);
  const window = comparedWindow(query, compare, ZONE);
  return window && [window.from, window.to].map((instant) => isoFromInstant(instant).replace(/:00\.000Z$/, 'Z'));
}

describe('the window compared with', () => {
  it('is as long and ends where the other begins', () => {
    assert.deepEqual(compared({ period: '7d' }), ['2026-11-11T09:30Z', '2026-11-18T09:30Z']);
    assert.deepEqual(compared({ from: '2026-11-16', to: '2026-11-22' }), ['2026-11-09T00:00Z', '2026-11-16T00:00Z']);
    const hour = { from: '2026-11-20T10:00:00Z', to: '2026-11-20T11:00:00Z' };
    assert.deepEqual(compared(hour), ['2026-11-20T09:00Z', '2026-11-20T10:00Z']);
  });

  it('is cut at the same elapsed time while a window is not over', () => {
    assert.deepEqual(compared({ from: '2026-11-25', to: '2026-11-25' }), ['2026-11-24T00:00Z', '2026-11-24T09:30Z']);
    assert.deepEqual(compared({ from: '2026-11-23', to: '2026-11-29' }), ['2026-11-16T00:00Z', '2026-11-18T09:30Z']);
    assert.deepEqual(compared({ from: '2026-11-24' }), ['2026-11-22T00:00Z', '2026-11-23T09:30Z']);
    const later = { from: '2026-11-25T09:00:00Z', to: '2026-11-25T11:00:00Z' };
    assert.deepEqual(compared(later), ['2026-11-25T07:00Z', '2026-11-25T07:30Z']);
  });

  it('has the same days, also where one of them has 25 hours', () => {
    assert.deepEqual(compared({ from: '2026-10-25', to: '2026-10-25' }), ['2026-10-23T23:00Z', '2026-10-24T23:00Z']);
    assert.deepEqual(compared({ from: '2026-10-26', to: '2026-10-26' }), ['2026-10-24T23:00Z', '2026-10-26T00:00Z']);
  });

  it('can be that of a year ago, and is none without a beginning or a wish', () => {
    assert.deepEqual(compared({ period: '1d' }, 'year'), ['2025-11-24T09:30Z', '2025-11-25T09:30Z']);
    const leap = { from: '2024-02-29', to: '2024-02-29' };
    assert.deepEqual(compared(leap, 'year'), ['2023-02-28T00:00Z', '2023-03-01T00:00Z']);
    assert.equal(compared({ period: 'all' }), null);
    assert.equal(compared({ to: '2026-11-01' }), null);
    assert.equal(compared({ period: '7d' }, 'none'), null);
  });

  it('is of the calendar where the window is: the period before up to the same day and hour, all of it, or the same of last year', () => {
    const of = (period: string, compare?: Comparison, now?: string) =>
      compared({ period }, compare, now === undefined ? NOW : at(now));
    assert.deepEqual(of('today'), ['2026-11-24T00:00Z', '2026-11-24T09:30Z']);
    assert.deepEqual(of('today', 'whole'), ['2026-11-24T00:00Z', '2026-11-25T00:00Z']);
    assert.deepEqual(of('this-week'), ['2026-11-16T00:00Z', '2026-11-18T09:30Z']);
    assert.deepEqual(of('this-month'), ['2026-09-30T23:00Z', '2026-10-25T09:30Z']);
    assert.deepEqual(of('this-month', 'whole'), ['2026-09-30T23:00Z', '2026-11-01T00:00Z']);
    assert.deepEqual(of('this-month', 'year'), ['2025-11-01T00:00Z', '2025-11-25T09:30Z']);
    assert.deepEqual(of('this-quarter'), ['2026-06-30T23:00Z', '2026-08-25T08:30Z']);
    assert.deepEqual(of('this-year'), ['2025-01-01T00:00Z', '2025-11-25T09:30Z']);
    // October has a day more than September, which is over.
    assert.deepEqual(of('2026-10'), ['2026-08-31T23:00Z', '2026-09-30T23:00Z']);
    assert.deepEqual(of('2026-Q1'), ['2025-09-30T23:00Z', '2026-01-01T00:00Z']);
    assert.deepEqual(of('2026-W44', 'year'), ['2025-10-27T00:00Z', '2025-11-03T00:00Z']);
    // 2026 has 53 weeks, 2025 has 52.
    assert.deepEqual(of('2026-W53', 'year', '2027-02-01T00:00:00Z'), ['2025-12-22T00:00Z', '2025-12-29T00:00Z']);
    assert.deepEqual(of('2024-02-29', 'year'), ['2023-02-28T00:00Z', '2023-03-01T00:00Z']);
  });

  it('ends with the period before, also where that is a day that a zone has left out', () => {
    const query = parseUsageQuery(
      { period: 'today' },
      { maxPageSize: 1, timeZone: 'Pacific/Apia' },
      at('2011-12-30T20:00:00Z'),
    );
    const window = comparedWindow(query, 'previous', 'Pacific/Apia');
    assert.deepEqual(window, { from: at('2011-12-30T10:00:00Z'), to: at('2011-12-30T10:00:00Z') });
  });

  it('has all of a month that ends before the same day of it', () => {
    const on = (now: string, period = 'this-month') => compared({ period }, 'previous', at(now))?.[1];
    assert.equal(on('2026-03-28T10:00:00Z'), '2026-02-28T10:00Z');
    for (const day of ['29', '30', '31']) assert.equal(on(`2026-03-${day}T10:00:00Z`), '2026-03-01T00:00Z');
    // In a year only that month, not the year.
    assert.deepEqual(compared({ period: 'this-year' }, 'previous', at('2024-02-29T10:00:00Z')), [
      '2023-01-01T00:00Z',
      '2023-03-01T00:00Z',
    ]);
    assert.equal(on('2024-03-01T10:00:00Z', 'this-year'), '2023-03-01T10:00Z');
  });

  it('is never turned around, whatever the instants', () => {
    const instant = fc.bigInt({ min: at('2020-01-01T00:00:00Z'), max: NOW }).map(instantAt);
    fc.assert(
      fc.property(instant, instant, fc.constantFrom<Comparison>('previous', 'year'), (a, b, compare) => {
        const [from, to] = [earliest(a, b), addTime(latest(a, b), 1n)].map(isoFromInstant) as [string, string];
        const query = parseUsageQuery({ from, to }, { maxPageSize: 200, timeZone: ZONE }, addTime(NOW, 2n));
        const window = comparedWindow(query, compare, ZONE);
        assert.ok(window && window.from <= window.to);
        if (compare === 'previous') {
          assert.equal(window.to, query.window.from);
          assert.equal(window.to - window.from, query.window.to - (query.window.from as bigint));
        }
      }),
      { examples: [[at('2026-10-25T00:45:00Z'), at('2026-10-25T01:15:00Z'), 'year']] },
    );
  });
});

describe('the comparison on the overview', () => {
  let client: Client;
  const asOf = 'asOf=2026-11-25T09:30:00Z';
  const changes = async (path: string) => {
    const page = await openPage(client, path);
    return page.querySelectorAll('.tiles > div').map((tile) => textOf(tile.querySelector('.change')));
  };

  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    const story = '5f2c4d61-0000-4000-8000-000000000000';
    await insertUsage([
      { at: at('2025-11-25T08:00:00Z'), cost: 8_000_000, model: 'gpt-5', input: 10, output: 10, story },
      { at: at('2026-11-24T08:00:00Z'), cost: 2_000_000, model: 'gpt-5', input: 100, output: 50, story },
      { at: at('2026-11-24T09:29:59Z'), cost: 2_000_000, model: 'old', input: 0, output: 0, story },
      { at: at('2026-11-24T09:30:00Z'), cost: 99_000_000, model: 'later-yesterday', story },
      { at: at('2026-11-25T08:00:00Z'), cost: 3_000_000, model: 'gpt-5', input: 150, output: 50, story },
      { at: at('2026-11-25T08:00:00Z'), cost: 2_000_000, model: 'fresh', input: 0, output: 0 },
      { at: at('2026-11-25T08:30:00Z'), cost: 0, model: 'fresh', input: 0, output: 0, story },
    ]);
  });
  after(resetUsage);

  for (const [how, cover] of [
    ['raw', async () => {}],
    ['rolled up', coverUsage],
  ] as const) {
    it(`is on every tile and row, absolute and in percent, against yesterday until the same time: ${how}`, async () => {
      await cover();
      const path = `/ai-usage?from=2026-11-25&to=2026-11-25&${asOf}`;
      assert.deepEqual(await changes(path), [
        '+€1.00 +25.0%',
        '+1 +50.0%',
        '+50 +50.0%',
        '0 0.0%',
        '−€0.33 −16.7%',
        '+1 +100.0%',
        '−€1.50 −37.5%',
      ]);
      const table = tableOf(await openPage(client, path), 'Models');
      const row = (name: string) => columnOf(table, 'Model').findIndex(({ text }) => text === name);
      const change = (name: string) => columnOf(table, 'Change')[row(name)]?.micro;
      assert.deepEqual(['gpt-5', 'old', 'fresh'].map(change), [1_000_000, -2_000_000, 2_000_000]);
      assert.equal(table.rows.length, 3, 'what is gone has a row, what came later yesterday has none');
      assert.equal(totalOf(table, 'Change').micro, 1_000_000);
      const page = await openPage(client, path);
      const marks = page.querySelectorAll('.tiles .change').map((change) => {
        const mark = change.querySelector('[role=img]');
        return mark && `${mark.getAttribute('aria-label')} ${mark.classList.contains('cost')}`;
      });
      // In words, and in colour only where more is worse.
      assert.deepEqual(marks, ['up true', 'up false', 'up false', null, 'down true', 'up false', 'down true']);
      const cells = page.querySelectorAll('[aria-labelledby=models] td:has(i.cost)').map(textOf);
      assert.deepEqual(cells, ['+€1.00 +50.0%', '+€2.00 new', '−€2.00 −100.0%', '+€1.00 +25.0%']);
      assert.match(textOf(page.querySelector('.comparison')), /24 Nov 2026, 00:00 – 24 Nov 2026, 09:30/);
    });
  }

  it('is drawn on the chart as a step a bar, and each bar says with which day or hour it is compared', async () => {
    const chartOf = async (query: string) => {
      const page = await openPage(client, `/ai-usage?${query}&${asOf}`);
      const bars = page.querySelectorAll('.marks li em:not(.note)').map(textOf);
      return { path: page.querySelector('.chart path.before')?.getAttribute('d') ?? '', bars };
    };
    const days = await chartOf('from=2026-11-20&to=2026-11-25&compare=year');
    assert.match(days.path, /^M0 \d+h10(V\d+h10){5}$/);
    assert.deepEqual(days.bars.slice(-2), ['€103.00, before €0.00 (24 Nov 2025)', '€5.00, before €8.00 (25 Nov 2025)']);
    const hours = await chartOf('from=2026-11-25&to=2026-11-25');
    assert.match(hours.path, /^M0 \d+h10(V\d+h10){9}$/);
    assert.equal(hours.bars[8], '€5.00, before €2.00 (24 Nov, 08:00–09:00)');
  });

  it('is of a year ago where there are records, and nothing where nobody wants it', async () => {
    const path = `/ai-usage?from=2026-11-25&to=2026-11-25&${asOf}`;
    assert.equal((await changes(`${path}&compare=year`))[0], '−€3.00 −37.5%');
    assert.deepEqual(
      (await changes(`${path}&compare=none`)).filter((text) => text !== ''),
      [],
    );
    const offered = async (address: string) =>
      (await openPage(client, address)).querySelectorAll('.comparison a').map(textOf);
    assert.deepEqual(await offered(path), [
      'the period before up to the same hour',
      'all of the period before',
      'a year ago',
      'nothing',
    ]);
    const over = `/ai-usage?from=2026-11-24&to=2026-11-24&${asOf}`;
    assert.deepEqual(await offered(over), ['the period before', 'nothing']);
    assert.deepEqual(await offered(`/ai-usage?from=2025-11-25&to=2025-11-25&${asOf}`), [
      'the period before',
      'nothing',
    ]);
    const first = await openPage(client, `/ai-usage?from=2025-11-25&to=2025-11-25&${asOf}`);
    assert.match(textOf(first.querySelector('.notice')), /nothing to compare with: the first record is of 25 Nov 2025/);
    const some = await openPage(client, `/ai-usage?from=2026-11-01&to=2026-11-25&compare=year&${asOf}`);
    assert.match(textOf(some.querySelector('.notice')), /holds less than its whole length/);
  });

  it('has no average of nothing, and so no fall of one', async () => {
    // Of what cost something the day before, nothing is left.
    const page = await openPage(client, `/ai-usage?period=2026-11-26&asOf=2026-11-27T12:00:00Z`);
    const said = (label: string) => {
      const tile = page.querySelectorAll('.tiles > div').find((one) => textOf(one.querySelector('dt')) === label);
      return [textOf(tile?.querySelector('dd') ?? null), textOf(tile?.querySelector('.change') ?? null)];
    };
    assert.deepEqual(said('Average per request'), ['–', '']);
    assert.deepEqual(said('Average per story'), ['–', '']);
    assert.match(said('Total cost').join(' '), /^€0\.00 .*−100\.0%$/);
    const { body } = await client.get(
      `/api/ai-usage/stats?period=2026-11-26&asOf=2026-11-27T12:00:00Z&compare=previous`,
    );
    assert.deepEqual([body.totalRequests, body.averageCostPerRequest], [0, 0], 'to programs a number, and of how many');
    assert.ok(body.compared.averageCostPerRequest > 0);
  });

  it('is in the JSON of those who ask for it, with the same totals', async () => {
    const ask = async (compare: string) => {
      const answer = await client.get(`/api/ai-usage/stats?period=2026-11-25&${asOf}${compare}`);
      assertDescribed('/api/ai-usage/stats', answer);
      return answer.body.compared;
    };
    const [soFar, whole, year] = [
      await ask('&compare=previous'),
      await ask('&compare=whole'),
      await ask('&compare=year'),
    ];
    assert.deepEqual([soFar.totalCost, soFar.totalRequests, soFar.window.to], [4, 2, '2026-11-24T09:30:00.000Z']);
    assert.deepEqual([whole.totalCost, whole.window.to], [103, '2026-11-25T00:00:00.000Z']);
    assert.deepEqual([year.totalCost, year.window.from], [8, '2025-11-25T00:00:00.000Z']);
    assert.deepEqual([await ask(''), await ask('&compare=none')], [undefined, undefined]);
    assert.equal((await client.get(`/api/ai-usage/stats?period=all&compare=year`)).body.compared, null);
    assert.equal((await client.get('/api/ai-usage/stats?compare=x')).status, 400);
  });

  it('is a 400 that says what it takes, as are the other choices of a view', async () => {
    for (const [parameter, takes] of Object.entries({
      compare: 'previous, whole, year, none',
      by: 'model, action, provider',
      show: 'chart, table',
      breakdown: 'provider, author, story, hour',
      rankBy: 'cost, requests, inputTokens, outputTokens',
      rankOrder: 'asc, desc',
      debug: '1, 0',
    })) {
      const { status, text } = await client.get(`/ai-usage?${parameter}=x`);
      assert.equal(status, 400, parameter);
      assert.match(text, new RegExp(`${parameter}.*takes ${takes}`, 's'));
    }
  });

  it('says how long each panel took, to those who ask', async () => {
    const timings = async (path: string) => (await openPage(client, path)).querySelectorAll('.timing').map(textOf);
    assert.deepEqual(await timings('/ai-usage'), []);
    const asked = await timings(`/ai-usage?debug=1&${asOf}`);
    assert.equal(asked.length, PANELS.length);
    for (const text of asked) assert.match(text, /^Read in [\d,]+ ms$/);
  });
});
