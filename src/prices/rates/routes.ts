import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import type { Databases } from '../../db/connect.ts';
import { EXTENSIONS, FORMATS } from '../../export/formats.ts';
import { BadInput, problemsOf } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { dayOf, now } from '../../units/time.ts';
import { readUpload, takesFile } from '../../web/forms/upload.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { importRates, RATES_PATH } from './import-rates.ts';
import { importedRatesInWords, ratesView } from './rates-page.ts';
import { readRateFile } from './read-rates.ts';
import { readRates } from './store.ts';

/** All days of all currencies since 1999 are two megabytes. */
const LARGEST_FILE = 5_000_000;

type RateDependencies = { databases: Pick<Databases, 'backoffice'>; render: Render; format: Format };

/** How many dollars a euro was: the page, its form and its file. */
export function ratePages({ databases: { backoffice }, render, format }: RateDependencies): Router {
  const router = express.Router();
  const today = () => dayOf(now(), format.timeZone);

  const show = async (req: Request, res: Response, done: string | null, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const rates = await panel(readRates(backoffice), req.log);
    const links = EXTENSIONS.filter((extension) => extension !== 'ndjson').map((extension) => ({
      ...{ label: FORMATS[extension].label, href: `${RATES_PATH}.${extension}`, note: '' },
    }));
    const data = {
      rates: rates.ok ? { ok: true, value: ratesView(rates.value, today(), format) } : rates,
      download:
        rates.ok && rates.value.length > 0
          ? { lead: 'Every day that there is', groups: [{ title: 'Exchange rates', links }], link: null }
          : null,
      ...{ done, problems: problemsOf(error), retry: RATES_PATH },
    };
    render(req, res, { title: 'Exchange rates', view: 'prices/rates', data });
  };

  router.get(RATES_PATH, takes([]), (req, res) => show(req, res, null, null));
  router.post(RATES_PATH, takesFile(LARGEST_FILE), async (req, res) => {
    try {
      const { text, name, fields } = await readUpload(req);
      const rates = readRateFile(text, today());
      const imported = await importRates(backoffice, personOf(req), rates, {
        ...{ source: name, replaces: fields.has('replaces') },
      });
      await show(req, res, importedRatesInWords(imported, format), null);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await show(req, res, null, error);
    }
  });

  return router;
}
