import assert from 'node:assert/strict';
import { DEMO_TIME_ZONE } from '../../src/demo/calendar.ts';
import { type Demo, type FillProgress, fillDemoDataFrom, moreDemoData } from '../../src/demo/fill.ts';
import { authorOf, DELETED_AUTHOR } from '../../src/demo/people.ts';
import { sliceOf } from '../../src/demo/rows.ts';
import { createMythoriaTables, createWorkflowsTables } from '../../src/demo/source-tables.ts';
import { dayFromIso } from '../../src/units/calendar.ts';
import { microEurosFromNumeric } from '../../src/units/money.ts';
import {
  addTime,
  compareInstants,
  earliest,
  HOUR,
  type Instant,
  instantFromPostgres,
  MINUTE,
  startOfDay,
} from '../../src/units/time.ts';
import { databases } from '../support/databases.ts';
import { emptied } from '../support/usage.ts';

const FIRST_DAY = dayFromIso('2026-10-24');
const START = startOfDay(FIRST_DAY, DEMO_TIME_ZONE);
// Two days and a half, one of them of 25 hours.
const NOW = addTime(startOfDay(dayFromIso('2026-10-26'), DEMO_TIME_ZONE), 21n * HOUR);

describe('filling databases with demo data', () => {
  const demo = (now: Instant = NOW, onProgress: Demo['onProgress'] = () => {}): Demo => ({
    ...databases(),
    now,
    onProgress,
  });
  const fill = async (now?: Instant, onProgress?: Demo['onProgress']) =>
    (await fillDemoDataFrom(FIRST_DAY, demo(now, onProgress))).rows;

  const generatedUntil = (now: Instant) =>
    sliceOf({ seed: 'mythoria', firstDay: FIRST_DAY, history: null }, START, now);
  const generated = (now: Instant) => generatedUntil(now).rows;
  const stories = (now: Instant) => generatedUntil(now).stories;

  async function storedRows() {
    const result: { rows: Record<string, string>[] } = await databases().workflows.raw(`
      SELECT token_usage_id, author_id, story_id, action, ai_model, input_tokens::text, output_tokens::text,
        estimated_cost_in_euros::text, input_prompt_json::text, created_at::text
      FROM token_usage_tracking
      ORDER BY created_at, token_usage_id
    `);
    return result.rows;
  }

  const storedIds = async () => (await storedRows()).map((row) => row.token_usage_id).sort();
  const generatedIds = (now: Instant) =>
    generated(now)
      .map((row) => row.tokenUsageId)
      .sort();

  async function empty() {
    const { workflows, mythoria } = databases();
    await createWorkflowsTables(workflows);
    await createMythoriaTables(mythoria);
    await workflows.raw(emptied('token_usage_tracking', 'story_generation_runs'));
    await mythoria.raw(emptied('stories', 'authors'));
    await mythoria.raw('DROP TABLE IF EXISTS demo_data');
  }

  beforeEach(empty);
  after(empty);

  it('writes exactly what the generator has', async () => {
    const written = await fill();
    const rows = generated(NOW).sort(
      (a, b) => compareInstants(a.createdAt, b.createdAt) || (a.tokenUsageId < b.tokenUsageId ? -1 : 1),
    );
    assert.equal(written, rows.length);
    const stored = (await storedRows()).map((row) => ({
      tokenUsageId: row.token_usage_id,
      authorId: row.author_id,
      storyId: row.story_id,
      action: row.action,
      aiModel: row.ai_model,
      inputTokens: Number(row.input_tokens),
      outputTokens: Number(row.output_tokens),
      cost: microEurosFromNumeric(row.estimated_cost_in_euros ?? ''),
      prompt: JSON.parse(row.input_prompt_json ?? ''),
      createdAt: instantFromPostgres(row.created_at ?? ''),
    }));
    const plain = rows.map(({ createdAt, ...row }) => ({ ...JSON.parse(JSON.stringify(row)), createdAt }));
    assert.deepEqual(stored, plain);
  });

  it('writes names for all but the deleted account', async () => {
    await fill();
    const { workflows, mythoria } = databases();
    const gone = authorOf('mythoria', DELETED_AUTHOR).authorId;
    const idsIn = async (knex: typeof workflows, table: string, column: string) =>
      new Set<string>(await knex(table).distinct(column).pluck(column));
    const authors = await idsIn(mythoria, 'authors', 'author_id');
    const users = await idsIn(workflows, 'token_usage_tracking', 'author_id');
    assert.ok(users.has(gone), 'the span of this test has a row of the deleted account');
    assert.deepEqual(
      [...users].filter((id) => !authors.has(id)),
      [gone],
    );
    const named = await idsIn(mythoria, 'stories', 'story_id');
    const ofGone = new Set(await workflows('token_usage_tracking').where({ author_id: gone }).pluck('story_id'));
    for (const story of await idsIn(workflows, 'token_usage_tracking', 'story_id')) {
      assert.equal(named.has(story), !ofGone.has(story));
    }
  });

  it('writes a run per story, which runs until the story is made', async () => {
    const story = stories(NOW).find(({ runId, abandoned }) => runId !== null && !abandoned);
    assert.ok(story?.runId);
    const run = () =>
      databases()
        .workflows('story_generation_runs')
        .where({ run_id: String(story.runId) })
        .first();
    await fill(addTime(story.begun, 20n * MINUTE));
    assert.equal((await run())?.status, 'running');
    await fill(NOW);
    assert.equal((await run())?.status, 'completed');
    assert.equal((await run())?.story_id, story.storyId);
    const [runs] = await databases().workflows('story_generation_runs').count();
    assert.equal(Number(runs?.count), stories(NOW).filter(({ runId }) => runId !== null).length);
  });

  it('writes nothing the second time, and what is missing later', async () => {
    const first = await fill(addTime(NOW, -90n * MINUTE));
    assert.equal(await fill(addTime(NOW, -90n * MINUTE)), 0);
    assert.equal(await fill(addTime(NOW, -3n * HOUR)), 0, 'a clock that was put back');
    const more = await fill(NOW);
    assert.ok(more > 0);
    assert.equal(first + more, generated(NOW).length);
    assert.deepEqual(await storedIds(), generatedIds(NOW));
  });

  it('leaves alone what was added or deleted meanwhile', async () => {
    await fill(addTime(NOW, -5n * HOUR));
    const { workflows } = databases();
    const [deleted] = await storedIds();
    await workflows('token_usage_tracking').where({ token_usage_id: deleted }).delete();
    await workflows.raw(`
      INSERT INTO token_usage_tracking (author_id, story_id, action, ai_model, input_tokens, output_tokens,
        estimated_cost_in_euros, input_prompt_json, created_at)
      SELECT author_id, story_id, action, ai_model, 1, 1, 0, '{}', now() + interval '1 year' FROM token_usage_tracking LIMIT 1
    `);
    await fill(NOW);
    const ids = await storedIds();
    const expected = new Set(generatedIds(NOW));
    assert.equal(ids.length, expected.size);
    assert.equal(ids.filter((id) => expected.has(id ?? '')).length, ids.length - 1);
    assert.ok(!ids.includes(deleted));
  });

  it('goes on where it was stopped, at any statement', async () => {
    const { workflows, mythoria } = databases();
    let statements = 0;
    let stopAt = 0;
    const stop = () => {
      statements += 1;
      if (statements === stopAt) throw new Error('stopped');
    };
    for (const knex of [workflows, mythoria]) knex.on('query', stop);
    try {
      do {
        statements = 0;
        stopAt += 1;
        await fill().catch((error: Error) => assert.match(error.message, /stopped/));
      } while (statements === stopAt);
    } finally {
      for (const knex of [workflows, mythoria]) knex.removeListener('query', stop);
    }
    assert.ok(stopAt > 10, `it was stopped ${stopAt} times`);
    assert.deepEqual(await storedIds(), generatedIds(NOW));
    assert.equal(await fill(), 0);
  });

  it('starts afresh when the workflows database was emptied', async () => {
    await fill();
    const { workflows, mythoria } = databases();
    await workflows.raw(emptied('token_usage_tracking', 'story_generation_runs'));
    await fillDemoDataFrom(dayFromIso('2026-10-25'), demo());
    const [earliest] = await storedRows();
    assert.ok(instantFromPostgres(earliest?.created_at ?? '') >= startOfDay(dayFromIso('2026-10-25'), DEMO_TIME_ZONE));
    const stories = await mythoria('stories').pluck('story_id');
    const used = await workflows('token_usage_tracking').distinct('story_id').pluck('story_id');
    assert.ok(stories.every((id) => used.includes(id)));
  });

  it('refuses databases with other data', async () => {
    const { workflows, mythoria } = databases();
    await mythoria('authors').insert({ display_name: 'A real author', email: 'real@example.com' });
    await assert.rejects(fill(), /not demo data/);
    assert.equal((await storedRows()).length, 0);
    await mythoria('authors').delete();
    await fill();
    await mythoria.raw('DROP TABLE demo_data');
    await mythoria.raw(emptied('authors'));
    await workflows('token_usage_tracking').limit(1);
    await assert.rejects(fill(), /not demo data/);
  });

  it('reports progress that ends complete', async () => {
    const reports: FillProgress[] = [];
    const written = await fill(NOW, (progress) => reports.push(progress));
    assert.ok(reports.length >= 3);
    assert.ok(reports.every(({ done, total }, index) => done <= total && done >= (reports[index - 1]?.done ?? 0)));
    assert.deepEqual(reports.at(-1), { done: written, total: written });
  });

  describe('more of it', () => {
    const more = (rows: number, now = NOW, onProgress?: Demo['onProgress']) =>
      moreDemoData({ ...demo(now, onProgress), rows });

    it('needs demo data first', async () => {
      await assert.rejects(more(10), /no demo data/);
    });

    it('reaches the number of rows, none in the future, and goes back in time where it must', async () => {
      const before = await fill();
      const wanted = before + 10_000;
      const reports: FillProgress[] = [];
      const written = await more(wanted, NOW, (progress) => reports.push(progress));
      const rows = await storedRows();
      assert.equal(rows.length, before + written);
      assert.ok(rows.length >= wanted && rows.length < wanted * 1.1);
      const times = rows.map((row) => instantFromPostgres(row.created_at ?? ''));
      assert.ok(times.every((time) => time < NOW));
      assert.ok(times.reduce(earliest) < START && times.reduce(earliest) > START - 5n * 24n * HOUR);
      assert.deepEqual(reports.at(-1), { done: 10_000, total: 10_000 });
      assert.equal(await more(wanted), 0);
    });

    it('does not confuse a later top-up', async () => {
      const earlier = addTime(NOW, -2n * HOUR);
      const before = await fill(earlier);
      await more(before + 1500, earlier);
      await fill(NOW);
      const ids = new Set(await storedIds());
      assert.ok(generatedIds(NOW).every((id) => ids.has(id)));
    });

    it('ends the same when it was stopped on the way', async () => {
      const before = await fill();
      await more(before + 3000);
      const uninterrupted = await storedIds();
      await empty();
      await fill();
      let reports = 0;
      const stop = () => {
        reports += 1;
        if (reports === 2) throw new Error('stopped');
      };
      await assert.rejects(more(before + 3000, NOW, stop), /stopped/);
      assert.ok((await storedIds()).length < uninterrupted.length);
      await more(before + 3000, addTime(NOW, HOUR));
      assert.deepEqual(await storedIds(), uninterrupted);
    });
  });
});
