import type { ParameterProblem } from '../../units/failures/bad-input.ts';
import { type FormField, otherProblems, problemOf } from '../../units/input/form-field.ts';
import type { SavedView } from './store.ts';
import type { ViewInWords } from './view-words.ts';

export const VIEWS_PATH = '/views';

/** A view as a list shows it. */
export type ViewLine = {
  name: string;
  href: string;
  /** Its page, calls and period; or that its address is no longer understood. */
  about: string;
  whose: string;
  problem: boolean;
  edit: { href: string; label: string };
  star: string;
  unstar: string;
  move: string;
};

const MOVES = { true: 'moves along', false: 'fixed' };

export function viewLine(view: SavedView, { page, calls, period, problems }: ViewInWords, isAdmin: boolean): ViewLine {
  const path = `${VIEWS_PATH}/${view.id}`;
  const isUnderstood = problems.length === 0;
  return {
    name: view.name,
    href: isUnderstood ? view.address : path,
    about: isUnderstood
      ? [page, calls, period && `${period.words} (${MOVES[`${period.relative}`]})`].filter(Boolean).join(' · ')
      : 'Its address is no longer understood',
    whose: whoseWords(view),
    problem: !isUnderstood,
    edit: { href: path, label: mayChange(view, isAdmin) ? 'Change' : 'About' },
    star: `${path}/star`,
    unstar: `${path}/unstar`,
    move: `${path}/move`,
  };
}

export const whoseWords = ({ own, shared, owner }: SavedView): string =>
  own ? (shared ? 'yours, everyone’s to use' : 'yours alone') : `everyone’s, by ${owner}`;

/** A shared view is changed by whoever made it, or by an admin, so that those of people who are gone are not for ever. */
export const mayChange = ({ own, shared }: SavedView, isAdmin: boolean): boolean => own || (shared && isAdmin);

/** The form of a view, ready to print: what was entered stays, and each field says what is wrong with it. */
export type ViewForm = {
  action: string;
  saves: string;
  name: FormField;
  address: FormField;
  shared: boolean;
  /** Null where the form does not ask. */
  starred: boolean | null;
  others: string[];
};

type Asked = {
  action: string;
  saves: string;
  values: Record<string, unknown>;
  asksForStar: boolean;
  problems: ParameterProblem[];
};

export function viewForm({ action, saves, values, asksForStar, problems }: Asked): ViewForm {
  const of = (name: string): FormField => ({
    value: typeof values[name] === 'string' ? values[name] : '',
    problem: problemOf(problems, name),
  });
  return {
    ...{ action, saves, name: of('name'), address: of('address') },
    shared: String(values.shared) === 'true',
    starred: asksForStar ? values.starred === 'true' : null,
    others: otherProblems(problems, ['name', 'address']),
  };
}

/** A view as programs read it (docs/openapi.yaml). */
export function viewJson(
  { id, name, address, shared, owner, own, place }: SavedView,
  { page, calls, period, problems }: ViewInWords,
) {
  const isUnderstood = problems.length === 0;
  return {
    ...{ id, name, address, shared, owner, own, starred: place !== null },
    ...{ page: isUnderstood ? page : null, calls: isUnderstood ? calls : null },
    ...{ period: period?.words ?? null, relative: period?.relative ?? null, problems },
  };
}
