import assert from 'node:assert/strict';
import { sharedApp } from '../support/app.ts';
import { auditLines, forgetAudit } from '../support/audit.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { download } from '../support/export.ts';
import { textOf } from '../support/page.ts';
import { enterPrice } from '../support/prices.ts';
import { upload } from '../support/upload.ts';
import { resetUsage } from '../support/usage.ts';

/** Every form that takes a file of prices, exchange rates or a bill: a file with a formula in its third line, and what is said of that. */
const FORMS = [
  {
    ...{ path: '/prices/import', table: 'prices', fields: {} },
    file: 'model,from,currency,inputPerMillion,outputPerMillion\ngood,2026-01-01,USD,1,2\ngpt-5,2026-01-01,USD,=A1*2,2\n',
    said: 'Line 3, inputPerMillion is a formula, and takes a number',
  },
  {
    ...{ path: '/rates', table: 'exchange_rates', fields: {} },
    file: 'Date,USD\n2026-11-23,1.1\n2026-11-24,=A1*2\n',
    said: 'Line 3, USD takes how many dollars a euro was, with at most eight decimals, such as 1.1325',
  },
  {
    ...{ path: '/bills/import', table: 'bill_lines', fields: { provider: 'OpenAI', step: 'import' } },
    file: 'day,item,amount,currency\n2026-10-30,good,1,EUR\n2026-10-30,gpt-5,=A1*2,EUR\n',
    said: 'Line 3, amount is a formula, and takes a number',
  },
] as const;

describe('files of spreadsheets, where prices, exchange rates and bills are taken', () => {
  let origin: string;
  let ana: Client;
  before(async () => {
    ({ origin } = await sharedApp());
    ana = await signedIn(origin);
  });
  after(resetUsage);

  for (const { path, table, fields, file, said } of FORMS) {
    describe(path, () => {
      beforeEach(async () => {
        await resetUsage();
        await forgetAudit();
      });
      const send = (content: string | Uint8Array<ArrayBuffer>) => {
        const body = new FormData();
        body.set('file', new Blob([content]), 'from-a-spreadsheet');
        for (const [name, value] of Object.entries(fields)) body.set(name, value);
        return upload(ana, `${origin}${path}`, body);
      };
      const nothingIsKept = async () => {
        assert.deepEqual(await databases().backoffice(table), []);
        assert.deepEqual(await auditLines(), []);
      };

      it('names the line of a formula, and keeps none of the others', async () => {
        const { status, problems } = await send(file);
        assert.deepEqual([status, problems], [400, [said]]);
        await nothingIsKept();
      });

      it('says of a workbook how it is saved as CSV', async () => {
        await enterPrice(ana, { model: 'x', from: '2026-01-01', currency: 'EUR', perImage: 1 });
        const { bytes } = await download(origin, ana, '/prices.xlsx');
        await databases().backoffice.raw('TRUNCATE prices');
        await forgetAudit();
        const { status, problems } = await send(new Uint8Array(bytes));
        assert.equal(status, 400);
        assert.deepEqual(problems, ['The file is a workbook of a spreadsheet: save its sheet as “CSV UTF-8”']);
        await nothingIsKept();
      });

      it('does not take a million lines, and says how large a file may be', async () => {
        const [head = '', line = ''] = file.split('\n');
        const { status, page } = await send(`${head}\n${`${line}\n`.repeat(1_000_000)}`);
        assert.equal(status, 413);
        assert.match(textOf(page), /takes at most [15]000000 bytes/);
        await nothingIsKept();
      });
    });
  }
});
