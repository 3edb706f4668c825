import type { Day } from '../units/calendar.ts';
import { daysBetween } from '../units/calendar.ts';
import { dayOf, type Instant, MINUTE } from '../units/time.ts';
import { DEMO_TIME_ZONE, momentOf, storiesWhileGrowing, weekRhythm } from './calendar.ts';
import { authorOf, bookTitle } from './people.ts';
import type { Subject } from './prompts.ts';
import { between, chance, lengthBetween, pick, randomFrom, rounded, uuidFrom } from './random.ts';
import { PLACES, TITLES_BY_DAY } from './words.ts';

/**
 * What a demo row is a function of, together with its day: a seed and the day that growth, newer models and the
 * expensive days count from. `history` is null for the demo itself, which has no end; a history is about so many
 * rows on top of it, from the beginning of a day until an instant.
 */
export type Layer = {
  seed: string;
  firstDay: Day;
  history: { number: number; from: Day; until: Instant; rows: number } | null;
};

/** `author` is the author's number; what the team does has no run. The calls of the story fall within `duration` (microseconds) of `begun`. */
export type DemoStory = Subject & {
  key: string;
  storyId: string;
  author: number;
  authorId: string;
  runId: string | null;
  begun: Instant;
  duration: bigint;
  abandoned: boolean;
};

/** Every call of a story is made within this time, in microseconds. */
export const LONGEST_STORY = 118n * MINUTE;

/** Calls of an average story: about 40, and fewer of those that are abandoned. */
export const ROWS_PER_STORY = 38;

const ABANDONED = 0.05;
const AUTHORS_ON_FIRST_DAY = 30;
const NEW_AUTHORS_PER_DAY = 2;
const ROWS_PER_AUTHOR_IN_HISTORY = 240;

/** The key that everything of a layer's day is drawn from. */
export function keyOfDay({ seed, firstDay, history }: Layer, day: Day): string {
  return `${seed}/${firstDay}/${history === null ? 'demo' : `history ${history.number}`}/${day}`;
}

/** How many stories are begun on a day. */
export function storiesOn(layer: Layer, day: Day): number {
  const random = randomFrom(`${keyOfDay(layer, day)}/stories`);
  return rounded(random, averageStories(layer, day) * between(random, 0.85, 1.15));
}

/** The expected number of stories of a day; 0 outside the layer. */
export function averageStories({ firstDay, history }: Layer, day: Day): number {
  if (history === null) return day < firstDay ? 0 : storiesWhileGrowing(daysBetween(firstDay, day)) * weekRhythm(day);
  const last = dayOf(history.until, DEMO_TIME_ZONE);
  if (day < history.from || day > last) return 0;
  const days = daysBetween(history.from, last) + 1;
  const age = (daysBetween(history.from, day) + 0.5) / days;
  return (history.rows / ROWS_PER_STORY / days) * (0.7 + 0.6 * age) * weekRhythm(day);
}

/** The story of an index among those begun on a day. */
export function storyOf(layer: Layer, day: Day, index: number): DemoStory {
  const key = `${keyOfDay(layer, day)}/story ${index}`;
  const random = randomFrom(key);
  const days = daysBetween(layer.firstDay, day);
  const typedTitle = layer.history === null && index === 0 ? TITLES_BY_DAY[days] : undefined;
  // A power, so that some authors return often and most of them rarely.
  const drawn = 1 + Math.floor(authorsUntil(layer, days) * random() ** 1.7);
  const author = typedTitle === undefined ? drawn : days;
  const { authorId, language } = authorOf(layer.seed, author);
  const { hero, title } = bookTitle(random, language);
  return {
    key,
    storyId: uuidFrom(`${key}/id`),
    author,
    authorId,
    runId: uuidFrom(`${key}/run`),
    title: typedTitle ?? title,
    hero,
    place: pick(random, PLACES[language]),
    language,
    begun: momentOf(random, day),
    duration: lengthBetween(random, 35n * MINUTE, LONGEST_STORY),
    abandoned: chance(random, ABANDONED),
  };
}

function authorsUntil({ history }: Layer, days: number): number {
  if (history === null) return AUTHORS_ON_FIRST_DAY + NEW_AUTHORS_PER_DAY * days;
  return Math.max(AUTHORS_ON_FIRST_DAY, Math.ceil(history.rows / ROWS_PER_AUTHOR_IN_HISTORY));
}
