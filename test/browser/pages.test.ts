import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { HOUR, now } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { openPage, pictureFailure, sharedBrowser, signInAs } from '../support/browser.ts';
import { databases } from '../support/databases.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const AUTHOR = '0b7c5a5e-98f1-4c3f-9a8e-1d2c3b4a5f60';
const STORY = '5d1c0f7b-2a64-4e0b-8f3d-9b7a6c5e4d30';
const LONG_TITLE = 'A menina que guardava todas as marés do Atlântico dentro de uma caixa de fósforos, e o farol';

/** A story of ten calls, one of them twice; the same author's other stories; models without price or provider. */
async function fill(): Promise<string> {
  await resetUsage();
  const hoursAgo = (hours: number) => now() - BigInt(Math.round(hours * Number(HOUR)));
  const [record] = await insertUsage([
    ...Array.from({ length: 10 }, (_, i) => ({
      story: STORY,
      author: AUTHOR,
      action: ['story_outline', 'chapter_writing', 'image_generation'][Math.floor(i / 4)] as string,
      model: i % 2 === 0 ? 'gpt-5' : 'gpt-image-1',
      input: 1000 + 10 * Math.floor(i / 4),
      cost: 20_000 + 37 * i,
      at: hoursAgo(20 - i / 10),
    })),
    ...Array.from({ length: 60 }, (_, i) => ({
      model: 'gemini-2.5-pro',
      author: AUTHOR,
      cost: 1_000_000 + 1_013 * ((i * 7) % 60),
      at: hoursAgo(12.5 + 24 * i),
    })),
    ...Array.from({ length: 20 }, (_, i) => ({ model: 'mystery-1', cost: 0, at: hoursAgo(0.25 + i / 2) })),
  ]);
  const { mythoria } = databases();
  await mythoria('authors').insert({ author_id: AUTHOR, display_name: 'Inês <b>Duarte</b>', email: 'i@example.com' });
  await mythoria('stories').insert({ story_id: STORY, title: LONG_TITLE, author_id: AUTHOR });
  await databases()
    .backoffice('audit_log')
    .insert([
      { sub: '101', email: 'ana.sousa@mythoria.pt', action: 'open prompt', subject: record?.id },
      {
        sub: '101',
        email: 'ana.sousa@mythoria.pt',
        action: 'export',
        subject: '/ai-usage/records.xlsx?model=gpt-5&asOf=2026-11-22T11%3A04%3A12.000Z',
        details:
          'Calls whose model is gpt-5; 23 Oct 2026, 12:04 – 22 Nov 2026, 11:04 (Europe/Lisbon, UTC+00:00); 1,234 rows, €12.345678',
        rows: 1234,
      },
      {
        sub: '102',
        email: 'rui.costa@caravanconcierge.com',
        action: 'export broken off',
        subject: '/ai-usage/records.csv?period=all',
        details:
          'All calls; Everything until 22 Nov 2026, 11:04 (Europe/Lisbon, UTC+00:00); 1,000,000 rows, €45,079.621262',
        rows: 120000,
      },
    ]);
  return record?.id ?? '';
}

const month = new Date().toISOString().slice(0, 7);

/** Every page, by the name of its pictures; `{record}` is the id of one. */
const PAGES: Record<string, string> = {
  'sign-in': '/sign-in?returnTo=%2Fai-usage',
  overview: '/ai-usage?period=90d',
  hours: '/ai-usage?period=1d',
  'overview-table': '/ai-usage?period=7d&by=action&show=table&rankBy=requests&debug=1',
  'overview-authors': '/ai-usage?period=7d&by=provider&breakdown=author',
  'overview-stories': '/ai-usage?breakdown=story&compare=none',
  'overview-heat-map': '/ai-usage?period=30d&breakdown=hour',
  records: '/ai-usage/records?period=90d&pageSize=25&model=gpt-5&model=gemini-2.5-pro&search=Duarte',
  empty: '/ai-usage/records?model=no-such-model',
  recomputed: '/ai-usage/tie-out?period=90d',
  record: '/ai-usage/records/{record}',
  prompt: '/ai-usage/records/{record}/prompt',
  story: `/ai-usage/stories/${STORY}`,
  'story-unknown': '/ai-usage/stories/6f9619ff-8b86-4011-b42d-00c04fc964ff',
  author: `/ai-usage/authors/${AUTHOR}?period=90d`,
  model: '/ai-usage/models/gpt-5?action=chapter_writing',
  'model-unknown': '/ai-usage/models/no-such-model',
  action: '/ai-usage/actions/chapter_writing',
  statement: `/ai-usage/statement?month=${month}`,
  sessions: '/sessions',
  audit: '/audit',
  'audit-empty': '/audit?person=nobody@mythoria.pt',
  'not-found': '/no/such/page',
  'bad-request': '/ai-usage?period=2d&pageSize=abc',
};

/** A desk and a telephone in both lights, and a desk at 200 % zoom, which to a page is a window half as wide. */
const VIEWS = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: 'zoomed', colorScheme: 'light', width: 640 },
  { name: '390', colorScheme: 'dark', width: 390 },
] as const;

describe('every page in a browser', () => {
  let browser: Browser;
  let origin: string;
  let record: string;
  let person: Awaited<ReturnType<typeof openPage>>;
  let stranger: Awaited<ReturnType<typeof openPage>>;

  before(async function () {
    const opened = await sharedBrowser();
    if (!opened) return this.skip();
    browser = opened;
    record = await fill();
    ({ origin } = await sharedApp());
    await mkdir('test-results', { recursive: true });
    stranger = await openPage(browser);
    person = await openPage(browser);
    await signInAs(person.page, origin);
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await pictureFailure(browser);
  });

  after(async () => {
    if (!browser) return;
    for (const { page } of [person, stranger]) await page.context().close();
    await resetUsage();
  });

  for (const [name, path] of Object.entries(PAGES)) {
    it(`keeps nobody out and fits the window, light, dark, zoomed and on a telephone: ${name}`, async () => {
      const { page, complaints } = name === 'sign-in' ? stranger : person;
      complaints.length = 0;
      for (const view of VIEWS) {
        await page.emulateMedia({ colorScheme: view.colorScheme });
        await page.setViewportSize({ width: view.width, height: 844 });
        if (view.name === 'light') await page.goto(`${origin}${path.replace('{record}', record)}`);
        await page.screenshot({ path: `test-results/${name}-${view.name}.png`, fullPage: true });
        // Menus and tables that are folded away count as well.
        await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })");
        const widest = Number(await page.evaluate('document.documentElement.scrollWidth'));
        assert.ok(widest <= view.width, `${widest} pixels wide in a window of ${view.width}`);
        const cut = view.width === 1280 ? await page.evaluate(CUT_TABLES) : [];
        assert.deepEqual(cut, [], 'on a desk every column of a table is in sight');
        const coverage = Number(await page.evaluate(NAMES_COVER));
        assert.ok(coverage < 0.6, `the names of rows cover ${coverage} of their table`);
        if (view.name !== 'zoomed') assert.deepEqual(await barriers(page), [], view.name);
        await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = false })");
      }
      const expected = /the server responded with a status of 40[04]/;
      assert.deepEqual(
        complaints.filter((complaint) => !expected.test(complaint)),
        [],
      );
    });
  }

  it('shows a statement on paper without anything to click', async () => {
    const { page } = person;
    await page.setViewportSize({ width: 718, height: 1000 });
    await page.goto(`${origin}${PAGES.statement}`);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.screenshot({ path: 'test-results/statement-print.png', fullPage: true });
    for (const hidden of ['.site nav', '.account', '.statement .months', '.tie-out'])
      assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
    const cut = await page.evaluate(
      `[...document.querySelectorAll('table')].filter((table) => table.getBoundingClientRect().right > innerWidth + 1).length`,
    );
    assert.equal(cut, 0, 'no table is cut off at the edge of the paper');
    assert.equal(await page.evaluate('getComputedStyle(document.body).color'), 'rgb(0, 0, 0)');
    await page.emulateMedia({ media: 'screen' });
  });
});

/** The names of tables that have to be scrolled sideways. */
const CUT_TABLES = `[...document.querySelectorAll('.scroll')]
  .filter((region) => region.scrollWidth > region.clientWidth)
  .map((region) => region.ariaLabel)`;

/** The largest part of a table that scrolls sideways which stays covered by the names of its rows. */
const NAMES_COVER = `Math.max(0, ...[...document.querySelectorAll('.scroll')]
  .filter((region) => region.scrollWidth > region.clientWidth)
  .map((region) => region.querySelector('tbody th').offsetWidth / region.clientWidth))`;

type Violation = { id: string; help: string; nodes: { html: string }[] };

/** Everything that axe finds. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as { violations: Violation[] };
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}
