import type { Knex } from 'knex';
import { type Actor, type AuditedAction, auditedChange, auditedOnce } from '../../db/audit-log.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import { checkStamp, stamped } from '../../units/input/stamp.ts';
import {
  changeView,
  deleteView,
  type Full,
  MOST_SHARED,
  MOST_STARRED,
  MOST_VIEWS,
  makeView,
  moveView,
  type SavedView,
  saveStarts,
  starView,
  unstarView,
  type ViewTerms,
} from './store.ts';
import { VIEWS_PATH } from './views-page.ts';

/** Whoever deletes it at the same time may be before this. */
const GONE = 'There is no such view. It may have been deleted.';

const TOO_MANY: Record<Full, string> = {
  own: `is one too many: you have ${MOST_VIEWS} views already`,
  shared: `is one too many: ${MOST_SHARED} views are everyone’s already`,
};

const inDetail = ({ name, address, shared }: ViewTerms) =>
  `${name}: ${address}, ${shared ? 'everyone’s' : 'their own'}`;
const pathOf = (id: string) => `${VIEWS_PATH}/${id}`;
const stampedOf = ({ name, address, shared }: ViewTerms): ViewTerms => ({ name, address, shared });

/** Where the form of a view is sent to: it says what it was filled with. */
export const changeAction = (view: SavedView): string => stamped(pathOf(view.id), stampedOf(view));

/** What people do with views, each written down with who did. */
export function viewChanges(backoffice: Knex) {
  const changed = (who: Actor, action: AuditedAction, view: SavedView, change: (t: Knex) => Promise<string>) =>
    auditedChange(backoffice, who, action, async (transaction) => {
      const details = await change(transaction);
      return { value: undefined, subject: pathOf(view.id), details };
    });
  const made = async (transaction: Knex, who: Actor, terms: ViewTerms): Promise<string> => {
    const made = await makeView(transaction, who, terms);
    if ('id' in made) return made.id;
    throw new BadInput([{ parameter: made.full === 'own' ? 'name' : 'shared', message: TOO_MANY[made.full] }]);
  };
  const starred = async (transaction: Knex, who: Actor, id: string): Promise<void> => {
    const isStarred = await starView(transaction, who.sub, id);
    if (isStarred === null) throw new NotFound(GONE);
    if (isStarred) return;
    const message = `is one too many: you have ${MOST_STARRED} starred views already`;
    throw new BadInput([{ parameter: 'starred', message }]);
  };
  return {
    /** Once, however often its form is sent. */
    async makeByForm(who: Actor, terms: ViewTerms, isStarred: boolean): Promise<void> {
      const entry = { action: 'make view', details: inDetail(terms) } as const;
      await auditedOnce(backoffice, who, entry, async (transaction) => {
        const id = await made(transaction, who, terms);
        if (isStarred) await starred(transaction, who, id);
        return pathOf(id);
      });
    },
    make: (who: Actor, terms: ViewTerms): Promise<string> =>
      auditedChange(backoffice, who, 'make view', async (transaction) => {
        const id = await made(transaction, who, terms);
        return { value: id, subject: pathOf(id), details: inDetail(terms) };
      }),
    /** `was`: what its form was filled with, if it is of a form. */
    change: (who: Actor, view: SavedView, terms: ViewTerms, was?: unknown) =>
      changed(who, 'change view', view, async (transaction) => {
        const changed = await changeView(transaction, view.id, terms);
        if (changed === null) throw new NotFound(GONE);
        checkStamp(was, stampedOf(changed.before));
        if (changed.full) throw new BadInput([{ parameter: 'shared', message: TOO_MANY.shared }]);
        return inDetail(terms);
      }),
    remove: (who: Actor, view: SavedView) =>
      changed(who, 'delete view', view, async (transaction) => {
        if (!(await deleteView(transaction, view.id))) throw new NotFound(GONE);
        return inDetail(view);
      }),
    star: (who: Actor, view: SavedView) =>
      changed(who, 'star view', view, async (transaction) => {
        await starred(transaction, who, view.id);
        return view.name;
      }),
    unstar: (who: Actor, view: SavedView) =>
      changed(who, 'unstar view', view, async (transaction) => {
        await unstarView(transaction, who.sub, view.id);
        return view.name;
      }),
    move: (who: Actor, view: SavedView, to: 'up' | 'down') =>
      changed(who, 'order views', view, async (transaction) => {
        await moveView(transaction, who.sub, view.id, to);
        return `${view.name}: ${to}`;
      }),
    choose: (who: Actor, starts: boolean) =>
      auditedChange(backoffice, who, 'choose start page', async (transaction) => {
        await saveStarts(transaction, who.sub, starts);
        const details = starts ? 'The first starred view' : 'The overview';
        return { value: undefined, subject: VIEWS_PATH, details };
      }),
  };
}
