import { actionInfo } from '../catalog/actions.ts';
import { fold, keyHas, wordsOf } from '../catalog/words.ts';
import { BadInput, takenOnce } from '../units/failures/bad-input.ts';
import type { PriceLine } from './price-tables.ts';
import { PRICES_PATH } from './terms.ts';

/** Which of the prices the page lists. */
export type Listing = { search: string; page: number };

export const LIST_PARAMETERS = ['search', 'page'];

const ON_A_PAGE = 100;
const MOST_OF_A_SEARCH = 200;

/** @throws BadInput */
export function askedListing(parameters: Record<string, unknown>): Listing {
  const { search = '', page = '1' } = takenOnce(parameters, LIST_PARAMETERS);
  if ([...search].length > MOST_OF_A_SEARCH)
    throw new BadInput([{ parameter: 'search', message: `takes at most ${MOST_OF_A_SEARCH} characters` }]);
  if (!/^[1-9]\d{0,5}$/.test(page || '1'))
    throw new BadInput([{ parameter: 'page', message: 'takes a number from 1' }]);
  return { search: search.trim(), page: Number(page || '1') };
}

function listingPath({ search, page }: Listing): string {
  const parameters = new URLSearchParams();
  if (search !== '') parameters.set('search', search);
  if (page > 1) parameters.set('page', String(page));
  return parameters.size === 0 ? PRICES_PATH : `${PRICES_PATH}?${parameters}`;
}

/** The lines of a page of those that a search finds, by model and action, and the ways to the pages beside it; `from` counts from 1. */
export function listed(lines: PriceLine[], { search, page }: Listing) {
  const words = wordsOf(search);
  const textOf = ({ price: { model, action } }: PriceLine) =>
    fold(action === null ? model : `${model} ${action} ${actionInfo(action).label}`);
  const found = words.length === 0 ? lines : lines.filter((line) => keyHas(textOf(line), words));
  const last = Math.max(1, Math.ceil(found.length / ON_A_PAGE));
  const shown = Math.min(page, last);
  const to = (one: number) => listingPath({ search, page: one });
  return {
    lines: found.slice((shown - 1) * ON_A_PAGE, shown * ON_A_PAGE),
    from: (shown - 1) * ON_A_PAGE + 1,
    count: found.length,
    previous: shown > 1 ? to(shown - 1) : null,
    next: shown < last ? to(shown + 1) : null,
  };
}
