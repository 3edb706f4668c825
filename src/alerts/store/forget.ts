import type { Knex } from 'knex';
import { addTime, DAY_OF_24_HOURS, type Instant, now, postgresFromInstant } from '../../units/time.ts';
import { LATE_DAYS } from '../evaluation/late.ts';

const KEPT_FOR = 730n * DAY_OF_24_HOURS;
const MOST_AT_ONCE = 10_000;

/**
 * Deletes alerts that ended two years ago or longer, with what became of them, at most ten thousand at a time, and which levels
 * windows reached that are not looked at again. Returns how many alerts.
 */
export function forgetAlerts(backoffice: Knex, at: Instant = now()): Promise<number> {
  return backoffice.transaction<number>(async (transaction) => {
    const old: string[] = await transaction('alerts')
      .where('state', 'resolved')
      .where('until', '<', postgresFromInstant(addTime(at, -KEPT_FOR)))
      .orderBy('until')
      .limit(MOST_AT_ONCE)
      .pluck('alert_id');
    await transaction('alert_events').whereIn('alert_id', old).delete();
    await transaction('alerts').whereIn('alert_id', old).delete();
    await transaction('reached_windows')
      .where('window_to', '<', postgresFromInstant(addTime(at, -BigInt(LATE_DAYS) * DAY_OF_24_HOURS)))
      .delete();
    return old.length;
  });
}
