import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import type { Day } from '../../../src/units/calendar.ts';
import { createFormat } from '../../../src/units/format.ts';
import { addDays, addTime, dayOf, MINUTE, now, parseInstant, startOfDay } from '../../../src/units/time.ts';
import { LISBON, resetAlerts } from '../../support/alerts.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { openPage, textOf } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const { longDay } = createFormat('en-GB', LISBON);
const today = dayOf(now(), LISBON);
const ago = (days: number): Day => addDays(today, -days);
const noon = (day: Day) => addTime(startOfDay(day, LISBON), 720n * MINUTE);
const call = (day: Day, euros: number, model = 'gpt-5') => ({ at: noon(day), cost: Math.round(euros * 1e6), model });

/** What a bar says of being unusual, by its day. */
function unusualOf(page: HTMLElement): Record<string, string> {
  const said = page.querySelectorAll('.chart .marks li').flatMap((bar) => {
    const note = bar
      .querySelectorAll('.note')
      .map(textOf)
      .find((text) => text.startsWith('unusual'));
    return note === undefined ? [] : [[textOf(bar.querySelector('b')), note]];
  });
  return Object.fromEntries(said);
}
const capsOf = (page: HTMLElement) =>
  page.querySelector('.chart path.unusual')?.getAttribute('d')?.match(/M/g)?.length ?? 0;

describe('unusual days on charts', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(async () => {
    await resetUsage();
    await resetAlerts();
  });
  after(async () => {
    await resetAlerts();
    await resetUsage();
  });

  /** Ten euros a day for so many days, one of every seven thirty; `others` instead on some of them. */
  const everyDay = (days: number, others: Record<number, number>) =>
    insertUsage(
      Array.from({ length: days }, (_, i) => call(ago(i + 1), others[i + 1] ?? ((i + 1) % 7 === 0 ? 30 : 10))),
    );

  it('are those that a rule of unusual usage that says nothing else would tell of', async () => {
    // Far more, a little more, far less, nothing, what is usual a day later, and what is usual but for that weekday.
    await everyDay(150, { 80: 90, 66: 14.9, 59: 4, 45: 0, 30: 15, 20: 30, 14: 10, 3: 16 });
    const page = await openPage(ana, `/ai-usage?from=${ago(88)}&to=${ago(1)}`);
    const marked = unusualOf(page);
    const { body } = await ana.json('post', '/api/alerts/rehearse', { type: 'unusual', window: 'day', name: 'x' });
    const told = (body.events as { from: string; usual: number }[]).map(({ from, usual }) => {
      const at = parseInstant(from);
      assert.ok(at !== null);
      return [longDay(dayOf(addTime(at, -MINUTE), LISBON)), `unusual: usually €${usual.toFixed(2)}`];
    });
    assert.deepEqual(marked, Object.fromEntries(told));
    assert.deepEqual(
      Object.keys(marked),
      [80, 59, 45, 30, 20, 14, 3].map((days) => longDay(ago(days))),
    );
    assert.equal(capsOf(page), 7);
  });

  it('are named in the legend, the three furthest from what is usual, each a link to it', async () => {
    await everyDay(100, { 24: 19, 18: 90, 12: 25, 6: 40, 5: 15.5 });
    const page = await openPage(ana, '/ai-usage?period=30d');
    const legend = page.querySelectorAll('.legend.notes li').map(textOf);
    assert.deepEqual(legend, [
      `${longDay(ago(18))} unusual: €90.00, usually €10.00`,
      `${longDay(ago(12))} unusual: €25.00, usually €10.00`,
      `${longDay(ago(6))} unusual: €40.00, usually €10.00`,
      'and 2 more unusual days',
    ]);
    const href = page.querySelector('.legend.notes a')?.getAttribute('href') ?? '';
    assert.equal(href, `/ai-usage?from=${ago(18)}&to=${ago(18)}`);
    const table = await openPage(ana, '/ai-usage?period=30d&show=table');
    const row = table.querySelectorAll('.usage tbody tr').find((one) => textOf(one).startsWith(longDay(ago(6))));
    assert.equal(textOf(row?.querySelector('.note') ?? null), 'unusual: usually €10.00');
  });

  it('are of the calls of the view, of whole days, and known after four weeks', async () => {
    await everyDay(60, {});
    await insertUsage([call(ago(4), 45, 'tts-1'), call(ago(11), 45, 'tts-1'), call(today, 500)]);
    assert.deepEqual(Object.keys(unusualOf(await openPage(ana, '/ai-usage/models/gpt-5'))), []);
    assert.deepEqual(
      Object.keys(unusualOf(await openPage(ana, '/ai-usage'))),
      [11, 4].map((days) => longDay(ago(days))),
    );
    assert.deepEqual(
      Object.keys(unusualOf(await openPage(ana, '/ai-usage?model=tts-1'))),
      [],
      'nothing is known of it',
    );
    for (const path of ['/ai-usage?period=all', '/ai-usage?period=1d', '/ai-usage?period=none'])
      assert.equal(capsOf(await openPage(ana, path)), 0, path);
  });

  describe('of which few would flatten all others', () => {
    const heights = (page: HTMLElement, path: string) =>
      (
        page
          .querySelector(`.chart path.${path}`)
          ?.getAttribute('d')
          ?.match(/V(-?\d+)/g) ?? []
      ).map((v) => Number(v.slice(1)));
    const days = (costs: number[]) => insertUsage(costs.map((cost, i) => call(ago(costs.length - i), cost)));
    const chart = (count: number) => openPage(ana, `/ai-usage?from=${ago(count)}&to=${ago(1)}&compare=none`);
    const above = (page: HTMLElement) => page.querySelectorAll('.chart .marks small').map(textOf);

    it('end above the axis with what they cost, and the others are told apart', async () => {
      await days([10, 8, 9, 400, 10, 5, 10, 10]);
      const page = await chart(8);
      assert.deepEqual(heights(page, 's0'), [0, 42, 21, 0, 0, 104, 0, 0]);
      assert.deepEqual(above(page), ['€400.00']);
      assert.equal(page.querySelector('.chart path.cut')?.getAttribute('d')?.match(/M/g)?.length, 1);
      assert.match(textOf(page.querySelector('.chart-head .legend')), /higher than the axis$/);
      assert.match(textOf(page.querySelector('.marks li:nth-child(4) em')), /^€400\.00$/);
    });

    it('are drawn as high as they are where they flatten nothing, or there is nothing to compare', async () => {
      await days([10, 8, 9, 29, 10, 5, 10, 10]);
      assert.deepEqual(above(await chart(8)), []);
      await resetUsage();
      await days([0, 0, 0, 400, 1, 0, 2, 0]);
      const page = await chart(8);
      assert.deepEqual(above(page), []);
      assert.doesNotMatch(textOf(page.querySelector('.chart-head .legend')), /axis/);
      await resetUsage();
      // Two of eight are no exception.
      await days([10, 400, 9, 400, 10, 5, 10, 10]);
      assert.deepEqual(above(await chart(8)), []);
    });
  });
});
