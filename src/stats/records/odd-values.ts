import type { Knex } from 'knex';
import { RECORDS_PATH } from '../../query/paths.ts';
import { parseBound } from '../../query/period.ts';
import { freshQuery, type UsageQuery, usageUrl, type ViewLinks } from '../../query/query.ts';
import { type Day, dayFromIso } from '../../units/calendar.ts';
import type { Format } from '../../units/format.ts';
import { NO_NUMBER } from '../../units/money.ts';
import { addDays, dayOf, type Instant, NO_TIME, postgresFromInstant, startOfDay } from '../../units/time.ts';

/** No AI call was made before this day, and none is made after tomorrow: such records carry a wrong time. */
const FIRST_CREDIBLE_DAY = dayFromIso('2000-01-01');

/** How many records claim to be from before 2000, from later than tomorrow, or of no time; at most one more than can be said exactly. */
export type OddTimes = { early: number; late: number; none: number };

const MOST_COUNTED = 1_000;

const firstLateDay = (at: Instant, timeZone: string): Day => addDays(dayOf(at, timeZone), 2);

/** Two steps of the index on created_at where there are none. */
export async function readOddTimes(workflows: Knex, at: Instant, timeZone: string): Promise<OddTimes> {
  const count = (condition: string) =>
    `(SELECT count(*)::int FROM (SELECT FROM token_usage_tracking WHERE ${condition} LIMIT ${MOST_COUNTED + 1}) AS counted)`;
  const { rows } = await workflows.raw<{ rows: [OddTimes] }>(
    `SELECT ${count(`created_at > '-infinity' AND created_at < ?`)} AS early, ${count(`created_at >= ? AND created_at < 'infinity'`)} AS late,
            ${count(`created_at IN ('-infinity', 'infinity')`)} AS none`,
    [FIRST_CREDIBLE_DAY, firstLateDay(at, timeZone)].map((day) => postgresFromInstant(startOfDay(day, timeZone))),
  );
  return rows[0];
}

/** What a page says of records whose values cannot be right, with the way to the very records. */
export type OddNote = { flag: string; text: string; href: string };

export function oddTimesNotes({ early, late, none }: OddTimes, query: UsageQuery, at: Instant, format: Format) {
  const { timeZone } = format;
  const records = (bounds: { from?: Day; to?: Day }) =>
    usageUrl(RECORDS_PATH, freshQuery(query), {
      period: null,
      from: bounds.from ? parseBound(bounds.from, 'from', timeZone) : null,
      to: bounds.to ? parseBound(bounds.to, 'to', timeZone) : null,
    });
  const count = (number: number, one: string, many: string) => {
    if (number === 1) return `1 record ${one}`;
    return `${number > MOST_COUNTED ? `More than ${format.integer(MOST_COUNTED)}` : format.integer(number)} records ${many}`;
  };
  const notes: OddNote[] = [];
  if (early > 0)
    notes.push({
      flag: WRONG_TIME,
      text: `${count(early, 'claims', 'claim')} to be from before ${format.year(FIRST_CREDIBLE_DAY)}.`,
      href: records({ to: addDays(FIRST_CREDIBLE_DAY, -1) }),
    });
  if (late > 0)
    notes.push({
      flag: WRONG_TIME,
      text: `${count(late, 'claims', 'claim')} to be from later than tomorrow: not counted before that time.`,
      href: records({ from: firstLateDay(at, timeZone) }),
    });
  if (none > 0)
    notes.push({
      flag: NO_TIME,
      text: `${count(none, 'has no time and is', 'have no time and are')} of no period: counted in none of these figures.`,
      href: usageUrl(RECORDS_PATH, freshQuery(query), { period: 'none' }),
    });
  return notes;
}

const WRONG_TIME = 'wrong time';

/** Of the records that a view counts, those whose cost is no number. */
export function noNumberNotes(noNumber: number, { records }: Pick<ViewLinks, 'records'>, format: Format): OddNote[] {
  if (noNumber === 0) return [];
  const text =
    noNumber === 1
      ? 'The cost of 1 of these requests is no number: it is counted, and left out of every sum of costs.'
      : `The cost of ${format.integer(noNumber)} of these requests is no number: they are counted, and left out of every sum of costs.`;
  return [{ flag: NO_NUMBER, text, href: records({ without: 'cost' }) }];
}
