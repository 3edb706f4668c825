import type { Knex } from 'knex';
import { type Actor, auditedChange, auditedOnce } from '../db/audit-log.ts';
import { BadInput } from '../units/failures/bad-input.ts';
import {
  insertPrice,
  lockPrices,
  MOST_PRICES,
  type Price,
  type PriceTerms,
  roomForPrices,
  withdrawPrice,
} from './store.ts';
import { priceInWords } from './terms.ts';

const PRICES_PATH = '/prices';

const pricePath = (id: string): string => `${PRICES_PATH}/${id}`;

const add = async (transaction: Knex, who: Actor, terms: PriceTerms): Promise<string> => {
  if ((await roomForPrices(transaction)) > 0) return insertPrice(transaction, terms, who.email);
  throw new BadInput([{ parameter: 'model', message: `is one too many: there are ${MOST_PRICES} prices already` }]);
};

const withdraw = async (transaction: Knex, who: Actor, price: Price): Promise<void> => {
  if (await withdrawPrice(transaction, price.id, who.email)) return;
  throw new BadInput([{ parameter: 'This price', message: 'has been withdrawn already' }]);
};

/** What people do with prices, each written down with who did. A price is never changed: it is withdrawn, and another takes its place. */
export function priceChanges(backoffice: Knex) {
  return {
    /** Once, however often its form is sent. @throws PriceExists */
    addByForm: (who: Actor, terms: PriceTerms): Promise<string> =>
      auditedOnce(backoffice, who, { action: 'add price', details: priceInWords(terms) }, async (transaction) => {
        await lockPrices(transaction);
        return pricePath(await add(transaction, who, terms));
      }),
    /** @throws PriceExists */
    add: (who: Actor, terms: PriceTerms): Promise<string> =>
      auditedChange(backoffice, who, 'add price', async (transaction) => {
        await lockPrices(transaction);
        const id = await add(transaction, who, terms);
        return { value: id, subject: pricePath(id), details: priceInWords(terms) };
      }),
    /** Returns the path of the one in its place. @throws PriceExists; BadInput where it has been withdrawn */
    correct: (who: Actor, price: Price, terms: PriceTerms): Promise<string> =>
      auditedChange(backoffice, who, 'correct price', async (transaction) => {
        await lockPrices(transaction);
        await withdraw(transaction, who, price);
        const subject = pricePath(await add(transaction, who, terms));
        return { value: subject, subject, details: `${priceInWords(terms)}; before: ${priceInWords(price)}` };
      }),
    /** @throws BadInput where it has been withdrawn */
    withdraw: (who: Actor, price: Price): Promise<void> =>
      auditedChange(backoffice, who, 'withdraw price', async (transaction) => {
        await withdraw(transaction, who, price);
        return { value: undefined, subject: pricePath(price.id), details: priceInWords(price) };
      }),
  };
}
