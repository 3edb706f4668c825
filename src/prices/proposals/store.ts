import type { Knex } from 'knex';
import { type Day, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { exactInteger } from '../../units/integer.ts';
import { eurosText, type MicroEuros, microEurosFromNumeric } from '../../units/money.ts';
import { type Instant, postgresFromInstant, timeFromPostgres } from '../../units/time.ts';
import { type PriceTerms, TERMS_COLUMNS, type TermsRow, termsOf, termsRowOf } from '../store.ts';

/** What a proposal would have made of the calls of a month, by its first day; as of when. */
export type Effect = {
  month: Day;
  at: Instant;
  difference: MicroEuros;
  /** Calls that had no price. */
  newlyPriced: number;
  /** Calls of which nobody can tell, for want of an exchange rate. */
  withoutRate: number;
};

/** A price that somebody proposes. `listedFrom`: from when its list says that it holds; null where it names no day. */
export type Proposed = { terms: PriceTerms; listedFrom: Day | null };

export type Proposal = Proposed & {
  id: string;
  ofList: boolean;
  proposedAt: Instant;
  proposedBy: string;
  effect: Effect | null;
  answer: { what: 'accepted' | 'dismissed'; at: Instant; by: string } | null;
};

/** Waiting for an answer at once; those that have one are kept besides, the latest of each price. */
export const MOST_OPEN = 500;
const MOST_KEPT = 5_000;
/** The latest that are listed. */
export const MOST_DISMISSED = 500;

type Row = TermsRow & {
  id: string;
  listed_from: string | null;
  of_list: boolean;
  proposed_at: string;
  proposed_by: string;
  effect_month: string | null;
  effect_at: string | null;
  effect_difference: string | null;
  effect_newly_priced: string | null;
  effect_without_rate: string | null;
  answer: 'accepted' | 'dismissed' | null;
  answered_at: string | null;
  answered_by: string | null;
};
const COLUMNS = [
  ...TERMS_COLUMNS,
  ...['id', 'listed_from', 'of_list', 'proposed_at', 'proposed_by'],
  ...['answer', 'answered_at', 'answered_by'],
  ...['effect_month', 'effect_at', 'effect_difference', 'effect_newly_priced', 'effect_without_rate'],
];

const proposalOf = (row: Row): Proposal => ({
  id: row.id,
  terms: termsOf(row),
  listedFrom: row.listed_from === null ? null : dayFromPostgres(row.listed_from),
  ...{ ofList: row.of_list, proposedAt: timeFromPostgres(row.proposed_at), proposedBy: row.proposed_by },
  answer:
    row.answer === null
      ? null
      : { what: row.answer, at: timeFromPostgres(row.answered_at as string), by: row.answered_by as string },
  effect:
    row.effect_month === null
      ? null
      : {
          month: dayFromPostgres(row.effect_month),
          at: timeFromPostgres(row.effect_at as string),
          difference: microEurosFromNumeric(row.effect_difference as string),
          newlyPriced: exactInteger(row.effect_newly_priced as string),
          withoutRate: exactInteger(row.effect_without_rate as string),
        },
});

/** By model and action; of one the latest day first, and the price of all calls before that of long ones. Effects are told in this order. */
const IN_ORDER = `lower(model), model, coalesce(action, ''), from_day DESC, above_input_tokens, id`;

/** Those that wait for an answer. */
export async function readOpenProposals(backoffice: Knex): Promise<Proposal[]> {
  const rows = await backoffice('price_proposals')
    .whereNull('answer')
    .orderByRaw(IN_ORDER)
    .limit(MOST_OPEN)
    .select<Row[]>(COLUMNS);
  return rows.map(proposalOf);
}

/** Those that were dismissed, the latest first. */
export async function readDismissedProposals(backoffice: Knex): Promise<Proposal[]> {
  const rows = await backoffice('price_proposals')
    .where('answer', 'dismissed')
    .orderByRaw('answered_at DESC, id')
    .limit(MOST_DISMISSED)
    .select<Row[]>(COLUMNS);
  return rows.map(proposalOf);
}

/** Null where there is none that was dismissed. */
export async function readDismissedProposal(backoffice: Knex, id: string): Promise<Proposal | null> {
  const row = await backoffice('price_proposals').where({ id, answer: 'dismissed' }).first<Row | undefined>(COLUMNS);
  return row ? proposalOf(row) : null;
}

/** Null where there is none that waits for an answer. */
export async function readOpenProposal(backoffice: Knex, id: string): Promise<Proposal | null> {
  const row = await backoffice('price_proposals').where({ id }).whereNull('answer').first<Row | undefined>(COLUMNS);
  return row ? proposalOf(row) : null;
}

/** Every one that is kept, with those that were answered. */
export async function readProposals(transaction: Knex): Promise<Proposal[]> {
  const rows = await transaction('price_proposals').limit(MOST_KEPT).select<Row[]>(COLUMNS);
  return rows.map(proposalOf);
}

/** Whoever proposes or answers at the same time does so after this transaction. */
export async function lockProposals(transaction: Knex): Promise<void> {
  await transaction.raw('LOCK TABLE price_proposals IN SHARE ROW EXCLUSIVE MODE');
}

/** In place of those whose ids are given; lockProposals() goes before. @throws BadInput where there would be too many */
export async function writeProposals(
  transaction: Knex,
  { gone, added }: { gone: string[]; added: Proposed[] },
  { ofList, by }: { ofList: boolean; by: string },
): Promise<void> {
  await transaction('price_proposals').whereIn('id', gone).delete();
  for (const { terms, listedFrom } of added) {
    await transaction('price_proposals').insert({
      ...termsRowOf(terms),
      listed_from: listedFrom === null ? null : postgresFromDay(listedFrom),
      ...{ of_list: ofList, proposed_by: by },
    });
  }
  await holdMost(transaction);
}

/** @throws BadInput where there are too many */
async function holdMost(transaction: Knex): Promise<void> {
  const [counted] = await transaction('price_proposals').select<{ kept: number; open: number }[]>(
    transaction.raw('count(*)::integer AS kept, (count(*) FILTER (WHERE answer IS NULL))::integer AS open'),
  );
  const { kept = 0, open = 0 } = counted ?? {};
  if (open > MOST_OPEN || kept > MOST_KEPT)
    throw new BadInput([
      {
        parameter: 'There',
        message: `would be ${open} proposals to answer, and may be ${MOST_OPEN}: answer some first`,
      },
    ]);
}

/** Whether it waited for an answer: it is answered once. */
export async function answerProposal(
  transaction: Knex,
  id: string,
  answer: 'accepted' | 'dismissed',
  by: string,
): Promise<boolean> {
  const count = await transaction('price_proposals')
    .where({ id })
    .whereNull('answer')
    .update({ answer, answered_at: transaction.fn.now(), answered_by: by });
  return count === 1;
}

/** Whether it was dismissed: it waits for an answer again, and what it would change is computed anew. @throws BadInput where too many wait */
export async function reopenProposal(transaction: Knex, id: string): Promise<boolean> {
  const nothing = ['answer', 'answered_at', 'answered_by', ...COLUMNS.filter((name) => name.startsWith('effect_'))];
  const count = await transaction('price_proposals')
    .where({ id, answer: 'dismissed' })
    .update(Object.fromEntries(nothing.map((name) => [name, null])));
  await holdMost(transaction);
  return count === 1;
}

/** Of those that still wait. */
export async function writeEffects(backoffice: Knex, effects: ReadonlyMap<string, Effect>): Promise<void> {
  for (const [id, { month, at, difference, newlyPriced, withoutRate }] of effects) {
    await backoffice('price_proposals')
      .where({ id })
      .whereNull('answer')
      .update({
        ...{ effect_month: postgresFromDay(month), effect_at: postgresFromInstant(at) },
        effect_difference: eurosText(difference),
        ...{ effect_newly_priced: newlyPriced, effect_without_rate: withoutRate },
      });
  }
}
