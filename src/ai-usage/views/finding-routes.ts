import type { Request } from 'express';
import type { Knex } from 'knex';
import { personOf } from '../../auth/access/caller.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import { isUuid } from '../../units/uuid.ts';
import { Refused } from '../../web/errors.ts';
import { readView, type SavedView } from './store.ts';
import { mayChange, VIEWS_PATH } from './views-page.ts';

/** The view that a path names. @throws NotFound where whoever asks may use none of that id */
export async function findView(backoffice: Knex, req: Request): Promise<SavedView> {
  const id = String(req.params.id);
  const view = isUuid(id) ? await readView(backoffice, personOf(req).sub, id) : null;
  if (view === null) throw new NotFound('There is no such view. It may have been deleted, or be no longer everyone’s.');
  return view;
}

/** The same to change it. @throws Refused where that is for somebody else */
export async function findToChange(backoffice: Knex, req: Request): Promise<SavedView> {
  const view = await findView(backoffice, req);
  if (mayChange(view, req.caller?.isAdmin ?? false)) return view;
  const wayOut = { label: 'All views', href: VIEWS_PATH };
  throw new Refused(`Only ${view.owner}, who made this view, or an admin may change it.`, wayOut);
}
