import assert from 'node:assert/strict';
import type { HTMLElement } from 'node-html-parser';
import { type Instant, parseInstant } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { columnOf, openPage, tableOf, textOf, tilesOf, totalOf } from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const at = (iso: string) => parseInstant(`${iso}:00Z`) as Instant;
const STORY = 'aaaaaaaa-0000-4000-8000-000000000000';
const euro = 1_000_000;

// 5 October: costs. 6 October: one model costs, one is refunded more. 7 October: as much as nothing is left.
const rows: Partial<UsageRow>[] = [
  { at: at('2026-10-05T10:00'), model: 'gpt-5', cost: 10 * euro },
  { at: at('2026-10-05T11:00'), model: 'tts-1', cost: 2 * euro },
  { at: at('2026-10-06T10:00'), model: 'gpt-5', cost: -8 * euro },
  { at: at('2026-10-06T11:00'), model: 'tts-1', cost: 3 * euro },
  { at: at('2026-10-07T10:00'), model: 'gpt-5', cost: 5 * euro + 1 },
  { at: at('2026-10-07T11:00'), model: 'tts-1', cost: -5 * euro },
].map((row) => ({ ...row, story: STORY }));

/** Where each bar of a series begins and ends, by its place. */
function barsOf(page: HTMLElement, series: string): Map<number, { from: number; to: number }> {
  const path = page.querySelector(`.chart path.${series}`)?.getAttribute('d') ?? '';
  return new Map(
    [...path.matchAll(/M(\d+) (\d+)V(\d+)/g)].map(([, x, from, to]) => [
      Math.floor(Number(x) / 10),
      { from: Number(from), to: Number(to) },
    ]),
  );
}
const columnTexts = (page: HTMLElement, table: string, label: string) =>
  columnOf(tableOf(page, table), label).map(({ text }) => text);

for (const [how, cover] of [
  ['raw', async () => {}],
  ['rolled up', coverUsage],
] as const) {
  describe(`refunds, ${how}`, () => {
    let client: Client;
    before(async () => {
      client = await signedIn((await sharedApp()).origin);
      await resetUsage();
      await insertUsage(rows);
      await cover();
    });
    after(resetUsage);

    it('are drawn below the line, by model, as long as costs of their size above it', async () => {
      const page = await openPage(client, '/ai-usage?from=2026-10-05&to=2026-10-07');
      const ground = Number(/^M0 (\d+)h/.exec(page.querySelector('.chart .ground')?.getAttribute('d') ?? '')?.[1]);
      const [gpt, tts] = [barsOf(page, 's0'), barsOf(page, 's1')];
      for (const bar of [...gpt.values(), ...tts.values()]) assert.equal(bar.from, ground);
      const up = (bar?: { to: number }) => ground - (bar?.to ?? Number.NaN);
      assert.ok(up(gpt.get(0)) > 0 && up(gpt.get(1)) < 0 && up(tts.get(1)) > 0 && up(tts.get(2)) < 0);
      assert.ok(Math.abs(up(gpt.get(1)) / up(gpt.get(0)) + 0.8) < 0.02);
      const scale = page.querySelectorAll('.scale.costs li').map(textOf);
      assert.deepEqual(scale, ['€15', '€10', '€5', '€0', '−€5', '−€10']);
      // As the scale is a plain list, its numbers are as far apart as the lines.
      const lines = [...(page.querySelector('.chart .line')?.getAttribute('d') ?? '').matchAll(/M0 (\d+)/g)];
      const heights = lines.slice(0, scale.length).map(([, y]) => Number(y));
      assert.deepEqual([heights[0], heights.at(-1)], [0, 208]);
      const steps = heights.slice(1).map((y, i) => y - (heights[i] ?? 0));
      assert.ok(Math.max(...steps) - Math.min(...steps) <= 1, `${heights}`);
      assert.equal(textOf(page.querySelectorAll('.marks em')[1] ?? null), '−€5.00');
    });

    it('leave charts without them as they are', async () => {
      const page = await openPage(client, '/ai-usage?from=2026-10-05&to=2026-10-05');
      assert.equal(page.querySelector('.chart .ground'), null);
      assert.equal(textOf(page.querySelectorAll('.scale.costs li').at(-1) ?? null), '€0');
    });

    it('leave no shares of a total that is nothing, less, or next to nothing', async () => {
      const shares = async (day: string) => {
        const page = await openPage(client, `/ai-usage?from=${day}&to=${day}`);
        return [...columnTexts(page, 'Models', 'Share'), totalOf(tableOf(page, 'Models'), 'Share').text];
      };
      assert.deepEqual(await shares('2026-10-05'), ['83.3%', '16.7%', '100.0%']);
      assert.deepEqual(await shares('2026-10-06'), ['–', '–', '–', '–', '–'].slice(0, 3));
      assert.deepEqual(await shares('2026-10-07'), ['–', '–', '100.0%']);
      const inFile = async (day: string) => {
        const { text } = await client.get(`/ai-usage.json?table=models&from=${day}&to=${day}`);
        return (JSON.parse(text).tables.models as { share: number | null }[]).map(({ share }) => share);
      };
      assert.deepEqual(await inFile('2026-10-05'), [10 / 12, 2 / 12]);
      assert.deepEqual(await inFile('2026-10-06'), [null, null]);
    });

    it('have no bar beside their share, and the largest share has the longest', async () => {
      const bars = async (from: string, to: string) => {
        const page = await openPage(client, `/ai-usage?from=${from}&to=${to}&by=model`);
        const table = page.querySelectorAll('table').find((one) => textOf(one.querySelector('caption')) === 'Models');
        const rows = table?.querySelectorAll('tbody tr') ?? [];
        return rows.map((row) => row.querySelector('.bar rect')?.getAttribute('width') ?? null);
      };
      assert.deepEqual(await bars('2026-10-05', '2026-10-05'), ['100', '20']);
      assert.deepEqual(await bars('2026-10-05', '2026-10-06'), ['100', '40']);
      assert.deepEqual(await bars('2026-10-06', '2026-10-06'), [null, null]);
    });

    it('are explained where there are shares of them, and nowhere else', async () => {
      for (const [path, notes] of [
        // Models and providers, by model the days that are refunds as well.
        ['/ai-usage?from=2026-10-06&to=2026-10-06', 3],
        ['/ai-usage?from=2026-10-05&to=2026-10-05', 0],
        ['/ai-usage/models?from=2026-10-06&to=2026-10-06', 1],
        ['/ai-usage/statement?month=2026-10', 1],
      ] as const) {
        const page = await openPage(client, path);
        const texts = page.querySelectorAll('.table-note').map(textOf);
        assert.equal(texts.length, notes, path);
        for (const text of texts)
          assert.match(text, /^A cost below zero is a refund\. Shares are of the total after refunds/);
      }
    });

    it('and no percentage of change from less than nothing', async () => {
      const page = await openPage(client, '/ai-usage?from=2026-10-07&to=2026-10-07');
      const change = textOf(page.querySelector('.tiles .change'));
      assert.equal(change, '+€5.00');
      assert.equal(textOf(page.querySelector('.why .lead')), '+€5.00: from −€5.00 to <€0.01.');
    });

    it('are averages below zero, told to the micro-euro', async () => {
      const tiles = tilesOf(await openPage(client, '/ai-usage?from=2026-10-06&to=2026-10-06'));
      assert.deepEqual(tiles.get('Total cost'), { text: '−€5.00', exact: '−€5.000000' });
      assert.deepEqual(tiles.get('Average per request'), { text: '−€2.50', exact: '−€2.500000' });
      assert.deepEqual(tiles.get('Average per story'), { text: '−€5.00', exact: '−€5.000000' });
    });

    it('have a colour of their own among the hours of the week', async () => {
      const heat = async (from: string, to: string) => {
        const page = await openPage(client, `/ai-usage?breakdown=hour&from=${from}&to=${to}`);
        return page
          .querySelectorAll('td.heat')
          .filter((cell) => textOf(cell) !== '')
          .map((cell) => `${textOf(cell)} ${cell.getAttribute('class')}`);
      };
      assert.deepEqual(await heat('2026-10-05', '2026-10-07'), [
        '10 heat h5',
        '2 heat h2',
        '−8 heat h4 refund',
        '3 heat h3',
        '5 heat h4',
        '−5 heat h4 refund',
      ]);
      // The furthest from nothing is the darkest, also where it is a refund.
      assert.deepEqual(await heat('2026-10-06', '2026-10-06'), ['−8 heat h5 refund', '3 heat h3']);
    });

    it('are no prompt that was sent again, and every page says what they are', async () => {
      for (const path of [
        '',
        '/records',
        `/stories/${STORY}`,
        '/models/gpt-5',
        '/actions/chapter_writing',
        '/statement?month=2026-10',
      ]) {
        const page = await openPage(
          client,
          `/ai-usage${path}${path.includes('?') ? '' : '?from=2026-10-05&to=2026-10-07'}`,
        );
        assert.equal(page.querySelectorAll('[role=alert]').length, 0, path);
        assert.doesNotMatch(page.text, /NaN|Infinity|−€0\.00(?!\d)/, path);
        assert.match(page.text, /−€8\.00|−€5\.00|€7\.00/, path);
      }
      const story = await openPage(client, `/ai-usage/stories/${STORY}?from=2026-10-05&to=2026-10-07`);
      assert.match(textOf(story.querySelector('[aria-labelledby=repeats] .lead')), /^4 calls share/);
    });
  });
}
