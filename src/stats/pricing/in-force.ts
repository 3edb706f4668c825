import { withoutDate } from '../../catalog/models.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';

/** What a price is for: a model (a name, or with `*` for any text) from a business day on. */
export type OfCalls = {
  model: string;
  /** Null for all. */
  action: string | null;
  from: Day;
  /** For calls of more input tokens than that. */
  aboveInputTokens: number;
};

/** More actions and models than there are, unless somebody invents them. */
const MOST_REMEMBERED = 20_000;

/**
 * Finds the prices of a model and action on a day, that of the most input tokens first; none where none is for every call. Those of its own
 * name go before those of its name without a date, and these before those of the longest pattern; for the action before all.
 */
export function inForce<Price extends OfCalls>(
  prices: readonly Price[],
): (model: string, action: string, day: Day) => Price[] {
  const byModel = groupedBy([...prices], ({ model }) => model);
  const patterns = [...byModel.keys()]
    .filter((model) => model.includes('*'))
    .sort((a, b) => literalOf(b) - literalOf(a) || (a < b ? -1 : 1))
    .map((model) => ({ model, pattern: patternOf(model) }));
  const namesOf = (model: string) => [
    model,
    ...[withoutDate(model) ?? []].flat(),
    ...patterns.filter(({ pattern }) => pattern.test(model)).map(({ model }) => model),
  ];
  const candidates = new Map<string, Price[][]>();
  const candidatesOf = (model: string, action: string): Price[][] => {
    const key = `${action}\0${model}`;
    const known = candidates.get(key);
    if (known !== undefined) return known;
    const found = namesOf(model).flatMap((name) => {
      const all = byModel.get(name) ?? [];
      return [all.filter((price) => price.action === action), all.filter((price) => price.action === null)];
    });
    const some = found.filter(({ length }) => length > 0);
    if (candidates.size === MOST_REMEMBERED) candidates.clear();
    candidates.set(key, some);
    return some;
  };
  return (model, action, day) => {
    for (const some of candidatesOf(model, action)) {
      const ofDay = tiersOn(some, day);
      if (ofDay.at(-1)?.aboveInputTokens === 0) return ofDay;
    }
    return [];
  };
}

/** Of each tier the latest price, that of the most tokens first. */
function tiersOn<Price extends OfCalls>(prices: readonly Price[], day: Day): Price[] {
  const latest = new Map<number, Price>();
  for (const price of prices) {
    if (compareDays(price.from, day) > 0) continue;
    const known = latest.get(price.aboveInputTokens);
    if (known === undefined || compareDays(price.from, known.from) > 0) latest.set(price.aboveInputTokens, price);
  }
  return [...latest.values()].sort((a, b) => b.aboveInputTokens - a.aboveInputTokens);
}

const literalOf = (model: string) => model.replaceAll('*', '').length;

/** A name in which each `*` is any text. Takes time in proportion to the name: what lies between two stars is looked for from the left. */
function patternOf(model: string): { test: (name: string) => boolean } {
  const [first = '', ...rest] = model.split('*');
  const last = rest.pop() ?? '';
  return {
    test: (name) => {
      if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
      let at = first.length;
      for (const part of rest) {
        const found = name.indexOf(part, at);
        if (found < 0 || found + part.length > name.length - last.length) return false;
        at = found + part.length;
      }
      return true;
    },
  };
}
