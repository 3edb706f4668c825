import type { Knex } from 'knex';
import { type Actor, auditedChange } from '../../db/audit-log.ts';
import { inForce } from '../../stats/pricing/in-force.ts';
import { isEqualTerms, type PriceTerms, readPrices } from '../store.ts';
import { PRICES_PATH } from '../terms.ts';
import { newAmong, type ProposedCount } from './new-among.ts';
import { lockProposals, readProposals, writeProposals } from './store.ts';

/** Lines of a file as proposals, all or none, but for those that say what is in force on their day. @throws BadInput */
export function proposeFromFile(backoffice: Knex, who: Actor, lines: readonly PriceTerms[]): Promise<ProposedCount> {
  return auditedChange(backoffice, who, 'propose prices', async (transaction) => {
    await lockProposals(transaction);
    const pricesOn = inForce(await readPrices(transaction, { withdrawn: false }));
    const wanted = lines
      .filter((terms) => {
        const known = pricesOn(terms.model, terms.action ?? '', terms.from);
        const same = known.find(({ aboveInputTokens }) => aboveInputTokens === terms.aboveInputTokens);
        return same === undefined || !isEqualTerms(same, terms);
      })
      .map((terms) => ({ terms, listedFrom: terms.from }));
    const { added, replaced } = newAmong(wanted, await readProposals(transaction));
    await writeProposals(transaction, { gone: replaced, added }, { ofList: false, by: who.email });
    const value = { added: added.length, takenBack: 0, same: lines.length - added.length };
    return {
      ...{ value, subject: PRICES_PATH, rows: value.added },
      details: `${value.added} proposed, ${value.same} there already`,
    };
  });
}
