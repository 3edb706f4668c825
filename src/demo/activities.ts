import type { Day } from '../units/calendar.ts';
import { daysBetween } from '../units/calendar.ts';
import { addDays, type Instant, MINUTE } from '../units/time.ts';
import { momentOf } from './calendar.ts';
import { authorOf, TEAM_AUTHOR } from './people.ts';
import { chance, lengthBetween, pick, type Random, randomFrom, rounded, uuidFrom, wholeBetween } from './random.ts';
import type { AiAction } from './source-tables.ts';
import { type DemoStory, keyOfDay, type Layer, LONGEST_STORY, storiesOn, storyOf } from './stories.ts';

/** One call to a model; a model or output tokens given here are not drawn. */
export type Call = { action: AiAction; model?: string; outputTokens?: number };

/** Calls made one after another, all within `duration` (microseconds) of `begun`. */
export type Activity = {
  key: string;
  day: Day;
  story: DemoStory;
  begun: Instant;
  duration: bigint;
  calls: readonly Call[];
};

/** Days after the first one: a loop repeated an image over and over, and a translation ran on the dearest model. */
export const IMAGE_LOOP_DAY = 86;
export const TRANSLATION_LOOP_DAY = 118;

const VISITS_PER_STORY = 0.3;
const LONGEST_VISIT = 12n * MINUTE;

/** All activities that begin on a day. A history has stories only, and only such as are over when it ends. */
export function activitiesOn(layer: Layer, day: Day): Activity[] {
  const stories = Array.from({ length: storiesOn(layer, day) }, (_, index) =>
    makingOf(storyOf(layer, day, index), day),
  );
  const { history } = layer;
  if (history !== null) return stories.filter(({ begun, duration }) => begun + duration < history.until);
  if (day < layer.firstDay) return [];
  return [...stories, ...visitsOn(layer, day), ...teamWorkOn(layer, day), ...loopsOn(layer, day)];
}

function makingOf(story: DemoStory, day: Day): Activity {
  const random = randomFrom(`${story.key}/calls`);
  const calls = story.abandoned ? callsBeforeChapters(random) : callsOfStory(random);
  return { key: story.key, day, story, begun: story.begun, duration: story.duration, calls };
}

function callsBeforeChapters(random: Random): Call[] {
  return [
    ...times(chance(random, 0.2) ? wholeBetween(random, 1, 2) : 0, 'character_photo_analysis'),
    ...times(rounded(random, 0.3), 'prompt_rewrite'),
    ...times(rounded(random, 1.3), 'story_structure'),
    ...times(rounded(random, 1.3), 'story_outline'),
    ...times(wholeBetween(random, 2, 4), 'character_generation'),
  ];
}

function callsOfStory(random: Random): Call[] {
  const chapters = wholeBetween(random, 9, 12);
  const read = chance(random, 0.6);
  return [
    ...callsBeforeChapters(random),
    ...times(chapters, 'chapter_writing'),
    ...times(chapters + rounded(random, 0.6), 'image_generation'),
    ...times(rounded(random, 0.9), 'image_edit'),
    ...times(wholeBetween(random, 1, 2), 'story_review'),
    ...times(wholeBetween(random, 1, 3), 'story_enhancement'),
    ...times(rounded(random, 0.8), 'content_validation'),
    ...times(read ? chapters : 0, 'audio_generation'),
    ...times(chance(random, 0.35) ? 1 : 0, 'blog_translation'),
  ];
}

/** Authors come back to a story of the last weeks for another image, another reading, another check. */
function visitsOn(layer: Layer, day: Day): Activity[] {
  const random = randomFrom(`${keyOfDay(layer, day)}/visits`);
  const oldest = Math.min(21, daysBetween(layer.firstDay, day));
  if (oldest === 0) return [];
  return Array.from({ length: rounded(random, storiesOn(layer, day) * VISITS_PER_STORY) }, (_, index) => {
    const dayOfStory = addDays(day, -wholeBetween(random, 1, oldest));
    const story = storyOf(layer, dayOfStory, wholeBetween(random, 0, storiesOn(layer, dayOfStory) - 1));
    const action = pick(random, ['image_edit', 'prompt_rewrite', 'content_validation', 'audio_generation'] as const);
    return {
      key: `${keyOfDay(layer, day)}/visit ${index}`,
      day,
      story,
      begun: momentOf(random, day),
      duration: LONGEST_VISIT,
      calls: times(wholeBetween(random, 1, 3), action),
    };
  });
}

/** The team tries out models now and then, and translates a blog post every ninth day. */
function teamWorkOn(layer: Layer, day: Day): Activity[] {
  const random = randomFrom(`${keyOfDay(layer, day)}/team`);
  const tests = chance(random, 0.4) ? [teamWork(random, layer, day, 'Teste — não publicar', 'test', 4)] : [];
  const isBlogDay = daysBetween(layer.firstDay, day) % 9 === 4;
  return isBlogDay ? [...tests, teamWork(random, layer, day, 'Blogue', 'blog_translation', 5)] : tests;
}

function teamWork(random: Random, layer: Layer, day: Day, title: string, action: AiAction, most: number): Activity {
  const key = `${keyOfDay(layer, day)}/${action}`;
  const begun = momentOf(random, day);
  return {
    key,
    day,
    story: {
      ...storyOf(layer, day, 0),
      key,
      storyId: uuidFrom(`${layer.seed}/team/${action}`),
      author: TEAM_AUTHOR,
      authorId: authorOf(layer.seed, TEAM_AUTHOR).authorId,
      runId: null,
      title,
    },
    begun,
    duration: lengthBetween(random, 5n * MINUTE, 30n * MINUTE),
    calls: times(wholeBetween(random, 1, most), action),
  };
}

function loopsOn(layer: Layer, day: Day): Activity[] {
  const days = daysBetween(layer.firstDay, day);
  if (days !== IMAGE_LOOP_DAY && days !== TRANSLATION_LOOP_DAY) return [];
  const story = storyOf(layer, day, 1);
  const key = `${story.key}/loop`;
  const begun = momentOf(randomFrom(key), day);
  const call: Call =
    days === IMAGE_LOOP_DAY
      ? { action: 'image_generation', model: 'gpt-image-1', outputTokens: 4224 }
      : { action: 'blog_translation', model: 'claude-opus-4-1' };
  const repetitions = days === IMAGE_LOOP_DAY ? 560 : 190;
  return [{ key, day, story, begun, duration: LONGEST_STORY, calls: Array.from({ length: repetitions }, () => call) }];
}

function times(count: number, action: AiAction): Call[] {
  return Array.from({ length: count }, () => ({ action }));
}
