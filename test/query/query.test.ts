import assert from 'node:assert/strict';
import { parse } from 'node:querystring';
import fc from 'fast-check';
import { parseUsageQuery, sameUrl, type UsageQuery, usageUrl } from '../../src/query/query.ts';
import { SORT_KEYS } from '../../src/query/sorts.ts';
import { BREAKDOWNS_BESIDE, COMPARISONS, RANKS, SHOWN, STACKS } from '../../src/query/view.ts';
import { BadInput } from '../../src/units/failures/bad-input.ts';
import { instantAt, isoFromInstant, parseInstant } from '../../src/units/time.ts';
import { filtersOver, valuesOf } from '../support/filters.ts';
import { periodText } from '../support/periods.ts';

const ID = '4e8d1c7a-3b52-4f69-9d0e-7a6b5c4d3e21';
const NOW = parseInstant('2026-11-22T10:44:41.843Z') as bigint;
const read = (parameters: Record<string, unknown>): UsageQuery =>
  parseUsageQuery(parameters, { maxPageSize: 200, timeZone: 'Europe/Lisbon' }, instantAt(NOW));
const readUrl = (url: string) => read(parse(url.split('?')[1] ?? ''));

/** Text that a browser can send: no lone surrogates, which UTF-8 cannot hold. */
const word = (maxLength: number) =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength }).filter((text) => {
    const usable = text.trim() === text && !text.includes('\0');
    return usable && text.length <= maxLength;
  });
const instant = fc.bigInt({ min: 0n, max: NOW }).map((micros) => isoFromInstant(instantAt(micros)));
const day = fc
  .date({ min: new Date('1970-01-01'), max: new Date('2026-11-22'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const bound = fc.oneof(day, instant, fc.constantFrom('2026-10-31T10:00:00+01:00', '2026-10-31T10:00'));
const span = fc
  .oneof(
    fc.record({ period: periodText }, { requiredKeys: [] }),
    fc.record({ from: bound, to: bound }, { requiredKeys: [] }),
  )
  .filter((parameters) => isFine(parameters));
const cursorValue: Record<string, fc.Arbitrary<string>> = {
  createdAt: instant,
  aiModel: fc.tuple(word(20), instant).map(([model, time]) => `${model}~${time}`),
  action: instant.map((time) => `test~${time}`),
  inputTokens: fc.nat().map(String),
  outputTokens: fc.nat().map(String),
  totalTokens: fc.nat().map(String),
  estimatedCostInEuros: fc.nat(9999).map((euros) => `${euros}.004213`),
};
const order = fc.constantFrom(...SORT_KEYS).chain((sortBy) =>
  fc.record(
    {
      sortBy: fc.constant<string>(sortBy),
      sortOrder: fc.constantFrom('asc', 'desc'),
      after: fc.tuple(cursorValue[sortBy] as fc.Arbitrary<string>, fc.uuid()).map((parts) => parts.join('~')),
    },
    { requiredKeys: ['sortBy'] },
  ),
);
const rest = fc.record(
  {
    model: fc.oneof(word(30), fc.array(word(30), { minLength: 1, maxLength: 4 })),
    action: fc.oneof(word(20), fc.array(word(20), { minLength: 1, maxLength: 4 })),
    author: fc.uuid(),
    story: fc.uuid().map((id) => id.toUpperCase()),
    search: word(50),
    page: fc.integer({ min: 1, max: 1_000_000_000 }).map(String),
    pageSize: fc.integer({ min: 1, max: 200 }).map(String),
    asOf: instant,
    compare: fc.constantFrom(...COMPARISONS),
    by: fc.constantFrom(...STACKS),
    show: fc.constantFrom(...SHOWN),
    breakdown: fc.constantFrom(...BREAKDOWNS_BESIDE),
    rankBy: fc.constantFrom(...RANKS),
    rankOrder: fc.constantFrom('asc', 'desc'),
    cached: fc.constantFrom('0', '7', '30', '100'),
    debug: fc.constantFrom('0', '1'),
  },
  { requiredKeys: [] },
);
/** As a browser sends them: one value alone is no array. */
const further = filtersOver({ models: ['gpt-5', ''], actions: ['test'], authors: [ID], stories: [ID] }).map((filter) =>
  Object.fromEntries(
    valuesOf(filter).map(([parameter, values]) => [parameter, values.length > 1 ? values : values[0]]),
  ),
);
const parameters = fc
  .tuple(span, order, further, rest)
  .map((parts) => Object.assign({}, ...parts) as Record<string, unknown>)
  .filter((given) => isFine(given));

function isFine(given: Record<string, unknown>): boolean {
  try {
    read(given);
    return true;
  } catch {
    return false;
  }
}

describe('the query string', () => {
  it('says the same after being read and written again, page and cursor included', () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const query = read(given);
        const url = sameUrl('/ai-usage', query);
        assert.deepEqual(readUrl(url), query);
        assert.equal(sameUrl('/ai-usage', readUrl(url)), url);
      }),
      { numRuns: 500 },
    );
  });

  it('is one address for one view, in whatever order, with defaults and empty fields spelled out or not', () => {
    const shuffled = parameters.chain((given) =>
      fc.tuple(
        fc.constant(given),
        fc.shuffledSubarray(Object.entries(given), { minLength: Object.keys(given).length }),
      ),
    );
    const twice = (value: unknown) => (Array.isArray(value) ? [...value, ...value].reverse() : value);
    fc.assert(
      fc.property(shuffled, ([given, entries]) => {
        const empty = { search: '', model: '', author: '', from: '', utm_source: 'mail' };
        const defaults = { page: '1', pageSize: '50', sortBy: 'createdAt', sortOrder: 'desc' };
        const period = 'from' in given || 'to' in given ? {} : { period: '30d' };
        const verbose = {
          ...empty,
          ...defaults,
          ...period,
          ...Object.fromEntries(entries.map(([k, v]) => [k, twice(v)])),
        };
        assert.equal(sameUrl('/ai-usage', read(verbose)), sameUrl('/ai-usage', read(given)));
      }),
    );
    assert.equal(
      usageUrl('/ai-usage', read({ period: '30d', page: '1', pageSize: '50', sortOrder: 'desc' })),
      '/ai-usage',
    );
  });

  it('keeps everything but the page where a link changes something', () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const query = read(given);
        const changed = readUrl(usageUrl('/ai-usage/records', query, { search: 'dragão' }));
        assert.deepEqual(changed, { ...query, search: 'dragão', page: 1, cursor: null });
      }),
    );
  });

  it('means windows that begin exactly their days ago, and whole business days', () => {
    const iso = (given: Record<string, string>) => {
      const { from, to } = read(given).window;
      return [from === null ? null : isoFromInstant(from), isoFromInstant(to)];
    };
    const now = '2026-11-22T10:44:41.843Z';
    assert.deepEqual(iso({}), ['2026-10-23T10:44:41.843Z', now]);
    assert.deepEqual(iso({ period: '1d' }), ['2026-11-21T10:44:41.843Z', now]);
    assert.deepEqual(iso({ period: '7d' }), ['2026-11-15T10:44:41.843Z', now]);
    assert.deepEqual(iso({ period: '90d' }), ['2026-08-24T10:44:41.843Z', now]);
    assert.deepEqual(iso({ period: '28d' }), ['2026-10-25T10:44:41.843Z', now]);
    assert.deepEqual(iso({ period: 'all' }), [null, now]);
    const october = ['2026-09-30T23:00:00.000Z', '2026-11-01T00:00:00.000Z'];
    assert.deepEqual(iso({ from: '2026-10-01', to: '2026-10-31' }), october);
    assert.deepEqual(iso({ to: '2026-10-31' }), [null, '2026-11-01T00:00:00.000Z']);
    assert.deepEqual(iso({ from: '2026-11-22' }), ['2026-11-22T00:00:00.000Z', now]);
    assert.deepEqual(iso({ from: '2030-01-01' }), ['2030-01-01T00:00:00.000Z', '+294277-01-01T00:00:00.000Z']);
    assert.deepEqual(iso({ from: '2030-01-01', to: '2030-01-01' }), [
      '2030-01-01T00:00:00.000Z',
      '2030-01-02T00:00:00.000Z',
    ]);
    const asOf = '2026-11-01T12:00:00.000001Z';
    assert.deepEqual(iso({ period: '1d', asOf }), ['2026-10-31T12:00:00.000001Z', asOf]);
    assert.deepEqual(iso({ from: '2026-10-31', to: '2026-11-05', asOf }), ['2026-10-31T00:00:00.000Z', asOf]);
  });

  it('takes an offset whose plus nobody encoded', () => {
    assert.deepEqual(readUrl('/?from=2026-10-31T10:00:00+01:00'), read({ from: '2026-10-31T10:00:00+01:00' }));
  });

  it('is refused for every parameter that is wrong at once', () => {
    assert.throws(
      () => read({ period: '2d', page: '-1', sortBy: ['action', 'aiModel'], from: '31.10.2026', author: 'ana' }),
      (error: BadInput) => {
        assert.ok(error instanceof BadInput);
        assert.deepEqual([...new Set(error.details.map(({ parameter }) => parameter))].sort(), [
          'author',
          'from',
          'page',
          'period',
          'sortBy',
        ]);
        return true;
      },
    );
  });
});
