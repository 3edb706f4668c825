import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../auth/access/caller.ts';
import type { Databases } from '../db/connect.ts';
import { EXTENSIONS, FORMATS } from '../export/formats.ts';
import { BILLS_PATH } from '../query/paths.ts';
import type { UsageReader } from '../stats/reader.ts';
import { BadInput, takenOnce } from '../units/failures/bad-input.ts';
import type { Format } from '../units/format.ts';
import { dayOf, now } from '../units/time.ts';
import { panel } from '../web/panel.ts';
import { takes } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { billForm } from './bill-form.ts';
import { type BillRow, billsTable, unbilledTable } from './bills-table.ts';
import { addLine } from './changes.ts';
import { MONTHS_LISTED, readBills } from './read-bills.ts';
import { parseBillLine } from './terms.ts';

type BillDependencies = {
  databases: Pick<Databases, 'backoffice'>;
  reader: UsageReader;
  render: Render;
  format: Format;
};

const NEW = ['provider', 'day', 'currency', 'kind'] as const;

/** What providers have billed beside what was recorded, and the form of a line. */
export function billPages({ databases: { backoffice }, reader, render, format }: BillDependencies): Router {
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '20kb' });
  const { timeZone } = format;

  /** Bills first; what has none, which is most where nobody imports any, is a list of its own. Null where there is neither. */
  const listed = (rows: BillRow[]) => {
    if (rows.length === 0) return null;
    const [billed, others] = [rows.filter(({ bill }) => bill !== null), rows.filter(({ bill }) => bill === null)];
    const without = unbilledTable(others).page(format);
    return {
      billed: billed.length === 0 ? null : billsTable(billed, format).page(format),
      without: others.length === 0 ? null : { table: without, count: others.length, cost: without.total?.at(-1)?.text },
    };
  };

  router.get(BILLS_PATH, takes([]), async (req, res) => {
    const rows = await panel(readBills({ backoffice, reader, timeZone }, now()), req.log);
    const links = EXTENSIONS.filter((extension) => extension !== 'ndjson').map((extension) => ({
      ...{ label: FORMATS[extension].label, href: `${BILLS_PATH}.${extension}`, note: '' },
    }));
    const data = {
      bills: rows.ok ? { ok: true, value: listed(rows.value) } : rows,
      months: MONTHS_LISTED,
      download: { lead: 'What was recorded and billed', groups: [{ title: 'Bills', links }], link: null },
      retry: BILLS_PATH,
    };
    render(req, res, { title: 'Bills', view: 'bills/bills', data });
  });

  const showForm = (req: Request, res: Response, values: object, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const data = { form: billForm({ ...values }, error?.details ?? []) };
    render(req, res, { title: 'New line of a bill', view: 'bills/new-line', data });
  };
  router.get(`${BILLS_PATH}/new`, takes(NEW), (req, res) =>
    showForm(req, res, { currency: 'USD', kind: 'usage', ...takenOnce(req.query, NEW) }, null),
  );
  router.post(BILLS_PATH, form, async (req, res) => {
    try {
      const { provider, line } = parseBillLine(req.body, dayOf(now(), 'UTC'));
      res.redirect(303, await addLine(backoffice, personOf(req), provider, line));
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      showForm(req, res, req.body ?? {}, error);
    }
  });

  return router;
}
