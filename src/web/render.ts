import { join } from 'node:path';
import { Eta } from 'eta';
import type { Request, Response } from 'express';
import { rendering } from '../measuring/account.ts';
import type { Format } from '../units/format.ts';
import { now } from '../units/time.ts';
import { assetUrl } from './assets.ts';
import { varyByHtmx, wantsFragment } from './htmx.ts';
import { notUnderstood } from './parameters.ts';

const VIEWS = join(import.meta.dirname, '../../views');

/** What stands before tags in templates is for who reads those; of a page of tables it would be a fiftieth of what goes over the wire. */
const INDENTATION = /^ +(?=<)/gm;

/** `view` names a folder's partial: "audit/log" is views/audit/_log.eta. */
type Page = { title: string; view: string; data: object };

export type Render = (req: Request, res: Response, page: Page) => void;

/** What every page shows around its content. */
type Chrome = {
  person: { name: string; email: string } | null;
  navigation: { label: string; href: string }[];
  demo: boolean;
  /** What concerns every number and time that the page shows, or null. */
  warning: string | null;
  /** What somebody should have been told and was not, with where that is seen to; or null. */
  undelivered: { text: string; href: string } | null;
};

type RenderOptions = {
  format: Format;
  chromeOf: (req: Request) => Chrome;
  /** Whether to show the forms and links that only admins may use. */
  isAdmin: (req: Request) => boolean;
};

/**
 * Renders a view as a page, or alone where htmx asks for the fragment: the fragment is by construction a substring of
 * the page. Templates get the view's data, `format`, `asset`, `isAdmin` and what of its address
 * a page did `notUnderstood`, and escape everything else.
 */
export function createRender({ format, chromeOf, isAdmin }: RenderOptions): Render {
  // Compiled once: `npm run dev` starts anew when a template changes.
  const plugins = [{ processTemplate: (template: string) => template.replace(INDENTATION, '') }];
  const eta = new Eta({ views: VIEWS, cache: true, plugins, functionHeader: 'const { format, asset } = it;' });
  const shared = { format, asset: assetUrl };

  return (req, res, { title, view, data }) => {
    varyByHtmx(res);
    const partial = view.replace(/[^/]+$/, '_$&');
    const html = rendering(() => {
      const own = { ...shared, isAdmin: isAdmin(req) };
      const body = eta.render(partial, { ...own, notUnderstood: notUnderstood(req), ...data });
      return wantsFragment(req)
        ? body
        : eta.render('web/page', { ...own, ...chromeOf(req), title, body, path: req.path, at: now() });
    });
    res.type('html').send(html);
  };
}
