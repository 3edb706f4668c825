import type { Knex } from 'knex';
import { type Actor, auditedChange } from '../../db/audit-log.ts';
import { BadInput, type ParameterProblem } from '../../units/failures/bad-input.ts';
import { wrongFile } from '../../units/failures/wrong-file.ts';
import type { RateAtLine } from './read-rates.ts';
import { lockRates, MOST_RATES, readRates, writeRates } from './store.ts';

export const RATES_PATH = '/rates';

/** How many days are new, said otherwise than before, and as they were. */
export type ImportedRates = { added: number; replaced: number; same: number };

type HowImported = { source: string; replaces: boolean };

/**
 * Takes all rates of a file or none, and writes down who did. A day that has another rate is a problem, unless it is to be replaced.
 * @throws BadInput
 */
export function importRates(
  backoffice: Knex,
  who: Actor,
  rates: readonly RateAtLine[],
  { source, replaces }: HowImported,
): Promise<ImportedRates> {
  return auditedChange(backoffice, who, 'import rates', async (transaction) => {
    await lockRates(transaction);
    const kept = await readRates(transaction);
    const known = new Map(kept.map(({ day, perEuro }) => [day, perEuro]));
    const added = rates.filter(({ day }) => !known.has(day));
    const other = rates.filter(({ day, perEuro }) => known.has(day) && known.get(day) !== perEuro);
    if (!replaces && other.length > 0)
      throw wrongFile(
        other.map(
          ({ line, day, perEuro }): ParameterProblem => ({
            parameter: `Line ${line}, USD`,
            message: `is ${perEuro}, and ${day} has ${known.get(day)} already`,
          }),
        ),
      );
    if (kept.length + added.length > MOST_RATES)
      throw new BadInput([{ parameter: 'The file', message: `has more days than there is room for (${MOST_RATES})` }]);
    await writeRates(transaction, [...added, ...other], { source, by: who.email });
    const value = {
      added: added.length,
      replaced: other.length,
      same: rates.length - added.length - other.length,
    };
    return {
      ...{ value, subject: RATES_PATH, rows: added.length + other.length },
      details: `${value.added} days added, ${value.replaced} replaced, ${value.same} there already; ${source}`,
    };
  });
}
