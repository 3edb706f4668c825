import { type Day, dayNumber } from '../../units/calendar.ts';
import { type MicroEuros, microEuros, NO_EUROS } from '../../units/money.ts';
import { addDays } from '../../units/time.ts';
import type { DailyCosts } from '../forecast.ts';
import { deviation, median } from './median.ts';

/** An hour or a day is held against the same ones of so many weeks before, */
export const WEEKS = 8;
/** if so many of them are known. */
const FEWEST_WEEKS = 4;

/** How far from what is usual a cost has to be: so many times the usual spread, so many micro-euros, and such a percentage of it. */
export type UnusualTerms = { strength: number; least: MicroEuros; percent: number };

/** Those of a rule that says nothing else, and of the days that charts mark. */
export const USUAL_TERMS: UnusualTerms = { strength: 4, least: microEuros(5_000_000), percent: 50 };

/** `limit`: from where on it is unusual, on the side of the value. */
type Judged = { unusual: boolean; usual: number; limit: number };

/** A cost beside those of the weeks before; null where they are too few to know what is usual. */
export function judgeUnusual(cost: MicroEuros, before: MicroEuros[], terms: UnusualTerms): Judged | null {
  if (before.length < FEWEST_WEEKS) return null;
  const usual = median(before);
  const away = Math.max(terms.strength * deviation(before, usual), terms.least, (usual * terms.percent) / 100);
  return {
    unusual: Math.abs(cost - usual) >= away && cost !== usual,
    usual,
    limit: cost < usual ? usual - away : usual + away,
  };
}

/** Which of some days cost far more or less than the same weekdays before, with what is usual; `costs` are of those weeks too. */
export function unusualDays(costs: DailyCosts, days: Day[]): Map<Day, MicroEuros> {
  const known = [...costs.keys()].map(dayNumber).sort((a, b) => a - b);
  const found = new Map<Day, MicroEuros>();
  for (const day of days) {
    const oldest = dayNumber(addDays(day, -7 * WEEKS));
    const first = known.find((one) => one >= oldest) ?? dayNumber(day);
    const before = Array.from({ length: WEEKS }, (_, i) => addDays(day, -7 * (i + 1)))
      .filter((one) => dayNumber(one) >= first)
      .map((one) => costs.get(one) ?? NO_EUROS);
    const judged = judgeUnusual(costs.get(day) ?? NO_EUROS, before, USUAL_TERMS);
    if (judged?.unusual) found.set(day, microEuros(judged.usual));
  }
  return found;
}
