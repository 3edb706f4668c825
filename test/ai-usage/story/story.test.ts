import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { addTime, DAY_OF_24_HOURS, HOUR, type Instant, isoFromInstant, MINUTE, now } from '../../../src/units/time.ts';
import { sharedApp } from '../../support/app.ts';
import { type Client, signedIn } from '../../support/client.ts';
import { databases } from '../../support/databases.ts';
import { columnOf, openPage, recordIds, tableOf, textOf, tilesOf, totalOf } from '../../support/page.ts';
import { insertUsage, resetUsage, type UsageRow } from '../../support/usage.ts';

const PATH = '/ai-usage/stories';
const STORY = '2be4a9d1-6c7f-4a53-8c1e-5d9f0a7b3c21';
const AUTHOR = '7f0d2c9e-1b3a-4d5f-9e8a-6c4b2a1d0e3f';

const STEPS = 'Cost by action, in order of time';

describe('the page of a story', () => {
  let client: Client;
  let calls: UsageRow[];
  let others: UsageRow[];
  let begun: Instant;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
    await resetUsage();
    // Older than the default period: the story is shown as a whole all the same.
    begun = addTime(now(), -50n * DAY_OF_24_HOURS);
    const call = (minutes: number, row: Partial<UsageRow>) => ({
      story: STORY,
      author: AUTHOR,
      at: addTime(begun, BigInt(minutes) * MINUTE),
      ...row,
    });
    calls = await insertUsage([
      call(0, { action: 'story_outline', model: 'gpt-5', input: 100, output: 10, cost: 100_001 }),
      call(5, { action: 'chapter_writing', model: 'gpt-5', input: 200, output: 20, cost: 200_001 }),
      call(9, { action: 'chapter_writing', model: 'gpt-5', input: 200, output: 25, cost: 250_000 }),
      call(12, { action: 'chapter_writing', model: 'gemini-2.5-pro', input: 200, output: 30, cost: 300_000 }),
      call(75, { action: 'image_generation', model: 'gpt-image-1', input: 50, output: 1056, cost: 400_000 }),
      call(76, { action: 'story_outline', model: 'gpt-5', input: 101, output: 10, cost: 50_000 }),
    ]);
    // Nine others, of €1 to €9, in the last 30 days.
    others = await insertUsage(
      Array.from({ length: 9 }, (_, i) => ({
        story: randomUUID(),
        cost: (i + 1) * 1_000_000,
        at: addTime(now(), -BigInt(i + 1) * HOUR),
      })),
    );
    const { mythoria } = databases();
    await mythoria('authors').insert({ author_id: AUTHOR, display_name: 'Sophia', email: 's@example.com' });
    await mythoria('stories').insert({ story_id: STORY, title: 'A Fada', author_id: AUTHOR });
  });
  after(resetUsage);

  it('says what it is, whose, and what all of it cost, however old', async () => {
    const page = await openPage(client, `${PATH}/${STORY.toUpperCase()}`);
    assert.equal(textOf(page.querySelector('h1')), 'A Fada');
    assert.equal(textOf(page.querySelector('.about a')), 'Sophia');
    assert.equal(page.querySelector('.about a')?.getAttribute('href'), `/ai-usage/authors/${AUTHOR}`);
    assert.equal(textOf(page.querySelector('.about code')), STORY);
    const tiles = tilesOf(page);
    assert.equal(tiles.get('Total cost')?.exact, '€1.300002');
    assert.equal(tiles.get('Requests')?.text, '6');
    assert.equal(tiles.get('Took')?.text.replaceAll(/\s/g, ' ').startsWith('1 hr 16 min'), true);
    // Four calls within twelve minutes, and two within one, an hour later.
    assert.match(
      textOf(page.querySelector('.tiles')).replaceAll(/\s+/g, ' '),
      /: 13 mins at work, 1 hr 3 mins of breaks longer than 10 minutes/,
    );
  });

  it('shows its cost by action in the order of time, adding up to the total', async () => {
    const table = tableOf(await openPage(client, `${PATH}/${STORY}`), STEPS);
    assert.deepEqual(
      table.rows.map((row) => row[0]?.text),
      ['Story outline', 'Chapter writing', 'Image generation'],
    );
    assert.deepEqual(
      columnOf(table, 'Cost').map(({ micro }) => micro),
      [150_001, 750_001, 400_000],
    );
    assert.equal(totalOf(table, 'Cost').micro, 1_300_002);
    assert.equal(totalOf(table, 'Requests').text, '6');
  });

  it('shows its records in the order of time', async () => {
    const page = await openPage(client, `${PATH}/${STORY}`);
    const inTable = page.querySelectorAll('table').find((one) => textOf(one.querySelector('caption')) === 'Records');
    assert.ok(inTable);
    assert.deepEqual(
      recordIds(inTable),
      [...calls].sort((a, b) => (a.at < b.at ? -1 : 1)).map(({ id }) => id),
    );
    const all = page.querySelectorAll('a').find((link) => textOf(link) === 'Its records');
    const records = await openPage(client, all?.getAttribute('href') ?? '');
    assert.equal(recordIds(records).length, 6);
  });

  it('takes calls of one action, model and number of input tokens for a prompt sent again', async () => {
    const page = await openPage(client, `${PATH}/${STORY}`);
    const table = tableOf(page, 'Repeated calls');
    assert.deepEqual(
      table.rows.map((row) => row.map(({ text }) => text)),
      [['Chapter writing', 'gpt-5', '200', '2', '€0.25']],
    );
    assert.match(textOf(page.querySelector('[aria-labelledby=repeats]')), /2 calls share .* cost €0.25, 19.2%/);
  });

  it('stands among the stories of the period: more than so many, median, p90', async () => {
    const page = await openPage(client, `${PATH}/${STORY}`);
    const place = textOf(page.querySelector('[aria-labelledby=place]'));
    assert.match(place, /more than 11.1% of the 9 other stories/);
    const figures = page.querySelectorAll('.figures dd').map((figure) => figure.getAttribute('title'));
    assert.deepEqual(figures, ['€1.300002', '€5.000000', '€9.000000']);
    // Over all time it has calls too, and is none of the others.
    const all = textOf(
      (await openPage(client, `${PATH}/${STORY}?period=all`)).querySelector('[aria-labelledby=place]'),
    );
    assert.match(all, /more than 11.1% of the 9 other stories/);
    const placeOf = async (story: string | undefined) =>
      textOf((await openPage(client, `${PATH}/${story}`)).querySelector('[aria-labelledby=place]'));
    assert.match(await placeOf(others.at(-1)?.story), /more than all 8 other stories/);
    assert.match(await placeOf(others[0]?.story), /more than none of the 8 other stories/);
    const none = await openPage(client, `${PATH}/${STORY}?from=1990-01-01&to=1990-01-02`);
    assert.match(textOf(none.querySelector('[aria-labelledby=place]')), /No other story has calls in this period/);
    assert.equal(tilesOf(none).get('Total cost')?.exact, '€1.300002');
  });

  it('stands on a logarithmic scale where one cost dwarfs the others, and on a plain one else', async () => {
    const day = (BigInt(Date.parse('2024-01-10T12:00:00Z')) * 1000n) as Instant;
    await insertUsage([10_000, 10_000, 20_000].map((cost) => ({ cost, at: day })));
    try {
      const placed = async (query: string) => {
        const place = (await openPage(client, `${PATH}/${STORY}?${query}`)).querySelector('[aria-labelledby=place]');
        const at = place
          ?.querySelectorAll('.place g line')
          .map((line) => Number.parseFloat(line.getAttribute('x1') ?? ''));
        return { text: textOf(place), at: at ?? [] };
      };
      const far = await placed('from=2024-01-10&to=2024-01-10');
      assert.match(far.text, /so the scale is logarithmic/);
      const [self = 0, median = 0, p90 = 0] = far.at;
      assert.ok(self > 90 && median > 5 && p90 > median + 5, `${far.at}`);
      assert.doesNotMatch((await placed('')).text, /logarithmic/);
    } finally {
      await databases().workflows('token_usage_tracking').where('created_at', '<', '2024-02-01').delete();
    }
  });

  it('is not compared with itself, also where it has only a part of its calls in the period', async () => {
    const alone = `${PATH}/${STORY}?from=${isoFromInstant(addTime(begun, -HOUR))}&to=${isoFromInstant(addTime(begun, 7n * MINUTE))}`;
    const place = textOf((await openPage(client, alone)).querySelector('[aria-labelledby=place]'));
    assert.match(place, /No other story has calls in this period/);
    assert.doesNotMatch(place, /100/);
  });

  it('is compared in a period as models and authors are: with the one before, by bars and by causes', async () => {
    const [from, to] = [addTime(begun, 8n * MINUTE), addTime(begun, 16n * MINUTE)].map(isoFromInstant);
    const path = `${PATH}/${STORY}?from=${from}&to=${to}`;
    const [other] = await insertUsage([{ at: addTime(begun, 10n * MINUTE), cost: 7_000_000 }]);
    const page = await openPage(client, path);
    // Two calls of nine and twelve minutes after the first; in the eight minutes before two others.
    assert.equal(textOf(page.querySelector('.why .lead')), '+€0.25 (+83.3%): from €0.30 to €0.55.');
    assert.equal(totalOf(tableOf(page, 'Why the cost changed, by model'), 'Now').micro, 550_000);
    assert.equal(page.querySelectorAll('.usage .chart').length, 1);
    const [nothing] = page.querySelectorAll('.comparison a').filter((link) => textOf(link) === 'nothing');
    const alone = await openPage(client, nothing?.getAttribute('href') ?? '');
    assert.equal(alone.querySelector('.why'), null);
    const asTable = await openPage(client, `${path}&show=table`);
    assert.equal(totalOf(tableOf(asTable, 'Usage by hour'), 'gemini-2.5-pro').micro, 300_000);
    const byAction = await openPage(client, `${path}&by=action`);
    assert.match(textOf(byAction.querySelector('.usage .legend')), /^Chapter writing €0\.55/);
    const none = await openPage(client, `${PATH}/${STORY}?from=1990-01-01&to=1990-01-02`);
    assert.match(none.text, /It has no calls of .*: there is nothing to compare/);
    assert.equal(none.querySelector('.usage'), null);
    await databases().workflows('token_usage_tracking').where('token_usage_id', other?.id).delete();
  });

  it('of free models has no share of nothing', async () => {
    const story = randomUUID();
    await insertUsage([1, 2, 3].map(() => ({ story, cost: 0, input: 7 })));
    const page = await openPage(client, `${PATH}/${story}`);
    assert.match(textOf(page.querySelector('[aria-labelledby=repeats]')), /3 calls share .* cost €0\.00\. Repeated/);
    assert.doesNotMatch(textOf(page.querySelector('#usage')), /– of|NaN|Infinity/);
    await databases().workflows('token_usage_tracking').where('story_id', story).delete();
  });

  it('obeys filters, and says so', async () => {
    const page = await openPage(client, `${PATH}/${STORY}?model=gpt-5`);
    assert.equal(tilesOf(page).get('Requests')?.text, '4');
    assert.equal(textOf(page.querySelector('.chips')), 'Calls whose model is gpt-5 not ×');
    const none = await openPage(client, `${PATH}/${STORY}?model=tts-1`);
    assert.match(textOf(none.querySelector('.empty')), /for these filters/);
    assert.equal(none.querySelector('.empty a')?.getAttribute('href'), `${PATH}/${STORY}`);
  });

  it('of an unknown id is empty and honest', async () => {
    const id = randomUUID();
    const page = await openPage(client, `${PATH}/${id}`);
    assert.equal(textOf(page.querySelector('h1')), `Story ${id.slice(0, 8)}`);
    assert.match(textOf(page.querySelector('.empty')), /Nothing was ever recorded under this id/);
    assert.equal(page.querySelectorAll('table').length, 0);
  });

  it('needs an id: anything else is a 404 that says so; its own filter is a 400', async () => {
    for (const name of ['abc', '%00', `${STORY}0`, '__proto__']) {
      const answer = await client.get(`${PATH}/${name}`);
      assert.equal(answer.status, 404, name);
      assert.match(answer.text, /A story has an id such as/);
    }
    const own = await client.get(`${PATH}/${STORY}?story=${STORY}`);
    assert.equal(own.status, 400);
    assert.match(own.text, /<code>story<\/code> is already in this address/);
  });

  it('says so when it has more records than it lists, and cuts no figure', async () => {
    const story = randomUUID();
    const rows = Array.from({ length: 130 }, (_, i) => ({
      story,
      cost: 1_000,
      input: 7,
      at: addTime(now(), -BigInt(i) * MINUTE),
    }));
    await insertUsage(rows);
    const page = await openPage(client, `${PATH}/${story}`);
    assert.equal(tilesOf(page).get('Requests')?.text, '130');
    assert.equal(tableOf(page, 'Records').rows.length, 100);
    assert.match(textOf(page.querySelector('[aria-labelledby=story-records]')), /The first 100 of 130/);
    assert.match(textOf(page.querySelector('[aria-labelledby=repeats]')), /130 calls share .* cost €0.129/);
  });

  it('shows the five dearest of its repeated calls together, and opens the others', async () => {
    const story = randomUUID();
    const rows = Array.from({ length: 14 }, (_, i) => ({ story, cost: 1_000 + 100 * (i >> 1), input: 7 + (i >> 1) }));
    await insertUsage(rows.map((row, i) => ({ ...row, at: addTime(now(), -BigInt(i) * MINUTE) })));
    const page = await openPage(client, `${PATH}/${story}`);
    const of = (caption: string) => columnOf(tableOf(page, caption), 'Tokens in, each').map(({ text }) => text);
    assert.deepEqual(of('Repeated calls'), ['13', '12', '11', '10', '9']);
    assert.deepEqual(of('Further repeated calls'), ['8', '7']);
    assert.equal(textOf(page.querySelector('[aria-labelledby=repeats] summary')), '2 more');
  });
});
