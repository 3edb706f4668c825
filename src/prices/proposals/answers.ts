import type { Knex } from 'knex';
import { type Actor, auditedChange, inTurnOf, writeAuditLog } from '../../db/audit-log.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { addPrice } from '../changes.ts';
import { lockPrices, type PriceTerms, readSame, withdrawPrice } from '../store.ts';
import { PRICES_PATH, priceInWords, pricePath } from '../terms.ts';
import { answerProposal, lockProposals, type Proposal, readOpenProposal, reopenProposal } from './store.ts';

const ANSWERED = 'has been answered already, or has other figures by now';

/** Adds the price, in place of the one of the same model, action, day and tier, and returns its path. */
async function accept(transaction: Knex, who: Actor, { id, terms }: Proposal, accepted: PriceTerms): Promise<string> {
  if (!(await answerProposal(transaction, id, 'accepted', who.email)))
    throw new BadInput([{ parameter: 'This proposal', message: ANSWERED }]);
  const same = await readSame(transaction, accepted);
  if (same !== null) await withdrawPrice(transaction, same.id, who.email);
  const subject = pricePath(await addPrice(transaction, who, accepted));
  const proposed = priceInWords(terms);
  const details = [
    priceInWords(accepted),
    ...(priceInWords(accepted) === proposed ? [] : [`proposed: ${proposed}`]),
    ...(same === null ? [] : [`before: ${priceInWords(same)}`]),
  ].join('; ');
  await writeAuditLog(transaction, who, { action: 'accept price', subject, details });
  return subject;
}

/** What people do with proposals, each written down with who did; each is answered once. */
export function proposalAnswers(backoffice: Knex) {
  const locked = <T>(who: Actor, work: (transaction: Knex) => Promise<T>): Promise<T> =>
    inTurnOf(backoffice, who, async (transaction) => {
      await lockProposals(transaction);
      await lockPrices(transaction);
      return work(transaction);
    });
  return {
    /** As it was proposed or otherwise; returns the path of the price. @throws BadInput where it has been answered */
    accept: (who: Actor, proposal: Proposal, accepted: PriceTerms): Promise<string> =>
      locked(who, (transaction) => accept(transaction, who, proposal, accepted)),
    /** As they were proposed, all or none. @throws BadInput where one has been answered */
    acceptAll: (who: Actor, ids: readonly string[]): Promise<void> =>
      locked(who, async (transaction) => {
        for (const id of ids) {
          const proposal = await readOpenProposal(transaction, id);
          if (proposal === null) throw new BadInput([{ parameter: 'One of them', message: ANSWERED }]);
          await accept(transaction, who, proposal, proposal.terms);
        }
      }),
    /** @throws BadInput where it has been answered */
    dismiss: (who: Actor, { id, terms }: Proposal): Promise<void> =>
      auditedChange(backoffice, who, 'dismiss price', async (transaction) => {
        if (!(await answerProposal(transaction, id, 'dismissed', who.email)))
          throw new BadInput([{ parameter: 'This proposal', message: ANSWERED }]);
        return { value: undefined, subject: PRICES_PATH, details: priceInWords(terms) };
      }),
    /** It waits for an answer again. @throws BadInput where it is not dismissed any more, or too many wait */
    reopen: (who: Actor, { id, terms }: Proposal): Promise<void> =>
      auditedChange(backoffice, who, 'reopen proposed price', async (transaction) => {
        await lockProposals(transaction);
        if (!(await reopenProposal(transaction, id)))
          throw new BadInput([{ parameter: 'This proposal', message: 'is not dismissed any more' }]);
        return { value: undefined, subject: PRICES_PATH, details: priceInWords(terms) };
      }),
  };
}
