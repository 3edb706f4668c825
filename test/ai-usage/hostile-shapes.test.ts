import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { tick } from '../../src/stats/rollups/keep/tick.ts';
import { addTime, DAY_OF_24_HOURS, isoFromInstant, now, SECOND } from '../../src/units/time.ts';
import type { StatsJson } from '../support/api-types.ts';
import { type RunningApp, sharedApp, startApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { openPage } from '../support/page.ts';
import { coverUsage, resetUsage } from '../support/usage.ts';

type Shape = { rows: number; author: string; story: string; model: string; ago: string };

const ORDINARY: Shape = {
  rows: 12_000,
  author: 'n % 70',
  story: 'n / 40',
  model: 'n % 8',
  ago: `n * interval '200 seconds' + interval '2 days'`,
};

/** What each is not as a year of stories is, in the number `n` of a record. */
const SHAPES: Record<string, Partial<Shape>> = {
  'five thousand names of models': { model: 'n % 5000' },
  'thirty authors of many records each': { author: 'n % 30', story: 'n % 30 + 30 * (n % 211)' },
  'one story of all records': { author: '1', story: '1' },
  'all records in one hour': { ago: `n * interval '250 milliseconds' + interval '3 days'` },
};

const insert = (shape: Partial<Shape>) => {
  const { rows, author, story, model, ago } = { ...ORDINARY, ...shape };
  return databases().workflows.raw(
    `INSERT INTO token_usage_tracking
       (author_id, story_id, action, ai_model, input_tokens, output_tokens, estimated_cost_in_euros, input_prompt_json, created_at)
     SELECT md5('author ' || ${author})::uuid, md5('story ' || ${story})::uuid,
            (ARRAY['story_outline', 'chapter_writing', 'image_edit'])[1 + n % 3]::ai_action_type, 'model-' || ${model},
            n % 97, n % 31, n % 1000 / 1e6, '{}', date_trunc('hour', now()) - (${ago})
       FROM generate_series(1, ${rows}) AS n`,
  );
};

const PAGES = ['', '&breakdown=author', '&breakdown=story', '&breakdown=hour', '&model=model-1&model=model-2'];

const ordered = <T>(list: T[], key: (one: T) => string) => [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
const byModel = ({ model }: { model: string }) => model;
const byAction = ({ action }: { action: string }) => action;

/** Figures by model and action, and how many stories each action had, as the records themselves add up to. */
async function fromRecords() {
  const { rows: models } = await databases().workflows.raw(
    `SELECT ai_model AS model, count(*)::int AS requests, sum(estimated_cost_in_euros)::float AS cost FROM token_usage_tracking GROUP BY 1`,
  );
  const { rows: actions } = await databases().workflows.raw(
    `SELECT action::text, count(*)::int AS requests, sum(estimated_cost_in_euros)::float AS cost, count(DISTINCT story_id)::int AS stories FROM token_usage_tracking GROUP BY 1`,
  );
  return { models: ordered(models, byModel), actions: ordered(actions, byAction) };
}

async function fromAnswer(client: Client) {
  const { body } = await client.get('/api/ai-usage/stats?period=all', { Accept: 'application/json' });
  const { modelBreakdown, actionBreakdown } = body as StatsJson;
  return {
    models: ordered(modelBreakdown, byModel).map(({ model, requests, totalCost: cost }) => ({
      ...{ model, requests, cost },
    })),
    actions: ordered(actionBreakdown, byAction).map(
      ({ action, requests, totalCost: cost, uniqueStories: stories }) => ({ action, requests, cost, stories }),
    ),
  };
}

const queriesOf = (timing: string | undefined) => Number(/desc="(\d+) quer/.exec(timing ?? '')?.[1]);

describe('records of a hostile shape', function () {
  this.timeout(300_000);

  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  beforeEach(resetUsage);
  after(resetUsage);

  for (const [name, shape] of Object.entries(SHAPES)) {
    it(`are exact, on pages that take no more statements and stay light: ${name}`, async () => {
      await insert(shape);
      await coverUsage();
      assert.deepEqual(await fromAnswer(client), await fromRecords());
      for (const page of PAGES) {
        const { text, headers } = await client.get(`/ai-usage?period=all${page}`);
        const queries = queriesOf(headers['server-timing']);
        assert.ok(queries > 0 && queries <= 30, `${page}: ${queries} statements`);
        assert.ok(text.length < 200_000, `${page}: ${text.length} characters`);
        assert.equal(
          (await openPage(client, `/ai-usage?period=all${page}`)).querySelectorAll('[role=alert]').length,
          0,
        );
      }
    });
  }

  it('ten thousand dated back over four hundred days in one commit are right after two ticks, or as many as have the time to write them', async () => {
    await insert({ rows: 2_000, ago: `n * interval '4 hours' + interval '2 days'` });
    await coverUsage();
    await insert({ rows: 10_000, ago: `n % 9600 * interval '1 hour' + interval '2 days 7 minutes'`, story: 'n / 20' });
    const begun = performance.now();
    // A tick writes for twenty seconds at most; two are enough where all is written in that time.
    const isRight = async () => isDeepStrictEqual(await fromAnswer(client), await fromRecords());
    let ticks = 0;
    for (; ticks === 0 || !(await isRight()); ticks++) {
      assert.ok(ticks < 6, 'they come to an end');
      await tick(databases(), 'Europe/Lisbon', addTime(now(), BigInt(ticks) * 5n * SECOND));
    }
    console.log(`    ${ticks} ticks, ${Math.round(performance.now() - begun)} ms`);
    assert.deepEqual(await fromAnswer(client), await fromRecords());
  });
});

describe('ten people who ask for ten windows for the first time', () => {
  const apps: RunningApp[] = [];
  before(async () => {
    await resetUsage();
    await insert({});
    await coverUsage();
  });
  after(async () => {
    for (const app of apps) await app.close();
    await resetUsage();
  });

  /** What a process that has just started asks the databases for some windows, asked at once by as many people. */
  async function statements(days: number[]): Promise<number> {
    const app = await startApp();
    apps.push(app);
    const people = await Promise.all(days.map(() => signedIn(app.origin)));
    let queries = 0;
    const count = () => {
      queries += 1;
    };
    for (const database of [app.databases.workflows, app.databases.backoffice]) database.on('query', count);
    const answers = await Promise.all(
      people.map((one, i) =>
        one.get(
          `/ai-usage?from=${isoFromInstant(addTime(now(), -BigInt(days[i] as number) * DAY_OF_24_HOURS)).slice(0, 10)}&breakdown=author`,
        ),
      ),
    );
    for (const database of [app.databases.workflows, app.databases.backoffice]) database.off('query', count);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    return queries;
  }

  it('cause fewer statements than ten times one', async () => {
    const one = await statements([20]);
    const ten = await statements([7, 9, 11, 13, 15, 17, 19, 21, 23, 25]);
    assert.ok(ten <= 8 * one, `${ten} statements of ten, ${one} of one`);
  });
});
