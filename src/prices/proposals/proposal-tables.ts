import { aboutModelWithEnd } from '../../catalog/models.ts';
import { written } from '../../catalog/written.ts';
import { inForce } from '../../stats/pricing/in-force.ts';
import { type Column, type DataTable, dataTable } from '../../tables/table.ts';
import type { Format } from '../../units/format.ts';
import { type MicroEuros, NO_EUROS, plus } from '../../units/money.ts';
import { callsAndEnd, whichCalls } from '../price-tables.ts';
import { type PriceTerms, RATES } from '../store.ts';
import type { ProposedCount } from './new-among.ts';
import type { Proposal } from './store.ts';

export const PROPOSALS_PATH = '/prices/proposals';
export const proposalPath = (id: string): string => `${PROPOSALS_PATH}/${id}`;

/** A proposal beside the price that calls have now; null where none is for them. */
export type Compared = { proposal: Proposal; known: PriceTerms | null };

export function comparedWith(prices: readonly PriceTerms[], proposals: readonly Proposal[]): Compared[] {
  const pricesOn = inForce(prices);
  return proposals.map((proposal) => {
    const { model, action, from, aboveInputTokens } = proposal.terms;
    const known = pricesOn(model, action ?? '', from).find((price) => price.aboveInputTokens === aboveInputTokens);
    return { proposal, known: known ?? null };
  });
}

type Rate = (typeof RATES)[number]['name'];

/** "now $2.00", where it is another. */
function noteOf({ proposal: { terms }, known }: Compared, name: Rate, format: Format): string {
  const now = known?.[name] ?? null;
  if (known === null || now === null || (now === terms[name] && known.currency === terms.currency)) return '';
  return `now ${format.rate(Number(now), known.currency)}`;
}

/** Why there is no figure, or what it is of. */
function effectNote({ effect }: Proposal, format: Format): string {
  if (effect === null) return 'not computed yet';
  if (effect.withoutRate > 0) return 'no exchange rate';
  if (effect.newlyPriced === 0) return '';
  return `${format.integer(effect.newlyPriced)} ${effect.newlyPriced === 1 ? 'call' : 'calls'} without a price`;
}

const differenceOf = ({ effect }: Proposal): MicroEuros | null =>
  effect === null || effect.withoutRate > 0 ? null : effect.difference;

/** `leads`: whether each leads to its page. */
export function proposalsTable(compared: Compared[], leads: boolean, format: Format): DataTable {
  const shown = RATES.filter(({ name }) => compared.some(({ proposal }) => proposal.terms[name] !== null));
  const columns: Column<Compared>[] = [
    {
      ...{ name: 'model', label: 'Model', kind: 'text', value: ({ proposal }) => proposal.terms.model },
      cell: ({ proposal: { id, terms }, known }) => ({
        ...{ text: written(terms.model), note: callsAndEnd(terms, format) },
        ...(leads ? { href: proposalPath(id) } : {}),
        ...(known === null ? { flag: 'new' } : {}),
      }),
      totalCell: { text: 'Total' },
    },
    ...shown.map(
      ({ name, label }): Column<Compared> => ({
        ...{ name, label, kind: 'decimal' },
        value: ({ proposal: { terms } }) => (terms[name] === null ? null : Number(terms[name])),
        cell: (one) => {
          const { currency, [name]: rate } = one.proposal.terms;
          return rate === null ? {} : { text: format.rate(Number(rate), currency), note: noteOf(one, name, format) };
        },
      }),
    ),
    {
      ...{ name: 'from', label: 'From', kind: 'day', value: ({ proposal }) => proposal.terms.from },
      cell: ({ proposal }) => ({ text: format.mediumDay(proposal.terms.from) }),
    },
    {
      ...{ name: 'difference', label: 'Last month', kind: 'euros', isChange: true, leads: true },
      value: ({ proposal }) => differenceOf(proposal),
      cell: ({ proposal }) => ({ note: effectNote(proposal, format) }),
      total: compared.some(({ proposal }) => differenceOf(proposal) === null) ? undefined : sumOf(compared),
    },
    { name: 'source', label: 'Source', kind: 'text', value: ({ proposal }) => proposal.terms.source },
  ];
  return dataTable(columns, { title: 'Proposed prices', rows: compared });
}

const sumOf = (compared: readonly Compared[]): MicroEuros =>
  compared.reduce((sum, { proposal }) => plus(sum, differenceOf(proposal) ?? NO_EUROS), NO_EUROS);

/** "in October 2026, as of 30 Nov 2026, 00:40"; empty where nothing is computed. */
export function effectsInWords(compared: readonly Compared[], format: Format): string {
  const effect = compared.find(({ proposal }) => proposal.effect !== null)?.proposal.effect;
  return effect ? `in ${format.longMonth(effect.month)}, as of ${format.minute(effect.at)}` : '';
}

/** The section of the page of all prices; null where nothing is proposed. */
export function proposalsView(compared: Compared[], leads: boolean, format: Format) {
  if (compared.length === 0) return null;
  const table = proposalsTable(compared, leads, format).page(format);
  return { count: compared.length, table, effects: effectsInWords(compared, format) };
}

/** What the page of a proposal says. */
export function proposalPage(one: Compared, format: Format) {
  const { proposal, known } = one;
  const { terms, effect } = proposal;
  const difference = differenceOf(proposal);
  const tiles = RATES.flatMap(({ name, label }) => {
    const { [name]: rate, currency } = terms;
    return rate === null ? [] : { label, text: format.rate(Number(rate), currency), note: noteOf(one, name, format) };
  });
  return {
    name: written(terms.model),
    about: terms.model.includes('*')
      ? 'Every model of this pattern, * for any text'
      : aboutModelWithEnd(terms.model, format),
    calls: whichCalls(terms, format),
    tiles,
    from: format.longDay(terms.from),
    source: terms.source,
    proposed: `${format.minute(proposal.proposedAt)}, ${proposal.proposedBy}`,
    isNew: known === null,
    effect:
      effect === null || difference === null
        ? `What it would have changed last month is not known: ${effectNote(proposal, format)}.`
        : `${format.eurosBeside([difference]).change(difference)} in ${format.longMonth(effect.month)}${
            effect.newlyPriced > 0 ? `, for ${effectNote(proposal, format)}` : ''
          }, had it been in force; as of ${format.minute(effect.at)}.`,
    path: proposalPath(proposal.id),
    dismissed: proposal.answer && `${format.minute(proposal.answer.at)}, ${proposal.answer.by}`,
  };
}

/** "12 prices are proposed. 2 were taken back. 3 were there already." */
export function proposedInWords({ added, takenBack, same }: ProposedCount, format: Format): string {
  const words = (count: number, what: string) => `${format.integer(count)} ${count === 1 ? 'was' : 'were'} ${what}.`;
  return [
    `${format.integer(added)} ${added === 1 ? 'price is' : 'prices are'} proposed.`,
    ...(takenBack > 0 ? [words(takenBack, 'taken back')] : []),
    ...(same > 0 ? [words(same, 'there already')] : []),
  ].join(' ');
}
