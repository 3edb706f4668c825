import assert from 'node:assert/strict';
import { type Instant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { download } from '../../support/export.ts';
import { columnOf, integerOf, microOf, openPage, tableOf, textOf, tilesOf, totalOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const at = (iso: string) => parseInstant(`${iso}Z`) as Instant;
const OCTOBER = 'from=2026-10-01&to=2026-10-31';
const id = (kind: string, number: number) => `${kind}${String(number).padStart(7, '0')}-0000-4000-8000-000000000000`;
const MANY = 130;
const KINDS = [
  ['models', 'Models', 'Model', 'other models'],
  ['authors', 'Authors', 'Author', 'other authors'],
  ['stories', 'Stories', 'Story', 'other stories'],
] as const;

for (const [how, cover] of [
  ['raw', async () => {}],
  ['rolled up', coverUsage],
] as const) {
  describe(`lists of all that a view is broken down by, ${how}`, () => {
    let client: Client;
    before(async () => {
      client = await signedIn((await sharedApp()).origin);
      await resetUsage();
      await insertUsage(
        Array.from({ length: MANY }, (_, i) => ({
          model: `model-${String((i * 37) % MANY).padStart(3, '0')}`,
          author: id('a', i),
          story: id('b', i),
          // A refund among them, and two that cost the same.
          cost: i === 3 ? -5_000 : 1_000 * ((i * 7) % MANY) + 1,
          input: i,
          at: at(i % 2 === 0 ? '2026-10-20T10:00:00' : '2026-10-21T23:30:00'),
        })),
      );
      await cover();
    });
    after(resetUsage);

    for (const [path, title, label, others] of KINDS) {
      it(`the overview names the dearest fifty ${path}, and leads by the line of the others to all of them`, async () => {
        const page = await openPage(
          client,
          `/ai-usage?${OCTOBER}&compare=none&breakdown=${label.toLowerCase().replace('model', 'provider')}`,
        );
        const table = tableOf(page, title);
        const rows = columnOf(table, label);
        assert.equal(rows.length, 51);
        assert.match(rows[50]?.text ?? '', new RegExp(`^${MANY - 50} ${others}`));
        const rest = page.querySelectorAll('a').find((link) => textOf(link) === `${MANY - 50} ${others}`);
        assert.equal(
          rest?.getAttribute('href'),
          `/ai-usage/${path}?${OCTOBER}&compare=none${label === 'Model' ? '' : `&breakdown=${label.toLowerCase()}`}`,
        );
      });

      it(`${path}: all of them are in its file, whatever page it is asked from`, async () => {
        const { origin } = await sharedApp();
        const { text, headers } = await download(origin, client, `/ai-usage/${path}.json?${OCTOBER}&compare=none`);
        const rows: { cost: string; others: number | null }[] = JSON.parse(text).tables[path];
        assert.equal(rows.length, MANY);
        assert.ok(rows.every(({ others }) => others === null));
        const cost = rows.reduce((sum, row) => sum + Math.round(Number(row.cost) * 1e6), 0);
        assert.equal(cost, Math.round(Number(headers['x-total-cost']) * 1e6));
        const page = await openPage(client, `/ai-usage/${path}?${OCTOBER}&compare=none&page=2`);
        assert.ok(
          page.querySelectorAll('.download a').some((link) => link.getAttribute('href')?.includes(`${path}.xlsx?`)),
        );
      });

      it(`${path}: each page has the total of all, and all of them are on one page each, in their order`, async () => {
        const total = tilesOf(await openPage(client, `/ai-usage?${OCTOBER}&compare=none`));
        for (const [order, sign] of [
          ['', -1],
          ['&rankBy=inputTokens&rankOrder=asc', 1],
        ] as const) {
          const seen: string[] = [];
          const values: number[] = [];
          for (const number of [1, 2, 3]) {
            const page = await openPage(client, `/ai-usage/${path}?${OCTOBER}&compare=none&page=${number}${order}`);
            const table = tableOf(page, title);
            const own = number === 3 ? MANY - 100 : 50;
            const cost = columnOf(table, 'Cost').map(({ micro }) => micro ?? Number.NaN);
            assert.equal(cost.length, own + 1);
            assert.equal(
              cost.reduce((sum, one) => sum + one, 0),
              totalOf(table, 'Cost').micro,
              'all that it adds up',
            );
            assert.equal(totalOf(table, 'Cost').micro, microOf(total.get('Total cost')?.exact ?? ''));
            assert.equal(integerOf(totalOf(table, 'Requests').text), MANY);
            seen.push(
              ...columnOf(table, label)
                .slice(0, own)
                .map(({ text }) => text),
            );
            const column = order === '' ? cost : columnOf(table, 'Tokens in').map(({ text }) => integerOf(text));
            values.push(...column.slice(0, own));
            assert.equal(textOf(page.querySelector('.pager [aria-current]')), String(number));
          }
          assert.equal(values.length, MANY);
          if (label === 'Model') assert.equal(new Set(seen).size, MANY);
          assert.deepEqual(
            values,
            [...values].sort((a, b) => sign * (a - b)),
            order,
          );
        }
      });
    }

    it('a page behind the last leads to it, and other filters and periods hold', async () => {
      const beyond = await openPage(client, `/ai-usage/models?${OCTOBER}&page=4`);
      assert.match(textOf(beyond.querySelector('.empty a')), /last page, 3$/);
      const one = await openPage(client, `/ai-usage/stories?${OCTOBER}&author=${id('a', 7)}&compare=none`);
      assert.equal(columnOf(tableOf(one, 'Stories'), 'Story').length, 1);
      assert.equal(one.querySelector('.pager'), null);
      const none = await openPage(client, '/ai-usage/models?from=2025-01-01&to=2025-01-02');
      assert.equal(textOf(none.querySelector('.empty h2')), 'No AI calls here');
    });
  });
}
