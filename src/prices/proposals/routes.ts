import express, { type Request, type Response, type Router } from 'express';
import type { Knex } from 'knex';
import { personOf } from '../../auth/access/caller.ts';
import { BadInput, problemsOf } from '../../units/failures/bad-input.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import type { Format } from '../../units/format.ts';
import { isUuid } from '../../units/uuid.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import type { Render } from '../../web/render.ts';
import { type PriceForm, priceForm } from '../price-form.ts';
import { readPrices } from '../store.ts';
import { PRICES_PATH, parsePrice } from '../terms.ts';
import { proposalAnswers } from './answers.ts';
import { DISMISSED_PATH, dismissedView, findDismissed, NOT_DISMISSED } from './dismissed.ts';
import {
  type Compared,
  comparedWith,
  effectsInWords,
  PROPOSALS_PATH,
  proposalPage,
  proposalPath,
  proposalsTable,
} from './proposal-tables.ts';
import { MOST_OPEN, type Proposal, readDismissedProposals, readOpenProposal, readOpenProposals } from './store.ts';

type ProposalDependencies = {
  databases: { backoffice: Knex };
  reader: { dimensions: () => Promise<{ actions: string[] }> };
  render: Render;
  format: Format;
};

/** Those that wait for an answer, beside the prices in force. */
export async function readCompared(backoffice: Knex): Promise<Compared[]> {
  const [prices, proposals] = await Promise.all([
    readPrices(backoffice, { withdrawn: false }),
    readOpenProposals(backoffice),
  ]);
  return comparedWith(prices, proposals);
}

async function findProposal(backoffice: Knex, req: Request): Promise<Proposal> {
  const id = String(req.params.id);
  const proposal = isUuid(id) ? await readOpenProposal(backoffice, id) : null;
  if (proposal === null) throw new NotFound('There is no such proposal, or it has been answered.');
  return proposal;
}

/** The ids of the proposals that a form accepts. @throws BadInput */
function idsOf(body: unknown): string[] {
  const given = [(body as Record<string, unknown> | undefined)?.id ?? []].flat();
  const ids = given.filter((id): id is string => typeof id === 'string' && isUuid(id));
  if (ids.length === 0 || ids.length !== given.length || ids.length > MOST_OPEN)
    throw new BadInput([{ parameter: 'id', message: `takes the ids of 1 to ${MOST_OPEN} proposals` }]);
  return [...new Set(ids)];
}

/** Proposed prices: each with its form, and all at once. */
export function proposalPages({ databases: { backoffice }, reader, render, format }: ProposalDependencies): Router {
  const answers = proposalAnswers(backoffice);
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '20kb' });
  const manyIds = express.urlencoded({ extended: false, limit: '40kb', parameterLimit: MOST_OPEN + 1 });

  const showAll = async (req: Request, res: Response, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const compared = await panel(readCompared(backoffice), req.log);
    const data = {
      proposals: compared.ok
        ? {
            ok: true,
            value: {
              ids: compared.value.map(({ proposal }) => proposal.id),
              table: proposalsTable(compared.value, true, format).page(format),
              effects: effectsInWords(compared.value, format),
            },
          }
        : compared,
      ...{ problems: problemsOf(error), retry: PROPOSALS_PATH },
    };
    render(req, res, { title: 'Proposed prices', view: 'prices/proposals/all', data });
  };
  router.get(PROPOSALS_PATH, takes([]), (req, res) => showAll(req, res, null));
  router.post(PROPOSALS_PATH, manyIds, async (req, res) => {
    try {
      await answers.acceptAll(personOf(req), idsOf(req.body));
      res.redirect(303, PRICES_PATH);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await showAll(req, res, error);
    }
  });

  router.get(DISMISSED_PATH, takes([]), async (req, res) => {
    const found = await panel(readDismissedProposals(backoffice), req.log);
    const dismissed = found.ok ? { ok: true, value: dismissedView(found.value, format) } : found;
    const data = { dismissed, retry: DISMISSED_PATH };
    render(req, res, { title: 'Dismissed prices', view: 'prices/proposals/dismissed', data });
  });

  const formOf = async (req: Request, { id, terms }: Proposal, values: object, error: BadInput | null) => {
    const dimensions = await panel(reader.dimensions(), req.log);
    const actions = dimensions.ok ? dimensions.value.actions : [terms.action ?? []].flat();
    const about = { action: `${proposalPath(id)}/edit`, saves: 'Accept with these figures' };
    return priceForm({ ...about, values: { ...values }, actions, problems: error?.details ?? [] });
  };
  const show = async (
    req: Request,
    res: Response,
    proposal: Proposal,
    { values, error }: { values: object; error: BadInput | null },
  ) => {
    res.status(error === null ? 200 : 400);
    const prices = await readPrices(backoffice, { withdrawn: false });
    const [compared] = comparedWith(prices, [proposal]) as [Compared];
    const edited: PriceForm = await formOf(req, proposal, values, error);
    const data = { ...proposalPage(compared, format), form: edited, isWrong: error !== null };
    render(req, res, { title: `Proposed price of ${proposal.terms.model}`, view: 'prices/proposals/proposal', data });
  };
  const showDismissed = async (req: Request, res: Response, proposal: Proposal) => {
    const prices = await readPrices(backoffice, { withdrawn: false });
    const [compared] = comparedWith(prices, [proposal]) as [Compared];
    const data = { ...proposalPage(compared, format), form: null };
    render(req, res, { title: `Dismissed price of ${proposal.terms.model}`, view: 'prices/proposals/proposal', data });
  };
  router.get(`${PROPOSALS_PATH}/:id`, takes([]), async (req, res) => {
    const dismissed = await findDismissed(backoffice, req.params.id);
    if (dismissed !== null) return showDismissed(req, res, dismissed);
    const proposal = await findProposal(backoffice, req);
    await show(req, res, proposal, { values: proposal.terms, error: null });
  });
  router.post(`${PROPOSALS_PATH}/:id/accept`, async (req, res) => {
    const proposal = await findProposal(backoffice, req);
    await answers.accept(personOf(req), proposal, proposal.terms);
    res.redirect(303, PRICES_PATH);
  });
  router.post(`${PROPOSALS_PATH}/:id/edit`, form, async (req, res) => {
    const proposal = await findProposal(backoffice, req);
    try {
      await answers.accept(personOf(req), proposal, parsePrice(req.body));
      res.redirect(303, PRICES_PATH);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await show(req, res, proposal, { values: req.body ?? {}, error });
    }
  });
  router.post(`${PROPOSALS_PATH}/:id/dismiss`, async (req, res) => {
    await answers.dismiss(personOf(req), await findProposal(backoffice, req));
    res.redirect(303, PRICES_PATH);
  });
  router.post(`${PROPOSALS_PATH}/:id/reopen`, async (req, res) => {
    const proposal = await findDismissed(backoffice, req.params.id);
    if (proposal === null) throw new NotFound(NOT_DISMISSED);
    await answers.reopen(personOf(req), proposal);
    res.redirect(303, proposalPath(proposal.id));
  });

  return router;
}
