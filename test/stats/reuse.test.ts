import assert from 'node:assert/strict';
import { createReuse } from '../../src/stats/reuse.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { insertUsage, resetUsage } from '../support/usage.ts';

describe('identical questions', () => {
  let app: RunningApp;
  let client: Client;

  before(async () => {
    await resetUsage();
    await insertUsage([{ cost: 1_000_001 }, { cost: 2_000_002 }]);
    app = await startApp({ reuseForMs: 5_000 });
    client = await signedIn(app.origin);
  });
  after(async () => {
    await app.close();
    await resetUsage();
  });

  const statistics = (path = '/api/ai-usage/stats?period=7d') => client.get(path, { Accept: 'application/json' });

  async function queriesDuring(work: () => Promise<unknown>): Promise<number> {
    let queries = 0;
    const count = () => {
      queries += 1;
    };
    app.databases.workflows.on('query', count);
    await work();
    app.databases.workflows.off('query', count);
    return queries;
  }

  it('at once are one computation, and its answer serves for some seconds, under its own asOf', async () => {
    const alone = await queriesDuring(() => statistics('/api/ai-usage/stats?period=90d'));
    assert.ok(alone > 0);
    const answers: { asOf: string; totalCost: number }[] = [];
    const together = await queriesDuring(async () => {
      const responses = await Promise.all(Array.from({ length: 20 }, () => statistics()));
      answers.push(...responses.map(({ body }) => body));
    });
    assert.ok(together <= alone, `${together} queries for 20 questions, ${alone} for one`);
    await insertUsage([{ cost: 5_000_000 }]);
    const later = await statistics();
    answers.push(later.body);
    assert.equal(new Set(answers.map(({ asOf }) => asOf)).size, 1);
    assert.deepEqual(new Set(answers.map(({ totalCost }) => totalCost)), new Set([3.000003]));
  });

  it('but another question is answered anew', async () => {
    const { body } = await statistics('/api/ai-usage/stats?period=7d&model=gpt-5');
    assert.equal(body.totalCost, 8.000003);
  });

  it('share no failure with those who ask later', async () => {
    const reuse = createReuse(5_000, () => {});
    let calls = 0;
    const work = async () => {
      calls += 1;
      if (calls === 1) throw new Error('not now');
      return calls;
    };
    const [first, second] = await Promise.allSettled([reuse('key', work), reuse('key', work)]);
    assert.deepEqual([first?.status, second?.status, calls], ['rejected', 'rejected', 1]);
    assert.equal(await reuse('key', work), 2);
    assert.equal(await reuse('key', work), 2);
  });
});
