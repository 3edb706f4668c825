import { daysBetween } from '../units/calendar.ts';
import type { MicroEuros } from '../units/money.ts';
import {
  addTime,
  compareInstants,
  dayOf,
  earliest,
  endOfDay,
  type Instant,
  latest,
  startOfDay,
} from '../units/time.ts';
import { ACTION_SHAPES, type ActionShape, type ModelShare } from './actions.ts';
import { type Activity, activitiesOn, type Call } from './activities.ts';
import { DEMO_TIME_ZONE, daysFrom, growthAfter } from './calendar.ts';
import { outputTokensOfImage, recordedCost } from './prices.ts';
import { type DemoPrompt, promptOf } from './prompts.ts';
import { between, chance, pickWeighted, type Random, randomFrom, uuidFrom, wholeBetween } from './random.ts';
import type { AiAction } from './source-tables.ts';
import { averageStories, type DemoStory, type Layer, LONGEST_STORY, ROWS_PER_STORY } from './stories.ts';

const TWO_IMAGES = 0.06;

/** A row of `token_usage_tracking`. */
export type DemoRow = {
  tokenUsageId: string;
  authorId: string;
  storyId: string;
  action: AiAction;
  aiModel: string;
  inputTokens: number;
  outputTokens: number;
  cost: MicroEuros;
  prompt: DemoPrompt;
  createdAt: Instant;
};

/** Rows in the order of their time, and every story that they or their runs belong to. */
export type DemoSlice = { rows: DemoRow[]; stories: DemoStory[] };

/**
 * What a layer has between two instants, from ≤ created_at < to. Any way of cutting time into slices gives the same
 * rows, ids included.
 */
export function sliceOf(layer: Layer, from: Instant, to: Instant): DemoSlice {
  const activities = daysFrom(
    dayOf(addTime(from, -LONGEST_STORY), DEMO_TIME_ZONE),
    dayOf(addTime(to, -1n), DEMO_TIME_ZONE),
  )
    .flatMap((day) => activitiesOn(layer, day))
    .filter(({ begun, duration }) => begun < to && begun + duration >= from);
  const rows = activities
    .flatMap((activity) => rowsOf(layer, activity))
    .filter(({ createdAt }) => createdAt >= from && createdAt < to)
    .sort((a, b) => compareInstants(a.createdAt, b.createdAt));
  const stories = new Map(activities.map(({ story }) => [story.storyId, story]));
  return { rows, stories: [...stories.values()] };
}

/** About how many rows a layer has between two instants. */
export function expectedRows(layer: Layer, from: Instant, to: Instant): number {
  if (from >= to) return 0;
  const rows = daysFrom(dayOf(from, DEMO_TIME_ZONE), dayOf(addTime(to, -1n), DEMO_TIME_ZONE)).map((day) => {
    const start = startOfDay(day, DEMO_TIME_ZONE);
    const end = endOfDay(day, DEMO_TIME_ZONE);
    const part = Number(earliest(to, end) - latest(from, start)) / Number(end - start);
    return averageStories(layer, day) * ROWS_PER_STORY * part;
  });
  return Math.round(rows.reduce((sum, count) => sum + count, 0));
}

function rowsOf(layer: Layer, { key, day, story, begun, duration, calls }: Activity): DemoRow[] {
  const random = randomFrom(`${key}/rows`);
  const ends: number[] = [];
  let seconds = 0;
  for (const { action } of calls) {
    seconds += ACTION_SHAPES[action].seconds * between(random, 0.4, 1.6);
    ends.push(seconds);
  }
  const days = daysBetween(layer.firstDay, day);
  return calls.map((call, index) => ({
    tokenUsageId: uuidFrom(`${key}/row ${index}`),
    authorId: story.authorId,
    storyId: story.storyId,
    ...answerTo(random, call, days, story),
    createdAt: addTime(begun, BigInt(Math.floor((Number(duration) * (ends[index] ?? 0)) / seconds))),
  }));
}

function answerTo(random: Random, { action, model, outputTokens }: Call, days: number, story: DemoStory) {
  const shape = ACTION_SHAPES[action];
  const aiModel = model ?? drawModel(random, shape.models, days);
  const input = wholeBetween(random, ...shape.inputTokens);
  const output = outputTokens ?? drawOutput(random, shape, aiModel);
  return {
    action,
    aiModel,
    inputTokens: input,
    outputTokens: output,
    cost: recordedCost(aiModel, input, output),
    prompt: promptOf(random, action, aiModel, story),
  };
}

function drawModel(random: Random, models: readonly ModelShare[], days: number): string {
  const growth = growthAfter(days);
  const weights = models.map(({ first, later, fromDay = Number.NEGATIVE_INFINITY }) =>
    days < fromDay ? 0 : first + (later - first) * growth,
  );
  return models[pickWeighted(random, weights)]?.model ?? '';
}

function drawOutput(random: Random, shape: ActionShape, model: string): number {
  if (shape.outputTokens !== 'an image') return wholeBetween(random, ...shape.outputTokens);
  return outputTokensOfImage(model) * (chance(random, TWO_IMAGES) ? 2 : 1);
}
