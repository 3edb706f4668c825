import type { Knex } from 'knex';
import { written } from '../../catalog/written.ts';
import { type Column, dataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { isUuid } from '../../units/uuid.ts';
import { whichCalls } from '../price-tables.ts';
import { ratesInWords } from '../terms.ts';
import { PROPOSALS_PATH, proposalPath } from './proposal-tables.ts';
import { MOST_DISMISSED, type Proposal, readDismissedProposal } from './store.ts';

export const DISMISSED_PATH = `${PROPOSALS_PATH}/dismissed`;

export const NOT_DISMISSED = 'There is no such proposal that was dismissed.';

/** The dismissed proposal of an id that somebody says; null where there is none. */
export const findDismissed = async (backoffice: Knex, id: unknown): Promise<Proposal | null> =>
  typeof id === 'string' && isUuid(id) ? readDismissedProposal(backoffice, id) : null;

/** What was dismissed, when and by whom, ready to print; null where nothing was. */
export function dismissedView(proposals: Proposal[], format: Format) {
  if (proposals.length === 0) return null;
  const columns: Column<Proposal>[] = [
    {
      ...{ name: 'model', label: 'Model', kind: 'text', value: ({ terms }) => terms.model },
      cell: ({ id, terms }) => ({
        ...{ text: written(terms.model), href: proposalPath(id), note: whichCalls(terms, format) },
      }),
    },
    { name: 'price', label: 'Price', kind: 'text', value: ({ terms }) => ratesInWords(terms) },
    {
      ...{ name: 'from', label: 'From', kind: 'day', value: ({ terms }) => terms.from },
      cell: ({ terms }) => ({ text: format.mediumDay(terms.from) }),
    },
    {
      ...{ name: 'dismissedAt', label: 'Dismissed', kind: 'instant', leads: true },
      value: ({ answer }) => answer?.at ?? null,
    },
    { name: 'dismissedBy', label: 'By', kind: 'text', value: ({ answer }) => answer?.by ?? '' },
  ];
  const title = proposals.length === MOST_DISMISSED ? `The latest ${MOST_DISMISSED} that were dismissed` : 'Dismissed';
  return dataTable(columns, { title, rows: proposals }).page(format);
}
