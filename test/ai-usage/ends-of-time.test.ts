import assert from 'node:assert/strict';
import { addDays, dayOf, now } from '../../src/units/time.ts';
import type { RecordsJson, StatsJson } from '../support/api-types.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { csvRows, download, xlsxSheets } from '../support/export.ts';
import {
  columnOf,
  integerOf,
  openJson,
  openPage,
  recordIds,
  tableOf,
  textOf,
  tilesOf,
  totalOf,
} from '../support/page.ts';
import { coverUsage, resetUsage } from '../support/usage.ts';

const PATH = '/ai-usage/records';
const uuid = (kind: number, i: number) => `${kind}0000000-0000-4000-8000-0000000000${String(i).padStart(2, '0')}`;
const LISBON = 'Europe/Lisbon';

/** What PostgreSQL reads, the same in ISO 8601, and the business day in Lisbon. Oldest first. */
const PAST = [
  ['4714-11-24 00:00:00+00 BC', '-004713-11-24T00:00:00.000Z', '-004713-11-24'],
  ['4713-06-01 12:34:56.789012+00 BC', '-004712-06-01T12:34:56.789012Z', '-004712-06-01'],
  ['0044-03-15 10:00:00+00 BC', '-000043-03-15T10:00:00.000Z', '-000043-03-15'],
  ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000Z', '0000-12-31'],
  ['0001-01-01 00:36:45+00', '0001-01-01T00:36:45.000Z', '0001-01-01'],
  ['1850-07-01 00:36:44.999999+00', '1850-07-01T00:36:44.999999Z', '1850-06-30'],
  ['1911-12-31 23:50:00+00', '1911-12-31T23:50:00.000Z', '1911-12-31'],
  ['1969-12-31 23:59:59.999999+00', '1969-12-31T23:59:59.999999Z', '1970-01-01'],
  ['2020-05-05 05:05:05+00', '2020-05-05T05:05:05.000Z', '2020-05-05'],
] as const;
const FUTURE = [
  ['12026-07-01 12:34:56.789012+00', '+012026-07-01T12:34:56.789012Z', '+012026-07-01'],
  ['280000-01-01 00:00:00.000001+00', '+280000-01-01T00:00:00.000001Z', '+280000-01-01'],
  ['294276-12-31 23:59:59.999999+00', '+294276-12-31T23:59:59.999999Z', '+294276-12-31'],
] as const;
const ROWS = [...PAST, ...FUTURE];
const iso = (rows: readonly (readonly string[])[]) => rows.map(([, text]) => text);
const idsOf = (rows: readonly (readonly string[])[]) =>
  rows.map((row) => uuid(1, (ROWS as readonly (readonly string[])[]).indexOf(row)));

async function insertAll(): Promise<void> {
  await resetUsage();
  for (const [i, [at]] of ROWS.entries())
    await databases().workflows.raw(
      `INSERT INTO token_usage_tracking (token_usage_id, author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
       VALUES (?, ?, ?, 'test', 'gpt-5', 1, 1, ?, '{}', ?)`,
      [uuid(1, i), uuid(2, i % 2), uuid(3, i), `0.${String(2 ** i).padStart(6, '0')}`, at],
    );
}

for (const [how, cover] of [
  ['raw', async () => {}],
  ['rolled up', coverUsage],
] as const) {
  describe(`rows at the ends of time, ${how}`, () => {
    let client: Client;
    let origin: string;
    before(async () => {
      ({ origin } = await sharedApp());
      client = await signedIn(origin);
      await insertAll();
      await cover();
    });
    after(resetUsage);

    const future = `from=${addDays(dayOf(now(), LISBON), 2)}`;

    it('are counted on their business days, as PostgreSQL sees them', async () => {
      for (const [parameters, rows] of [
        ['period=all', PAST],
        [future, FUTURE],
        ['from=-004713-11-24&to=0000-12-31', PAST.slice(0, 4)],
        ['from=0001-01-01&to=1911-12-31', PAST.slice(4, 7)],
        ['to=1999-12-31', PAST.slice(0, 8)],
        ['from=%2B012026-07-01&to=12026-07-01', FUTURE.slice(0, 1)],
        ['from=%2B294276-12-31T23:59:59.999999Z', FUTURE.slice(2)],
      ] as const) {
        const stats = await openJson<StatsJson>(client, `/api/ai-usage/stats?${parameters}`);
        assert.equal(stats.totalRequests, rows.length, parameters);
        assert.equal(stats.uniqueStories, rows.length, parameters);
        const cost = rows.reduce((sum, row) => sum + 2 ** (ROWS as readonly unknown[]).indexOf(row), 0);
        assert.equal(Math.round(stats.totalCost * 1_000_000), cost, parameters);
        assert.deepEqual(
          stats.dailyUsage.map(({ date }) => date),
          rows.map(([, , day]) => day),
          parameters,
        );
      }
    });

    it('are listed as what they are, in order, by page and by cursor, and each is opened', async () => {
      for (const [parameters, rows] of [
        ['period=all', PAST],
        [future, FUTURE],
      ] as const)
        for (const sort of ['sortBy=createdAt', 'sortBy=aiModel', 'sortBy=estimatedCostInEuros']) {
          const latestFirst = iso(rows).toReversed();
          const path = `/api${PATH}?${parameters}&${sort}&sortOrder=desc`;
          const all = await openJson<RecordsJson>(client, `${path}&pageSize=1000`);
          assert.deepEqual(
            all.records.map(({ createdAt }) => createdAt),
            latestFirst,
          );
          const walked: string[] = [];
          for (let after: string | null = '', page = 1; after !== null; page++) {
            const next: RecordsJson = await openJson(
              client,
              `${path}&pageSize=2${after && `&after=${encodeURIComponent(after)}`}`,
            );
            const numbered = await openJson<RecordsJson>(client, `${path}&pageSize=2&page=${page}`);
            assert.deepEqual(next.records, numbered.records);
            walked.push(...next.records.map(({ createdAt }) => createdAt));
            after = next.after;
          }
          assert.deepEqual(walked, latestFirst, sort);
        }
      const page = await openPage(client, `${PATH}?period=all&sortOrder=asc`);
      assert.deepEqual(recordIds(page), idsOf(PAST));
      assert.match(columnOf(tableOf(page, 'Records'), 'Time')[0]?.text ?? '', /4714 BC/);
      for (const [i, text] of iso(ROWS).entries()) {
        const record = await openPage(client, `${PATH}/${uuid(1, i)}`);
        assert.ok(
          record.querySelectorAll('time').some((time) => time.getAttribute('datetime') === text),
          text,
        );
      }
    });

    it('are on a page that stays light, whose bars and tables add up to them', async () => {
      for (const [parameters, rows] of [
        ['period=all', PAST],
        [future, FUTURE],
        ['from=-004713-11-24', PAST],
      ] as const) {
        const answer = await client.get(`/ai-usage?${parameters}`);
        assert.equal(answer.status, 200);
        assert.ok(answer.text.length < 60_000, `${parameters}: ${answer.text.length} characters`);
        const page = await openPage(client, `/ai-usage?${parameters}&show=table`);
        assert.equal(tilesOf(page).get('Requests')?.text, String(rows.length), parameters);
        const usage = tableOf(page, 'Usage by month');
        const counts = columnOf(usage, 'Requests').map(({ text }) => integerOf(text));
        assert.equal(
          counts.reduce((sum, count) => sum + count, 0),
          rows.length,
        );
        assert.equal(totalOf(usage, 'Requests').text, String(rows.length));
        assert.doesNotMatch(page.text, /Invalid|NaN|undefined/);
        await openPage(client, `/ai-usage?${parameters}&breakdown=hour&by=action`);
      }
    });

    it('are flagged on the overview, with links to the very rows', async () => {
      const page = await openPage(client, '/ai-usage');
      const notices = page.querySelectorAll('.notice').filter((notice) => notice.querySelector('.flag'));
      assert.deepEqual(
        notices.map((notice) => textOf(notice)),
        [
          'wrong time 8 records claim to be from before 2000. Show them',
          'wrong time 3 records claim to be from later than tomorrow: not counted before that time. Show them',
        ],
      );
      const listed = await Promise.all(
        notices.map(async (notice) =>
          recordIds(await openPage(client, notice.querySelector('a')?.getAttribute('href') ?? '')).toReversed(),
        ),
      );
      assert.deepEqual(listed, [idsOf(PAST.slice(0, 8)), idsOf(FUTURE)]);
    });

    it('are exported as what they are, in every format', async () => {
      for (const [parameters, rows] of [
        ['period=all', PAST],
        [future, FUTURE],
      ] as const) {
        const file = (name: string) => download(origin, client, `${PATH}${name}?${parameters}&sortOrder=asc`);
        const csv = csvRows((await file('.csv')).text);
        assert.deepEqual(
          csv.map((row) => row['Time (UTC)']),
          iso(rows),
        );
        const json = JSON.parse((await file('.json')).text).tables.records as { createdAt: string }[];
        assert.deepEqual(
          json.map(({ createdAt }) => createdAt),
          iso(rows),
        );
        const lines = (await file('.ndjson')).text.trim().split('\n').slice(1);
        assert.deepEqual(
          lines.map((line) => JSON.parse(line).createdAt),
          iso(rows),
        );
        const [sheet] = await xlsxSheets((await file('.xlsx')).bytes);
        const times = (sheet?.rows ?? []).map((row) => row[`Time (${LISBON})`]);
        assert.equal(times.length, rows.length);
        for (const [i, time] of times.entries()) {
          const isDate = iso(rows)[i]?.startsWith('20') || iso(rows)[i]?.startsWith('19');
          if (isDate) assert.ok(time instanceof Date, String(time));
          else assert.match(String(time), /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d( BC)?$/);
        }
        for (const extension of ['.csv', '.xlsx', '.json', '.ndjson'])
          assert.equal((await download(origin, client, `/ai-usage${extension}?${parameters}`)).status, 200);
        const excel = await download(origin, client, `${PATH}.csv?${parameters}&dialect=excel-pt`);
        for (const row of csvRows(excel.text, ';'))
          assert.match(row[`Time (${LISBON})`] ?? '', /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d( BC)?$/);
      }
    });

    it('are part of the pages of their stories, authors and models, and of statements', async () => {
      for (const [i, [, text, day]] of PAST.entries()) {
        const story = await openPage(client, `/ai-usage/stories/${uuid(3, i)}`);
        assert.equal(tilesOf(story).get('Requests')?.text, '1', text);
        const month = encodeURIComponent(day.slice(0, -3));
        const statement = await openPage(client, `/ai-usage/statement?month=${month}`);
        assert.notEqual(tilesOf(statement).get('Requests')?.text, '0', day);
        assert.ok(columnOf(tableOf(statement, 'By day'), 'Requests').some(({ text }) => text === '1'));
        assert.equal((await download(origin, client, `/ai-usage/statement.csv?month=${month}`)).status, 200);
      }
      for (const subject of [`authors/${uuid(2, 0)}`, 'models/gpt-5', 'actions/test'])
        for (const [parameters, rows] of [
          ['period=all', PAST],
          [future, FUTURE],
        ] as const) {
          const page = await openPage(client, `/ai-usage/${subject}?${parameters}`);
          const own = subject.startsWith('authors')
            ? rows.filter((row) => (ROWS as readonly unknown[]).indexOf(row) % 2 === 0)
            : rows;
          assert.equal(tilesOf(page).get('Requests')?.text, String(own.length), `${subject} ${parameters}`);
        }
    });
  });
}

describe('empty stretches of time', () => {
  after(resetUsage);

  it('cost the rollups nothing', async () => {
    await insertAll();
    let queries = 0;
    const count = () => {
      queries += 1;
    };
    const { workflows, backoffice } = databases();
    for (const database of [workflows, backoffice]) database.on('query', count);
    try {
      await coverUsage();
    } finally {
      for (const database of [workflows, backoffice]) database.off('query', count);
    }
    // Some ten for each day with records.
    assert.ok(queries < 100, `${queries} queries`);
  });

  it('and records of every few years are bars of years, centuries and millennia', async () => {
    await resetUsage();
    const { workflows } = databases();
    const insertFrom = (first: string, last: string, step: string) =>
      workflows.raw(
        `INSERT INTO token_usage_tracking (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
         SELECT gen_random_uuid(), gen_random_uuid(), 'test', 'gpt-5', 1, 1, 0.5, '{}', at
           FROM generate_series(?::timestamptz, ?::timestamptz, ?::interval) AS at`,
        [first, last, step],
      );
    const client = await signedIn((await sharedApp()).origin);
    const wanted: [rows: Parameters<typeof insertFrom>, parameters: string, title: string][] = [
      [['2000-07-01 12:00Z', '2025-07-01 12:00Z', '1 year'], 'period=all', 'Usage by month'],
      [['2010-01-01 12:00Z', '2019-12-01 12:00Z', '1 month'], 'period=all', 'Usage by year'],
      [['4713-07-01 12:00Z BC', '1799-07-01 12:00Z', '23 years'], 'period=all', 'Usage by century'],
      [['2100-07-01 12:00Z', '30000-07-01 12:00Z', '100 years'], 'from=2100-01-01', 'Usage by millennium'],
    ];
    for (const [rows, parameters, title] of wanted) {
      await insertFrom(...rows);
      const answer = await client.get(`/ai-usage?${parameters}`);
      assert.ok(answer.text.length < 90_000, `${title}: ${answer.text.length} characters`);
      const page = await openPage(client, `/ai-usage?${parameters}&show=table`);
      const table = tableOf(page, title);
      const requests = tilesOf(page).get('Requests')?.text ?? '';
      assert.equal(totalOf(table, 'Requests').text, requests);
      const counts = columnOf(table, 'Requests').map(({ text }) => integerOf(text));
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        integerOf(requests),
      );
      const [bar] = columnOf(table, table.head[0] ?? '').filter(({ href }) => href !== null);
      const narrowed = await openPage(client, bar?.href ?? '');
      assert.equal(
        integerOf(tilesOf(narrowed).get('Requests')?.text ?? ''),
        counts.find((one) => one > 0),
      );
    }
  });
});
