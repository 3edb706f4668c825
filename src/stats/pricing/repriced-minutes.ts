import type { UsageFilter } from '../../query/filter.ts';
import { byCodePoint } from '../../units/code-points.ts';
import { NO_EUROS } from '../../units/money.ts';
import { compareInstants, dayOf, instantFromPostgres } from '../../units/time.ts';
import { type MinuteKey, type Stretch, stretchesOf, type TimedSums } from '../records/minutes.ts';
import type { UsageSource } from '../source.ts';
import { addTo, type Sums } from '../sums.ts';
import type { PriceList } from './price-list.ts';
import { costOfRows } from './row-price.ts';
import { readRowTokens } from './row-tokens.ts';

const MINUTE_OF_ROW = { sql: `date_trunc('minute', created_at)`, bindings: [] };

const added = (tokens: Int32Array): number => tokens.reduce((sum, one) => sum + one, 0);

/** The same as readMinutes(), where each call costs what the price list says; calls without a price cost nothing there. */
export async function readRepricedMinutes(
  { workflows, timeZone }: Pick<UsageSource, 'workflows' | 'timeZone'>,
  window: Stretch,
  filter: UsageFilter,
  key: MinuteKey | null,
  list: PriceList,
): Promise<TimedSums[]> {
  const minutes: TimedSums[] = [];
  for (const stretch of stretchesOf(window)) {
    const found = new Map<string, TimedSums>();
    const rows = await readRowTokens(workflows, [stretch], filter, MINUTE_OF_ROW);
    for (const { bucket, action, model, inputs, outputs } of rows) {
      const at = instantFromPostgres(bucket);
      const price = list.priceOf(model, action, dayOf(at, timeZone));
      const sums: Sums = {
        ...{ requests: inputs.length, inputTokens: added(inputs), outputTokens: added(outputs) },
        cost: 'missing' in price ? NO_EUROS : costOfRows(price.tiers, inputs, outputs),
      };
      const name = key === null ? '' : { model, action }[key];
      const known = found.get(`${bucket}\0${name}`);
      if (known) addTo(known.sums, sums);
      else found.set(`${bucket}\0${name}`, { at, key: name, sums });
    }
    minutes.push(...[...found.values()].sort((a, b) => compareInstants(a.at, b.at) || byCodePoint(a.key, b.key)));
  }
  return minutes;
}
