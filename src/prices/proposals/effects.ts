import { parseUsageQuery } from '../../query/query.ts';
import type { PriceList, PriceOfCalls } from '../../stats/pricing/price-list.ts';
import { readRepricedStats } from '../../stats/pricing/repriced.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { UsageCell } from '../../stats/sums.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { minus } from '../../units/money.ts';
import { addDays, dayOf, type Instant } from '../../units/time.ts';
import type { Effect, Proposal } from './store.ts';

type Month = { first: Day; last: Day };

/** A list with a price that had been in force the whole month, or since before. */
function listWith(list: PriceList, { id, terms }: Proposal, { first, last }: Month): PriceList {
  const { model, action, aboveInputTokens, currency, inputPerMillion, outputPerMillion } = terms;
  const from = compareDays(terms.from, first) < 0 ? terms.from : first;
  const price: PriceOfCalls = {
    ...{ id, model, action, from, aboveInputTokens, currency, inputPerMillion, outputPerMillion },
    ...{ perImage: terms.perImage, perThousandCharacters: terms.perThousandCharacters },
    ...{ tokensPerImage: terms.outputTokensPerImage, cachedInputPerMillion: terms.cachedInputPerMillion },
  };
  const isReplaced = (other: PriceOfCalls) =>
    other.model === model &&
    other.action === action &&
    other.aboveInputTokens === aboveInputTokens &&
    (other.from === from ||
      (from === first && compareDays(other.from, first) > 0 && compareDays(other.from, last) <= 0));
  return list.changed((prices) => [...prices.filter((other) => !isReplaced(other)), price]);
}

/** The calls of a proposal of which nobody can tell what they cost by it. */
function withoutRate(cells: readonly UsageCell[], { priceOf }: PriceList, { id }: Proposal): number {
  const of = cells.filter(({ model, action, bucket }) => {
    const price = priceOf(model, action, bucket as Day);
    return 'missing' in price && price.missing === 'exchange rate' && price.key.includes(id);
  });
  return of.reduce((sum, { requests }) => sum + requests, 0);
}

/**
 * What each of some proposals would have made of the calls of the month before `at`, exactly, by the arithmetic of re-pricing: each after
 * those before it, so that they add up to what all of them would have made.
 */
export function readEffects(
  reader: UsageReader,
  proposals: readonly Proposal[],
  timeZone: string,
  at: Instant,
): Promise<Map<string, Effect>> {
  const query = parseUsageQuery({ period: 'last-month' }, { maxPageSize: 1, timeZone }, at);
  const { from, to } = query.window;
  const month = { first: dayOf(from as Instant, timeZone), last: addDays(dayOf(to, timeZone), -1) };
  return reader.together(async ({ source, filterOf }) => {
    const filter = await filterOf(query);
    const readUnder = async (list: PriceList) => {
      const { total, unpriced, unpricedCells } = await readRepricedStats(source, query.window, filter, 'day', list);
      return { cost: total.cost, unpriced: unpriced.requests, unpricedCells };
    };
    const effects = new Map<string, Effect>();
    let list = await reader.prices();
    let before = await readUnder(list);
    for (const proposal of proposals) {
      list = listWith(list, proposal, month);
      const after = await readUnder(list);
      effects.set(proposal.id, {
        ...{ month: month.first, at, difference: minus(after.cost, before.cost) },
        newlyPriced: Math.max(0, before.unpriced - after.unpriced),
        withoutRate: withoutRate(after.unpricedCells, list, proposal),
      });
      before = after;
    }
    return effects;
  });
}
