import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../auth/access/caller.ts';
import type { Databases } from '../db/connect.ts';
import { EXTENSIONS, FORMATS } from '../export/formats.ts';
import { OVERVIEW_PATH } from '../query/paths.ts';
import { parseUsageQuery, type UsageQuery, usageUrl } from '../query/query.ts';
import type { UsageReader } from '../stats/reader.ts';
import { BadInput, problemsOf } from '../units/failures/bad-input.ts';
import type { Format } from '../units/format.ts';
import { dayOf, now } from '../units/time.ts';
import { readUpload, takesFile } from '../web/forms/upload.ts';
import { panel } from '../web/panel.ts';
import { type Address, takes } from '../web/parameters.ts';
import type { Render } from '../web/render.ts';
import { pricesApi } from './api-routes.ts';
import { priceChanges } from './changes.ts';
import { findPrice } from './finding-routes.ts';
import { importedInWords, LARGEST_FILE } from './import/import-page.ts';
import { readPriceFile } from './import/read-file.ts';
import { askedListing, LIST_PARAMETERS, type Listing, listed } from './listed.ts';
import { priceForm } from './price-form.ts';
import { pricePage } from './price-page.ts';
import { currentTable, historyTable, linesOf, missingView } from './price-tables.ts';
import { proposeFromFile } from './proposals/from-file.ts';
import { proposalsView, proposedInWords } from './proposals/proposal-tables.ts';
import { readCompared } from './proposals/routes.ts';
import { type Price, PriceExists, readHistory, readPrices } from './store.ts';
import { existsInWords, PRICES_PATH, parsePrice, pricePath } from './terms.ts';
import { type Missing, missingOf, type Unpriced } from './unpriced.ts';

type PriceDependencies = {
  databases: Pick<Databases, 'backoffice'>;
  reader: UsageReader;
  render: Render;
  format: Format;
};

/** What is missing is looked for among the calls of so long. */
const LOOKED_AT = '90d';

/** A form with a price that is there already says so beside its day. */
const asBadInput = (error: unknown): BadInput => {
  if (error instanceof PriceExists) return new BadInput([{ parameter: 'from', message: existsInWords(error) }]);
  if (error instanceof BadInput) return error;
  throw error;
};

/** What models cost: pages, forms, files, and the JSON of docs/openapi.yaml. */
export function pricePages({ databases, reader, render, format }: PriceDependencies): Router {
  const { backoffice } = databases;
  const changes = priceChanges(backoffice);
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '20kb' });
  const today = () => dayOf(now(), format.timeZone);

  const readMissing = async (query: UsageQuery): Promise<Missing> => {
    const [stats, list] = await Promise.all([reader.stats(query, 'day'), reader.prices()]);
    return missingOf(stats.value.cells, list);
  };
  const addForm = ({ model, since }: Unpriced) =>
    `${PRICES_PATH}/new?${new URLSearchParams({ model, from: since, currency: 'USD' })}`;

  const check = ({ query }: Pick<Address, 'query'>) => askedListing(query);
  router.get(PRICES_PATH, takes(LIST_PARAMETERS, { check }), async (req, res) => {
    const at = now();
    const listing = askedListing(req.query);
    const query = await reader.recent(
      parseUsageQuery({ period: LOOKED_AT }, { maxPageSize: 1, timeZone: format.timeZone }, at),
    );
    const [prices, compared, missing] = await Promise.all([
      panel(readPrices(backoffice, { withdrawn: false }), req.log),
      panel(readCompared(backoffice), req.log),
      panel(readMissing(query), req.log),
    ]);
    const ways = {
      calls: (model: string) => usageUrl(OVERVIEW_PATH, query, { models: [model] }),
      adds: req.caller?.isAdmin ? addForm : null,
    };
    const links = EXTENSIONS.filter((extension) => extension !== 'ndjson').map((extension) => ({
      ...{ label: FORMATS[extension].label, href: `${PRICES_PATH}.${extension}`, note: '' },
    }));
    const data = {
      proposals: compared.ok
        ? { ok: true, value: proposalsView(compared.value, req.caller?.isAdmin === true, format) }
        : compared,
      missing: missing.ok ? { ok: true, value: missingView(missing.value, ways, format) } : missing,
      prices: prices.ok ? { ok: true, value: pricesOf(prices.value, listing) } : prices,
      search: listing.search,
      download: {
        lead: 'Every price, those that were withdrawn too',
        groups: [{ title: 'Prices', links }],
        link: null,
      },
      retry: PRICES_PATH,
    };
    render(req, res, { title: 'Prices', view: 'prices/prices', data });
  });

  const pricesOf = (prices: Price[], listing: Listing) => {
    if (prices.length === 0) return null;
    const { previous, next, ...found } = listed(linesOf(prices, today()), listing);
    return { ...{ previous, next }, table: found.count === 0 ? null : currentTable(found, format).page(format) };
  };

  const formOf = async (req: Request, action: string, saves: string, values: object, error: BadInput | null) => {
    const dimensions = await panel(reader.dimensions(), req.log);
    const actions = dimensions.ok ? dimensions.value.actions : [];
    return priceForm({ action, saves, values: { ...values }, actions, problems: error?.details ?? [] });
  };

  const showForm = async (req: Request, res: Response, values: object, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const data = { form: await formOf(req, PRICES_PATH, 'Add the price', values, error) };
    render(req, res, { title: 'New price', view: 'prices/new-price', data });
  };
  router.get(`${PRICES_PATH}/new`, takes(['model', 'action', 'from', 'currency']), (req, res) =>
    showForm(req, res, { from: today(), currency: 'USD', ...req.query }, null),
  );
  router.post(PRICES_PATH, form, async (req, res) => {
    try {
      res.redirect(303, await changes.addByForm(personOf(req), parsePrice(req.body)));
    } catch (error) {
      await showForm(req, res, req.body ?? {}, asBadInput(error));
    }
  });

  const showImport = (req: Request, res: Response, done: string | null, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    render(req, res, { title: 'Import prices', view: 'prices/import', data: { done, problems: problemsOf(error) } });
  };
  router.get(`${PRICES_PATH}/import`, takes([]), (req, res) => showImport(req, res, null, null));
  router.post(`${PRICES_PATH}/import`, takesFile(LARGEST_FILE), async (req, res) => {
    try {
      const { text, fields } = await readUpload(req);
      const { prices, withdrawn } = readPriceFile(text, format);
      const terms = prices.map(({ terms }) => terms);
      const done = fields.has('proposes')
        ? proposedInWords(await proposeFromFile(backoffice, personOf(req), terms), format)
        : importedInWords(await changes.importAll(personOf(req), prices), withdrawn, format);
      showImport(req, res, done, null);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      showImport(req, res, null, error);
    }
  });

  const showPrice = async (req: Request, res: Response, price: Price, values: object, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const isChangeable = price.withdrawn === null && req.caller?.isAdmin;
    const path = pricePath(price.id);
    const [history, form] = await Promise.all([
      panel(readHistory(backoffice, price), req.log),
      isChangeable ? formOf(req, path, 'Save', values, error) : null,
    ]);
    const data = {
      ...pricePage(price, format),
      history: history.ok
        ? { ok: true, value: historyTable(history.value, price, today(), format).page(format) }
        : history,
      form,
      problems: form === null ? problemsOf(error) : [],
      retry: path,
    };
    render(req, res, { title: `Price of ${price.model}`, view: 'prices/price', data });
  };
  router.get(`${PRICES_PATH}/:id`, takes([]), async (req, res) => {
    const price = await findPrice(backoffice, req);
    await showPrice(req, res, price, price, null);
  });
  router.post(`${PRICES_PATH}/:id`, form, async (req, res) => {
    const price = await findPrice(backoffice, req);
    try {
      res.redirect(303, await changes.correct(personOf(req), price, parsePrice(req.body)));
    } catch (error) {
      await showPrice(req, res, price, req.body ?? {}, asBadInput(error));
    }
  });
  router.post(`${PRICES_PATH}/:id/withdraw`, async (req, res) => {
    await changes.withdraw(personOf(req), await findPrice(backoffice, req));
    res.redirect(303, PRICES_PATH);
  });

  router.use(pricesApi(backoffice));
  return router;
}
