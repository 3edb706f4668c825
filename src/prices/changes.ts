import type { Knex } from 'knex';
import { type Actor, auditedChange, auditedOnce } from '../db/audit-log.ts';
import { BadInput, type ParameterProblem } from '../units/failures/bad-input.ts';
import { wrongFile } from '../units/failures/wrong-file.ts';
import type { PriceAtLine } from './import/read-file.ts';
import {
  insertPrice,
  insertPrices,
  isEqualTerms,
  lockPrices,
  MOST_PRICES,
  type Price,
  type PriceTerms,
  readPrices,
  roomForPrices,
  withdrawPrice,
} from './store.ts';
import { PRICES_PATH, priceInWords, priceKey, pricePath, ratesInWords } from './terms.ts';

/** Returns its id; lockPrices() goes before. @throws PriceExists; BadInput where there are too many */
export async function addPrice(transaction: Knex, who: Actor, terms: PriceTerms): Promise<string> {
  if ((await roomForPrices(transaction)) > 0) return insertPrice(transaction, terms, who.email);
  throw new BadInput([{ parameter: 'model', message: `is one too many: there are ${MOST_PRICES} prices already` }]);
}

const withdraw = async (transaction: Knex, who: Actor, price: Price): Promise<void> => {
  if (await withdrawPrice(transaction, price.id, who.email)) return;
  throw new BadInput([{ parameter: 'This price', message: 'has been withdrawn already' }]);
};

/** What came of a file: how many prices it added, and how many of its lines said what was there already. */
export type Imported = { added: number; same: number };

/** The lines that say something new. @throws BadInput with those that say another price than there is */
async function newAmong(transaction: Knex, lines: readonly PriceAtLine[]): Promise<PriceTerms[]> {
  const inForce = await readPrices(transaction, { withdrawn: false });
  const known = new Map(inForce.map((price) => [priceKey(price), price]));
  const problems: ParameterProblem[] = [];
  const added = lines.filter(({ line, terms }) => {
    const same = known.get(priceKey(terms));
    if (same && !isEqualTerms(same, terms))
      problems.push({
        parameter: `Line ${line}`,
        message: `is not what there is already from ${same.from}: ${ratesInWords(same)}. Withdraw or correct that one first`,
      });
    return same === undefined;
  });
  if (problems.length > 0) throw wrongFile(problems);
  const room = await roomForPrices(transaction);
  if (added.length > room)
    throw new BadInput([
      { parameter: 'The file', message: `has more new prices (${added.length}) than there is room for (${room})` },
    ]);
  return added.map(({ terms }) => terms);
}

/** What people do with prices, each written down with who did. A price is never changed: it is withdrawn, and another takes its place. */
export function priceChanges(backoffice: Knex) {
  return {
    /** Once, however often its form is sent. @throws PriceExists */
    addByForm: (who: Actor, terms: PriceTerms): Promise<string> =>
      auditedOnce(backoffice, who, { action: 'add price', details: priceInWords(terms) }, async (transaction) => {
        await lockPrices(transaction);
        return pricePath(await addPrice(transaction, who, terms));
      }),
    /** @throws PriceExists */
    add: (who: Actor, terms: PriceTerms): Promise<string> =>
      auditedChange(backoffice, who, 'add price', async (transaction) => {
        await lockPrices(transaction);
        const id = await addPrice(transaction, who, terms);
        return { value: id, subject: pricePath(id), details: priceInWords(terms) };
      }),
    /** Returns the path of the one in its place. @throws PriceExists; BadInput where it has been withdrawn */
    correct: (who: Actor, price: Price, terms: PriceTerms): Promise<string> =>
      auditedChange(backoffice, who, 'correct price', async (transaction) => {
        await lockPrices(transaction);
        await withdraw(transaction, who, price);
        const subject = pricePath(await addPrice(transaction, who, terms));
        return { value: subject, subject, details: `${priceInWords(terms)}; before: ${priceInWords(price)}` };
      }),
    /** @throws BadInput where it has been withdrawn */
    withdraw: (who: Actor, price: Price): Promise<void> =>
      auditedChange(backoffice, who, 'withdraw price', async (transaction) => {
        await withdraw(transaction, who, price);
        return { value: undefined, subject: pricePath(price.id), details: priceInWords(price) };
      }),
    /** All lines of a file or none. @throws BadInput */
    importAll: (who: Actor, lines: readonly PriceAtLine[]): Promise<Imported> =>
      auditedChange(backoffice, who, 'import prices', async (transaction) => {
        await lockPrices(transaction);
        const added = await newAmong(transaction, lines);
        await insertPrices(transaction, added, who.email);
        const imported = { added: added.length, same: lines.length - added.length };
        return {
          value: imported,
          subject: PRICES_PATH,
          details: `${imported.added} added, ${imported.same} there already`,
          rows: imported.added,
        };
      }),
  };
}
