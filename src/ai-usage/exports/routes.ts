import express, { type Request, type Response, type Router } from 'express';
import { mayReadPrompts } from '../../db/required-columns.ts';
import { sendExport } from '../../downloads/send-export.ts';
import { EXTENSIONS, type Extension } from '../../export/formats.ts';
import type { OpenExport } from '../../export/open.ts';
import { EXPORT_PARAMETERS, type ExportOptions, parseExportOptions } from '../../export/options.ts';
import type { Manifest } from '../../export/table.ts';
import { RECORDS_PATH } from '../../query/paths.ts';
import { PAGE_PARAMETERS, PAGING, parseUsageQuery, usageUrl } from '../../query/query.ts';
import { NO_RIGHT } from '../../stats/records/prompts.ts';
import { now } from '../../units/time.ts';
import type { AtOnce } from '../../web/download.ts';
import { NotFound, Refused } from '../../web/errors.ts';
import { takesOnly } from '../../web/parameters.ts';
import { openedFromHere } from '../../web/security.ts';
import { MOST_PER_PAGE, type PageDependencies } from '../frame/page-routes.ts';
import { type Asked, EXPORT_PAGES } from './exports.ts';
import { auditEntryOf, openPageExport, openRecordExport } from './open-export.ts';

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
    if (options.withPrompts) {
      openedFromHere(req, { label: 'To the records', href: asked.address });
      if (!(await mayReadPrompts(databases.workflows))) throw new Refused(NO_RIGHT);
    }
    const { address } = asked;
    const entry = (manifest: Manifest) => auditEntryOf(asked, extension, manifest, format);
    await sendExport(
      req,
      res,
      { backoffice: databases.backoffice, atOnce },
      { extension, options, address, entry, open },
    );
  };

  for (const extension of EXTENSIONS) {
    router.get(
      `${RECORDS_PATH}.${extension}`,
      takesOnly([...PAGE_PARAMETERS, ...EXPORT_PARAMETERS], PAGING),
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
      const paging = PAGING.filter((name) => page.parameters.includes(name));
      const taken = takesOnly([...page.parameters, ...EXPORT_PARAMETERS], paging);
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
