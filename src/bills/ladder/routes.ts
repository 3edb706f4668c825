import express, { type Request, type Router } from 'express';
import type { Databases } from '../../db/connect.ts';
import { EXTENSIONS, FORMATS } from '../../export/formats.ts';
import { BILLS_PATH, billPath } from '../../query/paths.ts';
import type { UsageReader } from '../../stats/reader.ts';
import { firstDayOf, monthOf } from '../../units/calendar.ts';
import { periodBefore, periodOf } from '../../units/calendar-period.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import type { Format } from '../../units/format.ts';
import { dayOf, now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { takes, takesOnly } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { readBills } from '../read-bills.ts';
import { askedMonth, BILLING } from '../terms.ts';
import { billJson, billsJson } from './bill-json.ts';
import { daysTable, FILE_TABLES, ladderTable, linesTable, modelsTable, shownLines } from './ladder-tables.ts';
import { type Bill, readBill } from './read-ladder.ts';

type LadderDependencies = {
  databases: Pick<Databases, 'backoffice'>;
  reader: UsageReader;
  render: Render;
  format: Format;
};

const API_PATH = '/api/bills';
const TITLES = {
  ladder: 'The ladder',
  models: 'By model',
  days: 'By day',
  lines: 'Lines of the bill',
  focus: 'FOCUS 1.2',
};

/** The bill of a provider and month, explained: the page, and the JSON of docs/openapi.yaml. */
export function ladderPages({ databases: { backoffice }, reader, render, format }: LadderDependencies): Router {
  const router = express.Router();
  const { timeZone } = format;
  const sources = { backoffice, reader, timeZone };
  const today = () => dayOf(now(), timeZone);
  /** @throws NotFound; BadInput */
  const askedBill = (req: Request) => {
    const provider = String(req.params.name);
    if (!BILLING.includes(provider)) throw new NotFound('There is no such provider.');
    return { provider, month: askedMonth(req.query, today()) };
  };

  const viewOf = (bill: Bill) => ({
    hasBill: bill.lines.length > 0,
    isOver: bill.isOver,
    notInEuros: bill.ladder.notInEuros,
    ladder: ladderTable(bill, format).page(format),
    tables: [
      { id: 'models', table: modelsTable(bill).page(format) },
      { id: 'days', table: daysTable(bill, format).page(format) },
      ...(bill.lines.length === 0
        ? []
        : [{ id: 'lines', table: linesTable(shownLines(bill.lines), format, bill.lines.length).page(format) }]),
    ],
  });

  router.get(`${BILLS_PATH}/:name`, takes(['month']), async (req, res) => {
    const asked = askedBill(req);
    const { provider, month } = asked;
    const bill = await panel(readBill(sources, asked, now()).then(viewOf), req.log);
    const path = billPath(provider, month);
    const groups = FILE_TABLES.map((table) => ({
      title: TITLES[table],
      links: EXTENSIONS.filter((extension) => extension !== 'ndjson').map((extension) => ({
        ...{ label: FORMATS[extension].label, note: '' },
        href: `${path.replace('?', `.${extension}?`)}&table=${table}`,
      })),
    }));
    const whole = periodOf(firstDayOf(month), 'month');
    const before = monthOf(periodBefore(whole, 'month').first);
    const after = monthOf(whole.next);
    const title = `${provider}, ${format.longMonth(whole.first)}`;
    const data = {
      ...{ provider, bill, heading: title, retry: path },
      before: billPath(provider, before),
      after: after <= monthOf(today()) ? billPath(provider, after) : null,
      download: bill.ok ? { lead: 'The bill and what explains it', groups, link: null } : null,
    };
    render(req, res, { title: `Bill of ${title}`, view: 'bills/ladder/ladder', data });
  });

  router.get(API_PATH, takesOnly([]), async (_req, res) => {
    res.json(billsJson(await readBills(sources, now())));
  });
  router.get(`${API_PATH}/:name`, takesOnly(['month']), async (req, res) => {
    const asked = askedBill(req);
    res.json(billJson(await readBill(sources, asked, now()), format));
  });

  return router;
}
