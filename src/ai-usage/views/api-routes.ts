import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import { now } from '../../units/time.ts';
import { takesOnly } from '../../web/parameters.ts';
import { pageLimits, type UsageSources } from '../frame/sources.ts';
import { viewChanges } from './changes.ts';
import { findToChange, findView } from './finding-routes.ts';
import { readView, readViews } from './store.ts';
import { parseView } from './terms.ts';
import { inWords, type ViewInWords } from './view-words.ts';
import { viewJson } from './views-page.ts';

const API_PATH = '/api/views';

/** Saved views as programs read and change them: docs/openapi.yaml. */
export function viewsApi({ databases, format }: Pick<UsageSources, 'databases' | 'format'>): Router {
  const { backoffice } = databases;
  const limits = pageLimits(format);
  const changes = viewChanges(backoffice);
  const router = express.Router();
  const json = express.json({ limit: '20kb' });

  const answer = async (req: Request, res: Response, status: number, id: string) => {
    const view = await readView(backoffice, personOf(req).sub, id);
    if (view === null) throw new NotFound('There is no such view.');
    const [words] = await inWords([view.address], { databases, format }, now());
    res.status(status).json(viewJson(view, words as ViewInWords));
  };
  router.get(API_PATH, takesOnly([]), async (req, res) => {
    const views = await readViews(backoffice, personOf(req).sub);
    const addresses = views.map(({ address }) => address);
    const words = await inWords(addresses, { databases, format }, now());
    res.json({ views: views.map((view, i) => viewJson(view, words[i] as ViewInWords)) });
  });
  router.post(API_PATH, takesOnly([]), json, async (req, res) => {
    const id = await changes.make(personOf(req), parseView(req.body, limits, now()));
    await answer(req, res.location(`${API_PATH}/${id}`), 201, id);
  });
  router.get(`${API_PATH}/:id`, takesOnly([]), async (req, res) =>
    answer(req, res, 200, (await findView(backoffice, req)).id),
  );
  router.put(`${API_PATH}/:id`, takesOnly([]), json, async (req, res) => {
    const view = await findToChange(backoffice, req);
    await changes.change(personOf(req), view, parseView(req.body, limits, now()));
    await answer(req, res, 200, view.id);
  });
  router.delete(`${API_PATH}/:id`, takesOnly([]), async (req, res) => {
    await changes.remove(personOf(req), await findToChange(backoffice, req));
    res.status(204).end();
  });

  return router;
}
