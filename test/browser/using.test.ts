import assert from 'node:assert/strict';
import { until } from '../support/browser.ts';
import { AUTHOR, inBrowser, STORY } from './in-browser.ts';

describe('using it in a browser', () => {
  const { openAs, origin } = inBrowser();

  it('a story is found, looked at and left without any script', async () => {
    const { page, arrive } = await openAs('/ai-usage/records?period=7d', { javaScriptEnabled: false });
    await page.locator('tbody th a').first().click();
    await page.getByRole('link', { name: 'O farol' }).click();
    await arrive(`/ai-usage/stories/${STORY}?period=7d`);
    assert.equal(await page.locator('h1').innerText(), 'O farol');
    await page.getByRole('link', { name: '90 days' }).click();
    await arrive(`/ai-usage/stories/${STORY}?period=90d`);
    await page.getByRole('link', { name: 'Marta' }).click();
    await arrive(`/ai-usage/authors/${AUTHOR}?period=90d`);
    await page.getByRole('link', { name: 'Model tts-1: details' }).click();
    await arrive(`/ai-usage/models/tts-1?period=90d&author=${AUTHOR}`);
    await page.getByRole('link', { name: 'Records behind these numbers' }).click();
    await arrive(`/ai-usage/records?period=90d&model=tts-1&author=${AUTHOR}`);
    assert.equal(await page.locator('.sum b').first().innerText(), '35');
    await page.goto(`${origin()}/ai-usage/stories/${STORY}`);
    assert.equal(await page.locator('button:not([popovertarget]):visible').count(), 0, 'no button that needs a script');
  });

  it('a row opens its record wherever it is clicked, but for what it names, and what is marked to be copied', async () => {
    const { page, arrive } = await openAs('/ai-usage/records?period=7d');
    const address = (await page.locator('tbody th a').nth(2).getAttribute('href')) ?? '';
    const cell = await page.locator('tbody tr').nth(2).locator('td').last().boundingBox();
    assert.ok(cell);
    await page.mouse.move(cell.x + cell.width - 4, cell.y + 14);
    await page.mouse.down();
    await page.mouse.move(cell.x + 10, cell.y + 14, { steps: 5 });
    await page.mouse.up();
    assert.match(await page.evaluate('String(getSelection())'), /\S/);
    assert.equal(await page.evaluate('location.pathname'), '/ai-usage/records', 'marked');
    await page.evaluate('getSelection().empty()');
    await page.locator('tbody tr').nth(2).locator('td').last().click();
    await arrive(address);
    await page.goBack();
    await page.locator('tbody tr').nth(2).getByRole('button', { name: 'Marta' }).click();
    await page.getByRole('link', { name: 'Only this author' }).click();
    await arrive(`/ai-usage/records?period=7d&author=${AUTHOR}`);
  });

  it('what a row names is reached by arrow keys, and its menu is put away by Esc and by a click elsewhere', async () => {
    const { page, arrive } = await openAs('/ai-usage/records?period=7d');
    const row = page.locator('tbody tr').nth(1);
    const focused = () => page.evaluate('document.activeElement.textContent.trim()');
    const open = () => page.locator(':popover-open').count();
    await row.locator('th a').focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press('ArrowRight');
    const name = await row.locator('.names').nth(1).innerText();
    assert.equal(await focused(), name);
    await page.keyboard.press('Enter');
    assert.equal(await open(), 1);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Only this story');
    await page.keyboard.press('Escape');
    assert.equal(await open(), 0);
    assert.equal(await focused(), name);
    await page.keyboard.press('Enter');
    await page.locator('h1').click();
    assert.equal(await open(), 0);
    assert.equal(
      await page.evaluate('location.pathname'),
      '/ai-usage/records',
      'a click elsewhere is no more than that',
    );
    for (let i = 0; i < 9; i++) await page.keyboard.press('ArrowLeft');
    await row.locator('.names').nth(1).click();
    await page.getByRole('link', { name: 'Only this story' }).click();
    await arrive(`/ai-usage/records?period=7d&story=${STORY}`);
  });

  it('the menu of what a row names works without any script, and lies within the window', async () => {
    const { page, arrive } = await openAs('/ai-usage/records?period=7d', {
      ...{ javaScriptEnabled: false, viewport: { width: 390, height: 500 } },
    });
    for (const row of [0, 1, 2]) {
      const names = page.locator('tbody tr').nth(row).locator('.names');
      for (let i = 0; i < (await names.count()); i++) {
        await names.nth(i).click();
        const box = await page.locator('[popover]:visible').boundingBox();
        assert.ok(box && box.x >= 0 && box.x + box.width <= 390, `${box?.x} ${box?.width}`);
        await page.keyboard.press('Escape');
      }
    }
    await page.locator('tbody tr').nth(1).getByRole('button', { name: 'Marta' }).click();
    await page.getByRole('link', { name: 'Page of this author' }).click();
    await arrive(`/ai-usage/authors/${AUTHOR}?period=7d`);
  });

  it('a bar says its values to those who move to it by keyboard, and narrows the window, without any script', async () => {
    const { page } = await openAs('/ai-usage?period=7d', { javaScriptEnabled: false });
    const bar = page.locator('.marks a').nth(5);
    const values = bar.locator('span');
    const size = async () => (await values.boundingBox())?.width ?? 0;
    assert.ok((await size()) <= 1, 'unseen until then');
    await page.locator('.marks a').nth(4).focus();
    await page.keyboard.press('Tab');
    assert.ok((await size()) > 80);
    const words = await values.innerText();
    assert.match(words, /gpt-5: €/);
    assert.match(words, /Tokens in: /);
    await page.keyboard.press('Enter');
    await page.waitForURL(/from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d$/);
    assert.equal(await page.locator('h2#usage-over-time').innerText(), 'Usage by hour');
    const total = await page.locator('.tiles dd').first().innerText();
    assert.ok(words.includes(total.split(/\s/)[0] as string), `${total} is the bar’s: ${words}`);
  });

  it('the menu is one line on a telephone, and the rest of it opens, without any script', async () => {
    const { page } = await openAs('/ai-usage', {
      javaScriptEnabled: false,
      viewport: { width: 390, height: 844 },
    });
    const entries = await page.locator('.site nav > :visible').all();
    const boxes = await Promise.all(entries.map((one) => one.boundingBox()));
    assert.equal(new Set(boxes.map((box) => box?.y)).size, 1, 'a line');
    assert.ok(boxes.length > 3);
    for (const box of boxes) assert.ok(box && box.x + box.width <= 390 && box.height < 40, JSON.stringify(box));
    await page.locator('.site nav summary').click();
    await page.locator('.site nav').getByRole('link', { name: 'Statement' }).click();
    await page.waitForURL(/\/ai-usage\/statement\?month=/);
    assert.equal(await page.locator('.site nav summary[aria-current]').innerText(), 'Statement');
  });

  it('the menu of a telephone is put away by Esc and by a click elsewhere', async () => {
    const { page } = await openAs('/ai-usage', { viewport: { width: 390, height: 844 } });
    const budgets = page.locator('.site nav').getByRole('link', { name: 'Budgets' });
    for (const close of [() => page.keyboard.press('Escape'), () => page.locator('h1').click()]) {
      await page.locator('.site nav summary').click();
      assert.equal(await budgets.isVisible(), true);
      await close();
      assert.equal(await budgets.isVisible(), false);
    }
  });

  it('further filters and several names are folded in one line, and each opens below it', async () => {
    for (const width of [1280, 390]) {
      const { page } = await openAs('/ai-usage?period=7d', { viewport: { width, height: 800 } });
      const [more, several] = ['More filters', 'Several models or actions'].map((text) =>
        page.locator('summary', { hasText: text }),
      );
      const top = async (one = more) => Math.round((await one?.boundingBox())?.y ?? 0);
      assert.ok(
        Math.abs((await top(more)) - (await top(several))) <= 2,
        `${width}: ${await top(more)} ${await top(several)}`,
      );
      for (const [one, other] of [
        [more, several],
        [several, more],
      ]) {
        await one?.click();
        assert.ok(Math.abs((await top(one)) - (await top(other))) > 20, 'nothing lies on what is open');
        assert.ok(await page.locator('.filter-bar details[open]').first().isVisible());
        await one?.click();
      }
      await page.context().close();
    }
  });

  it('/ goes to the search, but not while one types', async () => {
    const { page, complaints } = await openAs('/ai-usage/records?search=gpt');
    const focused = () => page.evaluate('document.activeElement.name');
    await page.keyboard.press('/');
    assert.equal(await focused(), 'search');
    assert.equal(await page.evaluate('getSelection().toString()'), 'gpt');
    await page.keyboard.type('a/b');
    assert.equal(await page.getByRole('searchbox').inputValue(), 'a/b');
    await page.goto(`${origin()}/ai-usage/statement?month=2026-10`);
    await page.keyboard.press('/');
    assert.equal(await focused(), undefined, 'where there is none, nothing happens');
    assert.deepEqual(complaints, []);
  });

  it('ids are copied at a click, and it is said', async () => {
    const { page, said } = await openAs(`/ai-usage/stories/${STORY}`, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.getByRole('button', { name: `Copy the id ${STORY}` }).click();
    await said().getByText('Copied').waitFor({ state: 'attached' });
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), STORY);
  });

  it('results say how many they are and how they are sorted, in a region that outlives them', async () => {
    const { page, said } = await openAs('/ai-usage/records');
    await page.evaluate('window.region = document.getElementById("announcement")');
    assert.equal(await said().getAttribute('role'), 'status');
    await page.getByRole('combobox', { name: 'Model' }).selectOption('tts-1');
    await said()
      .getByText(/^35 records, €[\d.]+, page 1, sorted by Time, descending$/)
      .waitFor({ state: 'attached' });
    await page.getByRole('columnheader', { name: 'Cost' }).getByRole('link').click();
    await said()
      .getByText(/sorted by Cost, descending$/)
      .waitFor({ state: 'attached' });
    assert.equal(await page.getByRole('columnheader', { name: 'Cost' }).getAttribute('aria-sort'), 'descending');
    assert.equal(await page.evaluate('window.region === document.getElementById("announcement")'), true);
    await page.goto(`${origin()}/ai-usage`);
    await page.getByRole('link', { name: '90 days' }).click();
    await said()
      .getByText(/^Total cost €[\d.]+, Requests 71$/)
      .waitFor({ state: 'attached' });
  });

  it('focus stays on what was used, or goes to the heading where that is gone', async () => {
    const { page, arrive } = await openAs('/ai-usage/records?model=gpt-5');
    const focus = () => page.evaluate('document.activeElement.textContent.trim()');
    const cost = page.getByRole('columnheader', { name: 'Cost' }).getByRole('link');
    await cost.focus();
    await page.keyboard.press('Enter');
    await arrive('/ai-usage/records?model=gpt-5&sortBy=estimatedCostInEuros');
    await until(page, 'document.activeElement.textContent.trim() === "Cost"');
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort=ascending]').waitFor();
    await until(page, 'document.activeElement.textContent.trim() === "Cost"');
    await page.getByRole('link', { name: 'Remove the filter: model is gpt-5' }).focus();
    await page.keyboard.press('Enter');
    await until(page, 'document.activeElement.tagName === "H1"');
    assert.equal(await focus(), 'Records');
  });

  it('everything is reached with the Tab key, in the order of the page, and is seen to have focus', async () => {
    const { page } = await openAs(`/ai-usage/authors/${AUTHOR}`);
    const order: number[] = [];
    for (let i = 0; i < 400; i++) {
      await page.keyboard.press('Tab');
      const [index, outline, visible] = (await page.evaluate(FOCUSED)) as [number, string, boolean];
      if (index === -1) break;
      assert.notEqual(outline, 'none', `no outline at the ${index}th`);
      assert.ok(visible, `the ${index}th is out of sight`);
      order.push(index);
    }
    assert.ok(order.length > 30, `${order.length} stops`);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
  });

  it('waiting shows within 150 ms, not at once, and moves nothing', async () => {
    const { page, arrive } = await openAs('/ai-usage/records');
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/ai-usage/records?period=90d', async (route) => {
      await held;
      await route.continue();
    });
    const places = () => page.evaluate(PLACES);
    const before = await places();
    await page.getByRole('link', { name: '90 days' }).click({ noWaitAfter: true });
    await page.locator('section.htmx-request').waitFor();
    const timings = (await page.evaluate(FADES)) as { delay: number; end: number }[];
    assert.ok(timings.length > 0, 'something fades');
    for (const { delay, end } of timings) assert.ok(delay >= 100 && end <= 150, `${delay} to ${end} ms`);
    await until(page, 'getComputedStyle(document.querySelector("#usage > header")).opacity === "0.55"');
    assert.deepEqual(await places(), before);
    answer();
    await arrive('/ai-usage/records?period=90d');
    await page.locator('.sum', { hasText: '71 records' }).waitFor();
    assert.equal(await page.evaluate('getComputedStyle(document.querySelector("#usage > header")).opacity'), '1');
  });
});

/** Where the focus is among all elements of the page, how it is outlined, and whether it is in the window; -1: nowhere. */
const FOCUSED = `(() => {
  const active = document.activeElement;
  if (active === document.body) return [-1, '', false];
  const box = active.getBoundingClientRect();
  const visible = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return [[...document.querySelectorAll('*')].indexOf(active), getComputedStyle(active).outlineStyle, visible];
})()`;

const PLACES = `[...document.querySelectorAll('#usage *')].map((element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return [x, y, width, height].join();
}).join(';')`;

/** How opacity changes while something is waited for: when that begins to show, and when it is over, in milliseconds after the click. */
const FADES = `[...document.querySelectorAll('.htmx-request, .htmx-request *')].map((element) => getComputedStyle(element))
  .filter(({ transitionProperty }) => transitionProperty === 'opacity')
  .map(({ transitionDelay, transitionDuration }) => {
    const [delay, duration] = [transitionDelay, transitionDuration].map((seconds) => 1000 * parseFloat(seconds));
    return { delay, end: delay + duration };
  })`;
