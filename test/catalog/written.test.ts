import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { SUBJECTS, subjectUrl } from '../../src/ai-usage/frame/subjects.ts';
import { actionInfo } from '../../src/catalog/actions.ts';
import { nameWritten, written } from '../../src/catalog/written.ts';
import { parseUsageQuery, usageUrl } from '../../src/query/query.ts';
import { addTime, HOUR, now } from '../../src/units/time.ts';
import { readParameters } from '../../src/web/parameters.ts';
import type { RecordsJson, StatsJson } from '../support/api-types.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, location, signedIn } from '../support/client.ts';
import { csvRows, download } from '../support/export.ts';
import {
  columnOf,
  openJson,
  openPage,
  recordSum,
  squeeze,
  submitted,
  tableOf,
  textOf,
  tilesOf,
} from '../support/page.ts';
import { coverUsage, insertUsage, resetUsage } from '../support/usage.ts';

/** Names that mean something elsewhere, and what they could be taken for. */
const ODD = [
  '',
  '""',
  '"',
  '.',
  '..',
  '...',
  ' ',
  'Other',
  'other',
  'Total',
  'test',
  'Test',
  'TEST',
  ' test',
  'test ',
  'a_b',
];
const MORE = [
  'A b',
  'a b',
  '"a"',
  'gpt-5',
  '3 other models',
  'x.csv',
  'a/b',
  'a?b#c',
  '%22',
  '%',
  '+',
  '&amp;',
  '~',
  '\n',
  '\\u{20}',
  '"\\u{20}"',
  '\\u{5c}u{20}',
  '\\u{fffff}',
];
/** Alike on a page, but for what nobody sees. */
const SPACED = ['a b', 'a  b', ' a b', 'a b ', 'a\tb', 'a\u00a0b', 'a\u3000b', 'a \u200bb', 'a\n b', 'a\u2800b'];
const anyName = fc.oneof(
  fc.constantFrom(...ODD, ...MORE, ...SPACED),
  fc.string({ maxLength: 12, unit: fc.constantFrom('"', '.', ' ', '_', 'a', 'A', 'O', '/', '%', '?', '~') }),
  fc.string({
    maxLength: 5,
    unit: fc.constantFrom('a', ' ', '\t', '\n', '\u00a0', '\u200b', '\u2028', '"', '\\u{20}', '_'),
  }),
  fc.string({ maxLength: 100, unit: 'binary' }).map((text) => [...text.replaceAll('\0', '')].slice(0, 100).join('')),
);
/** As a page shows it: any run of spaces as one, and nothing of what has no width. */
const asSeen = (text: string) => squeeze(text.replace(/(?!\s)[\p{Cc}\p{Cf}]/gu, '').replace(/[\p{Z}\u2800]/gu, ' '));
const limits = { maxPageSize: 200, timeZone: 'Europe/Lisbon' };
const queryOf = (address: string) =>
  parseUsageQuery(readParameters(new URL(address, 'http://x').search.slice(1)), limits, now());

describe('names as they are written', () => {
  it('are read as themselves, and no two of them alike', () => {
    fc.assert(
      fc.property(anyName, anyName, (one, other) => {
        assert.equal(nameWritten(written(one)), one);
        assert.equal(asSeen(written(one)) === asSeen(written(other)), one === other);
        assert.notEqual(written(one).trim(), '');
      }),
      { numRuns: 2000 },
    );
  });

  it('come back from every link: of filters, of pages, of pages with filters', () => {
    const names = fc.uniqueArray(anyName, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(names, names, (models, actions) => {
        const kept = actions.filter((action) => [...action].length <= 63);
        const query = { ...queryOf('/'), models: models.sort(), actions: kept.sort() };
        const again = queryOf(usageUrl('/ai-usage/records', query));
        assert.deepEqual([again.models, again.actions], [query.models, query.actions]);
        const [name = ''] = models;
        const page = new URL(subjectUrl('model', name, query), 'http://x');
        const [, before, last] = /^(.*)\/([^/]*)$/.exec(page.pathname) ?? [];
        assert.equal(before, SUBJECTS.model.path);
        assert.equal(SUBJECTS.model.read(decodeURIComponent(last ?? '')), name);
        assert.deepEqual(queryOf(page.href).actions, query.actions);
      }),
    );
  });

  it('of actions are labelled so that no two are alike, on a page too, where spaces count for nothing', () => {
    const actions = [
      ...ODD,
      ...MORE,
      ...SPACED,
      'story_outline',
      'Story outline',
      'story outline',
      'a__b',
      '_a_b',
      'A_b',
      'a_B',
    ];
    for (const one of actions)
      for (const other of actions) {
        if (one === other) continue;
        assert.notEqual(asSeen(actionInfo(one).label), asSeen(actionInfo(other).label), `${one} | ${other}`);
      }
    fc.assert(
      fc.property(anyName, anyName, (one, other) => {
        assert.equal(asSeen(actionInfo(one).label) === asSeen(actionInfo(other).label), one === other);
        assert.notEqual(asSeen(actionInfo(one).label), '');
      }),
      { numRuns: 2000 },
    );
    assert.equal(actionInfo('video_render_4k').label, 'Video render 4k');
  });
});

describe('a model named with empty text', () => {
  const MODELS = ['', '""', '.', 'Other', 'gpt-5', 'tts-1', 'a', 'b', 'c', ...SPACED];
  let origin: string;
  let client: Client;
  const costOf = (model: string) => 1_000_000 + MODELS.indexOf(model);
  before(async () => {
    ({ origin } = await sharedApp());
    client = await signedIn(origin);
    await resetUsage();
    const story = randomUUID();
    for (const hours of [2n, 30n])
      await insertUsage(
        MODELS.map((model) => ({ model, cost: costOf(model), at: addTime(now(), -hours * HOUR), story })),
      );
    await insertUsage([{ model: 'gpt-5', cost: costOf('gpt-5'), at: addTime(now(), -30n * HOUR) }]);
  });
  after(resetUsage);

  const sums = async (model: string) => {
    const parameters = `?period=7d&model=${encodeURIComponent(written(model))}`;
    return {
      page: tilesOf(await openPage(client, `/ai-usage${parameters}`)).get('Total cost')?.exact,
      records: recordSum(await openPage(client, `/ai-usage/records${parameters}`)),
      stats: await openJson<StatsJson>(client, `/api/ai-usage/stats${parameters}`),
      list: await openJson<RecordsJson>(client, `/api/ai-usage/records${parameters}`),
      csv: csvRows((await download(origin, client, `/ai-usage/records.csv${parameters}`)).text),
    };
  };

  for (const covered of [false, true])
    it(`is counted, listed and exported by itself, ${covered ? 'from the rollups' : 'from raw rows'}`, async () => {
      if (covered) await coverUsage();
      for (const model of ['', '""', 'Other']) {
        const { page, records, stats, list, csv } = await sums(model);
        assert.equal(page, `€${((2 * costOf(model)) / 1_000_000).toFixed(6)}`);
        assert.deepEqual(records, { requests: 2, cost: 2 * costOf(model) });
        assert.deepEqual([stats.totalRequests, stats.uniqueStories], [2, 1]);
        assert.deepEqual(
          stats.actionBreakdown.map(({ uniqueStories }) => uniqueStories),
          [1],
        );
        assert.deepEqual(
          stats.modelBreakdown.map((row) => row.model),
          [model],
        );
        assert.deepEqual(
          list.records.map(({ aiModel }) => aiModel),
          [model, model],
        );
        assert.equal(csv.length, 2);
      }
      const all = await openJson<StatsJson>(client, '/api/ai-usage/stats?period=7d&model=');
      assert.deepEqual([all.totalRequests, all.uniqueStories], [2 * MODELS.length + 1, 2], 'of a form: any');
    });

  it('is seen and followed: in tables, lists, the legend, the select, and a page of its own', async () => {
    const page = await openPage(client, '/ai-usage?period=7d');
    const cells = columnOf(tableOf(page, 'Models'), 'Model');
    assert.equal(new Set(cells.map(({ text }) => text)).size, MODELS.length);
    const legend = page.querySelectorAll('.legend li, .legend a').map((one) => textOf(one));
    assert.equal(new Set(legend).size, legend.length, legend.join(' | '));
    const found = cells.find(({ text }) => text === '""');
    assert.equal(
      recordSum(await openPage(client, (found?.href ?? '').replace('/ai-usage', '/ai-usage/records'))).cost,
      2 * costOf(''),
    );
    const own = page.querySelectorAll('a.details').map((one) => one.getAttribute('href') ?? '');
    const details = own.find((href) => href.startsWith('/ai-usage/models/%22%22?')) ?? '';
    const subject = await openPage(client, details);
    assert.equal(textOf(subject.querySelector('h1')), '""');
    assert.equal(tilesOf(subject).get('Total cost')?.exact, `€${((2 * costOf('')) / 1_000_000).toFixed(6)}`);

    const form = page.querySelector('form.filters');
    assert.ok(form);
    const option = form.querySelectorAll('option').find((one) => textOf(one) === '""');
    const answer = await client.get(submitted(form, { model: option?.getAttribute('value') ?? '' }));
    const chosen = await openPage(client, location(answer));
    assert.equal(tilesOf(chosen).get('Total cost')?.exact, `€${((2 * costOf('')) / 1_000_000).toFixed(6)}`);
    assert.equal(textOf(chosen.querySelector('.chip b')), '""');
    assert.equal(textOf(chosen.querySelector('option[selected]')), '""');

    const list = await openPage(client, '/ai-usage/records?period=7d&sortBy=aiModel&sortOrder=asc&pageSize=2');
    const [first] = columnOf(tableOf(list, 'Records'), 'Model');
    assert.equal(first?.text, '""');
    const next = list.querySelector('a[rel=next]')?.getAttribute('href') ?? '';
    const [third] = columnOf(tableOf(await openPage(client, next), 'Records'), 'Model');
    assert.notEqual(third?.text, '""', 'a cursor behind it');
  });
});
