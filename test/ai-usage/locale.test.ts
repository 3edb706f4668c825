import assert from 'node:assert/strict';
import { type HTMLElement, type Node, parse } from 'node-html-parser';
import { type Instant, parseInstant } from '../../src/units/time.ts';
import { startApp } from '../support/app.ts';
import { signedIn } from '../support/client.ts';
import { closing } from '../support/closing.ts';
import { insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const AT = parseInstant('2026-10-31T10:00:00Z') as Instant;
const SPAN = 'from=2026-10-01&to=2026-12-31';

const textsOf = (node: Node | null): string[] =>
  node === null ? [] : node.childNodes.length === 0 ? [node.text] : node.childNodes.flatMap(textsOf);

/** All that a person reads or hears: text, and attributes that are shown or spoken. */
function wordsOf(page: HTMLElement): string {
  const spoken = page
    .querySelectorAll('*')
    .flatMap((element) =>
      ['title', 'aria-label', 'data-announce', 'placeholder'].map((name) => element.getAttribute(name)),
    )
    // An instant in full stands behind a printed time, for those who need all of it.
    .filter((text) => text && !/^\d{4}-\d\d-\d\dT/.test(text));
  return [...textsOf(page.querySelector('body')), ...spoken].join('\n').replaceAll(/[\u00a0\u202f]/g, ' ');
}

/** Amounts, decimals and days as English writes them, and as others do. */
const ENGLISH = /€ ?\d+|\d+\.\d{6}|\d\.\d%|\b\d{1,2} (Oct|Dec)\b|\b(Sat|Sun|October)\b/g;
const NOT_ENGLISH = /\b\d+ ?€|\d+,\d{6}|\d,\d ?%|\b(Okt|Dez|dez)\b/g;

describe('LOCALE', () => {
  const opened = closing();
  let row: UsageRow;
  before(async () => {
    await resetUsage();
    [row] = (await insertUsage(
      Array.from({ length: 60 }, (_, i) => ({
        at: AT + BigInt(i),
        author: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
        story: i < 30 ? '7f9619ff-8b86-4011-b42d-00c04fc964ff' : '8f9619ff-8b86-4011-b42d-00c04fc964ff',
        input: 123_456,
        cost: 4_213 + 20_000_000 * (i % 2),
      })),
    )) as [UsageRow];
  });
  after(resetUsage);

  const paths = () => [
    `/ai-usage?${SPAN}`,
    '/ai-usage?period=all',
    '/ai-usage?from=2026-10-31T08:00:00Z&to=2026-10-31T12:00:00Z',
    `/ai-usage/records?${SPAN}&pageSize=25&page=2`,
    `/ai-usage/records?${SPAN}&page=99`,
    `/ai-usage/records/${row.id}`,
    `/ai-usage/tie-out?${SPAN}`,
    `/ai-usage/stories/${row.story}?${SPAN}`,
    `/ai-usage/authors/${row.author}?${SPAN}`,
    `/ai-usage/models/${row.model}?${SPAN}`,
    `/ai-usage/actions/${row.action}?${SPAN}`,
    '/ai-usage/statement?month=2026-10',
    '/account/sessions',
  ];

  for (const [locale, examples] of [
    ['de-DE', ['0,004213 €', '31. Okt. 2026', '123.456', '50,0 %']],
    ['pt-PT', ['0,004213 €', '123 456', '50,0%']],
    ['en-GB', ['€0.004213', '31 Oct 2026', '123,456', '50.0%']],
  ] as const) {
    it(`decides how numbers, euros and dates are written on every page: ${locale}`, async () => {
      const app = await opened(startApp({ variables: { LOCALE: locale } }));
      const client = await signedIn(app.origin);
      let all = '';
      for (const path of paths()) {
        const { status, text } = await client.get(path);
        assert.equal(status, 200, path);
        const words = wordsOf(parse(text));
        all += words;
        const misprints = [...words.matchAll(locale === 'en-GB' ? NOT_ENGLISH : ENGLISH)].map(([text]) => text);
        assert.deepEqual(misprints, [], path);
      }
      for (const example of examples) assert.ok(all.includes(example), `${example} is nowhere`);
    });
  }
});
