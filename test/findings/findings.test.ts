import assert from 'node:assert/strict';
import { lookForFindings } from '../../src/findings/look.ts';
import { readCoverage } from '../../src/stats/rollups/coverage.ts';
import { addTime, dayOf, endOfDay, type Instant, MINUTE, now, startOfDay } from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { csvRows, download } from '../support/export.ts';
import { noon, readFindings } from '../support/findings.ts';
import { openPage, tableOf, textOf } from '../support/page.ts';
import { enterPrice } from '../support/prices.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const ZONE = 'Europe/Lisbon';
const AUTHOR = '4e8d1c7a-3b52-4f69-9d0e-7a6b5c4d3e21';
const STORY = '8a7b6c5d-4e3f-4a1b-9c8d-7e6f5a4b3c2d';
const OTHER_STORY = STORY.replace(/.$/, 'e');

const always = async () => true;
const day = (daysAgo: number) => dayOf(noon(daysAgo), ZONE);

describe('findings', () => {
  let ana: Client;
  before(async () => {
    ana = await signedIn((await sharedApp()).origin);
  });
  beforeEach(resetUsage);
  after(resetUsage);

  const looked = async () => {
    await coverUsage();
    await lookForFindings(databases(), always);
  };
  const all = () => readFindings(ana);
  const ofKind = async (kind: string) => (await all()).findings.filter((one) => one.kind === kind);
  const notesOf = async (kind: string) => (await all()).kinds.find(({ name }) => name === kind)?.notes ?? [];

  it('models recorded at €0: what they cost by the price list, or that nobody can say', async () => {
    const at = noon(3);
    await insertUsage([
      { model: 'new-1', input: 1_000_000, output: 100_000, cost: 0, at },
      { model: 'new-1', input: 1, output: 0, cost: 0, at: noon(40) },
      { model: 'mystery-1', cost: 0, at },
      { model: 'free-1', cost: 0, at },
      // A small call beside another that cost something.
      { model: 'gpt-5', cost: 0, at },
      { model: 'gpt-5', cost: 5, at },
      // A cost that is no number is not nothing.
      { model: 'nan-1', cost: Number.NaN, at },
    ]);
    await enterPrice(ana, {
      model: 'new-1',
      from: '2020-01-01',
      currency: 'EUR',
      inputPerMillion: 1.25,
      outputPerMillion: 10,
    });
    await enterPrice(ana, {
      model: 'free-1',
      from: '2020-01-01',
      currency: 'EUR',
      inputPerMillion: 0,
      outputPerMillion: 0,
    });
    const found = await ofKind('unpriced');
    assert.deepEqual(
      found.map(({ subject, count, euros, since }) => ({ subject, count, euros, since })),
      [
        { subject: 'new-1', count: 2, euros: 2.250001, since: day(40) },
        { subject: 'mystery-1', count: 1, euros: null, since: day(3) },
      ],
    );
    const page = await openPage(ana, '/findings');
    const [first, second] = tableOf(page, 'Models recorded at €0').rows;
    assert.equal(first?.[2]?.micro, 2_250_001);
    assert.equal(second?.[2]?.text, 'not known');
    // What was found comes first, and before the words on what counts.
    const sections = page.querySelectorAll('.findings');
    const isFound = sections.map((section) => section.querySelector('table') !== null);
    assert.deepEqual(
      isFound,
      [...isFound].sort((a, b) => Number(b) - Number(a)),
    );
    assert.match(textOf(sections[0]?.querySelector('details:last-child') ?? null), /^What counts.* Its euros are /);
    // The records behind it are those calls.
    const records = await openPage(ana, first?.[1]?.href ?? '');
    assert.match(textOf(records.querySelector('main')), /2 records|new-1/);
  });

  it('jumps of the price of a token, from week to week, to the micro-euro', async () => {
    const week = (weeksAgo: number, cost: number, more: Partial<UsageRow> = {}) =>
      Array.from({ length: 10 }, (_, i) => ({
        ...{ model: 'gpt-5', action: 'story_outline', input: 900, output: 100, cost },
        ...{ at: addTime(noon(7 * weeksAgo), BigInt(i) * MINUTE), ...more },
      }));
    await insertUsage([
      ...week(5, 1_000),
      ...week(4, 1_249),
      ...week(3, 1_562),
      ...week(2, 1_200),
      // Too few, at nothing, and paid by the image.
      ...week(3, 1_000, { action: 'test' }).slice(1),
      ...week(2, 5_000, { action: 'test' }),
      ...week(3, 0, { action: 'story_review' }),
      ...week(2, 9_000, { action: 'story_review' }),
      ...week(3, 1_000, { model: 'gpt-image-1' }),
      ...week(2, 5_000, { model: 'gpt-image-1' }),
    ]);
    const found = await ofKind('price-jump');
    // 12,490 to 15,620 is a quarter and a little; 15,620 to 12,000 is more than a fifth less.
    assert.deepEqual(
      found.map(({ subject, count, euros }) => ({ subject, count, euros })),
      [
        { subject: 'gpt-5, Story outline', count: 10, euros: -0.00362 },
        { subject: 'gpt-5, Story outline', count: 10, euros: 0.00313 },
      ],
    );
    assert.deepEqual(
      found[0]?.trend.parts.map(({ euros }) => euros),
      [1, 1.249, 1.562, 1.2],
    );
    assert.equal(found[0]?.trend.label, '€ per million tokens');
  });

  it('days without a call, where the same day of the week usually has some', async () => {
    // Every day but Sundays, and not on two days of the week before last.
    const rows = Array.from({ length: 60 }, (_, i) => i + 1)
      .filter((ago) => new Date(`${day(ago)}T12:00:00Z`).getUTCDay() !== 0)
      .map((ago) => ({ ago, at: noon(ago), cost: 1_000 * ago }));
    const weekday = (ago: number) => new Date(`${day(ago)}T12:00:00Z`).getUTCDay();
    const tuesday = [14, 15, 16, 17, 18, 19, 20].find((ago) => weekday(ago) === 2) as number;
    const gone = [tuesday, tuesday - 1];
    await insertUsage(rows.filter(({ ago }) => !gone.includes(ago)));
    const found = await ofKind('empty-days');
    const usual = (ago: number) => [7, 14, 21, 28].reduce((sum, days) => sum + 1_000 * (ago + days), 0) / 4;
    assert.deepEqual(
      found.map(({ count, euros, since }) => ({ count, euros, since })),
      [{ count: 2, euros: (usual(tuesday) + usual(tuesday - 1)) / 1e6, since: day(tuesday) }],
    );
  });

  it('tokens that cannot be, of complete days, each call once', async () => {
    const at = noon(2);
    await insertUsage([
      { model: 'gpt-5', input: -1, output: 5, cost: 10, at },
      { model: 'gpt-5', input: 400_001, cost: 100, at },
      { model: 'gpt-5-2025-08-07', input: 400_000, cost: 1_000, at },
      { model: 'tts-1', input: 500_000, output: 1, cost: 7, at },
      { model: 'gpt-4o-mini-tts', input: 5, output: 1, cost: 7, at },
      { model: 'mystery-1', input: 2_000_000_000, cost: 7, at },
      { model: 'gpt-5', input: 400_001, cost: 200, at: noon(45) },
      // Of today: its day is not complete.
      { model: 'gpt-5', input: 400_001, cost: 5_000, at: now() },
    ]);
    await looked();
    const found = await ofKind('impossible-tokens');
    assert.deepEqual(
      found.map(({ subject, count, euros, since }) => [subject, count, euros, since]),
      [
        ['gpt-5', 2, 0.0003, day(45)],
        ['gpt-5', 1, 0.00001, day(2)],
        ['tts-1', 1, 0.000007, day(2)],
      ],
    );
    assert.match(found[0]?.sentence ?? '', /400,000 as @pydantic\/genai-prices says/);
    const page = await openPage(ana, `/findings/${found[0]?.id}`);
    assert.equal(page.querySelectorAll('main a[href^="/ai-usage/records/"]').length, 2, 'the calls themselves');
  });

  it('the same prompt of a story again within half an hour, without a prompt being told', async () => {
    const at = noon(2);
    const asked = { story: STORY, model: 'gpt-5', prompt: { text: 'Um segredo' } };
    const later = (minutes: number) => addTime(at, BigInt(minutes) * MINUTE);
    await insertUsage([
      { ...asked, cost: 1, at },
      { ...asked, cost: 20, at: later(30) },
      { ...asked, cost: 300, at: later(60) },
      { ...asked, cost: 4_000, at: addTime(later(90), 1n) },
      // As long, and another.
      { ...asked, prompt: { text: 'Um segreda' }, cost: 50_000, at: later(1) },
      { ...asked, story: OTHER_STORY, cost: 600_000, at: later(2) },
      { ...asked, action: 'test', cost: 600_000, at: later(2) },
      // Across midnight: told of the second day.
      { ...asked, story: OTHER_STORY, cost: 1, at: addTime(startOfDay(day(3), ZONE), -MINUTE) },
      { ...asked, story: OTHER_STORY, cost: 7_000_000, at: addTime(startOfDay(day(3), ZONE), MINUTE) },
      // Longer ago than it is looked for.
      ...[0, 1].map((i) => ({ ...asked, cost: 9_000_000, at: addTime(noon(20), BigInt(i)) })),
    ]);
    await looked();
    const found = await ofKind('repeated-prompts');
    assert.deepEqual(
      found.map(({ subject, count, euros, trend }) => [subject, count, euros, trend.parts]),
      [
        [
          'Chapter writing, gpt-5',
          3,
          7.00032,
          [
            { from: day(3), count: 1, euros: 7 },
            { from: day(2), count: 2, euros: 0.00032 },
          ],
        ],
      ],
    );
    assert.match(found[0]?.sentence ?? '', /asked what had been asked before: €7\.00\.$/);
    const { rows } = await databases().backoffice.raw('SELECT parts::text AS parts FROM finding_days');
    assert.ok(!JSON.stringify(rows).includes('segred'));
    assert.ok(!(await openPage(ana, `/findings/${found[0]?.id}`)).text.includes('segred'));
  });

  it('stories and authors that are gone, and looks again when accounts may have changed', async () => {
    const { mythoria, backoffice } = databases();
    await mythoria('authors').insert({ author_id: AUTHOR, display_name: 'Ana', email: 'ana@example.com' });
    await mythoria('stories').insert({ story_id: STORY, title: 'O mar', author_id: AUTHOR });
    await insertUsage([
      { story: STORY, author: AUTHOR, cost: 1, at: noon(2) },
      { story: OTHER_STORY, author: AUTHOR, cost: 20, at: noon(2) },
      { story: OTHER_STORY, cost: 300, at: noon(3) },
    ]);
    await looked();
    const figures = async () => (await ofKind('gone')).map(({ subject, count, euros }) => [subject, count, euros]);
    assert.deepEqual(await figures(), [
      ['Stories', 2, 0.00032],
      ['Authors', 1, 0.0003],
    ]);
    await mythoria('stories').insert({ story_id: OTHER_STORY, title: 'A serra', author_id: AUTHOR });
    await lookForFindings(databases(), always);
    assert.equal((await figures()).length, 2, 'it looks again after a day');
    await backoffice('finding_days').update({ looked_at: backoffice.raw(`now() - interval '25 hours'`) });
    await lookForFindings(databases(), always);
    assert.deepEqual(await figures(), [['Authors', 1, 0.0003]]);
  });

  it('says how far it has looked, goes on where it was stopped, and looks again at a day whose records have changed', async () => {
    await insertUsage([1, 2, 3].map((ago) => ({ model: 'gpt-5', input: 500_000, cost: 1, at: noon(ago) })));
    assert.match((await notesOf('impossible-tokens')).join(' '), /No complete day is in the rollups yet/);
    await coverUsage();
    // Yesterday is in no rollup in the first minutes of a day.
    const { coveredUntil } = await readCoverage(databases().backoffice);
    const complete = [1, 2, 3].filter((ago) => endOfDay(day(ago), ZONE) <= (coveredUntil as Instant)).length;
    const wanted = (await databases().backoffice('rollup_days').pluck('day')).length;
    let days = 0;
    await lookForFindings(databases(), async () => days++ < 2);
    assert.equal((await ofKind('impossible-tokens'))[0]?.count, 1, 'the latest day');
    assert.match(
      (await notesOf('impossible-tokens')).join(' '),
      new RegExp(`^Looked at 1 of ${wanted} complete days so far`),
    );
    await lookForFindings(databases(), always);
    assert.match((await notesOf('impossible-tokens')).join(' '), /^Looked at every complete day from .*, as of /);
    assert.equal((await ofKind('impossible-tokens'))[0]?.count, complete);
    await insertUsage([{ model: 'gpt-5', input: 500_000, cost: 1, at: noon(3) }]);
    await looked();
    assert.equal((await ofKind('impossible-tokens'))[0]?.count, complete + 1);
    await databases().workflows('token_usage_tracking').where({ ai_model: 'gpt-5' }).delete();
    await looked();
    assert.deepEqual(await ofKind('impossible-tokens'), []);
  });

  it('a kind that fails breaks its section: the page, the others and the next look go on', async () => {
    await insertUsage([{ model: 'mystery-1', cost: 0, at: noon(2) }]);
    await coverUsage();
    const { backoffice } = databases();
    const without = { ...databases(), mythoria: null };
    await lookForFindings(without, always);
    assert.match((await notesOf('gone'))[0] ?? '', /no database of names/);
    await backoffice.raw('ALTER TABLE finding_days RENAME TO finding_days_away');
    try {
      await assert.rejects(lookForFindings(databases(), always), /finding_days/);
      const page = await openPage(ana, '/findings');
      assert.equal(page.querySelectorAll('.findings .failed').length, 3);
      assert.equal(tableOf(page, 'Models recorded at €0').rows.length, 1);
      const { kinds, findings } = await all();
      assert.equal(kinds.filter(({ problem }) => problem !== null).length, 3);
      assert.equal(findings.length, 1);
    } finally {
      await backoffice.raw('ALTER TABLE finding_days_away RENAME TO finding_days');
    }
    assert.match((await notesOf('gone'))[0] ?? '', /broke off/);
    await lookForFindings(databases(), always);
    assert.match((await notesOf('gone'))[0] ?? '', /^Looked at every complete day/);
  });

  it('are a file of the same figures', async () => {
    await insertUsage([{ model: '=mystery', cost: 0, at: noon(2) }]);
    const { origin } = await sharedApp();
    const client = await signedIn(origin);
    const { tables } = JSON.parse((await download(origin, client, '/findings.json')).text);
    assert.deepEqual(
      tables.findings.map(({ findingKind, finding, count }: Record<string, unknown>) => [findingKind, finding, count]),
      [['unpriced', '=mystery', 1]],
    );
    assert.equal(tables.parts.length, 1);
    const rows = csvRows((await download(origin, client, '/findings.csv?table=findings')).text);
    assert.equal(rows.length, 1);
  });
});
