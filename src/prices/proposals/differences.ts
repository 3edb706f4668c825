import { withoutDate } from '../../catalog/models.ts';
import { inForce } from '../../stats/pricing/in-force.ts';
import type { UsageCell } from '../../stats/sums.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { addDays } from '../../units/time.ts';
import { isEqualTerms, type PriceTerms, RATES } from '../store.ts';
import type { Listed } from './listed.ts';
import type { Proposed } from './store.ts';

/** A model that has calls: the first day of them, and of which actions they are. */
type UsedModel = { model: string; since: Day; actions: string[] };

/** Of cells of business days, in the order of the models' names. */
export function usedModels(cells: readonly UsageCell[]): UsedModel[] {
  const found = new Map<string, UsedModel>();
  for (const { model, action, bucket } of cells) {
    const day = bucket as Day;
    const one = found.get(model) ?? { model, since: day, actions: [] };
    if (compareDays(day, one.since) < 0) one.since = day;
    if (!one.actions.includes(action)) one.actions.push(action);
    found.set(model, one);
  }
  return [...found.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
}

const TELLS_NOTHING = ['cachedInputPerMillion', 'reasoningPerMillion'] as const;

/** What a list does not say of cached and reasoning tokens stays as it is. */
function withKept(listed: PriceTerms, kept: PriceTerms | undefined): PriceTerms {
  if (kept === undefined || kept.currency !== listed.currency) return listed;
  const missing = TELLS_NOTHING.filter((name) => listed[name] === null);
  return { ...listed, ...Object.fromEntries(missing.map((name) => [name, kept[name]])) };
}

/** A name without its date, where the list says the same of both: one price is for all of them. */
function nameOf(model: string, listed: Listed[], listedOf: (model: string) => Listed[]): string {
  const short = withoutDate(model);
  if (short === null) return model;
  const figures = (of: Listed[]) =>
    JSON.stringify(of.map(({ from, prices }) => [from, prices.map((price) => RATES.map(({ name }) => price[name]))]));
  return figures(listedOf(short)) === figures(listed) ? short : model;
}

const later = (a: Day, b: Day): Day => (compareDays(a, b) < 0 ? b : a);

/**
 * What a list says of used models that the prices in force do not: a price that it gives no day is compared with what is in force today, and
 * is proposed from today on, or from the first call on where there is none; one of a day is compared with that day.
 */
export function differences(
  used: readonly UsedModel[],
  listedOf: (model: string, actions: string[]) => Listed[],
  prices: readonly PriceTerms[],
  today: Day,
): Proposed[] {
  const pricesOn = inForce(prices);
  const found = new Map<string, Proposed>();
  for (const { model, since, actions } of used) {
    const all = listedOf(model, actions);
    const name = nameOf(model, all, (short) => listedOf(short, actions));
    all.forEach((listed, i) => {
      const next = all[i + 1]?.from;
      if (next && compareDays(next, since) <= 0) return;
      const ended = next && compareDays(next, today) <= 0 ? addDays(next, -1) : null;
      const day = later(listed.from ?? ended ?? today, since);
      for (const action of new Set(listed.prices.map(({ action }) => action))) {
        const known = pricesOn(name, action ?? '', day);
        const from = listed.from ?? (known.length === 0 || ended !== null ? since : today);
        const wanted = listed.prices
          .filter((price) => price.action === action)
          .map((price) => {
            const same = known.find(({ aboveInputTokens }) => aboveInputTokens === price.aboveInputTokens);
            return { same, terms: { ...withKept(price, same), model: name, from } };
          });
        const isOwn = known.every((price) => price.model === name && price.action === action);
        const other = wanted.filter(({ same, terms }) => same === undefined || !isEqualTerms(same, terms));
        // A tier needs the price of all calls under its own name.
        for (const { terms } of other.length > 0 && !isOwn ? wanted : other)
          found.set(JSON.stringify([name, action, terms.aboveInputTokens, listed.from]), {
            terms,
            listedFrom: listed.from,
          });
      }
    });
  }
  return [...found.values()];
}
