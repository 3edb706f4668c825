import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Day } from '../../src/units/calendar.ts';
import { addDays, dayOf, now, startOfDay } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { type Client, signedIn } from '../support/client.ts';
import { commandLine } from '../support/command-line.ts';
import { databases, databaseUrls } from '../support/databases.ts';
import { csvRows, download } from '../support/export.ts';
import { columnOf, openPage, tableOf, textOf } from '../support/page.ts';
import { needsServer } from '../support/skip.ts';
import { upload } from '../support/upload.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

const LISBON = 'Europe/Lisbon';
/** As the bank's files are: columns of other currencies, a comma at the end, days without. */
const ECB =
  'Date,USD,JPY,BGN,\n2026-11-27,1.1325,178.2,1.9558,\n2026-11-26,1.13070,178.1,N/A,\n2026-11-25,N/A,178,1.9558,\n2026-11-23,1.1,1,1,\n';

describe('exchange rates', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
    await resetUsage();
  });
  beforeEach(async () => {
    await databases().backoffice('exchange_rates').delete();
    await forgetAudit();
  });
  after(resetUsage);

  const send = async (file: string, fields: Record<string, string> = {}) => {
    const body = new FormData();
    body.set('file', new Blob([file]), 'eurofxref-hist.csv');
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return upload(ana, `${origin}/rates`, body);
  };
  const kept = async () =>
    (await databases().backoffice('exchange_rates').orderBy('day')).map(({ day, currency, per_euro }) => [
      day,
      currency,
      per_euro,
    ]);

  it('are taken from the bank’s file, exactly; the same again changes nothing; who did is written down', async () => {
    assert.equal((await send(ECB)).said, '3 days were added.');
    const rates = [
      ['2026-11-23', 'USD', '1.10000000'],
      ['2026-11-26', 'USD', '1.13070000'],
      ['2026-11-27', 'USD', '1.13250000'],
    ];
    assert.deepEqual(await kept(), rates);
    assert.equal((await send(ECB)).said, '0 days were added, 3 were there already.');
    assert.equal((await send('Date, USD, JPY, \n24 November 2026, 1.12345678, 1, \n')).said, '1 day was added.');
    assert.equal((await kept())[1]?.[2], '1.12345678');
    assert.deepEqual(
      (await auditLines()).map(({ action, subject, details }) => [action, subject, details]),
      [3, 0, 1].map((added, i) => [
        'import rates',
        '/rates',
        `${added} days added, 0 replaced, ${i === 1 ? 3 : 0} there already; eurofxref-hist.csv`,
      ]),
    );
  });

  it('that differ from what there is are refused, and replaced where that is asked', async () => {
    await send(ECB);
    const other = 'Date,USD\n2026-11-26,1.2\n2026-11-24,1.3\n';
    const refused = await send(other);
    assert.equal(refused.status, 400);
    assert.deepEqual(refused.problems, ['Line 2, USD is 1.2, and 2026-11-26 has 1.1307 already']);
    assert.equal((await kept()).length, 3);
    assert.equal((await send(other, { replaces: 'true' })).said, '1 day was added, 1 was replaced.');
    assert.deepEqual((await kept())[2], ['2026-11-26', 'USD', '1.20000000']);
  });

  it('of which a line is wrong are not taken at all, and each is named', async () => {
    const wrong =
      'Date,USD\n2026-11-23,1.1\n2026-02-30,1.1\n2026-11-24,-1\n2026-11-25,=1+1\n2026-11-23,1.2\n2999-01-01,1\n2026-11-20,0';
    const takes = 'takes how many dollars a euro was, with at most eight decimals, such as 1.1325';
    assert.deepEqual((await send(wrong)).problems, [
      'Line 3, Date takes a day, such as 2026-11-27',
      `Line 4, USD ${takes}`,
      `Line 5, USD ${takes}`,
      'Line 6, Date is that of line 2 too',
      'Line 7, Date is a day to come',
      `Line 8, USD ${takes}`,
    ]);
    for (const [file, said] of [
      ['a,b\n1,2', /takes the columns Date and USD/],
      ['Date,USD\n', /has no rate of a dollar/],
      [`Date,USD\n${'2026-11-23,1.1\n'.repeat(20_001)}`, /more than 20000 lines/],
      ['', /missing or empty/],
    ] as const)
      assert.match((await send(file)).problems.join(), said);
    assert.deepEqual(await kept(), []);
    assert.deepEqual(await auditLines(), []);
  });

  it('are shown with the latest, and the weekdays that have none; the file comes back as it went', async () => {
    const empty = await openPage(ana, '/rates');
    assert.match(textOf(empty.querySelector('.empty')), /No rate yet/);
    const today = dayOf(now(), LISBON);
    const days = Array.from({ length: 30 }, (_, i) => addDays(today, -i));
    const isWeekday = (day: Day) => ![0, 6].includes(new Date(day).getUTCDay());
    const weekdays = days.filter(isWeekday);
    const gap = weekdays.slice(3, 5);
    const file = weekdays
      .filter((day) => !gap.includes(day))
      .map((day, i) => `${day},${(1.1 + i / 10_000).toFixed(4)}`);
    await send(['Date,USD', ...file].join('\n'));
    const page = await openPage(ana, '/rates');
    const medium = (day: string) =>
      new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(day));
    const [to = '', from = ''] = gap;
    assert.match(textOf(page), new RegExp(`Central Bank among them: ${medium(from)} – ${medium(to)}\\.`));
    assert.match(textOf(page.querySelector('.tiles')), /Weekdays without ?2/);
    assert.equal(columnOf(tableOf(page, 'Exchange rates'), 'USD')[0]?.text, '1.1000');
    const { text } = await download(origin, ana, '/rates.csv');
    assert.equal(csvRows(text)[0]?.USD, '1.1');
    const before = await kept();
    await databases().backoffice('exchange_rates').delete();
    assert.equal((await send(text)).said, `${before.length} days were added.`);
    assert.deepEqual(await kept(), before);
  });

  it('are missed on the page of prices where a price is in dollars', async () => {
    await insertUsage([{ model: 'in-dollars', at: startOfDay(addDays(dayOf(now(), LISBON), -2), LISBON) }]);
    const price = { model: 'in-dollars', from: '2020-01-01', currency: 'USD', inputPerMillion: 1, outputPerMillion: 1 };
    assert.equal((await ana.json('post', '/api/prices', price)).status, 201);
    const notice = async () => textOf((await openPage(ana, '/prices')).querySelector('.notice'));
    assert.match(await notice(), /^1 call has a price in dollars and no exchange rate, since /);
    await send('Date,USD\n2026-01-05,1.1');
    assert.equal(await notice(), '');
  });

  describe('by npm run rates:import', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'mythoria-admin-rates-'));
    });
    after(() => rm(folder, { recursive: true }));

    it('are taken as by the page, or none and why', async function () {
      // A second process beside the tests' own connections.
      needsServer(this);
      const { backoffice, workflows } = databaseUrls();
      const run = async (args: string[]) => {
        const command = [...(await commandLine('scripts/rates-import.ts')), ...args];
        const env = {
          ...{ PATH: process.env.PATH, HOME: process.env.HOME },
          ...{ BACKOFFICE_DATABASE_URL: backoffice, WORKFLOWS_DATABASE_URL: workflows },
        };
        return new Promise<{ code: number | null; said: string }>((done) => {
          const child = execFile(process.execPath, command, { env }, (_error, stdout, stderr) =>
            done({ code: child.exitCode, said: stdout + stderr }),
          );
        });
      };
      const file = join(folder, 'ecb.csv');
      await writeFile(file, ECB);
      assert.deepEqual(await run([file]), { code: 0, said: '3 days were added.\n' });
      assert.match((await auditLines())[0]?.details ?? '', /^3 days added, .*; ecb\.csv$/);
      await writeFile(file, 'Date,USD\n2026-11-26,1.2\n2026-11-20,1.3\n');
      const refused = await run(['--file', file]);
      assert.deepEqual(refused, {
        code: 1,
        said: 'rates:import: Line 2, USD is 1.2, and 2026-11-26 has 1.1307 already\n',
      });
      assert.equal((await kept()).length, 3);
      assert.deepEqual(await run(['--replace', file]), { code: 0, said: '1 day was added, 1 was replaced.\n' });
      assert.equal((await run([])).code, 2);
      assert.equal((await run([file, file])).code, 2);
    });
  });
});
