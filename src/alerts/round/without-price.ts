import { queryOfFilter } from '../../query/filter-text.ts';
import type { Budget } from '../../stats/budgets/budgets.ts';
import { readRepricedStats, type Unpriced } from '../../stats/pricing/repriced.ts';
import type { OneState } from '../../stats/source.ts';
import { earliest } from '../../units/time.ts';
import type { AlertEvent } from '../evaluation/step.ts';
import { whoseCostOf } from '../rules/registry.ts';
import type { Alert } from '../store/alerts.ts';
import { callsOfAlert } from './wording.ts';

/** What happened to an alert, with the calls of its window that no price is for; null where recorded costs count. */
export type PricedEvent = AlertEvent & { unpriced: Unpriced | null };

/** Events of a rule by the price list say what their values leave out: it is nothing there, and not in silence. */
export function withUnpriced(
  state: OneState,
  asked: Pick<Alert['asked'], 'type' | 'fields' | 'filter'>,
  budget: Budget | null,
  events: AlertEvent[],
): Promise<PricedEvent[]> {
  const isRepriced = whoseCostOf(asked, budget) === 'repriced';
  const { source } = state;
  return Promise.all(
    events.map(async (event) => {
      if (!isRepriced) return { ...event, unpriced: null };
      const { subject, window } = event.observation;
      const query = queryOfFilter(callsOfAlert({ asked, subject }), { timeZone: source.timeZone }, event.at);
      const [filter, list] = await Promise.all([state.filterOf(query), state.prices()]);
      const soFar = { from: window.from, to: earliest(window.to, event.at) };
      const { unpriced } = await readRepricedStats(source, soFar, filter, 'day', list);
      return { ...event, unpriced };
    }),
  );
}
