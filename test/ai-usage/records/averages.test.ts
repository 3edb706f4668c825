import assert from 'node:assert/strict';
import { RECORD_COLUMNS } from '../../../src/ai-usage/records/record-columns.ts';
import { average, microEuros } from '../../../src/units/money.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { csvRows, download, xlsxSheets } from '../../support/export.ts';
import { openJson } from '../../support/page.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

describe('a column of records that is an average', () => {
  let origin: string;
  let client: Client;

  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
    await resetUsage();
    await insertUsage([1_000_000, 2_000_000, -1_000_000].map((cost) => ({ cost })));
    RECORD_COLUMNS.push({
      ...{ name: 'thirdOfCost', label: 'Third of the cost', kind: 'euros', api: true },
      value: ({ cost }) => average(cost ?? microEuros(0), 3),
    });
  });

  after(async () => {
    RECORD_COLUMNS.pop();
    await resetUsage();
  });

  it('is rounded to the micro-euro in every file and in the API', async () => {
    const expected = ['-0.333333', '0.333333', '0.666667'];
    const file = async (extension: string) => download(origin, client, `/ai-usage/records.${extension}?period=7d`);
    const thirds = (rows: Record<string, unknown>[], name: string) => rows.map((row) => row[name]).sort();

    assert.deepEqual(thirds(csvRows((await file('csv')).text), 'Third of the cost (€)'), expected);
    const lines = (await file('ndjson')).text.trim().split('\n');
    assert.deepEqual(
      lines
        .map((line) => JSON.parse(line).thirdOfCost)
        .filter(Boolean)
        .sort(),
      expected,
    );
    const json = JSON.parse((await file('json')).text) as {
      tables: { records: Record<string, unknown>[] };
    };
    assert.deepEqual(thirds(json.tables.records, 'thirdOfCost'), expected);
    const [sheet] = await xlsxSheets((await file('xlsx')).bytes);
    assert.deepEqual(thirds(sheet?.rows ?? [], 'Third of the cost'), expected.map(Number));
    const { records } = await openJson<{ records: Record<string, unknown>[] }>(client, '/api/ai-usage/records');
    assert.deepEqual(thirds(records, 'thirdOfCost'), expected);
  });
});
