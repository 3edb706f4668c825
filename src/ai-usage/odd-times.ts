import type { Knex } from 'knex';
import type { Format } from '../units/format.ts';
import { addDays, type Day, dayOf, type Instant, postgresFromInstant, startOfDay } from '../units/time.ts';
import { RECORDS_PATH } from './paths.ts';
import { parseBound } from './period.ts';
import { freshQuery, type UsageQuery, usageUrl } from './query.ts';

/** No AI call was made before this day, and none is made after tomorrow: such records carry a wrong time. */
const FIRST_CREDIBLE_DAY: Day = '2000-01-01';

/** How many records claim to be from before 2000 or from later than tomorrow; at most one more than can be said exactly. */
export type OddTimes = { early: number; late: number };

const MOST_COUNTED = 1_000;

const firstLateDay = (at: Instant, timeZone: string): Day => addDays(dayOf(at, timeZone), 2);

/** Two steps of the index on created_at where there are none. */
export async function readOddTimes(workflows: Knex, at: Instant, timeZone: string): Promise<OddTimes> {
  const count = (condition: string) =>
    `(SELECT count(*)::int FROM (SELECT FROM token_usage_tracking WHERE ${condition} LIMIT ${MOST_COUNTED + 1}) AS counted)`;
  const { rows } = await workflows.raw<{ rows: [OddTimes] }>(
    `SELECT ${count(`created_at > '-infinity' AND created_at < ?`)} AS early, ${count(`created_at >= ? AND created_at < 'infinity'`)} AS late`,
    [FIRST_CREDIBLE_DAY, firstLateDay(at, timeZone)].map((day) => postgresFromInstant(startOfDay(day, timeZone))),
  );
  return rows[0];
}

/** What a page says about them, with the way to the very records. */
export function oddTimesNotes({ early, late }: OddTimes, query: UsageQuery, at: Instant, format: Format) {
  const { timeZone } = format;
  const records = (bounds: { from?: Day; to?: Day }) =>
    usageUrl(RECORDS_PATH, freshQuery(query), {
      period: null,
      from: bounds.from ? parseBound(bounds.from, 'from', timeZone) : null,
      to: bounds.to ? parseBound(bounds.to, 'to', timeZone) : null,
    });
  const count = (number: number) => {
    const many = number > MOST_COUNTED ? `More than ${format.integer(MOST_COUNTED)}` : format.integer(number);
    return number === 1 ? '1 record claims' : `${many} records claim`;
  };
  const notes: { text: string; href: string }[] = [];
  if (early > 0)
    notes.push({
      text: `${count(early)} to be from before ${format.year(FIRST_CREDIBLE_DAY)}.`,
      href: records({ to: addDays(FIRST_CREDIBLE_DAY, -1) }),
    });
  if (late > 0)
    notes.push({
      text: `${count(late)} to be from later than tomorrow: not counted before that time.`,
      href: records({ from: firstLateDay(at, timeZone) }),
    });
  return notes;
}
