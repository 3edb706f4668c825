import { named } from '../measuring/account.ts';
import { parseUsageQuery } from '../query/query.ts';
import { now } from '../units/time.ts';
import type { UsageReader } from './reader.ts';

/** In the order in which somebody is likely to ask. */
const PERIODS = ['30d', '90d', 'all'];
/** As many as a table names. */
const FIRST = 50;

/**
 * Asks what the first person would ask, so that they do not wait for it: the statistics, the hours of the week and the first stories and authors
 * of three periods. One question after the other, kept within the budget of memory as all that is read, and over when the last is answered,
 * however many records there are. Not where the rollups are not all there: what is read raw is not kept. Returns how long it took, in
 * milliseconds; null where it did not come to its end.
 */
export const warmUp = (reader: UsageReader, timeZone: string, isStopping: () => boolean): Promise<number | null> =>
  named('warm-up', async () => {
    const begun = performance.now();
    for (const period of PERIODS) {
      const query = parseUsageQuery({ period }, { maxPageSize: FIRST, timeZone }, now());
      const { isOfSource, built } = await reader.stats(query, 'day');
      if (!isOfSource || built !== null) return null;
      for (const ask of [
        () => reader.top(query, 'story', FIRST),
        () => reader.top(query, 'author', FIRST),
        () => reader.week(query),
      ]) {
        if (isStopping()) return null;
        await ask();
      }
    }
    return performance.now() - begun;
  });
