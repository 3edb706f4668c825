import assert from 'node:assert/strict';
import { addTime, dayOf, HOUR, type Instant, isoFromInstant, MINUTE, parseInstant } from '../../src/units/time.ts';
import type { RecordsJson, StatsJson } from '../support/api-types.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { type Client, signedIn } from '../support/client.ts';
import { csvRows, download, xlsxSheets } from '../support/export.ts';
import { assertNumbers } from '../support/numbers.ts';
import { columnOf, integerOf, openJson, openPage, recordSum, tableOf, textOf } from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

const at = (iso: string) => parseInstant(iso) as Instant;

/** A row of one micro-euro, two, three … at each of these instants: each sum tells which rows are in it. */
async function insertAt(instants: Instant[]): Promise<void> {
  await resetUsage();
  await insertUsage(instants.map((instant, i) => ({ at: instant, cost: 2 ** i })));
}

/** A row every half hour. */
const halfHours = (from: string, to: string): Instant[] =>
  Array.from({ length: Number((at(to) - at(from)) / (30n * MINUTE)) }, (_, i) =>
    addTime(at(from), BigInt(i) * 30n * MINUTE),
  );

const dailyRequests = async (client: Client, parameters: string) => {
  const { dailyUsage } = await openJson<StatsJson>(client, `/api/ai-usage/stats?${parameters}`);
  return dailyUsage.map(({ date, requests }) => [date, requests]);
};

describe('business days', () => {
  let client: Client;
  let origin: string;
  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
  });

  it('have 23 hours in spring and 25 in autumn', async () => {
    await resetUsage();
    const spring = halfHours('2026-03-28T00:00:00Z', '2026-03-30T23:00:00Z');
    const autumn = halfHours('2026-10-23T23:00:00Z', '2026-10-27T00:00:00Z');
    await insertUsage([...spring, ...autumn].map((instant) => ({ at: instant })));
    assert.deepEqual(await dailyRequests(client, 'from=2026-03-28&to=2026-03-30'), [
      ['2026-03-28', 48],
      ['2026-03-29', 46],
      ['2026-03-30', 48],
    ]);
    assert.deepEqual(await dailyRequests(client, 'from=2026-10-24&to=2026-10-26'), [
      ['2026-10-24', 48],
      ['2026-10-25', 50],
      ['2026-10-26', 48],
    ]);
  });

  it('have each of their hours in the chart: the repeated one twice, the missing one never', async () => {
    await resetUsage();
    const spring = halfHours('2026-03-29T00:00:00Z', '2026-03-29T23:00:00Z');
    const autumn = halfHours('2026-10-24T23:00:00Z', '2026-10-26T00:00:00Z');
    await insertUsage([...spring, ...autumn].map((instant) => ({ at: instant })));
    for (const [day, hours] of [
      ['2026-03-29', 23],
      ['2026-10-25', 25],
    ] as const) {
      const page = await openPage(client, `/ai-usage?from=${day}&to=${day}&show=table`);
      const counts = columnOf(tableOf(page, 'Usage by hour'), 'Requests').map(({ text }) => text);
      assert.deepEqual(counts, Array(hours).fill('2'));
      const labels = columnOf(tableOf(page, 'Usage by hour'), 'Hour (Europe/Lisbon)').map(({ text }) => text);
      assert.equal(new Set(labels).size, hours, 'no two hours are called the same');
      const twice = labels.filter((label) => label.includes('UTC')).reverse();
      assert.deepEqual(
        twice,
        hours === 25 ? ['25 Oct, 01:00–02:00 (UTC+01:00)', '25 Oct, 01:00–02:00 (UTC+00:00)'] : [],
      );
      const file = (extension: string) =>
        download(origin, client, `/ai-usage${extension}from=${day}&to=${day}&table=usage`);
      const [sheet] = await xlsxSheets((await file('.xlsx?')).bytes);
      const excel = csvRows((await file('.csv?dialect=excel-pt&')).text, ';');
      for (const rows of [sheet?.rows ?? [], excel]) {
        const inBusinessTime = rows.map((row) => row['Hour (Europe/Lisbon)']);
        assert.equal(new Set(inBusinessTime.map(String)).size, hours, 'nor in a file');
        const asText = inBusinessTime.map(String).filter((text) => / [+-]\d\d:\d\d$/.test(text));
        assert.deepEqual(asText, hours === 25 ? ['2026-10-25 01:00:00 +00:00', '2026-10-25 01:00:00 +01:00'] : []);
      }
      const chart = await openPage(client, `/ai-usage?from=${day}&to=${day}`);
      assert.equal(chart.querySelectorAll('.chart .marks li').length, hours);
    }
  });

  it('begin and end to the microsecond, and to=2026-10-31 includes that day', async () => {
    await insertAt([
      at('2026-10-30T23:59:59.999999Z'),
      at('2026-10-31T00:00:00Z'),
      at('2026-10-31T23:59:59.999999Z'),
      at('2026-11-01T00:00:00Z'),
    ]);
    const micro = async (parameters: string) => {
      const { totalCost } = await openJson<StatsJson>(client, `/api/ai-usage/stats?${parameters}`);
      const page = await openPage(client, `/ai-usage/records?${parameters}`);
      assert.equal(recordSum(page).cost, Math.round(totalCost * 1_000_000));
      return recordSum(page).cost;
    };
    assert.equal(await micro('from=2026-10-31&to=2026-10-31'), 2 + 4);
    assert.equal(await micro('to=2026-10-31'), 1 + 2 + 4);
    assert.equal(await micro('from=2026-10-31&to=2026-11-01'), 2 + 4 + 8);
    assert.equal(await micro('from=2026-10-31T00:00:00.000001Z&to=2026-11-01T00:00:00Z'), 4);
    assert.equal(await micro('from=2026-10-31T00:00:00Z&to=2026-10-31T23:59:59.999999Z'), 2);
  });

  it('are those of Lisbon in summer, an hour before UTC', async () => {
    await insertAt([at('2026-07-14T22:59:59.999999Z'), at('2026-07-14T23:00:00Z')]);
    const parameters = 'from=2026-07-01&to=2026-07-31';
    assert.deepEqual(await dailyRequests(client, parameters), [
      ['2026-07-14', 1],
      ['2026-07-15', 1],
    ]);
    const page = await openPage(client, `/ai-usage?${parameters}&show=table`);
    const table = tableOf(page, 'Usage by day');
    assert.equal(table.head[0], 'Day (Europe/Lisbon)');
    assert.equal(table.rows.length, 31);
    const used = table.rows.filter(([, requests]) => requests?.text === '1').map(([day]) => day?.text.replace(',', ''));
    assert.deepEqual(used, ['Wed 15 Jul 2026', 'Tue 14 Jul 2026']);
    assert.match(
      textOf(page.querySelector('p.window')),
      /1 Jul 2026, 00:00 – 1 Aug 2026, 00:00 \(Europe\/Lisbon, UTC\+01:00\)/,
    );
  });

  it('say the offset of each end where clocks changed between them, on the page and in the audit log', async () => {
    const origin = (await sharedApp()).origin;
    await insertAt([at('2026-10-15T12:00:00Z')]);
    const said = '1 Oct 2026, 00:00 UTC+01:00 – 1 Nov 2026, 00:00 UTC+00:00 (Europe/Lisbon)';
    const page = await openPage(client, '/ai-usage?from=2026-10-01&to=2026-10-31');
    assert.equal(textOf(page.querySelector('p.window')), `${said} · Save this view`);
    await forgetAudit();
    await download(origin, client, '/ai-usage/records.csv?from=2026-10-01&to=2026-10-31');
    await download(origin, client, '/ai-usage/statement.csv?month=2026-10');
    const lines = await auditLines();
    assert.deepEqual(
      lines.map(({ details }) => details.includes(said)),
      [true, true],
    );
  });

  it('are partial at both ends of a period, and say so', async () => {
    const asOf = at('2026-11-01T09:17:23Z');
    await insertAt([addTime(asOf, -7n * 24n * HOUR), addTime(asOf, -1n)]);
    const page = await openPage(client, `/ai-usage?period=7d&show=table&asOf=${isoFromInstant(asOf)}`);
    const days = page.querySelectorAll('tbody th[scope=row]').filter((cell) => / 2026/.test(cell.text));
    const parts = days
      .filter((cell) => textOf(cell.querySelector('.note')) === 'part')
      .map((cell) => textOf(cell).replace(',', ''));
    assert.deepEqual(parts, ['Sun 1 Nov 2026 part', 'Sun 25 Oct 2026 part']);
    const chart = await openPage(client, `/ai-usage?period=7d&asOf=${isoFromInstant(asOf)}`);
    assert.equal(chart.querySelectorAll('.chart .marks li.part').length, 2);
  });

  it('link to exactly the records behind them; so do hours, months, models and actions', async () => {
    await resetUsage();
    const asOf = isoFromInstant(at('2026-11-01T09:17:23.000001Z'));
    await insertUsage(
      halfHours('2026-10-24T22:30:00Z', '2026-11-01T09:30:00Z').map((instant, i) => ({
        at: instant,
        model: i % 3 === 0 ? 'gpt-5' : 'imagen-4.0',
        action: i % 2 === 0 ? 'story_outline' : 'image_edit',
        cost: 1 + i,
      })),
    );
    await coverUsage();
    for (const [period, caption] of [
      ['1d', 'Usage by hour'],
      ['7d', 'Usage by day'],
      ['all', 'Usage by month'],
    ]) {
      const page = await openPage(client, `/ai-usage?period=${period}&show=table&asOf=${asOf}`);
      for (const table of ['Models', 'Actions', caption as string].map((name) => tableOf(page, name))) {
        const requests = columnOf(table, 'Requests');
        const costs = columnOf(table, 'Cost');
        const links = requests.map(({ href }) => href);
        assert.ok(links.filter(Boolean).length > 1);
        for (const [i, href] of links.entries()) {
          if (!href) continue;
          const behind = recordSum(await openPage(client, href));
          assert.deepEqual(behind, { requests: integerOf(requests[i]?.text ?? ''), cost: costs[i]?.micro }, href);
        }
      }
    }
  });
});

describe('business days elsewhere', () => {
  // Each with the instants around a midnight there, and around a change of clocks.
  const places: Record<string, { parameters: string; where: string; instants: string[] }> = {
    'America/Sao_Paulo': {
      parameters: 'from=2018-11-03&to=2018-11-04',
      where: `created_at >= '2018-11-03T03:00:00Z' AND created_at < '2018-11-05T02:00:00Z'`,
      instants: ['2018-11-03T03:00:00Z', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    },
    'Asia/Kolkata': {
      parameters: 'from=2026-10-31&to=2026-10-31',
      where: `created_at >= '2026-10-30T18:30:00Z' AND created_at < '2026-10-31T18:30:00Z'`,
      instants: ['2026-10-30T18:30:00Z', '2026-10-31T00:00:00Z', '2026-10-31T18:30:00Z'],
    },
    'Australia/Lord_Howe': {
      parameters: 'from=2026-10-03&to=2026-10-04',
      where: `created_at >= '2026-10-02T13:30:00Z' AND created_at < '2026-10-04T13:00:00Z'`,
      instants: ['2026-10-02T13:30:00Z', '2026-10-03T13:30:00Z', '2026-10-03T15:30:00Z', '2026-10-04T13:00:00Z'],
    },
  };

  for (const [timeZone, { parameters, where, instants }] of Object.entries(places)) {
    describe(`in ${timeZone}`, () => {
      let app: RunningApp;
      before(async () => {
        app = await startApp({ variables: { TIME_ZONE: timeZone } });
      });
      after(() => app.close());

      it('are that place’s, in totals, days and records', async () => {
        await insertAt(instants.map(at).flatMap((instant) => [addTime(instant, -1n), instant, addTime(instant, 1n)]));
        const client = await signedIn(app.origin);
        await assertNumbers(client, parameters, { sql: where, bindings: [] }, timeZone);
        await assertNumbers(client, 'period=all', { sql: 'true', bindings: [] }, timeZone);
        const { records } = await openJson<RecordsJson>(client, `/api/ai-usage/records?${parameters}`);
        const inside = new Set(records.map(({ createdAt }) => dayOf(at(createdAt), timeZone)));
        const [, first, last] = /from=(.+)&to=(.+)/.exec(parameters) ?? [];
        assert.deepEqual([...inside].sort(), [...new Set([first, last])]);
      });
    });
  }
});
