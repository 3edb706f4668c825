import assert from 'node:assert/strict';
import { SORT_KEYS, type SortKey } from '../../../src/query/sorts.ts';
import { READ_AS_THEY_ARE } from '../../../src/stats/records/record-pages.ts';
import { addTime, HOUR, isoFromInstant, MINUTE, now, startOfHour } from '../../../src/units/time.ts';
import type { RecordsJson } from '../../support/api-types.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { columnOf, linkTo, openJson, openPage, recordIds, tableOf } from '../../support/page.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const hour = addTime(startOfHour(now()), -30n * HOUR);
/** In an order that is none: 7 does not divide the number of ids. */
const shuffled = (count: number) => Array.from({ length: count }, (_, i) => (i * 7) % count);
const id = (i: number) => `a${i.toString(16).padStart(7, '0')}-0000-4000-8000-000000000000`;

/** In order of code points, as which JavaScript compares the last two the other way round. */
const MODELS = ['B', 'a~ｇ', 'a~🦊'];

/** Three rows of each value of everything, which their ids alone tell apart; ends and beginnings of hours among the times. */
const rows = shuffled(13).map((i): Partial<UsageRow> => {
  const few = Math.floor(i / 3) % 3;
  const at = [hour, hour + HOUR - 1n, addTime(hour, HOUR), hour + HOUR + 1n, addTime(hour, 5n * MINUTE)][
    Math.floor(i / 3) % 5
  ];
  const names = { model: MODELS[few], action: ['test', 'image_edit', 'story_outline'][few] };
  return { id: id(i), at, ...names, input: few * 9, output: few * 10, cost: (few - 1) * 1_000_001 };
});

const VALUES: Record<SortKey, (row: Partial<UsageRow>) => (string | number | bigint | undefined)[]> = {
  createdAt: ({ at }) => [at],
  aiModel: ({ model, at }) => [model, at],
  action: ({ action, at }) => [action, at],
  inputTokens: ({ input }) => [input],
  outputTokens: ({ output }) => [output],
  totalTokens: ({ input = 0, output = 0 }) => [input + output],
  estimatedCostInEuros: ({ cost }) => [cost],
};

function inOrder(sortBy: SortKey): string[] {
  const compare = (a: Partial<UsageRow>, b: Partial<UsageRow>) => {
    const [left, right] = [a, b].map((row) => [...VALUES[sortBy](row), row.id]) as [string[], string[]];
    const place = left.findIndex((value, i) => value !== right[i]);
    const [one, other] = [left[place], right[place]] as unknown[];
    return typeof one === 'string'
      ? Buffer.compare(Buffer.from(one), Buffer.from(String(other)))
      : Number(one) - Number(other);
  };
  return [...rows].sort(compare).map((row) => row.id as string);
}

/** So many other rows that a window is not read as it is. */
async function coverAmongMany(): Promise<void> {
  await databases().workflows.raw(
    `INSERT INTO token_usage_tracking
       (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
     SELECT gen_random_uuid(), 'ffffffff-0000-4000-8000-000000000000', 'test', 'other', 1, 1, 0.000001, '{}', ?
       FROM generate_series(1, ?)`,
    [isoFromInstant(addTime(hour, HOUR)), READ_AS_THEY_ARE + 1],
  );
  await coverUsage();
}

for (const [how, cover, sorts] of [
  ['raw', async () => {}, ['createdAt']],
  ['rolled up', coverUsage, ['createdAt']],
  ['rolled up among many', coverAmongMany, SORT_KEYS],
] as const) {
  describe(`rows that only their ids tell apart, ${how}`, () => {
    let client: Client;
    before(async function () {
      this.timeout(120_000);
      client = await signedIn((await sharedApp()).origin);
      await resetUsage();
      await insertUsage(rows);
      await cover();
    });
    after(resetUsage);

    for (const sortBy of sorts)
      for (const sortOrder of ['asc', 'desc'] as const)
        it(`are each on one page by ${sortBy} ${sortOrder}: by number, by next and previous, by the API`, async () => {
          const expected = sortOrder === 'asc' ? inOrder(sortBy) : inOrder(sortBy).reverse();
          const named = MODELS.map((model) => `&model=${encodeURIComponent(model)}`).join('');
          const path = `/ai-usage/records?period=7d${named}&sortBy=${sortBy}&sortOrder=${sortOrder}&pageSize=5`;
          const forth: string[] = [];
          let page = await openPage(client, path);
          for (let number = 1; ; number++) {
            forth.push(...recordIds(page));
            const { records } = await openJson<RecordsJson>(client, `/api${path}&page=${number}`);
            assert.deepEqual(
              records.map(({ tokenUsageId }) => tokenUsageId),
              recordIds(page),
            );
            const next = linkTo(page, 'a[rel=next]');
            if (next === null) break;
            page = await openPage(client, next);
          }
          assert.deepEqual(forth, expected);
          const back = [recordIds(page)];
          for (let previous = linkTo(page, 'a[rel=prev]'); previous; previous = linkTo(page, 'a[rel=prev]')) {
            page = await openPage(client, previous);
            back.unshift(recordIds(page));
          }
          assert.deepEqual(back.flat(), expected);
          const read: string[] = [];
          for (let after: string | null = ''; after !== null; ) {
            const cursor: string = after && `&after=${encodeURIComponent(after)}`;
            const answer: RecordsJson = await openJson<RecordsJson>(client, `/api${path}${cursor}`);
            read.push(...answer.records.map(({ tokenUsageId }) => tokenUsageId));
            after = answer.after;
          }
          assert.deepEqual(read, expected);
        });
  });

  if (cover === coverAmongMany) continue;
  describe(`stories and authors that only their ids tell apart, ${how}`, () => {
    let client: Client;
    const many = shuffled(60);
    /** Ids that no process has met before. */
    const other = (i: number) => `${how === 'raw' ? 'b' : 'c'}${id(i).slice(1)}`;
    before(async () => {
      client = await signedIn((await sharedApp()).origin);
      await resetUsage();
      // The later ones are met first, so that a process that numbers what it meets does not number in order of ids.
      for (const half of [many.filter((i) => i > 12), many.filter((i) => i <= 12)]) {
        await insertUsage(half.map((i) => ({ at: hour, story: other(i), author: other(i) })));
        await cover();
        await openPage(client, '/ai-usage?period=7d&breakdown=story');
      }
    });
    after(resetUsage);

    for (const by of ['story', 'author'])
      for (const order of ['asc', 'desc'])
        it(`follow each other by id, and the first fifty are shown: ${by}, ${order}`, async () => {
          const page = await openPage(client, `/ai-usage?period=7d&breakdown=${by}&rankOrder=${order}`);
          const table = tableOf(page, by === 'story' ? 'Stories' : 'Authors');
          const shown = columnOf(table, by === 'story' ? 'Story' : 'Author').map(({ text }) => text);
          const first = [...many].sort((a, b) => a - b).slice(0, 50);
          assert.deepEqual(
            shown.slice(0, 50),
            first.map((i) => other(i).slice(0, 8)),
          );
          assert.match(shown[50] ?? '', /^10 other/);
        });
  });
}
