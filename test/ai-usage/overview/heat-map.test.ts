import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addTime, earliest, type Instant, instantAt, latest, parseInstant } from '../../../src/units/time.ts';
import { type RunningApp, sharedApp, startApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { download } from '../../support/export.ts';
import { ACTIONS, MODELS, slowly } from '../../support/generated-usage.ts';
import { columnOf, openPage, recordSum, tableOf, totalOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../../support/usage.ts';

const at = (iso: string) => parseInstant(iso) as Instant;

/** Which weekdays and hours have something, and the sum of each weekday in micro-euros. */
async function weekOf(client: Client, parameters: string) {
  const table = tableOf(await openPage(client, `/ai-usage?breakdown=hour&${parameters}`), 'Hours of the week');
  const filled = table.rows.flatMap((row) =>
    row.slice(1, 25).flatMap(({ text }, hour) => (text === '' ? [] : [`${row[0]?.text} ${table.head[hour + 1]}`])),
  );
  return { filled, sums: columnOf(table, 'Total').map(({ micro }) => micro), total: totalOf(table, 'Total').micro };
}

async function plainWeek(zone: string, where: string): Promise<number[]> {
  const { rows } = await databases().workflows.raw<{ rows: { day: number; micro: string }[] }>(
    `SELECT extract(isodow FROM created_at AT TIME ZONE '${zone}')::int AS day, (sum(estimated_cost_in_euros) * 1000000)::bigint::text AS micro
       FROM token_usage_tracking WHERE ${where} GROUP BY 1`,
  );
  return [1, 2, 3, 4, 5, 6, 7].map((day) => Number(rows.find((row) => row.day === day)?.micro ?? 0));
}

describe('the hours of the week', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  after(resetUsage);

  for (const [how, cover] of [
    ['raw', async () => {}],
    ['rolled up', coverUsage],
  ] as const) {
    it(`are those of the business clock, where an hour is repeated or missing as well: ${how}`, async () => {
      await resetUsage();
      await insertUsage([
        { at: at('2026-10-25T00:30:00Z'), cost: 1_000_000 },
        { at: at('2026-10-25T01:30:00Z'), cost: 2_000_000 },
        { at: at('2026-03-29T00:59:59Z'), cost: 4_000_000 },
        { at: at('2026-03-29T01:00:00Z'), cost: 8_000_000 },
        { at: at('2026-07-14T23:00:00Z'), cost: 16_000_000 },
      ]);
      await cover();
      const { filled, sums, total } = await weekOf(client, 'period=all');
      assert.deepEqual(filled, ['Wed 00', 'Sun 00', 'Sun 01', 'Sun 02']);
      assert.deepEqual(sums, [0, 0, 16_000_000, 0, 0, 0, 15_000_000]);
      assert.equal(total, 31_000_000);
    });
  }

  it('lead from each cell, hour and weekday to the records that it adds up', async () => {
    await resetUsage();
    await insertUsage(
      [
        '2026-10-19T08:15:00Z',
        '2026-10-20T08:45:00Z',
        '2026-10-20T22:59:59Z',
        '2026-10-25T00:30:00Z',
        '2026-10-25T01:30:00Z',
      ].map((time, i) => ({ at: at(time), cost: 1_000_003 * 2 ** i })),
    );
    await coverUsage();
    const page = await openPage(client, '/ai-usage?breakdown=hour&from=2026-10-18&to=2026-10-26');
    const { rows, total } = tableOf(page, 'Hours of the week');
    const cells = [...rows, total ?? []].flatMap((row) => row.slice(1)).filter(({ href }) => href !== null);
    // Of the night in which clocks go back both half past ones are of one hour.
    assert.equal(cells.length, 4 + 3 + 3);
    for (const { href } of cells) assert.match(href ?? '', /weekdays=|hours=/);
    for (const { text, href } of cells) {
      const { cost } = recordSum(await openPage(client, href ?? ''));
      assert.equal(Number(text.replace('€', '')).toFixed(1), (cost / 1e6).toFixed(1), href ?? '');
    }
  });

  it('leave out those of which a filter lets nothing through, but not in files', async () => {
    await resetUsage();
    await insertUsage([
      { at: at('2026-10-20T21:15:00Z'), cost: 1_000_000 },
      { at: at('2026-10-20T23:15:00Z'), cost: 2_000_000 },
      { at: at('2026-10-20T12:15:00Z'), cost: 4_000_000 },
    ]);
    const parameters = 'breakdown=hour&from=2026-10-18&to=2026-10-26&hours=22-1';
    const { head, rows } = tableOf(await openPage(client, `/ai-usage?${parameters}`), 'Hours of the week');
    assert.deepEqual(head, ['€ at', '00', '01', '22', '23', 'Total']);
    assert.deepEqual(
      rows.slice(1, 3).map((row) => row.map(({ text }) => text)),
      [
        ['Tue', '', '', '1', '', '€1.00'],
        ['Wed', '2', '', '', '', '€2.00'],
      ],
    );
    const { text } = await download((await sharedApp()).origin, client, `/ai-usage.csv?table=breakdown&${parameters}`);
    assert.equal(text.split('\n')[0]?.match(/\d\d \(€\)/g)?.length, 24, text.slice(0, 500));
  });

  it('are those of plain SQL in any window and filter, ragged ends included, while days change and come', async () => {
    const [first, last] = [at('2026-10-20T00:00:00Z'), at('2026-10-30T00:00:00Z')] as const;
    const instant = fc.bigInt({ min: first, max: last }).map(instantAt);
    const row = fc.record({
      at: instant,
      cost: fc.nat(9_999_999),
      model: fc.constantFrom(...MODELS),
      action: fc.constantFrom(...ACTIONS),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 60 }),
        fc.array(row, { maxLength: 5 }),
        instant,
        instant,
        fc.constantFrom('', ...MODELS),
        async (rows, later, a, b, model) => {
          await resetUsage();
          const [from, to] = [earliest(a, b), addTime(latest(a, b), 1n)].map((one) =>
            new Date(Number(one / 1000n)).toISOString(),
          );
          if (from === to) return;
          const where = `created_at >= '${from}' AND created_at < '${to}'${model && ` AND ai_model = '${model}'`}`;
          const parameters = `from=${from}&to=${to}${model && `&model=${model}`}`;
          for (const some of [rows, later]) {
            await insertUsage(some);
            await coverUsage();
            const page = await openPage(client, `/ai-usage?breakdown=hour&${parameters}`);
            if (page.querySelector('.empty')) continue;
            assert.deepEqual((await weekOf(client, parameters)).sums, await plainWeek('Europe/Lisbon', where));
          }
        },
      ),
      slowly(15),
    );
  });

  it('are right where days begin at half past a UTC hour', async () => {
    await resetUsage();
    await insertUsage([
      { at: at('2026-10-25T18:29:59Z'), cost: 1_000_000 },
      { at: at('2026-10-25T18:30:00Z'), cost: 2_000_000 },
    ]);
    const app: RunningApp = await startApp({ variables: { TIME_ZONE: 'Asia/Kolkata' } });
    try {
      const { filled } = await weekOf(await signedIn(app.origin), 'period=all');
      assert.deepEqual(filled, ['Mon 00', 'Sun 23']);
    } finally {
      await app.close();
    }
  });
});
