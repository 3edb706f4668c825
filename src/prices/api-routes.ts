import express, { type Router } from 'express';
import type { Knex } from 'knex';
import { personOf } from '../auth/access/caller.ts';
import { BadInput, takenOnce } from '../units/failures/bad-input.ts';
import { NotFound } from '../units/failures/not-found.ts';
import { takesOnly } from '../web/parameters.ts';
import { priceChanges } from './changes.ts';
import { findPrice } from './finding-routes.ts';
import { priceJson, proposalJson } from './price-json.ts';
import { proposalAnswers } from './proposals/answers.ts';
import { findDismissed, NOT_DISMISSED } from './proposals/dismissed.ts';
import { readDismissedProposals, readOpenProposals } from './proposals/store.ts';
import { type Price, PriceExists, readPrice, readPrices } from './store.ts';
import { existsInWords, parsePrice } from './terms.ts';

const API_PATH = '/api/prices';

const WITHDRAWN = { name: 'withdrawn', takes: 'takes true, for those that were withdrawn as well, or false' };
const DISMISSED = {
  name: 'dismissed',
  takes: 'takes true, for those that were dismissed, or false, for those that wait',
};

function parseWhether(parameters: Record<string, unknown>, { name, takes }: typeof WITHDRAWN): boolean {
  const { [name]: said = 'false' } = takenOnce(parameters, [name]);
  if (said === 'true' || said === 'false') return said === 'true';
  throw new BadInput([{ parameter: name, message: takes }]);
}

/** Prices as programs read and add them: docs/openapi.yaml. */
export function pricesApi(backoffice: Knex): Router {
  const changes = priceChanges(backoffice);
  const router = express.Router();
  const json = express.json({ limit: '20kb' });

  router.get(API_PATH, takesOnly([WITHDRAWN.name]), async (req, res) => {
    const prices = await readPrices(backoffice, { withdrawn: parseWhether(req.query, WITHDRAWN) });
    res.json({ prices: prices.map(priceJson) });
  });
  router.post(API_PATH, takesOnly([]), json, async (req, res) => {
    try {
      const id = await changes.add(personOf(req), parsePrice(req.body));
      const price = (await readPrice(backoffice, id)) as Price;
      res.status(201).location(`${API_PATH}/${id}`).json(priceJson(price));
    } catch (error) {
      if (!(error instanceof PriceExists)) throw error;
      res.status(409).json({ error: existsInWords(error), price: priceJson(error.price) });
    }
  });
  router.get(`${API_PATH}/proposals`, takesOnly([DISMISSED.name]), async (req, res) => {
    const read = parseWhether(req.query, DISMISSED) ? readDismissedProposals : readOpenProposals;
    res.json({ proposals: (await read(backoffice)).map(proposalJson) });
  });
  router.delete(`${API_PATH}/proposals/:id/dismissal`, takesOnly([]), async (req, res) => {
    const proposal = await findDismissed(backoffice, req.params.id);
    if (proposal === null) throw new NotFound(NOT_DISMISSED);
    await proposalAnswers(backoffice).reopen(personOf(req), proposal);
    res.status(204).end();
  });
  router.get(`${API_PATH}/:id`, takesOnly([]), async (req, res) => {
    res.json(priceJson(await findPrice(backoffice, req)));
  });
  router.delete(`${API_PATH}/:id`, takesOnly([]), async (req, res) => {
    const price = await findPrice(backoffice, req);
    if (price.withdrawn !== null) throw new NotFound('This price has been withdrawn already.');
    await changes.withdraw(personOf(req), price);
    res.status(204).end();
  });

  return router;
}
