import type { Knex } from 'knex';
import { addDays, type Day, type Instant, instantFromPostgres, isoFromInstant, startOfDay } from '../../units/time.ts';
import { type SumRow, type Sums, sumsOf } from '../sums.ts';
import { hoursOfDays } from './hours.ts';
import type { DaySegment } from './segments.ts';

/**
 * Stories and their authors by number: a pair of both has one, the story goes by the number of its first pair, the author
 * by its own. Nearly every story has one author, so that a pair is a story.
 */
export type Pairs = {
  stories: string[];
  /** By pair: the number of the story's first pair. */
  storyOf: number[];
  /** By pair: the number of its author. */
  authorOf: number[];
  authors: string[];
  firstOfStory: Map<string, number>;
  ofAuthor: Map<string, number>;
  /** Further pairs of stories with several authors, by both numbers. */
  further: Map<string, number>;
};

/** Sums in columns: a number for each pair, story or author, at its place. */
export type SumColumns = Record<keyof Sums, Float64Array>;

/** The sums of pairs; all of one length. */
export type PairSums = SumColumns & { pair: Int32Array };

/**
 * What each story cost in each complete day and in the hours of some, kept in memory: added up there, the stories of a
 * window are told in a few milliseconds, where the same rows take PostgreSQL half a second. Loaded when first asked for.
 */
export type StoryDays = {
  pairs: Pairs;
  byDay: Map<Day, { version: string; sums: PairSums }>;
  current: { contentVersion: string; loaded: Promise<void> } | null;
};

export type StoryHours = Map<Day, Promise<{ hour: Instant; sums: PairSums }[]>>;

export const noStoryDays = (): StoryDays => ({
  pairs: {
    stories: [],
    storyOf: [],
    authorOf: [],
    authors: [],
    firstOfStory: new Map(),
    ofAuthor: new Map(),
    further: new Map(),
  },
  byDay: new Map(),
  current: null,
});

export const noStoryHours = (): StoryHours => new Map();

/** Days loaded by one query: some ten thousand rows at ten million records. */
const DAYS_A_LOAD = 20;

function numberOfAuthor({ authors, ofAuthor }: Pairs, author: string): number {
  const known = ofAuthor.get(author);
  if (known !== undefined) return known;
  const number = authors.push(author) - 1;
  ofAuthor.set(author, number);
  return number;
}

export function numberOfPair(pairs: Pairs, story: string, author: string): number {
  const { stories, storyOf, authorOf, firstOfStory, further } = pairs;
  const byAuthor = numberOfAuthor(pairs, author);
  const first = firstOfStory.get(story);
  if (first !== undefined && authorOf[first] === byAuthor) return first;
  const key = `${first} ${byAuthor}`;
  const known = further.get(key);
  if (known !== undefined) return known;
  const number = stories.push(story) - 1;
  storyOf.push(first ?? number);
  authorOf.push(byAuthor);
  if (first === undefined) firstOfStory.set(story, number);
  else further.set(key, number);
  return number;
}

/** An author of a story that is known. */
export const authorOfStory = ({ authors, authorOf, firstOfStory }: Pairs, story: string): string =>
  authors[authorOf[firstOfStory.get(story) as number] as number] as string;

export const sumColumns = (length: number): SumColumns => ({
  requests: new Float64Array(length),
  inputTokens: new Float64Array(length),
  outputTokens: new Float64Array(length),
  cost: new Float64Array(length),
});

export type PairRow = SumRow & { story: string; author: string };

export function pairSums(pairs: Pairs, rows: PairRow[]): PairSums {
  const columns = { pair: new Int32Array(rows.length), ...sumColumns(rows.length) };
  rows.forEach((row, i) => {
    const sums = sumsOf(row);
    columns.pair[i] = numberOfPair(pairs, row.story, row.author);
    columns.requests[i] = sums.requests;
    columns.inputTokens[i] = sums.inputTokens;
    columns.outputTokens[i] = sums.outputTokens;
    columns.cost[i] = sums.cost;
  });
  return columns;
}

const COLUMNS = {
  story: 'story_id',
  author: 'author_id',
  requests: 'requests',
  input: 'input_tokens',
  output: 'output_tokens',
  cost: 'cost',
};

function groupedBy<K extends string>(rows: (PairRow & Record<K, string>)[], key: K): Map<string, PairRow[]> {
  const groups = new Map<string, PairRow[]>();
  for (const row of rows) {
    const group = groups.get(row[key]);
    if (group) group.push(row);
    else groups.set(row[key], [row]);
  }
  return groups;
}

async function load(backoffice: Knex, { pairs, byDay }: StoryDays): Promise<void> {
  const current = await backoffice('rollup_days').select<{ day: Day; version: string }[]>('day', 'version');
  const changed = current.filter(({ day, version }) => byDay.get(day)?.version !== version);
  const loaded = new Map<Day, { version: string; sums: PairSums }>();
  for (let first = 0; first < changed.length; first += DAYS_A_LOAD) {
    const some = changed.slice(first, first + DAYS_A_LOAD);
    const rows = await backoffice('usage_days_by_story')
      .whereRaw('day = ANY(?::date[])', [some.map(({ day }) => day)])
      .select<(PairRow & { day: Day })[]>({ day: 'day', ...COLUMNS });
    const ofDays = groupedBy(rows, 'day');
    for (const { day, version } of some) loaded.set(day, { version, sums: pairSums(pairs, ofDays.get(day) ?? []) });
  }
  // At once, so that no reader sees half of a change.
  const still = new Set(current.map(({ day }) => day));
  for (const day of byDay.keys()) if (!still.has(day)) byDay.delete(day);
  for (const [day, one] of loaded) byDay.set(day, one);
}

/** The sums of the days of a segment, in no order, of the rollups' content at `contentVersion` or a later one. */
export async function storyDaysWithin(
  backoffice: Knex,
  days: StoryDays,
  contentVersion: string,
  { firstDay, endDay }: DaySegment,
): Promise<PairSums[]> {
  if (days.current?.contentVersion !== contentVersion) {
    const before = days.current?.loaded ?? Promise.resolve();
    const current = { contentVersion, loaded: before.catch(() => {}).then(() => load(backoffice, days)) };
    current.loaded.catch(() => {
      if (days.current === current) days.current = null;
    });
    days.current = current;
  }
  await days.current.loaded;
  const within: PairSums[] = [];
  for (const [day, { sums }] of days.byDay)
    if ((firstDay === null || day >= firstDay) && day < endDay) within.push(sums);
  return within;
}

async function loadHours(backoffice: Knex, pairs: Pairs, day: Day, timeZone: string) {
  const rows = await backoffice('usage_hours_by_story')
    .where('hour', '>=', isoFromInstant(startOfDay(day, timeZone)))
    .where('hour', '<', isoFromInstant(startOfDay(addDays(day, 1), timeZone)))
    .select<(PairRow & { hour: string })[]>({ hour: 'hour', ...COLUMNS });
  return [...groupedBy(rows, 'hour')].map(([hour, ofHour]) => ({
    hour: instantFromPostgres(hour),
    sums: pairSums(pairs, ofHour),
  }));
}

/** The sums of the hours from `from` to `to` (whole UTC hours), in no order. */
export async function storyHoursWithin(
  backoffice: Knex,
  { pairs, hours }: { pairs: Pairs; hours: StoryHours },
  segment: { from: Instant; to: Instant },
  timeZone: string,
): Promise<PairSums[]> {
  const within = await hoursOfDays(hours, (day) => loadHours(backoffice, pairs, day, timeZone), segment, timeZone);
  return within.map(({ sums }) => sums);
}
