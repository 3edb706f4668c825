import type { Knex } from 'knex';
import { type Actor, writeAuditLog } from '../../db/audit-log.ts';
import { parseUsageQuery } from '../../query/query.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Format } from '../../units/format.ts';
import { dayOf, type Instant } from '../../units/time.ts';
import { readPrices } from '../store.ts';
import { PRICES_PATH } from '../terms.ts';
import { differences, usedModels } from './differences.ts';
import { readEffects } from './effects.ts';
import { LIST, listedPrices } from './listed.ts';
import { keyOf, newAmong, type ProposedCount } from './new-among.ts';
import { lockProposals, readOpenProposals, readProposals, writeEffects, writeProposals } from './store.ts';

/**
 * Compares what the list says of the models that have calls with the prices in force, and proposes what differs; takes back what it has
 * proposed before and says no longer. What was answered stays so until its figures change. Prices stay as they are.
 */
export async function proposeFromList(
  { backoffice, reader, format }: { backoffice: Knex; reader: UsageReader; format: Format },
  who: Actor,
  at: Instant,
): Promise<ProposedCount> {
  const { timeZone } = format;
  const all = parseUsageQuery({ period: 'all' }, { maxPageSize: 1, timeZone }, at);
  const { value: stats } = await reader.stats(all, 'day');
  const used = usedModels(stats.cells.filter(({ bucket }) => /^\d{4}-/.test(bucket)));
  const counted = await backoffice.transaction(async (transaction) => {
    await lockProposals(transaction);
    const prices = await readPrices(transaction, { withdrawn: false });
    const wanted = differences(used, listedPrices, prices, dayOf(at, timeZone));
    const known = await readProposals(transaction);
    const { added, replaced } = newAmong(wanted, known);
    const keys = new Set(wanted.map(keyOf));
    const takenBack = known.filter((one) => one.ofList && one.answer === null && !keys.has(keyOf(one)));
    const gone = [...replaced, ...takenBack.map(({ id }) => id)];
    await writeProposals(transaction, { gone, added }, { ofList: true, by: who.email });
    const count = { added: added.length, takenBack: takenBack.length, same: wanted.length - added.length };
    if (gone.length + added.length > 0)
      await writeAuditLog(transaction, who, {
        ...{ action: 'propose prices', subject: PRICES_PATH, rows: count.added },
        details: `${count.added} proposed, ${count.takenBack} taken back; ${LIST.name} ${LIST.version}`,
      });
    return count;
  });
  const open = await readOpenProposals(backoffice);
  await writeEffects(backoffice, await readEffects(reader, open, timeZone, at));
  return counted;
}
