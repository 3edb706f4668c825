import fc from 'fast-check';
import { AXES, MEASURES } from '../../src/query/view.ts';
import { TRIED_VALUES } from './filters.ts';
import { ACTIONS, AUTHORS, MODELS, STORIES } from './generated-usage.ts';
import { PAYLOADS } from './payloads.ts';
import { periodText } from './periods.ts';

const PATHS = [
  ...['/ai-usage', '/ai-usage/records', '/ai-usage/tie-out', '/api/ai-usage/stats', '/api/ai-usage/records'],
  ...['/ai-usage/explore', '/api/ai-usage/explore'],
  ...[`/ai-usage/stories/${STORIES[0]}`, `/ai-usage/authors/${AUTHORS[0]}`],
  ...['/ai-usage/models/gpt-5', '/ai-usage/actions/chapter_writing', '/ai-usage/statement'],
];

const id = AUTHORS[0] as string;
const instants = [
  '2026-10-25T00:30:00.000001Z',
  '2026-10-31T10:00:00+01:00',
  '1970-01-01T00:00Z',
  '2199-12-31T23:59:59Z',
];
const cursors = [
  `2026-11-20T10:00:00.000Z~${id}`,
  `gpt-5~2026-11-20T10:00:00.000001Z~${id}`,
  `a~b~2026-11-20T10:00:00.000Z~${id}`,
  `4294967294~${id}`,
  `-1~${id}`,
  `9999.999999~${id}`,
];

/** Characters that something on the way may treat as special, among ordinary ones. */
const strange = fc.constantFrom(
  ...'aZ9%_\\\'"`<>&;#?/=+~|{}[]()$*.,:-@!^ \t\n\r\u0000\u0007\u007f\u0085\u00a0\u00e3\u0130\u0301\u200b\u202e\ufeff\ufffd🦄',
);

const VALID: Record<string, fc.Arbitrary<string>> = {
  ...Object.fromEntries(
    Object.entries(TRIED_VALUES).map(([parameter, values]) => [parameter, fc.constantFrom(...values)]),
  ),
  period: periodText,
  from: fc.constantFrom('2026-10-25', '2026-03-29', '1970-01-01', '2026-03-29T01:30', ...instants),
  to: fc.constantFrom('2026-10-31', '2026-11-22', '2199-12-31', ...instants),
  model: fc.oneof(fc.constantFrom(...MODELS), fc.string({ maxLength: 100 })),
  action: fc.oneof(fc.constantFrom(...ACTIONS), fc.string({ maxLength: 63 })),
  author: fc.constantFrom(...AUTHORS, id.toUpperCase()),
  story: fc.constantFrom(...STORIES, 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  search: fc.oneof(
    fc.constantFrom('gpt', 'Chapter', '10f2', id, '%', '_', '\\'),
    fc.string({ unit: strange, maxLength: 100 }),
  ),
  sortBy: fc.constantFrom(
    ...['createdAt', 'aiModel', 'action', 'inputTokens', 'outputTokens', 'totalTokens', 'estimatedCostInEuros'],
  ),
  sortOrder: fc.constantFrom('asc', 'desc'),
  rows: fc.constantFrom(...AXES),
  columns: fc.constantFrom(...AXES),
  measure: fc.constantFrom(...MEASURES),
  cached: fc.constantFrom('0', '30', '100'),
  page: fc.constantFrom('1', '2', '3', '0007', '1000000000'),
  pageSize: fc.constantFrom('1', '25', '200', '1000'),
  after: fc.constantFrom(...cursors),
  before: fc.constantFrom(...cursors),
  asOf: fc.constantFrom('2026-11-20T10:00:00.000001Z', '1970-01-01T00:00:00Z'),
};

const hostile = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      ' ',
      '0',
      '-1',
      '1.5',
      '1e9',
      'NaN',
      'Infinity',
      'null',
      'undefined',
      'true',
      '[]',
      '{}',
      '\u0000',
      'a\u0000b',
    ],
    ...[
      '99999999999999999999',
      '-9223372036854775809',
      '0x10',
      '٣',
      '1;DROP TABLE token_usage_tracking',
      "' OR '1'='1",
      '$1',
      '?',
      '??',
      ':x',
    ],
    ...[
      'infinity',
      '-infinity',
      'now',
      'today',
      'epoch',
      '2026-02-30',
      '2026-10-31T24:00:00Z',
      '9999-12-31',
      '0000-00-00',
      '+275760-09-13',
    ],
    ...[
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '../../etc/passwd',
      '//evil.example',
      'x'.repeat(1000),
      '🦄'.repeat(150),
    ],
    ...[
      '{"$gt":""}',
      '~',
      '~~~',
      `~${id}`,
      `${'9'.repeat(400)}~${id}`,
      `2026-11-20T10:00:00.000Z~${id}'`,
      `2026-13-45T99:99:99.000Z~${id}`,
    ],
  ),
  fc.constantFrom(...PAYLOADS),
  fc.string({ unit: strange, maxLength: 60 }),
);

const NAMES = [...Object.keys(VALID)];
const OTHER_NAMES = [
  '__proto__',
  'constructor',
  'model[]',
  'model[x]',
  'page[$gt]',
  'utm_source',
  '',
  'Model',
  'search\u0000',
];

const encoded = fc
  .oneof(
    {
      weight: 9,
      arbitrary: fc
        .constantFrom(...NAMES)
        .chain((name) => (VALID[name] as fc.Arbitrary<string>).map((value) => [name, value])),
    },
    { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...NAMES), hostile) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...OTHER_NAMES), hostile) },
  )
  .map(([name = '', value = '']) => `${encode(name)}=${encode(value)}`);

/** Half a surrogate pair has no UTF-8: a browser sends U+FFFD in its place. */
const encode = (text: string) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));

// What no browser would send: broken escapes, bytes that are no UTF-8, separators alone.
const raw = fc.constantFrom(
  '%',
  '%zz=1',
  'search=%ff%fe',
  'model=%C0%80',
  'page=%E0%A4',
  '&&&',
  '=',
  'search',
  'search=a=b&=',
  '?',
  'page=1;page=2',
);

/** Addresses of the feature with any number of parameters, most of them fine, some not. */
export const address: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...PATHS),
    fc.array(fc.oneof({ weight: 40, arbitrary: encoded }, { weight: 1, arbitrary: raw }), { maxLength: 6 }),
  )
  .map(([path, parameters]) => `${path}?${parameters.join('&')}`);
