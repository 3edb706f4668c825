import express, { type Request, type Router } from 'express';
import type { Databases } from '../db/connect.ts';
import { mayReadPrompts, NO_RIGHT } from '../db/required-columns.ts';
import { EXTENSIONS } from '../export/formats.ts';
import { EXPORT_PARAMETERS, parseExportOptions } from '../export/options.ts';
import { NotFound } from '../units/failures/not-found.ts';
import { now } from '../units/time.ts';
import type { AtOnce } from '../web/download.ts';
import { Refused } from '../web/errors.ts';
import { takesOnly } from '../web/parameters.ts';
import { openedFromHere } from '../web/security.ts';
import { type ExportPage, fileAddress } from './export-page.ts';
import { sendExport } from './send-export.ts';

/** The tables of every page, at the address of the page and an extension. */
export function exportRoutes<Sources extends { databases: Databases }>(
  pages: readonly ExportPage<Sources>[],
  sources: Sources,
  atOnce: AtOnce,
): Router {
  const router = express.Router();
  const { workflows, backoffice } = sources.databases;
  for (const page of pages) {
    const taken = takesOnly([...page.parameters, ...EXPORT_PARAMETERS], page.unused);
    for (const extension of EXTENSIONS) {
      router.get(`${page.path}.${extension}`, taken, async (req: Request<{ name?: string }>, res) => {
        const options = parseExportOptions(req.query, extension, page.tables);
        const asked = page.asked(req.params.name ?? '', req.query, sources, now());
        if (asked === null) throw new NotFound('There is no page at this address.');
        const { address, details, open } = asked;
        if (options.withPrompts) {
          openedFromHere(req as Request, { label: 'To the records', href: address });
          if (!(await mayReadPrompts(workflows))) throw new Refused(NO_RIGHT);
        }
        await sendExport(
          req as Request,
          res,
          { backoffice, atOnce },
          {
            ...{ extension, options, address },
            entry: (manifest) => ({ subject: fileAddress(address, extension), details: details(manifest) }),
            open: (gone) => open(options, gone),
          },
        );
      });
    }
  }
  return router;
}
