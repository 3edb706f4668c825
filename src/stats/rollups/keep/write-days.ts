import type { Knex } from 'knex';
import { compareDays, type Day, postgresFromDay } from '../../../units/calendar.ts';
import { exactInteger } from '../../../units/integer.ts';
import {
  addDays,
  dayOf,
  endOfDay,
  hourNumber,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
  startOfDay,
} from '../../../units/time.ts';
import { type Coverage, type KeptDays, keptDays, readCoverage } from '../coverage.ts';
import { packDays } from '../packed/pack-days.ts';
import { RECORDS_A_PIECE, STATEMENT_TIMEOUT } from './limits.ts';

/** The business days that some instants fall on, which are kept and covered to their end. */
export function completeDays(instants: Instant[], coveredUntil: Instant | null, { timeZone, from }: KeptDays): Day[] {
  if (coveredUntil === null) return [];
  const days = new Set(instants.map((instant) => dayOf(instant, timeZone)));
  return [...days]
    .filter((day) => startOfDay(day, timeZone) >= from && endOfDay(day, timeZone) <= coveredUntil)
    .sort(compareDays);
}

const DAYS_A_WRITE = 500;

/** Days are their hours added up: all but the counts of stories, which are written with those of hours. */
export async function writeDays(transaction: Knex, days: Day[], { timeZone }: KeptDays): Promise<void> {
  for (let first = 0; first < days.length; first += DAYS_A_WRITE)
    await writeSome(transaction, days.slice(first, first + DAYS_A_WRITE), timeZone);
}

async function writeSome(transaction: Knex, days: Day[], timeZone: string): Promise<void> {
  await transaction('rollup_days')
    .insert(
      days.map((day) => ({
        day: postgresFromDay(day),
        version: transaction.raw('(SELECT version FROM rollup_state)'),
      })),
    )
    .onConflict('day')
    .merge();
  await transaction('usage_days').whereIn('day', days.map(postgresFromDay)).delete();
  await transaction.raw(
    `INSERT INTO usage_days (day, action, model, requests, input_tokens, output_tokens, cost, zero_cost, no_number)
     SELECT day, action, model, sum(requests), sum(input_tokens), sum(output_tokens), sum(cost), sum(zero_cost), sum(no_number)
       FROM unnest(?::date[], ?::timestamptz[], ?::timestamptz[]) AS bounds (day, day_from, day_to)
       JOIN usage_hours ON hour >= day_from AND hour < day_to
      GROUP BY 1, 2, 3`,
    [
      days.map(postgresFromDay),
      days.map((day) => postgresFromInstant(startOfDay(day, timeZone))),
      days.map((day) => postgresFromInstant(startOfDay(addDays(day, 1), timeZone))),
    ],
  );
  await packDays(transaction, days, timeZone);
}

/** Counts the stories of the days of some instants again, from what is kept of hours. */
export async function recountDays(transaction: Knex, instants: Instant[], { timeZone, from }: KeptDays): Promise<void> {
  const days = [...new Set(instants.map((instant) => dayOf(instant, timeZone)))];
  const kept = days.filter((day) => startOfDay(day, timeZone) >= from);
  await transaction('story_days').whereIn('day', kept.map(postgresFromDay)).delete();
  await writeStoryDays(transaction, kept, timeZone);
}

/** Of the stories in a day's hours, those that had not been active in an earlier hour of it. */
async function writeStoryDays(transaction: Knex, days: Day[], timeZone: string): Promise<void> {
  for (const day of days) {
    const begin = startOfDay(day, timeZone);
    await transaction.raw(
      `INSERT INTO story_days (day, within, action, model, previous_hours, stories_up_to)
       SELECT ?::date, within, action, model, array_agg(previous ORDER BY previous), array_agg(up_to ORDER BY previous)
         FROM (SELECT within, action, model, previous,
                      sum(sum(stories)) OVER (PARTITION BY within, action, model ORDER BY previous)::bigint AS up_to
                 FROM (SELECT within, action, model, one.previous,
                              one.up_to - lag(one.up_to, 1, 0::bigint) OVER (PARTITION BY within, action, model, hour ORDER BY one.previous) AS stories
                         FROM story_hours CROSS JOIN LATERAL unnest(previous_hours, stories_up_to) AS one (previous, up_to)
                        WHERE hour >= ? AND hour < ?) AS of_hour
                WHERE previous < ?
                GROUP BY within, action, model, previous) AS running
        GROUP BY within, action, model`,
      [
        postgresFromDay(day),
        postgresFromInstant(begin),
        postgresFromInstant(startOfDay(addDays(day, 1), timeZone)),
        hourNumber(begin),
      ],
    );
  }
}

/**
 * Makes another business time zone that of the days, of which there are none then: `buildDays` builds them. Hours are of no zone,
 * and are read meanwhile.
 */
export async function adoptTimeZone(backoffice: Knex, timeZone: string): Promise<void> {
  for (;;) {
    const { version, timeZone: before, coveredUntil } = await readCoverage(backoffice);
    if (before === timeZone) return;
    await backoffice.transaction(async (transaction) => {
      // Also of the day that is not covered to its end the stories are to be counted.
      const daysFrom = coveredUntil === null ? null : endOfDay(dayOf(coveredUntil, timeZone), timeZone);
      const adopted = await transaction('rollup_state')
        .where({ version })
        .update({
          version: transaction.raw('version + 1'),
          content_version: transaction.raw('version + 1'),
          time_zone: timeZone,
          days_from: daysFrom === null ? null : postgresFromInstant(daysFrom),
        });
      if (adopted > 0) await transaction.raw('TRUNCATE usage_days, packed_days, story_days, rollup_days');
    });
  }
}

/** Builds the days that are missing after a change of time zone, newest first: some in a transaction, until it is late. */
export async function buildDays(backoffice: Knex, isLate: () => boolean = () => false): Promise<void> {
  while (!isLate()) {
    const coverage = await readCoverage(backoffice);
    if (coverage.daysFrom === null || keptDays(coverage) === null) return;
    await backoffice.transaction((transaction) => buildSome(transaction, coverage));
  }
}

async function buildSome(transaction: Knex, coverage: Coverage): Promise<void> {
  const kept = keptDays({ ...coverage, daysFrom: null });
  if (kept === null || coverage.daysFrom === null) return;
  await transaction.raw(`SET LOCAL statement_timeout = '${STATEMENT_TIMEOUT}'`);
  const { timeZone } = kept;
  const days = await daysBefore(transaction, coverage.daysFrom, kept);
  const oldest = days.at(-1);
  const built = await transaction('rollup_state')
    .where('version', coverage.version)
    .update({
      version: transaction.raw('version + 1'),
      content_version: transaction.raw('version + 1'),
      days_from: oldest === undefined ? null : postgresFromInstant(startOfDay(oldest, timeZone)),
    });
  if (built === 0) return;
  const { coveredUntil } = coverage;
  const complete = days.filter((day) => coveredUntil !== null && endOfDay(day, timeZone) <= coveredUntil);
  await writeDays(transaction, complete, kept);
  await writeStoryDays(transaction, days, timeZone);
}

const HOURS_LOOKED_AT = 960;

/** The last days with records before an instant, newest first: as many as hold few records, and at least one. */
async function daysBefore(transaction: Knex, before: Instant, { timeZone, from }: KeptDays): Promise<Day[]> {
  const rows = await transaction('hour_fingerprints')
    .where('hour', '<', postgresFromInstant(before))
    .where('hour', '>=', postgresFromInstant(from))
    .orderBy('hour', 'desc')
    .limit(HOURS_LOOKED_AT)
    .select<{ hour: string; requests: string }[]>('hour', 'requests');
  const records = new Map<Day, number>();
  for (const { hour, requests } of rows) {
    const day = dayOf(instantFromPostgres(hour), timeZone);
    records.set(day, (records.get(day) ?? 0) + exactInteger(requests));
  }
  // Of the last one there may be more hours.
  if (rows.length === HOURS_LOOKED_AT) records.delete([...records.keys()].at(-1) as Day);
  const days: Day[] = [];
  let sum = 0;
  for (const [day, count] of records) {
    sum += count;
    if (days.length > 0 && sum > RECORDS_A_PIECE) break;
    days.push(day);
  }
  return days;
}
