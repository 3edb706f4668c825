import express, { type Request, type Response, type Router } from 'express';
import { personOf } from '../../auth/access/caller.ts';
import { OVERVIEW_PATH } from '../../query/paths.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { loggable } from '../../units/failures/loggable.ts';
import { now } from '../../units/time.ts';
import { panel } from '../../web/panel.ts';
import { takes } from '../../web/parameters.ts';
import type { PageDependencies } from '../frame/page-routes.ts';
import { pageLimits } from '../frame/sources.ts';
import { viewsApi } from './api-routes.ts';
import { changeAction, viewChanges } from './changes.ts';
import { findToChange, findView } from './finding-routes.ts';
import { readStart, readStarts, readViews, type SavedView } from './store.ts';
import { parseView } from './terms.ts';
import { inWords, type ViewInWords } from './view-words.ts';
import { mayChange, VIEWS_PATH, viewForm, viewLine, whoseWords } from './views-page.ts';

/** Views that people have given a name: pages and forms, their JSON, and the page that somebody begins with. */
export function viewPages({ databases, render, format }: PageDependencies): Router {
  const { backoffice } = databases;
  const limits = pageLimits(format);
  const changes = viewChanges(backoffice);
  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '20kb' });

  const wordsOf = async (address: string): Promise<ViewInWords> =>
    (await inWords([address], { databases, format }, now()))[0] as ViewInWords;

  /** Never fails: who cannot be asked begins with the overview. */
  const startPage = async (req: Request): Promise<string> => {
    try {
      const view = await readStart(backoffice, personOf(req).sub);
      if (view === null) return OVERVIEW_PATH;
      const { problems } = await wordsOf(view.address);
      return problems.length === 0 ? view.address : `${VIEWS_PATH}/${view.id}`;
    } catch (error) {
      req.log.error({ error: loggable(error) }, 'start page not known');
      return OVERVIEW_PATH;
    }
  };
  router.get('/', async (req, res) => {
    const query = req.originalUrl.replace(/^[^?]*/, '');
    res.redirect(302, query === '' ? await startPage(req) : OVERVIEW_PATH + query);
  });

  const list = async (person: string, isAdmin: boolean) => {
    const views = await readViews(backoffice, person);
    const addresses = views.map(({ address }) => address);
    const words = await inWords(addresses, { databases, format }, now());
    const lines = views.map((view, i) => ({ view, line: viewLine(view, words[i] as ViewInWords, isAdmin) }));
    const those = (which: (view: SavedView) => boolean) => lines.flatMap(({ view, line }) => (which(view) ? line : []));
    return {
      starred: those(({ place }) => place !== null),
      own: those(({ place, own }) => place === null && own),
      others: those(({ place, own }) => place === null && !own),
      starts: await readStarts(backoffice, person),
    };
  };
  router.get(VIEWS_PATH, takes([]), async (req, res) => {
    const views = await panel(list(personOf(req).sub, req.caller?.isAdmin ?? false), req.log);
    render(req, res, { title: 'Views', view: 'ai-usage/views/views', data: { views, retry: VIEWS_PATH } });
  });

  const showForm = async (req: Request, res: Response, values: Record<string, unknown>, error: BadInput | null) => {
    res.status(error === null ? 200 : 400);
    const address = typeof values.address === 'string' ? values.address : '';
    const data = {
      form: viewForm({
        ...{ action: VIEWS_PATH, saves: 'Save the view', values, asksForStar: true },
        problems: error?.details ?? [],
      }),
      words: address === '' ? null : await wordsOf(address),
      wasFrozen: /[?&]asOf=/.test(address),
    };
    render(req, res, { title: 'New view', view: 'ai-usage/views/new-view', data });
  };
  router.get(`${VIEWS_PATH}/new`, takes(['address']), (req, res) =>
    showForm(req, res, { address: String(req.query.address ?? ''), starred: 'true' }, null),
  );

  router.post(VIEWS_PATH, form, async (req, res) => {
    try {
      const { starred, ...fields } = req.body ?? {};
      const terms = parseView(fields, limits, now());
      await changes.makeByForm(personOf(req), terms, starred === 'true');
      res.redirect(303, VIEWS_PATH);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await showForm(req, res, req.body ?? {}, error);
    }
  });

  router.post(`${VIEWS_PATH}/start`, form, async (req, res) => {
    const { start } = req.body ?? {};
    if (start !== 'first' && start !== 'overview')
      throw new BadInput([{ parameter: 'start', message: 'takes first or overview' }]);
    await changes.choose(personOf(req), start === 'first');
    res.redirect(303, VIEWS_PATH);
  });

  const showView = async (
    req: Request,
    res: Response,
    view: SavedView,
    values: Record<string, unknown>,
    error: BadInput | null,
  ) => {
    res.status(error === null ? 200 : 400);
    const { name, address, place } = view;
    const data = {
      ...{ name, address, isStarred: place !== null, whose: whoseWords(view), words: await wordsOf(address) },
      line: `${VIEWS_PATH}/${view.id}`,
      form: mayChange(view, req.caller?.isAdmin ?? false)
        ? viewForm({
            action: changeAction(view),
            ...{ saves: 'Save', values, asksForStar: false, problems: error?.details ?? [] },
          })
        : null,
    };
    render(req, res, { title: `View ${name}`, view: 'ai-usage/views/view', data });
  };
  router.get(`${VIEWS_PATH}/:id`, takes([]), async (req, res) => {
    const view = await findView(backoffice, req);
    const { opens } = await wordsOf(view.address);
    await showView(req, res, view, { ...view, address: opens ?? view.address }, null);
  });
  router.post(`${VIEWS_PATH}/:id`, form, async (req, res) => {
    const view = await findToChange(backoffice, req);
    try {
      await changes.change(personOf(req), view, parseView(req.body, limits, now()), req.query.was);
      res.redirect(303, VIEWS_PATH);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      await showView(req, res, view, req.body ?? {}, error);
    }
  });
  router.post(`${VIEWS_PATH}/:id/delete`, async (req, res) => {
    await changes.remove(personOf(req), await findToChange(backoffice, req));
    res.redirect(303, VIEWS_PATH);
  });

  router.post(`${VIEWS_PATH}/:id/star`, async (req, res) => {
    await changes.star(personOf(req), await findView(backoffice, req));
    res.redirect(303, VIEWS_PATH);
  });
  router.post(`${VIEWS_PATH}/:id/unstar`, async (req, res) => {
    await changes.unstar(personOf(req), await findView(backoffice, req));
    res.redirect(303, VIEWS_PATH);
  });
  router.post(`${VIEWS_PATH}/:id/move`, form, async (req, res) => {
    const { to } = req.body ?? {};
    if (to !== 'up' && to !== 'down') throw new BadInput([{ parameter: 'to', message: 'takes up or down' }]);
    await changes.move(personOf(req), await findView(backoffice, req), to);
    res.redirect(303, VIEWS_PATH);
  });

  router.use(viewsApi({ databases, format }));
  return router;
}
