import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addTime, HOUR, type Instant, instantAt, isoFromInstant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { ACTIONS, AUTHORS, MODELS, STORIES, slowly, usageAt } from '../../support/generated-usage.ts';
import { assertDescribed } from '../../support/openapi.ts';
import { columnOf, openPage, tableOf, textOf } from '../../support/page.ts';
import { enterPrice } from '../../support/prices.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const at = (iso: string) => parseInstant(iso) as Instant;
/** Months of winter and summer time, none of them whole. */
const [FIRST, LAST] = [at('2026-02-10T00:00:00Z'), at('2026-05-20T00:00:00Z')] as const;

type Unit = Record<'averageCost' | 'medianCost' | 'p90Cost', number | null> & { count: number; totalCost: number };
type Cause = Record<'before' | 'now' | 'byCalls' | 'byPrice', number> & { action: string | null; model: string | null };
type Found = {
  months: ({ month: string } & Record<'stories' | 'chapters' | 'images' | 'authors', Unit>)[];
  unpriced?: { requests: number };
  causes: { month: string; monthBefore: string; before: number; now: number; rows: Cause[] } | null;
};

const lisbonMonth = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Lisbon', year: 'numeric', month: '2-digit' });
const monthOf = ({ at: instant }: UsageRow) => lisbonMonth.format(Number(instant / 1000n)).slice(0, 7);
const sum = (rows: readonly { cost: number }[]) => rows.reduce((all, { cost }) => all + cost, 0);
const micro = (euros: number) => Math.round(euros * 1e6);

/** The smallest of some costs that so many do not exceed. */
function quantile(costs: number[], share: number): number | null {
  const inOrder = [...costs].sort((a, b) => a - b);
  return inOrder.find((_, i) => i + 1 >= share * inOrder.length) ?? null;
}

/** Whether two are the same to the micro-euro, of which an average has a part. */
function assertNear(found: number | null, exact: number | null, within: number, what: string): void {
  const isNear = found !== null && exact !== null && Math.abs(micro(found) - exact) <= within + exact * 1e-12;
  assert.ok(found === exact || isNear, `${what}: ${found}, not ${exact}`);
}

function assertUnit(found: Unit, count: number, cost: number, each: number[], what: string): void {
  assert.deepEqual([found.count, micro(found.totalCost)], [count, cost], what);
  assertNear(found.averageCost, count === 0 ? null : cost / count, 0.5, `${what} average`);
  assertNear(found.medianCost, quantile(each, 0.5), 0.5, `${what} median`);
  assertNear(found.p90Cost, quantile(each, 0.9), 0.5, `${what} p90`);
}

function grouped(rows: UsageRow[], keyOf: (row: UsageRow) => string): Map<string, UsageRow[]> {
  const found = new Map<string, UsageRow[]>();
  for (const row of rows) found.set(keyOf(row), [...(found.get(keyOf(row)) ?? []), row]);
  return found;
}

/** In which month each story began. */
const beginnings = (rows: UsageRow[]): Map<string, string | undefined> =>
  new Map([...grouped(rows, ({ story }) => story)].map(([story, of]) => [story, of.map(monthOf).sort()[0]]));

/** Whether the months of an answer are what the records say, one by one. */
function assertMonths(found: Found, rows: UsageRow[]): void {
  const begun = beginnings(rows);
  assert.deepEqual(
    found.months.map(({ month }) => month),
    [...new Set(rows.map(monthOf))].sort(),
  );
  for (const { month, stories, chapters, images, authors } of found.months) {
    const whole = [...grouped(rows, ({ story }) => story)].filter(([story]) => begun.get(story) === month);
    const costs = whole.map(([, of]) => sum(of));
    const all = costs.reduce((a, b) => a + b, 0);
    assertUnit(stories, whole.length, all, costs, `${month} stories`);
    const own = rows.filter((row) => monthOf(row) === month);
    for (const [unit, action] of [
      [chapters, 'chapter_writing'],
      [images, 'image_generation'],
    ] as const) {
      const calls = own.filter((row) => row.action === action);
      const each = [...grouped(calls, ({ story }) => story).values()].map((of) => sum(of) / of.length);
      assertUnit(unit, calls.length, sum(calls), each, `${month} ${action}`);
    }
    const each = [...grouped(own, ({ author }) => author).values()].map(sum);
    assertUnit(authors, each.length, sum(own), each, `${month} authors`);
  }
  // What the months come to is what all calls do.
  const whole = found.months.reduce((all, { stories }) => all + micro(stories.totalCost), 0);
  assert.equal(whole, sum(rows));
}

/** Whether its causes are, and add up. */
function assertCauses({ causes }: Found, rows: UsageRow[]): void {
  const begun = beginnings(rows);
  const [before, now] = [...new Set(rows.map(monthOf))].sort().slice(-2);
  const storiesOf = (month: string | undefined) => [...begun.values()].filter((one) => one === month).length;
  if (before === undefined || now === undefined || storiesOf(before) === 0 || storiesOf(now) === 0) {
    assert.equal(causes, null);
    return;
  }
  assert.ok(causes);
  assert.deepEqual([causes.monthBefore, causes.month], [before, now]);
  const total = (name: 'before' | 'now' | 'byCalls' | 'byPrice') =>
    causes.rows.reduce((all, row) => all + micro(row[name]), 0);
  for (const [name, month] of [
    ['before', before],
    ['now', now],
  ] as const) {
    const own = rows.filter(({ story }) => begun.get(story) === month);
    assert.equal(total(name), micro(causes[name]), name);
    assertNear(causes[name], sum(own) / storiesOf(month), 0.5, name);
    for (const row of causes.rows) {
      const part = own.filter((one) => one.action === row.action && one.model === row.model);
      // Each part is rounded with the others.
      assertNear(row[name], sum(part) / storiesOf(month), 1, `${row.action} ${row.model} ${name}`);
    }
  }
  assert.equal(total('byCalls') + total('byPrice'), micro(causes.now) - micro(causes.before));
}

describe('unit costs', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  const empty = async () => {
    await resetUsage();
    await databases().backoffice.raw('TRUNCATE prices, exchange_rates');
  };
  after(empty);

  /** 1.37 and 2.41 euros a million, each call rounded: told once more, in hundredths of micro-euros; nothing of a model without a price. */
  const enterPrices = async () => {
    for (const model of ['g*', 'claude-*', 'tts-1'])
      await enterPrice(client, {
        ...{ model, from: '2020-01-01', currency: 'EUR', inputPerMillion: 1.37, outputPerMillion: 2.41 },
      });
  };
  const priced = (row: UsageRow): UsageRow => ({
    ...row,
    cost: row.model === 'mystery-9' ? 0 : Math.floor((2 * (row.input * 137 + row.output * 241) + 100) / 200),
  });

  const read = async (parameters: string): Promise<Found> => {
    const answer = await client.json('get', `/api/ai-usage/unit-costs?${parameters}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assertDescribed('/api/ai-usage/unit-costs', answer);
    return answer.body;
  };

  it('are what the records say, one by one, rolled up and not, in any window and with filters, as recorded and by the price list', async () => {
    const instant = fc.bigInt({ min: FIRST, max: LAST }).map(instantAt);
    const filters = fc.oneof(
      fc.constant(''),
      fc.constantFrom(...MODELS).map((model) => `model=${model}`),
      fc.constantFrom(...ACTIONS).map((action) => `action=${action}`),
      fc.constantFrom(...AUTHORS).map((author) => `author=${author}`),
      fc.constantFrom(...STORIES).map((story) => `story=${story}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(usageAt(instant), { minLength: 1, maxLength: 80 }),
        fc.boolean(),
        fc.array(fc.tuple(instant, instant, filters), { minLength: 4, maxLength: 4 }),
        async (given, covered, asked) => {
          await empty();
          await enterPrices();
          const rows = await insertUsage(given);
          if (covered) await coverUsage();
          for (const [one, other, filter] of asked) {
            const [from, to] = one < other ? [one, addTime(other, HOUR)] : [other, addTime(one, HOUR)];
            const [name, value] = filter.split('=') as [keyof UsageRow, string];
            const isMeant = (row: UsageRow) => row.at >= from && row.at < to && (filter === '' || row[name] === value);
            const window = `from=${isoFromInstant(from)}&to=${isoFromInstant(to)}&${filter}`;
            const found = await read(window);
            const meant = rows.filter(isMeant);
            assertMonths(found, meant);
            if (name === 'author' || name === 'story') assert.equal(found.causes, null, 'only records tell');
            else assertCauses(found, meant);
            const byPrice = await read(`${window}&cost=repriced`);
            assertMonths(byPrice, meant.map(priced));
            assertCauses(byPrice, meant.map(priced));
            assert.equal(byPrice.unpriced?.requests, meant.filter(({ model }) => model === 'mystery-9').length);
          }
        },
      ),
      slowly(40),
    );
  });

  it('stand on a page: a story whole in the month in which it began, and why one cost more', async () => {
    await resetUsage();
    const call = { story: STORIES[0] ?? '', author: AUTHORS[0] ?? '', model: 'gpt-5', action: 'chapter_writing' };
    const other = { ...call, story: STORIES[1] ?? '' };
    await insertUsage([
      { ...call, cost: 1_000_000, at: at('2026-03-30T10:00:00Z') },
      { ...call, cost: 2_000_000, at: at('2026-04-02T10:00:00Z') },
      { ...other, cost: 4_000_000, at: at('2026-04-10T10:00:00Z') },
      { ...other, action: 'image_generation', cost: 1_000_000, at: at('2026-04-10T11:00:00Z') },
    ]);
    const page = await openPage(client, '/ai-usage/unit-costs?from=2026-03-01&to=2026-04-30');
    const texts = (caption: string, label: string) => columnOf(tableOf(page, caption), label).map(({ text }) => text);
    assert.deepEqual(texts('A story by month', 'Stories'), ['1', '1']);
    assert.deepEqual(texts('A story by month', 'Average'), ['€5.00', '€3.00']);
    assert.deepEqual(texts('An author by month', 'Cost'), ['€7.00', '€1.00']);
    assert.deepEqual(texts('A chapter by month', 'Chapters'), ['2', '1']);
    assert.match(
      textOf(page),
      /A story of April 2026 cost €5\.00 on average, \+€2\.00 \(\+66\.7%\) beside one of March 2026\./,
    );
    const assertWhy = (of: typeof page) => {
      const causes = tableOf(of, 'A story of April 2026 and one of March 2026');
      assert.deepEqual(
        causes.rows.map((row) => row.map(({ text }) => text)),
        [
          ['Chapter writing, gpt-5', '€3.00', '−€1.50', '+€2.50', '€4.00'],
          ['Image generation, gpt-5', '€0.00', '+€1.00', '€0.00', '€1.00'],
        ],
      );
      const total = causes.total?.map(({ text }) => text);
      assert.deepEqual(total, ['A story', '€3.00', '−€0.50', '+€2.50', '€5.00']);
    };
    assertWhy(page);
    assert.equal(page.querySelector('#causes ~ .notice'), null);
    const unfinished = await openPage(client, '/ai-usage/unit-costs?from=2026-03-01&to=2026-04-10T11:30');
    assert.equal(
      textOf(unfinished.querySelector('#causes ~ .notice')),
      'April 2026 is counted until 10 Apr 2026, 11:30, its newest stories without the calls after that: they seem cheap.',
    );
    // Half of them by another price.
    await enterPrice(client, {
      ...{ model: 'gpt-5', action: 'chapter_writing', from: '2020-01-01', currency: 'EUR' },
      ...{ inputPerMillion: 2_000, outputPerMillion: 0 },
    });
    const PATH = '/ai-usage/unit-costs?from=2026-03-01&to=2026-04-30&cost=repriced';
    const byPrice = await openPage(client, PATH);
    const average = columnOf(tableOf(byPrice, 'A story by month'), 'Average').map(({ text }) => text);
    assert.deepEqual(average, ['€2.00', '€4.00']);
    assert.match(textOf(byPrice), /an author cost by the price list, month by month/);
    assert.match(textOf(byPrice), /Left out of these costs, .* 1 call of gpt-5\./);
    const file = JSON.parse((await client.get(PATH.replace('?', '.json?'))).text);
    assert.deepEqual(
      file.tables.stories.map(({ cost }: { cost: string }) => cost),
      ['2.000000', '4.000000'],
    );
    assert.deepEqual(
      [file.manifest.totalCost, file.manifest.unpriced],
      ['6.000000', { requests: 1, models: ['gpt-5'] }],
    );
    // From the hours of a day that the window cuts.
    await coverUsage();
    assertWhy(await openPage(client, '/ai-usage/unit-costs?from=2026-03-01&to=2026-04-10T14:30'));
    const none = await openPage(client, '/ai-usage/unit-costs?model=none');
    assert.match(textOf(none.querySelector('.empty')), /No AI calls here/);
    const wrong = await client.json('get', '/api/ai-usage/unit-costs?period=2d');
    assert.equal(wrong.status, 400);
    assert.equal(wrong.body.details[0].parameter, 'period');
  });
});
