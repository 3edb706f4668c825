import type { Knex } from 'knex';
import { elementsOf } from '../../../db/arrays.ts';
import { type Day, postgresFromDay } from '../../../units/calendar.ts';
import {
  dayOf,
  hourNumber,
  type Instant,
  instantFromPostgres,
  postgresFromInstant,
  startOfDay,
  startOfHourNumber,
} from '../../../units/time.ts';
import type { UsageKind } from '../../sums.ts';
import type { KeptDays } from '../coverage.ts';
import { type Kinds, knowKinds, nameOfKind } from '../kinds.ts';
import type { HourRange } from '../source-hours.ts';
import { eachVisit, lastHourIn, type Scope, scopesOf, type Visits, withChanges, withoutHours } from './story-hours.ts';
import { addCount, type Counts, writeCounts } from './write-story-counts.ts';

/** The stories of an hour and kind, by id and one perhaps several times; the hour as PostgreSQL prints it. */
export type StoriesOfCell = UsageKind & { hour: string; stories: string[] };

type Change = { added: Visits; removed: Visits };

const noVisits = (): Visits => ({ hours: [], kinds: [] });

/**
 * Replaces the stories of some cells by those of others. Each story's visits are known, so that the counts of other hours change by
 * just those stories that come or go: what is kept of stories is at any time what all visits that are kept add up to.
 */
export async function writeStories(
  transaction: Knex,
  before: StoriesOfCell[],
  after: StoriesOfCell[],
  coveredUntil: Instant | null,
  days: KeptDays | null,
): Promise<void> {
  const kinds = await knowKinds(transaction, after);
  const changes = changesByStory(before, after, kinds);
  const stories = [...changes.keys()];
  // Of what was not covered nothing is kept yet, but for what the first of several writes has put there.
  const isNew = (write: number) => (begin: Instant) => write === 0 && (coveredUntil === null || begin >= coveredUntil);
  for (let first = 0; first < stories.length; first += STORIES_A_WRITE)
    await writeSome(transaction, stories.slice(first, first + STORIES_A_WRITE), changes, kinds, isNew(first), days);
}

/** So many stories are read and written by one statement. */
const STORIES_A_WRITE = 20_000;

async function writeSome(
  transaction: Knex,
  stories: string[],
  changes: Map<string, Change>,
  kinds: Kinds,
  isNew: (begin: Instant) => boolean,
  days: KeptDays | null,
): Promise<void> {
  const kept = await readVisits(transaction, kinds, stories);
  const hourCounts: Counts<number> = new Map();
  const dayCounts: Counts<Day> = new Map();
  const dayAt = dayFinder(days);
  const scopes = scopeFinder();
  const visitsNow = new Map<string, Visits>();
  for (const story of stories) {
    const { added, removed } = changes.get(story) as Change;
    const visits = kept.get(story) ?? noVisits();
    // What lies before the first change stays: of most stories all.
    const first = [...added.hours, ...removed.hours].reduce((a, b) => Math.min(a, b));
    let stay = visits.hours.length;
    while (stay > 0 && (visits.hours[stay - 1] as number) >= first) stay -= 1;
    const before = { hours: visits.hours.slice(stay), kinds: visits.kinds.slice(stay) };
    const after = withChanges(before, removed, added);
    visitsNow.set(story, {
      hours: [...visits.hours.slice(0, stay), ...after.hours],
      kinds: [...visits.kinds.slice(0, stay), ...after.kinds],
    });
    const earlier = (scope: Scope) => lastHourIn(visits, stay, scope);
    const count = (by: number) => (scope: Scope, hour: number, previous: number) => {
      addCount(hourCounts, scope, hour, previous, by);
      const day = dayAt(hour);
      if (day && previous < day.firstHour) addCount(dayCounts, scope, day.day, previous, by);
    };
    // What is the same before and after comes to nothing.
    eachVisit(before, earlier, scopes, count(-1));
    eachVisit(after, earlier, scopes, count(1));
  }
  await writeCounts(transaction, 'hour', hourCounts, (hour) => {
    const begin = startOfHourNumber(hour);
    return { at: postgresFromInstant(begin), isNew: isNew(begin) };
  });
  await writeCounts(transaction, 'day', dayCounts, (day) => ({
    at: postgresFromDay(day),
    isNew: days !== null && isNew(startOfDay(day, days.timeZone)),
  }));
  await writeVisits(transaction, kinds, visitsNow);
}

/**
 * Counts the stories of the hours of a run again, by where they were active before as far as that is known, and makes that known of the
 * hours themselves: whatever was kept of them. `cells` are all that the run holds.
 */
export async function recountHours(transaction: Knex, { from, to }: HourRange, cells: StoriesOfCell[]): Promise<void> {
  const kinds = await knowKinds(transaction, cells);
  const here = changesByStory([], cells, kinds);
  const stories = [...here.keys()];
  const counts: Counts<number> = new Map();
  const scopes = scopeFinder();
  const [first, end] = [hourNumber(from), hourNumber(to)];
  for (let begin = 0; begin < stories.length; begin += STORIES_A_WRITE) {
    const some = stories.slice(begin, begin + STORIES_A_WRITE);
    const kept = await readVisits(transaction, kinds, some);
    const visitsNow = new Map<string, Visits>();
    for (const story of some) {
      const { added } = here.get(story) as Change;
      const visits = withChanges(withoutHours(kept.get(story) ?? noVisits(), first, end), noVisits(), added);
      visitsNow.set(story, visits);
      const never = () => Number.NEGATIVE_INFINITY;
      eachVisit(visits, never, scopes, (scope, hour, previous) => {
        if (hour >= first && hour < end) addCount(counts, scope, hour, previous, 1);
      });
    }
    await writeVisits(transaction, kinds, visitsNow);
  }
  await transaction('story_hours')
    .where('hour', '>=', postgresFromInstant(from))
    .where('hour', '<', postgresFromInstant(to))
    .delete();
  await writeCounts(transaction, 'hour', counts, (hour) => ({
    at: postgresFromInstant(startOfHourNumber(hour)),
    isNew: true,
  }));
}

/** The visits that come and go. */
function changesByStory(before: StoriesOfCell[], after: StoriesOfCell[], kinds: Kinds): Map<string, Change> {
  const changes = new Map<string, Change>();
  const changeOf = (story: string): Change => {
    const found = changes.get(story) ?? { added: noVisits(), removed: noVisits() };
    changes.set(story, found);
    return found;
  };
  const put = ({ hours, kinds }: Visits, hour: number, kind: UsageKind) => {
    hours.push(hour);
    kinds.push(kind);
  };
  const cellName = ({ hour, ...kind }: StoriesOfCell) => `${hour} ${nameOfKind(kind)}`;
  const wereActive = new Map(before.map((cell) => [cellName(cell), new Set(cell.stories)]));
  const known = (cell: UsageKind) => kinds.byNumber.get(kinds.numbers.get(nameOfKind(cell)) as number) as UsageKind;
  for (const cell of after) {
    const hour = hourNumber(instantFromPostgres(cell.hour));
    const were = wereActive.get(cellName(cell));
    const kind = known(cell);
    for (const story of new Set(cell.stories)) if (!were?.delete(story)) put(changeOf(story).added, hour, kind);
  }
  for (const cell of before) {
    const hour = hourNumber(instantFromPostgres(cell.hour));
    for (const story of wereActive.get(cellName(cell)) ?? []) put(changeOf(story).removed, hour, known(cell));
  }
  return changes;
}

type VisitsRow = { story_id: string; hours: string; kinds: string };

/** Where some stories were active, as far as the rollups know. Arrays come as text: the driver's own reading of them takes longer. */
export async function readVisits(
  backoffice: Knex,
  { byNumber }: Pick<Kinds, 'byNumber'>,
  stories: string[],
): Promise<Map<string, Visits>> {
  if (stories.length === 0) return new Map();
  const { rows } = await backoffice.raw<{ rows: VisitsRow[] }>(
    'SELECT story_id, hours::text AS hours, kinds::text AS kinds FROM story_visits WHERE story_id = ANY(?::uuid[])',
    [stories],
  );
  return new Map(
    rows.map(({ story_id, hours, kinds }) => [
      story_id,
      {
        hours: elementsOf(hours).map(Number),
        kinds: elementsOf(kinds).map((number) => byNumber.get(Number(number)) as UsageKind),
      },
    ]),
  );
}

async function writeVisits(transaction: Knex, { numbers }: Kinds, visits: Map<string, Visits>): Promise<void> {
  const gone = [...visits].filter(([, { hours }]) => hours.length === 0).map(([story]) => story);
  if (gone.length > 0) await transaction('story_visits').whereRaw('story_id = ANY(?::uuid[])', [gone]).delete();
  const active = [...visits].filter(([, { hours }]) => hours.length > 0);
  if (active.length === 0) return;
  await transaction.raw(
    `INSERT INTO story_visits (story_id, hours, kinds)
     SELECT story_id, hours::bigint[], kinds::integer[] FROM unnest(?::uuid[], ?::text[], ?::text[]) AS story (story_id, hours, kinds)
     ON CONFLICT (story_id) DO UPDATE SET hours = excluded.hours, kinds = excluded.kinds`,
    [
      active.map(([story]) => story),
      active.map(([, { hours }]) => `{${hours}}`),
      active.map(([, { kinds }]) => `{${kinds.map((kind) => numbers.get(nameOfKind(kind)))}}`),
    ],
  );
}

/** The scopes of kinds: one object for each. */
function scopeFinder(): (kind: UsageKind) => Scope[] {
  const byName = new Map<string, Scope>();
  const byKind = new Map<UsageKind, Scope[]>();
  return (kind) => {
    const found = byKind.get(kind);
    if (found) return found;
    const scopes = scopesOf(kind).map((scope) => {
      const name = `${scope.within} ${nameOfKind(scope)}`;
      const known = byName.get(name) ?? scope;
      byName.set(name, known);
      return known;
    });
    byKind.set(kind, scopes);
    return scopes;
  };
}

/** Tells the day of an hour and the first hour of that; null where no counts of days are kept. */
function dayFinder(days: KeptDays | null): (hour: number) => { day: Day; firstHour: number } | null {
  const found = new Map<number, { day: Day; firstHour: number } | null>();
  const find = (hour: number) => {
    if (days === null) return null;
    const day = dayOf(startOfHourNumber(hour), days.timeZone);
    const begin = startOfDay(day, days.timeZone);
    return begin < days.from ? null : { day, firstHour: hourNumber(begin) };
  };
  return (hour) => {
    const known = found.get(hour);
    if (known !== undefined) return known;
    const day = find(hour);
    found.set(hour, day);
    return day;
  };
}
