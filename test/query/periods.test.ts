import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AskedPeriod } from '../../src/query/period.ts';
import { stepsOf } from '../../src/query/periods/steps.ts';
import { parseUsageQuery, type UsageQuery } from '../../src/query/query.ts';
import { addTime, DAY_OF_24_HOURS, HOUR, type Instant, isoFromInstant, parseInstant } from '../../src/units/time.ts';
import { PERIODS_BY_NAME } from '../support/periods.ts';

/**
 * Clocks that change at one, at two and at midnight (which then is left out), by half an hour, on half hours from UTC, and one
 * that left out a whole day, 30 December 2011.
 */
const ZONES = [
  ...['Europe/Lisbon', 'America/New_York', 'America/Sao_Paulo', 'Africa/Cairo', 'America/Havana'],
  ...['Australia/Lord_Howe', 'Asia/Kolkata', 'Pacific/Apia', 'UTC'],
];
const at = (iso: string) => parseInstant(iso) as Instant;
const NOW = at('2031-07-04T10:44:41.843Z');
const read = (parameters: Record<string, string>, timeZone: string, now = NOW): UsageQuery =>
  parseUsageQuery(parameters, { maxPageSize: 200, timeZone }, now);
const windowOf = (period: string, timeZone: string, now = NOW) => read({ period }, timeZone, now).window;

const zone = fc.constantFrom(...ZONES);
const year = fc.integer({ min: 1900, max: 2030 });
const padded = (number: number) => String(number).padStart(2, '0');
const upTo = (most: number) => Array.from({ length: most }, (_, i) => i + 1);

/** One after another without gap or overlap, from where the whole begins to where it ends. */
function assertTiles(parts: string[], whole: string, timeZone: string): void {
  const windows = parts.map((part) => windowOf(part, timeZone));
  const all = windowOf(whole, timeZone);
  assert.equal(windows[0]?.from, all.from);
  assert.equal(windows.at(-1)?.to, all.to);
  for (const [i, { from }] of windows.entries()) if (i > 0) assert.equal(from, windows[i - 1]?.to, parts[i]);
}

describe('periods of the calendar', () => {
  it('tile: the months and quarters of a year are the year, the days of a month the month, in every zone', () => {
    fc.assert(
      fc.property(zone, year, fc.integer({ min: 1, max: 12 }), (timeZone, year, month) => {
        assertTiles(
          upTo(12).map((one) => `${year}-${padded(one)}`),
          `${year}`,
          timeZone,
        );
        assertTiles(
          upTo(4).map((one) => `${year}-Q${one}`),
          `${year}`,
          timeZone,
        );
        const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
        assertTiles(
          upTo(days).map((day) => `${year}-${padded(month)}-${padded(day)}`),
          `${year}-${padded(month)}`,
          timeZone,
        );
      }),
      {
        examples: [
          ['Pacific/Apia', 2011, 12],
          ['America/Sao_Paulo', 2018, 11],
          ['Africa/Cairo', 2024, 4],
        ],
      },
    );
  });

  it('have weeks of seven days from Monday on, which follow each other from year to year', () => {
    fc.assert(
      fc.property(zone, year, (timeZone, year) => {
        const weeks = upTo(53).filter((week) => week < 53 || isPeriod(`${year}-W53`));
        const windows = weeks.map((week) => windowOf(`${year}-W${padded(week)}`, timeZone));
        for (const [i, { from }] of windows.entries()) if (i > 0) assert.equal(from, windows[i - 1]?.to);
        assert.equal(windows.at(-1)?.to, windowOf(`${year + 1}-W01`, timeZone).from);
        // The week with the year's first Thursday is its first.
        const fourth = windowOf(`${year}-01-04`, timeZone);
        assert.ok((windows[0]?.from ?? 0n) <= (fourth.from ?? 0n) && (windows[0]?.to ?? 0n) >= fourth.to);
        const monday = new Date(Number(windowOf(`${year}-W10`, 'UTC').from) / 1000);
        assert.equal(monday.getUTCDay(), 1);
      }),
    );
    for (const year of [2020, 2026, 2032]) assert.ok(isPeriod(`${year}-W53`));
    for (const year of [2024, 2025, 2027]) assert.ok(!isPeriod(`${year}-W53`));
  });

  const named = fc.oneof(...(['day', 'week', 'month', 'quarter'] as const).map((kind) => PERIODS_BY_NAME[kind]));

  it('are before and after each other: the next of the previous one is itself, and they meet', () => {
    fc.assert(
      fc.property(
        zone,
        fc.oneof(named, fc.constantFrom('2025', '2026', '0000', '1911', '-004712', '+012026')),
        (timeZone, period) => {
          const step = (query: UsageQuery, way: 'previous' | 'next') =>
            read({ period: stepsOf(query, timeZone)?.[way]?.period ?? 'none' }, timeZone);
          const query = read({ period }, timeZone);
          const previous = step(query, 'previous');
          assert.equal(previous.window.to, query.window.from);
          // What has not begun is no step.
          if ((query.window.from ?? 0n) > NOW) return assert.equal(stepsOf(previous, timeZone)?.next, null);
          assert.deepEqual(step(previous, 'next'), query);
          assert.deepEqual(step(step(query, 'next'), 'previous'), query);
        },
      ),
    );
  });

  it('have an end: nothing before time, nothing that has not begun', () => {
    const steps = (period: string) => stepsOf(read({ period }, 'Europe/Lisbon'), 'Europe/Lisbon');
    assert.equal(steps('-004713')?.previous, null);
    assert.equal(steps('-004713-11-24')?.previous, null);
    assert.equal(steps('-004713-11-25')?.previous?.period, '-004713-11-24');
    for (const period of ['today', 'this-month', '2031', '2031-Q3', '2031-W27', '7d'])
      assert.equal(steps(period)?.next, null, period);
    assert.equal(steps('2031-06')?.next?.period, '2031-07');
    assert.equal(steps('yesterday')?.next?.period, '2031-07-04');
    assert.equal(steps('+294276')?.next, null);
    assert.equal(steps('all'), null);
    assert.equal(steps('none'), null);
  });

  it('end now, or at asOf, while they are not over, and are of the day that asOf lies in', () => {
    const now = at('2026-11-22T10:44:41.843Z');
    const iso = (period: string, timeZone = 'Europe/Lisbon', asOf: Record<string, string> = {}) => {
      const { from, to } = read({ period, ...asOf }, timeZone, now).window;
      return [from === null ? null : isoFromInstant(from), isoFromInstant(to)];
    };
    const until = isoFromInstant(now);
    assert.deepEqual(iso('today'), ['2026-11-22T00:00:00.000Z', until]);
    assert.deepEqual(iso('yesterday'), ['2026-11-21T00:00:00.000Z', '2026-11-22T00:00:00.000Z']);
    assert.deepEqual(iso('this-week'), ['2026-11-16T00:00:00.000Z', until]);
    assert.deepEqual(iso('last-week'), ['2026-11-09T00:00:00.000Z', '2026-11-16T00:00:00.000Z']);
    assert.deepEqual(iso('this-month'), ['2026-11-01T00:00:00.000Z', until]);
    assert.deepEqual(iso('last-month'), ['2026-09-30T23:00:00.000Z', '2026-11-01T00:00:00.000Z']);
    assert.deepEqual(iso('this-quarter'), ['2026-09-30T23:00:00.000Z', until]);
    assert.deepEqual(iso('last-quarter'), ['2026-06-30T23:00:00.000Z', '2026-09-30T23:00:00.000Z']);
    assert.deepEqual(iso('this-year'), ['2026-01-01T00:00:00.000Z', until]);
    assert.deepEqual(iso('last-year'), ['2025-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z']);
    assert.deepEqual(iso('2026-W44'), ['2026-10-26T00:00:00.000Z', '2026-11-02T00:00:00.000Z']);
    assert.deepEqual(iso('2026-11'), iso('this-month'));
    // 25 hours, 23 hours, and a day whose midnight does not exist.
    assert.deepEqual(iso('2026-10-25'), ['2026-10-24T23:00:00.000Z', '2026-10-26T00:00:00.000Z']);
    assert.deepEqual(iso('2026-03-29'), ['2026-03-29T00:00:00.000Z', '2026-03-29T23:00:00.000Z']);
    assert.deepEqual(iso('2018-11-04', 'America/Sao_Paulo'), ['2018-11-04T03:00:00.000Z', '2018-11-05T02:00:00.000Z']);
    // A day that a zone has left out holds nothing.
    const leftOut = iso('2011-12-30', 'Pacific/Apia');
    assert.deepEqual(leftOut, ['2011-12-30T10:00:00.000Z', '2011-12-30T10:00:00.000Z']);
    const asOf = { asOf: '2026-11-01T00:00:00Z' };
    assert.deepEqual(iso('today', 'Europe/Lisbon', asOf), ['2026-11-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z']);
    assert.deepEqual(iso('yesterday', 'Europe/Lisbon', asOf), ['2026-10-31T00:00:00.000Z', '2026-11-01T00:00:00.000Z']);
    assert.deepEqual(iso('last-month', 'Europe/Lisbon', asOf), [
      '2026-09-30T23:00:00.000Z',
      '2026-11-01T00:00:00.000Z',
    ]);
    // What has not begun holds what claims to be of the future.
    assert.deepEqual(iso('2030'), ['2030-01-01T00:00:00.000Z', '2031-01-01T00:00:00.000Z']);
  });

  it('have one spelling', () => {
    const spelled = (period: string) => read({ period }, 'UTC').period;
    assert.equal(spelled('+002026-10'), '2026-10');
    assert.equal(spelled('012026'), '+012026', 'the plus that nobody encoded');
    assert.equal(spelled('-000000'), '0000');
  });
});

describe('windows of other lengths', () => {
  it('have as many days, or as long a time, before and after them', () => {
    const step = (parameters: Record<string, string>, way: 'previous' | 'next') => {
      const found: AskedPeriod | null = stepsOf(read(parameters, 'Europe/Lisbon'), 'Europe/Lisbon')?.[way] ?? null;
      return found && [found.from?.text, found.to?.text];
    };
    const days = { from: '2026-10-24', to: '2026-10-26' };
    assert.deepEqual(step(days, 'previous'), ['2026-10-21', '2026-10-23']);
    assert.deepEqual(step(days, 'next'), ['2026-10-27', '2026-10-29']);
    const hours = { from: '2026-10-25T00:00Z', to: '2026-10-25T02:00Z' };
    assert.deepEqual(step(hours, 'next'), ['2026-10-25T02:00:00.000Z', '2026-10-25T04:00:00.000Z']);
    assert.deepEqual(step({ period: '7d' }, 'previous'), ['2031-06-20T10:44:41.843Z', '2031-06-27T10:44:41.843Z']);
    assert.equal(step({ to: '2026-10-25' }, 'previous'), null);
    assert.deepEqual(step({ from: '2031-07-03' }, 'previous'), ['2031-07-01', '2031-07-02']);
  });
});

describe('from and to with a time of business time', () => {
  const instant = (from: string, timeZone = 'Europe/Lisbon') => {
    const found = read({ from, to: '2030-01-01' }, timeZone).window.from;
    return found === null ? null : isoFromInstant(found).replace(':00.000Z', 'Z');
  };

  it('are those of its clock, once for each time that it shows', () => {
    assert.equal(instant('2026-07-01T10:00'), '2026-07-01T09:00Z');
    assert.equal(instant('2026-12-01T10:00'), '2026-12-01T10:00Z');
    assert.equal(instant('2026-12-01T10:00:00.5'), '2026-12-01T10:00:00.500Z');
    assert.equal(instant('2026-10-25T01:30'), '2026-10-25T00:30Z', 'the first of two');
    assert.equal(instant('2026-03-29T01:30'), '2026-03-29T01:00Z', 'when the clock left it out');
    assert.equal(instant('2018-11-04T00:15', 'America/Sao_Paulo'), '2018-11-04T03:00Z');
    assert.equal(instant('1900-01-01T00:00'), '1900-01-01T00:36:45.000Z', 'local mean time');
  });

  it('never go back while the clock goes on', () => {
    const minutes = fc.integer({ min: 0, max: 3 * 1440 });
    fc.assert(
      fc.property(
        zone,
        fc.constantFrom('2026-03-28', '2026-10-24', '2018-11-03', '2011-12-29', '2026-04-04'),
        minutes,
        minutes,
        (timeZone, day, a, b) => {
          const text = (minute: number) =>
            new Date(Date.parse(`${day}T00:00Z`) + minute * 60_000).toISOString().slice(0, 16);
          const [one, other] = [a, b].map((minute) => read({ from: text(minute) }, timeZone).window.from as Instant);
          if (a <= b) assert.ok((one as Instant) <= (other as Instant));
          else assert.ok((one as Instant) >= (other as Instant));
        },
      ),
    );
  });

  it('is the beginning of the day at midnight, wherever that is', () => {
    fc.assert(
      fc.property(zone, fc.bigInt({ min: 0n, max: 20_000n }), (timeZone, number) => {
        const day = isoFromInstant(addTime(at('1975-01-01T00:00:00Z'), number * DAY_OF_24_HOURS)).slice(0, 10);
        assert.equal(read({ from: `${day}T00:00` }, timeZone).window.from, read({ from: day }, timeZone).window.from);
        const noon = read({ from: `${day}T12:00` }, timeZone).window.from as Instant;
        assert.ok(noon - (read({ from: day }, timeZone).window.from as Instant) <= 13n * HOUR);
      }),
    );
  });
});

function isPeriod(period: string): boolean {
  try {
    read({ period }, 'UTC');
    return true;
  } catch {
    return false;
  }
}
