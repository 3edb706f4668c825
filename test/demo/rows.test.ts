import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UNPRICED_MODEL } from '../../src/demo/actions.ts';
import { IMAGE_LOOP_DAY, TRANSLATION_LOOP_DAY } from '../../src/demo/activities.ts';
import { DEMO_TIME_ZONE, GROWING_DAYS } from '../../src/demo/calendar.ts';
import { authorOf, DELETED_AUTHOR } from '../../src/demo/people.ts';
import { type DemoRow, expectedRows, sliceOf } from '../../src/demo/rows.ts';
import { AI_ACTIONS } from '../../src/demo/source-tables.ts';
import { type DemoStory, type Layer, storiesOn } from '../../src/demo/stories.ts';
import { type Day, dayFromIso } from '../../src/units/calendar.ts';
import { groupedBy } from '../../src/units/grouped-by.ts';
import {
  addDays,
  addTime,
  compareInstants,
  dayOf,
  endOfDay,
  HOUR,
  type Instant,
  instantAt,
  startOfDay,
} from '../../src/units/time.ts';

const FIRST_DAY = dayFromIso('2026-07-15');
const DEMO: Layer = { seed: 'mythoria', firstDay: FIRST_DAY, history: null };
const NOW = addTime(startOfDay(addDays(FIRST_DAY, GROWING_DAYS), DEMO_TIME_ZONE), 11n * HOUR + 123_456n);

const startOf = (daysAfterFirst: number) => startOfDay(addDays(FIRST_DAY, daysAfterFirst), DEMO_TIME_ZONE);

const costOf = (rows: readonly DemoRow[]) => rows.reduce((sum, { cost }) => sum + cost, 0);
const businessDay = ({ createdAt }: DemoRow): Day => dayOf(createdAt, DEMO_TIME_ZONE);
const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

describe('demo rows', () => {
  let rows: DemoRow[] = [];
  let stories: DemoStory[] = [];
  let byDay = new Map<Day, DemoRow[]>();

  before(() => {
    ({ rows, stories } = sliceOf(DEMO, startOf(0), NOW));
    byDay = groupedBy(rows, businessDay);
  });

  it('are at least 60,000 over 120 full days, all in the past, in order, with microseconds', () => {
    assert.ok(rows.length >= 60_000 && rows.length <= 80_000, `${rows.length} rows`);
    assert.ok(
      [...byDay].filter(([day, { length }]) => length > 100 && endOfDay(day, DEMO_TIME_ZONE) <= NOW).length >= 120,
    );
    assert.ok(rows.every(({ createdAt }) => createdAt < NOW && createdAt >= startOf(0)));
    assert.ok(rows.every(({ createdAt }, index) => createdAt >= (rows[index - 1]?.createdAt ?? 0)));
    assert.ok(rows.filter(({ createdAt }) => createdAt % 1000n !== 0n).length > rows.length * 0.99);
  });

  it('have unique ids of the shape of a random uuid', () => {
    assert.equal(new Set(rows.map((row) => row.tokenUsageId)).size, rows.length);
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    assert.ok(rows.every((row) => [row.tokenUsageId, row.authorId, row.storyId].every((id) => uuid.test(id))));
  });

  it('are the same however time is cut into slices', () => {
    const instant = fc.bigInt({ min: startOf(84), max: startOf(88) }).map(instantAt);
    fc.assert(
      fc.property(fc.tuple(instant, instant, instant), (instants) => {
        const [from, cut, to] = instants.sort(compareInstants) as [Instant, Instant, Instant];
        const whole = sliceOf(DEMO, from, to).rows;
        assert.deepEqual([...sliceOf(DEMO, from, cut).rows, ...sliceOf(DEMO, cut, to).rows], whole);
      }),
      { numRuns: 20 },
    );
  });

  it('depend on the seed and the first day', () => {
    const ids = (layer: Layer) => sliceOf(layer, startOf(3), startOf(4)).rows.map((row) => row.tokenUsageId);
    assert.deepEqual(ids(DEMO), ids({ ...DEMO }));
    const others = [
      { ...DEMO, seed: 'another' },
      { ...DEMO, firstDay: addDays(FIRST_DAY, -1) },
      { ...DEMO, history: { number: 1, from: FIRST_DAY, until: NOW, rows: 50_000 } },
    ];
    for (const other of others) {
      assert.ok(ids(other).length > 0);
      assert.ok(new Set([...ids(DEMO), ...ids(other)]).size === ids(DEMO).length + ids(other).length);
    }
  });

  it('make up stories of about 40 rows within two hours, over about 10 actions', () => {
    const made = [...groupedBy(rows, (row) => row.storyId).values()]
      .map((all) => all.filter(({ createdAt }) => createdAt < (all[0]?.createdAt ?? 0n) + 2n * HOUR))
      .filter((calls) => calls.length > 10);
    const middle = median(made.map(({ length }) => length));
    assert.ok(middle >= 36 && middle <= 44, `${middle} rows a story`);
    const actions = median(made.map((calls) => new Set(calls.map(({ action }) => action)).size));
    assert.ok(actions >= 9 && actions <= 11, `${actions} actions a story`);
    const within = made.reduce((sum, { length }) => sum + length, 0);
    assert.ok(within > rows.length * 0.95, 'nearly all rows belong to the making of a story');
  });

  it('have every action, and several models for nearly each', () => {
    const byAction = groupedBy(rows, ({ action }) => action);
    assert.deepEqual([...byAction.keys()].sort(), [...AI_ACTIONS].sort());
    for (const [action, calls] of byAction) {
      const models = new Set(calls.map(({ aiModel }) => aiModel)).size;
      assert.ok(action === 'audio_generation' ? models === 1 : models >= 3, `${action}: ${models} models`);
    }
  });

  it('move from old models to new ones', () => {
    const old = ['gpt-4-turbo', 'dall-e-3', 'gemini-pro'];
    const shareOfOld = (from: number, to: number) => {
      const some = rows.filter(({ createdAt }) => createdAt >= startOf(from) && createdAt < startOf(to));
      return some.filter(({ aiModel }) => old.includes(aiModel)).length / some.length;
    };
    assert.ok(shareOfOld(0, 15) > 0.3);
    assert.ok(shareOfOld(115, 130) < 0.02);
  });

  it('have one model that nobody knows a price for', () => {
    const free = rows.filter(({ cost }) => cost === 0);
    assert.ok(free.length > 50);
    assert.deepEqual([...new Set(free.map(({ aiModel }) => aiModel))], [UNPRICED_MODEL]);
  });

  it('cost far more on two days than on any other', () => {
    const days = [...byDay].map(([day, some]) => ({ day, cost: costOf(some) })).sort((a, b) => b.cost - a.cost);
    const expensive = [IMAGE_LOOP_DAY, TRANSLATION_LOOP_DAY].map((days) => addDays(FIRST_DAY, days));
    assert.deepEqual(
      days
        .slice(0, 2)
        .map(({ day }) => day)
        .sort(),
      expensive,
    );
    assert.ok((days[1]?.cost ?? 0) > 2 * (days[2]?.cost ?? 0));
  });

  it('grow until the last day and no further', () => {
    const storiesInTwoWeeks = (from: number) => {
      const days = Array.from({ length: 14 }, (_, index) => addDays(FIRST_DAY, from + index));
      return days.reduce((sum, day) => sum + storiesOn(DEMO, day), 0);
    };
    assert.ok(storiesInTwoWeeks(116) > 2 * storiesInTwoWeeks(0));
    assert.ok(storiesInTwoWeeks(500) < 1.3 * storiesInTwoWeeks(116));
  });

  it('follow the day and the week in Lisbon', () => {
    const rowsAtHour = new Map<number, number>();
    const rowsOnWeekday = new Map<number, number>();
    const add = (counts: Map<number, number>, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const [day, some] of byDay) {
      const start = startOfDay(day, DEMO_TIME_ZONE);
      for (const { createdAt } of some) {
        add(rowsAtHour, Number((createdAt - start) / HOUR));
        add(rowsOnWeekday, new Date(day).getUTCDay());
      }
    }
    const at = (hour: number) => rowsAtHour.get(hour) ?? 0;
    assert.ok(at(21) > 2 * at(14) && at(21) > 10 * at(4));
    assert.ok((rowsOnWeekday.get(6) ?? 0) > 1.3 * (rowsOnWeekday.get(3) ?? 0));
  });

  it('belong to authors who return, and to one whose account is gone', () => {
    const authors = groupedBy(rows, (row) => row.authorId);
    const storiesOf = (some: readonly DemoRow[]) => new Set(some.map((row) => row.storyId)).size;
    const numbers = [...authors.values()].map(storiesOf);
    assert.ok(numbers.filter((count) => count >= 10).length >= 20);
    assert.ok(numbers.filter((count) => count === 1).length >= 10);
    assert.ok(authors.has(authorOf(DEMO.seed, DELETED_AUTHOR).authorId));
  });

  it('come with their stories', () => {
    const authorOfStory = new Map(stories.map(({ storyId, authorId }) => [storyId, authorId]));
    assert.ok(rows.every((row) => authorOfStory.get(row.storyId) === row.authorId));
    const titles = stories.map(({ title }) => title);
    assert.equal(titles.filter((title) => title.startsWith('=')).length, 1);
    for (const text of ['<b>', '&', "'", 'ã', '<script>'])
      assert.ok(
        titles.some((title) => title.includes(text)),
        text,
      );
    assert.ok(titles.every((title) => title.length <= 255));
  });

  it('have prompts of all kinds', () => {
    const prompts = rows.map(({ prompt }) => JSON.stringify(prompt));
    const sizes = prompts.map((prompt) => Buffer.byteLength(prompt));
    assert.ok(sizes.filter((size) => size >= 200 && size <= 1500).length > rows.length * 0.7);
    assert.ok(sizes.filter((size) => size > 10_000).length >= 20);
    assert.ok(Math.max(...sizes.slice(0, 20_000)) < 100_000);
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) < 60_000_000);
    const has = (text: string) => prompts.some((prompt) => prompt.includes(text));
    for (const text of ['português europeu', 'British English', '<script>', 'onerror=', '=HYPERLINK('])
      assert.ok(has(text), text);
    assert.ok(!has('{hero}') && !has('{place}'));
  });

  it('are about as many as expected', () => {
    const expected = expectedRows(DEMO, startOf(0), NOW);
    assert.ok(Math.abs(expected - rows.length) < rows.length * 0.05, `${expected} expected, ${rows.length} there`);
    assert.equal(expectedRows(DEMO, NOW, NOW), 0);
  });
});

describe('rows of a history', () => {
  const until = NOW;
  const from = addDays(FIRST_DAY, 100);
  const history: Layer = { ...DEMO, history: { number: 1, from, until, rows: 4000 } };

  it('are about as many as asked for, between its two ends, of stories that are complete', () => {
    const { rows } = sliceOf(history, startOf(90), addTime(until, 10n * HOUR));
    assert.ok(rows.length > 3000 && rows.length < 5000, `${rows.length} rows`);
    assert.ok(rows.every(({ createdAt }) => createdAt >= startOf(100) && createdAt < until));
    assert.equal(expectedRows(history, startOf(0), startOf(99)), 0);
  });

  it('are made with old models before the demo begins', () => {
    const early = { ...DEMO, history: { number: 1, from: addDays(FIRST_DAY, -300), until: startOf(-290), rows: 2000 } };
    const { rows } = sliceOf(early, startOf(-300), startOf(-290));
    assert.ok(rows.length > 1000);
    assert.ok(rows.some(({ aiModel }) => aiModel === 'dall-e-3'));
    assert.ok(rows.every(({ aiModel }) => aiModel !== UNPRICED_MODEL));
  });
});
