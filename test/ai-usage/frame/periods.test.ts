import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { linkTo, openPage, submitted, textOf } from '../../support/page.ts';
import { resetUsage } from '../../support/usage.ts';

const PATH = '/ai-usage/records';

describe('the choice of a period', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
  });

  it('has a form for times of business time, and has those of the window', async () => {
    const page = await openPage(client, `${PATH}?model=gpt-5&from=2026-10-25T00:30:00Z&to=2026-10-25T02:00:00Z`);
    const form = page.querySelector('form.times') as HTMLElement;
    const values = form
      .querySelectorAll('label input')
      .map((field) => [field.getAttribute('type'), field.getAttribute('value')]);
    assert.deepEqual(values, [
      ['datetime-local', '2026-10-25T01:30'],
      ['datetime-local', '2026-10-25T02:00'],
    ]);
    const sent = submitted(form, { from: '2026-07-01T10:00', to: '2026-07-01T11:30' });
    assert.equal(sent, `${PATH}?model=gpt-5&from=2026-07-01T10%3A00&to=2026-07-01T11%3A30`);
    const shown = await openPage(client, sent);
    assert.match(textOf(shown.querySelector('p.window')), /1 Jul 2026, 10:00 – 1 Jul 2026, 11:30 .*UTC\+01:00/);
  });

  it('periods of the calendar are links and a form that keep the filters, and lead to those beside them', async () => {
    const page = await openPage(client, `${PATH}?period=2026-10&model=gpt-5&page=2`);
    const links = page.querySelectorAll('.calendar a').map((link) => [textOf(link), link.getAttribute('href')]);
    assert.deepEqual(links, [
      ['Today', `${PATH}?period=today&model=gpt-5`],
      ['Yesterday', `${PATH}?period=yesterday&model=gpt-5`],
      ['This week', `${PATH}?period=this-week&model=gpt-5`],
      ['Last week', `${PATH}?period=last-week&model=gpt-5`],
      ['This month', `${PATH}?period=this-month&model=gpt-5`],
      ['Last month', `${PATH}?period=last-month&model=gpt-5`],
      ['This quarter', `${PATH}?period=this-quarter&model=gpt-5`],
      ['Last quarter', `${PATH}?period=last-quarter&model=gpt-5`],
      ['This year', `${PATH}?period=this-year&model=gpt-5`],
      ['Last year', `${PATH}?period=last-year&model=gpt-5`],
    ]);
    const form = page.querySelector('.calendar form') as HTMLElement;
    assert.equal(submitted(form, {}), `${PATH}?model=gpt-5&period=2026-10`);
    const reached = await openPage(client, submitted(form, { period: '2026-W43' }));
    assert.equal(textOf(reached.querySelector('.steps b')), 'Week 43, 19 Oct – 25 Oct 2026');
    assert.match(
      textOf(reached.querySelector('p.window')),
      /19 Oct 2026, 00:00 UTC\+01:00 – 26 Oct 2026, 00:00 UTC\+00:00/,
    );
    const steps = page.querySelectorAll('.steps a').map((a) => [a.getAttribute('aria-label'), a.getAttribute('href')]);
    assert.deepEqual(steps, [
      ['Before: September 2026', `${PATH}?period=2026-09&model=gpt-5`],
      ['After: November 2026', `${PATH}?period=2026-11&model=gpt-5`],
    ]);
    assert.equal(textOf(page.querySelector('.steps b')), 'October 2026');
    assert.equal(textOf(page.querySelector('.periods summary[aria-current]')), 'Calendar');
    const current = await openPage(client, `${PATH}?period=this-year`);
    assert.equal(current.querySelectorAll('.steps a').length, 1, 'what has not begun is no way on');
    const other = await openPage(client, `${PATH}?period=7d`);
    assert.match(linkTo(other, '.steps a') ?? '', /\?from=.*Z&to=.*Z$/);
    assert.equal((await openPage(client, `${PATH}?period=all`)).querySelector('.steps'), null);
  });
});
