import express, { type Request, type Response, type Router } from 'express';
import { writeAuditLog } from '../audit/log.ts';
import { personOf } from '../auth/require-person.ts';
import { mayReadPrompts } from '../db/required-columns.ts';
import { EXTENSIONS, type Extension, FORMATS } from '../export/formats.ts';
import type { Manifest } from '../export/table.ts';
import { loggable } from '../units/loggable.ts';
import { eurosText } from '../units/money.ts';
import { isoFromInstant, now } from '../units/time.ts';
import { type AtOnce, beginDownload, goneSignal, sendDownload } from '../web/download.ts';
import { NotFound, Refused } from '../web/errors.ts';
import { takesOnly } from '../web/parameters.ts';
import { openedFromHere } from '../web/security.ts';
import { EXPORT_PARAMETERS, type ExportOptions, parseExportOptions } from './export-options.ts';
import { type Asked, EXPORT_PAGES } from './exports.ts';
import { auditEntryOf, type OpenExport, openPageExport, openRecordExport } from './open-export.ts';
import { MOST_PER_PAGE, type PageDependencies } from './page-routes.ts';
import { RECORDS_PATH } from './paths.ts';
import { NO_RIGHT } from './prompts.ts';
import { PAGE_PARAMETERS, parseUsageQuery, usageUrl } from './query.ts';

type Opening = {
  asked: Asked;
  options: ExportOptions;
  open: (gone: AbortSignal) => Promise<OpenExport>;
};

/** The data of every table, at the address of its page and an extension. */
export function usageExports({
  databases,
  reader,
  format,
  atOnce,
}: Omit<PageDependencies, 'render'> & { atOnce: AtOnce }): Router {
  const router = express.Router();
  const { timeZone } = format;
  const limits = { maxPageSize: MOST_PER_PAGE, timeZone };

  const send = async (req: Request, res: Response, extension: Extension, { asked, options, open }: Opening) => {
    const person = personOf(req);
    if (options.withPrompts) {
      openedFromHere(req, { label: 'To the records', href: asked.address });
      if (!(await mayReadPrompts(databases.workflows))) throw new Refused(NO_RIGHT);
    }
    const release = beginDownload(atOnce, person);
    const gone = goneSignal(res);
    let opened: OpenExport | null = null;
    try {
      opened = await open(gone);
      const { manifest } = opened.file;
      const entry = auditEntryOf(asked, extension, manifest, format);
      if (req.method === 'HEAD') {
        describe(res, extension, asked, manifest);
        return res.end();
      }
      // Before the first row: who cannot be written down gets none.
      const action = options.withPrompts ? 'export with prompts' : 'export';
      await writeAuditLog(databases.backoffice, person, { ...entry, action, rows: manifest.rows });
      describe(res, extension, asked, manifest);
      const sending = await sendDownload(res, FORMATS[extension].write(opened.file, options), gone);
      if (sending.outcome === 'complete') return;
      if (sending.outcome === 'failed') {
        req.log.error({ error: loggable(sending.error) }, 'export failed');
      }
      const broken = sending.outcome === 'failed' ? 'export failed' : 'export broken off';
      await writeAuditLog(databases.backoffice, person, { ...entry, action: broken, rows: opened.sent() });
    } catch (error) {
      if (!gone.aborted) throw error;
    } finally {
      await opened?.close();
      release();
    }
  };

  for (const extension of EXTENSIONS) {
    router.get(
      `${RECORDS_PATH}.${extension}`,
      takesOnly([...PAGE_PARAMETERS, ...EXPORT_PARAMETERS]),
      async (req, res) => {
        const options = parseExportOptions(req.query, extension, null);
        const parsed = parseUsageQuery(req.query, limits, now());
        const query = { ...parsed, pinned: parsed.asOf };
        const asked = { query, address: usageUrl(RECORDS_PATH, query), title: 'Records' };
        const view = { reader, databases, query, format };
        await send(req, res, extension, {
          asked,
          options,
          open: (gone) => openRecordExport(asked, view, options, gone),
        });
      },
    );

    for (const page of EXPORT_PAGES) {
      const taken = takesOnly([...page.parameters, ...EXPORT_PARAMETERS]);
      router.get(`${page.path}.${extension}`, taken, async (req: Request<{ name?: string }>, res) => {
        const options = parseExportOptions(req.query, extension, Object.keys(page.tables));
        const asked = page.asked(req.params.name ?? '', req.query, limits, now());
        if (asked === null) throw new NotFound('There is no page at this address.');
        const view = { reader, databases, query: asked.query, format };
        const open = () => openPageExport(page, asked, view, options);
        await send(req as Request, res, extension, { asked, options, open });
      });
    }
  }
  return router;
}

function describe(res: Response, extension: Extension, { address }: Asked, { rows, cost, asOf }: Manifest): void {
  const [path = ''] = address.split('?');
  const name = decodeURIComponent(path.slice(1)).replace(/[^\p{L}\p{N}._]+/gu, '-');
  const at = isoFromInstant(asOf).slice(0, 19).replaceAll(':', '');
  res.attachment(`${name}-${at}Z.${extension}`);
  res.set({ 'Content-Type': FORMATS[extension].type, 'X-Total-Rows': String(rows), 'X-Total-Cost': eurosText(cost) });
}
