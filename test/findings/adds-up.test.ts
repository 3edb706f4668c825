import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lookForFindings } from '../../src/findings/look.ts';
import { readCoverage } from '../../src/stats/rollups/coverage.ts';
import {
  addTime,
  BEGIN_OF_TIME,
  DAY_OF_24_HOURS,
  dayOf,
  endOfDay,
  type Instant,
  instantAt,
  MINUTE,
  now,
  startOfDay,
} from '../../src/units/time.ts';
import { sharedApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { databases } from '../support/databases.ts';
import { readFindings } from '../support/findings.ts';
import { slowly } from '../support/generated-usage.ts';
import { enterPrice } from '../support/prices.ts';
import { coverUsage, insertUsage, resetUsage, type UsageRow } from '../support/usage.ts';

const ZONE = 'Europe/Lisbon';
const id = (kind: number, number: number) => `${kind}${number}f2c4d6-0000-4000-8000-000000000000`;
const MODELS = ['gpt-5', 'tts-1', 'mystery-9', 'gpt-4-turbo'];
const CONTEXTS: Record<string, number> = { 'gpt-5': 400_000, 'gpt-4-turbo': 128_000 };
const ACTIONS = ['story_outline', 'test'];

type FindingJson = Awaited<ReturnType<typeof readFindings>>['findings'][number];
type Figures = { calls: number; micro: number };

/** Few of each, on a few days and within two hours of them, so that they meet. */
const row = (today: Instant): fc.Arbitrary<Partial<UsageRow>> =>
  fc
    .record({
      ago: fc.constantFrom(0, 1, 2, 6, 9, 40),
      minutes: fc.integer({ min: -90, max: 60 }),
      author: fc.constantFrom(id(1, 0), id(1, 1)),
      story: fc.constantFrom(id(2, 0), id(2, 1)),
      action: fc.constantFrom(...ACTIONS),
      model: fc.constantFrom(...MODELS),
      input: fc.constantFrom(-1, 0, 7, 1_001, 128_000, 128_001, 400_000, 400_001),
      output: fc.constantFrom(-3, 0, 0, 5, 1_003),
      cost: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(9_999_999_999)),
      prompt: fc.constantFrom('Era uma vez', 'Era uma vex', 'Outra história'),
    })
    .map(({ ago, minutes, ...rest }) => ({
      ...rest,
      at: addTime(
        startOfDay(dayOf(addTime(today, -BigInt(ago) * DAY_OF_24_HOURS), ZONE), ZONE),
        BigInt(minutes) * MINUTE,
      ),
    }));

/** Half up, as every price is. */
const priceOf = ({ input, output }: UsageRow) => Math.floor((input * 1_250 + output * 10_000 + 500) / 1_000);

const add = (sums: Map<string, Figures>, key: string, micro: number) => {
  const sum = sums.get(key) ?? { calls: 0, micro: 0 };
  sums.set(key, { calls: sum.calls + 1, micro: sum.micro + micro });
};

const dayAt = (at: bigint) => dayOf(instantAt(at), ZONE);

/** What every kind of calls comes to, row by row; days are complete, and looked at, up to where the rollups are. */
function plainly(rows: UsageRow[], coveredUntil: Instant): Map<string, Figures> {
  const sums = new Map<string, Figures>();
  const complete = rows.filter(({ at }) => endOfDay(dayAt(at), ZONE) <= coveredUntil);
  for (const one of rows) {
    const { model, action, at } = one;
    const beside = rows.filter(
      (other) => other.model === model && other.action === action && dayAt(other.at) === dayAt(at),
    );
    if (beside.every(({ cost }) => cost === 0)) add(sums, `unpriced ${model}`, model === 'gpt-5' ? priceOf(one) : 0);
  }
  for (const { model, input, output, cost } of complete) {
    if (input < 0 || output < 0) add(sums, `impossible-tokens ${model} negative`, cost);
    else if (model === 'tts-1' && output > 0) add(sums, `impossible-tokens ${model} speech`, cost);
    else if (input > (CONTEXTS[model] ?? Number.POSITIVE_INFINITY))
      add(sums, `impossible-tokens ${model} context`, cost);
  }
  const days = [...new Set(complete.map(({ at }) => dayAt(at)))].sort();
  const last = days.at(-1) ?? '';
  const isLooked = (day: string) => (Date.parse(last) - Date.parse(day)) / 86_400_000 < 7;
  for (const one of complete.filter(({ at }) => isLooked(dayAt(at)))) {
    const isBefore = (other: UsageRow) => other.at < one.at || (other.at === one.at && other.id < one.id);
    const isRepeat = rows.some(
      (other) =>
        other.story === one.story &&
        other.action === one.action &&
        other.prompt === one.prompt &&
        isBefore(other) &&
        one.at - other.at <= 30n * MINUTE,
    );
    if (isRepeat) add(sums, `repeated-prompts ${one.action} ${one.model}`, one.cost);
  }
  for (const { author, story, cost } of complete) {
    if (story !== id(2, 0)) add(sums, 'gone Stories', cost);
    if (author !== id(1, 0)) add(sums, 'gone Authors', cost);
  }
  return sums;
}

const REASONS: [RegExp, string][] = [
  [/fewer tokens than none/, 'negative'],
  [/paid by the character/, 'speech'],
  [/at once/, 'context'],
];
const LABELS: Record<string, string> = { 'Story outline': 'story_outline', Test: 'test' };

function keyOf({ kind, subject, sentence }: FindingJson): string {
  if (kind === 'impossible-tokens') return `${kind} ${subject} ${REASONS.find(([said]) => said.test(sentence))?.[1]}`;
  if (kind !== 'repeated-prompts') return `${kind} ${subject}`;
  const [action = '', model = ''] = subject.split(', ');
  return `${kind} ${LABELS[action]} ${model}`;
}

describe('findings of any records', () => {
  let client: Client;
  before(async () => {
    client = await signedIn((await sharedApp()).origin);
  });
  after(resetUsage);

  it('come to what the records say, row by row, and each to the sum of its parts', async () => {
    const today = now();
    await fc.assert(
      fc.asyncProperty(fc.array(row(today), { minLength: 1, maxLength: 60 }), fc.boolean(), async (given, covered) => {
        await resetUsage();
        await databases()
          .mythoria('authors')
          .insert({ author_id: id(1, 0), display_name: 'Ana', email: 'a@example.com' });
        await databases()
          .mythoria('stories')
          .insert({ story_id: id(2, 0), title: 'O mar', author_id: id(1, 0) });
        await enterPrice(client, {
          model: 'gpt-5',
          from: '2020-01-01',
          currency: 'EUR',
          inputPerMillion: 1.25,
          outputPerMillion: 10,
        });
        const rows = await insertUsage(given.filter(({ at }) => (at as bigint) <= today));
        if (covered) {
          await coverUsage();
          await lookForFindings(databases(), async () => true);
        }
        const { findings } = await readFindings(client);
        for (const { count, euros, trend } of findings.filter((one) => one.trend.label === null)) {
          assert.equal(
            trend.parts.reduce((sum, part) => sum + part.count, 0),
            count,
          );
          const known = trend.parts.flatMap((part) => part.euros ?? []);
          const micro = known.reduce((sum, part) => sum + Math.round(part * 1e6), 0);
          assert.equal(known.length === 0 ? null : micro, euros === null ? null : Math.round(euros * 1e6));
        }
        const { coveredUntil } = await readCoverage(databases().backoffice);
        const expected = plainly(rows, coveredUntil ?? BEGIN_OF_TIME);
        const looks = ['impossible-tokens', 'repeated-prompts', 'gone'];
        const found = findings.filter(({ kind }) => kind === 'unpriced' || looks.includes(kind));
        assert.deepEqual(
          new Map(found.map((one) => [keyOf(one), { calls: one.count, micro: Math.round((one.euros ?? 0) * 1e6) }])),
          new Map(
            [...expected]
              .filter(([key]) => covered || key.startsWith('unpriced'))
              // The price list says that these cost nothing too.
              .filter(([key, { micro }]) => key !== 'unpriced gpt-5' || micro !== 0),
          ),
        );
      }),
      slowly(60),
    );
  });
});
