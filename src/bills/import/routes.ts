import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import type { Databases } from '../../db/connect.ts';
import { BILLS_PATH } from '../../query/paths.ts';
import { BadInput, problemsOf } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { dayOf, now } from '../../units/time.ts';
import { readUpload, takesFile } from '../../web/forms/upload.ts';
import { takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { compareBill, daysAround, importBill } from '../changes.ts';
import { readColumns } from '../store.ts';
import { BILLING } from '../terms.ts';
import { type Columns, FIELDS, likelyColumns } from './columns.ts';
import { importedInWords, importForm, LARGEST_FILE, previewOf } from './import-page.ts';
import { headingsOf, readBill } from './read-bill.ts';

type ImportDependencies = { databases: Pick<Databases, 'backoffice'>; render: Render; format: Format };

const IMPORT_PATH = `${BILLS_PATH}/import`;
const EMPTY = { provider: '', text: '', name: '', isComplete: false };

/** What a form says of the columns; null before it has asked. */
function givenColumns(fields: ReadonlyMap<string, string>): Columns | null {
  if (!fields.has('allIn')) return null;
  const columns: Columns = {};
  for (const name of [...FIELDS.map(({ name }) => name), 'allIn'] as const) {
    const value = fields.get(name) ?? '';
    if (value !== '') columns[name] = value;
  }
  return columns;
}

/** A provider's CSV: its columns are said, what it would change is shown, and then it is kept. */
export function billImportPages({ databases: { backoffice }, render, format }: ImportDependencies): Router {
  const router = express.Router();

  type Shown = {
    form: ReturnType<typeof importForm>;
    preview: ReturnType<typeof previewOf> | null;
    done: string | null;
    error: BadInput | null;
  };
  const show = (req: Request, res: Response, { form, preview, done, error }: Shown) => {
    res.status(error === null ? 200 : 400);
    const data = { form, preview, done, problems: problemsOf(error) };
    render(req, res, { title: 'Import a bill', view: 'bills/import/import', data });
  };

  router.get(IMPORT_PATH, takes(['provider']), (req, res) => {
    const provider = typeof req.query.provider === 'string' ? req.query.provider : '';
    show(req, res, { form: importForm({ ...EMPTY, provider }, [], {}), preview: null, done: null, error: null });
  });

  router.post(IMPORT_PATH, takesFile(LARGEST_FILE), async (req, res) => {
    let form = importForm(EMPTY, [], {});
    try {
      const { text, name, fields } = await readUpload(req);
      const provider = fields.get('provider') ?? '';
      const isComplete = fields.has('isComplete');
      const values = { provider, text, isComplete, name: name === 'pasted' ? fields.get('name') || name : name };
      form = importForm(values, [], {});
      if (!BILLING.includes(provider))
        throw new BadInput([{ parameter: 'Provider', message: 'takes one of the list' }]);
      const headings = headingsOf(text);
      const columns =
        givenColumns(fields) ?? likelyColumns(headings, (await readColumns(backoffice, provider)) as Columns | null);
      form = importForm(values, headings, columns);
      const read = readBill(text, columns, dayOf(now(), 'UTC'));
      const bill = { provider, lines: read.lines, completeFor: isComplete ? daysAround(read.lines) : null };
      if (fields.get('step') === 'import') {
        const imported = await importBill(backoffice, personOf(req), bill, { source: values.name, columns });
        const done = importedInWords(imported, format);
        show(req, res, { form: importForm(EMPTY, [], {}), preview: null, done, error: null });
      } else {
        const preview = previewOf(await compareBill(backoffice, bill), read, format);
        show(req, res, { form, preview, done: null, error: null });
      }
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      show(req, res, { form, preview: null, done: null, error });
    }
  });

  return router;
}
