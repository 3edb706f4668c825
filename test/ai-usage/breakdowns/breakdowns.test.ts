import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Instant, isoFromInstant, parseInstant } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { ACTIONS, MODELS, slowly } from '../../support/generated-usage.ts';
import {
  columnOf,
  integerOf,
  microOf,
  openPage,
  type PageTable,
  tableOf,
  tilesOf,
  totalOf,
} from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const AS_OF = parseInstant('2026-11-01T09:17:23.000001Z') as Instant;
const as_of = `asOf=${isoFromInstant(AS_OF)}`;
const DAY = 86_400_000_000n;
const id = (kind: string) => (number: number) =>
  `${kind}${String(number).padStart(7, '0')}-0000-4000-8000-000000000000`;
const author = id('a');
const story = id('b');
const add = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** More authors, stories and models than a table names one by one. */
const row = fc.record({
  at: fc.bigInt({ min: AS_OF - 60n * DAY, max: AS_OF - 1n }),
  author: fc.nat(69).map(author),
  story: fc.nat(79).map(story),
  model: fc.oneof(
    fc.constantFrom(...MODELS),
    fc.nat(69).map((number) => `model-${number}`),
  ),
  action: fc.constantFrom(...ACTIONS),
  input: fc.nat(5000),
  output: fc.nat(5000),
  cost: fc.oneof(fc.constant(0), fc.nat(9_999_999)),
});

const FILTERS = [
  '',
  'model=gpt-5',
  'action=test&action=story_outline',
  `author=${author(3)}`,
  `story=${story(4)}`,
  'search=model-1',
];

function assertAddsUp(table: PageTable, tiles: ReturnType<typeof tilesOf>, name: string): void {
  const tile = (label: string) => integerOf(tiles.get(label)?.text ?? '');
  for (const label of ['Requests', 'Tokens in', 'Tokens out']) {
    assert.equal(add(columnOf(table, label).map(({ text }) => integerOf(text))), tile(label), `${name}: ${label}`);
  }
  const cost = microOf(tiles.get('Total cost')?.exact ?? '');
  assert.equal(add(columnOf(table, 'Cost').map(({ micro }) => micro ?? Number.NaN)), cost, `${name}: cost`);
  assert.equal(totalOf(table, 'Cost').micro, cost, `${name}: total`);
  if (table.head.includes('Change')) {
    const change = add(columnOf(table, 'Change').map(({ micro }) => micro ?? Number.NaN));
    assert.equal(change, totalOf(table, 'Change').micro, `${name}: change`);
  }
}

describe('breakdowns', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  after(resetUsage);

  it('add up to the tiles with their “other” row, whatever the filter, the rank and the rows', async () => {
    const rank = fc.constantFrom('cost', 'requests', 'inputTokens', 'outputTokens');
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 250, size: 'max' }),
        fc.constantFrom(...FILTERS),
        rank,
        fc.constantFrom('asc', 'desc'),
        fc.boolean(),
        async (rows, filter, rankBy, rankOrder, covered) => {
          await resetUsage();
          await insertUsage(rows);
          if (covered) await coverUsage();
          for (const by of ['provider', 'author', 'story']) {
            const view = `breakdown=${by}&rankBy=${rankBy}&rankOrder=${rankOrder}`;
            const page = await openPage(client, `/ai-usage?${filter}&${view}&${as_of}`);
            if (page.querySelector('.empty')) return;
            const third = { provider: 'Providers', author: 'Authors', story: 'Stories' }[by] as string;
            for (const caption of ['Models', 'Actions', third]) {
              const table = tableOf(page, caption);
              assert.ok(table.rows.length <= 51, `${caption}: ${table.rows.length} rows`);
              assertAddsUp(table, tilesOf(page), caption);
              const label = {
                cost: 'Cost',
                requests: 'Requests',
                inputTokens: 'Tokens in',
                outputTokens: 'Tokens out',
              }[rankBy] as string;
              const named = columnOf(table, table.head[0] as string);
              const shown = columnOf(table, label)
                .filter((_, i) => !/^(\d+ other|Other) /.test(named[i]?.text ?? ''))
                .map(({ micro, text }) => micro ?? integerOf(text));
              const sign = rankOrder === 'asc' ? 1 : -1;
              assert.deepEqual(
                shown,
                [...shown].sort((a, b) => sign * (a - b)),
                `${caption} by ${rankBy}`,
              );
            }
          }
        },
      ),
      slowly(15),
    );
  });

  it('name fifty, and say how many the others are', async () => {
    await resetUsage();
    await insertUsage(
      Array.from({ length: 55 }, (_, i) => ({
        at: AS_OF - DAY,
        author: author(i),
        story: story(i),
        model: `model-${i}`,
        cost: 1000 * (i + 1),
      })),
    );
    for (const [breakdown, caption, others] of [
      ['author', 'Authors', '5 other authors'],
      ['story', 'Stories', '5 other stories'],
      ['provider', 'Models', '5 other models'],
    ] as const) {
      const table = tableOf(await openPage(client, `/ai-usage?breakdown=${breakdown}&${as_of}`), caption);
      const [label] = table.head as [string];
      assert.equal(table.rows.length, 51);
      assert.equal(columnOf(table, label)[50]?.text, others);
      assert.equal(columnOf(table, 'Cost')[50]?.micro, 1000 * (1 + 2 + 3 + 4 + 5));
    }
  });

  it('lead from each row to the view with that filter added, whose total is the row', async () => {
    await resetUsage();
    await insertUsage(
      Array.from({ length: 12 }, (_, i) => ({
        at: AS_OF - DAY,
        author: author(i % 3),
        story: story(i % 4),
        model: MODELS[i % MODELS.length],
        action: ACTIONS[i % 2],
        cost: 1000 + i,
      })),
    );
    const filter = `action=${ACTIONS[0]}&compare=none&${as_of}`;
    for (const [breakdown, caption] of [
      ['provider', 'Models'],
      ['provider', 'Providers'],
      ['author', 'Authors'],
      ['story', 'Stories'],
    ] as const) {
      const table = tableOf(await openPage(client, `/ai-usage?breakdown=${breakdown}&${filter}`), caption);
      const names = columnOf(table, table.head[0] as string);
      assert.ok(names.length > 1, caption);
      for (const [i, { href }] of names.entries()) {
        assert.match(href ?? '', /^\/ai-usage\?.*action=story_outline/, caption);
        const narrowed = tilesOf(await openPage(client, href ?? ''));
        assert.equal(microOf(narrowed.get('Total cost')?.exact ?? ''), columnOf(table, 'Cost')[i]?.micro, href ?? '');
      }
    }
  });
});
