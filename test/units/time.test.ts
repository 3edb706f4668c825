import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { compareDays, dayFromIso, dayFromPostgres, postgresFromDay } from '../../src/units/calendar.ts';
import { shiftInstant } from '../../src/units/local-time.ts';
import {
  addDays,
  addTime,
  BEGIN_OF_TIME,
  DAY_OF_24_HOURS,
  dayOf,
  END_OF_TIME,
  endOfDay,
  HOUR,
  type Instant,
  instantAt,
  instantFromMilliseconds,
  instantFromPostgres,
  isoFromInstant,
  offsetAt,
  parseDay,
  parseInstant,
  postgresFromInstant,
  startOfDay,
  startOfHour,
} from '../../src/units/time.ts';
import { databases } from '../support/databases.ts';

const ZONES = ['Europe/Lisbon', 'America/Sao_Paulo', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'];

const at = (iso: string): Instant => {
  const instant = parseInstant(iso);
  assert.notEqual(instant, null, iso);
  return instant as Instant;
};

const between = (from: string, to: string) => fc.bigInt({ min: at(from), max: at(to) - 1n }).map(instantAt);
/** All of PostgreSQL's time, and often the years in which rows are made. */
const anyInstant = fc.oneof(
  fc.bigInt({ min: BEGIN_OF_TIME, max: END_OF_TIME - 1n }).map(instantAt),
  between('-000005-01-01T00:00:00Z', '0005-12-31T23:59:59.999999Z'),
  between('1970-01-01T00:00:00Z', '2199-12-31T23:59:59.999999Z'),
  fc.constantFrom(BEGIN_OF_TIME, addTime(BEGIN_OF_TIME, 1n), addTime(END_OF_TIME, -1n)),
);
// Time zone data beyond the near future is a guess that Node and PostgreSQL may make differently.
const knownInstant = between('1970-01-02T00:00:00Z', '2027-01-01T00:00:00Z');
/** When clocks showed local mean time, with seconds. */
const ancientInstant = between('-004713-11-28T00:00:00Z', '1800-01-01T00:00:00Z');
/** When rules go on for ever. */
const futureInstant = between('+002100-01-01T00:00:00Z', '+294276-12-27T00:00:00Z');

describe('instants', () => {
  it('survive PostgreSQL, to the microsecond, in whatever zone it prints them', async () => {
    const instants = fc.sample(anyInstant, 300);
    await databases().workflows.transaction(async (transaction) => {
      for (const zone of [...ZONES, 'Africa/Monrovia']) {
        await transaction.raw(`SET LOCAL TIME ZONE '${zone}'`);
        const { rows } = await transaction.raw<{ rows: { text: string }[] }>(
          `SELECT iso::timestamptz::text AS text
             FROM unnest(?::text[]) WITH ORDINALITY AS given (iso, position) ORDER BY position`,
          [instants.map(postgresFromInstant)],
        );
        assert.deepEqual(
          rows.map(({ text }) => instantFromPostgres(text)),
          instants,
          zone,
        );
      }
    });
  });

  it('are read alike one by one and among others of their hour', () => {
    const text = (instant: Instant) =>
      postgresFromInstant(instant)
        .replace('T', ' ')
        .replace(/\.?0*Z/, '+00');
    const ofOneHour = fc
      .tuple(anyInstant, fc.array(fc.bigInt(0n, HOUR - 1n), { minLength: 2 }))
      .map(([hour, parts]) => parts.map((part) => addTime(startOfHour(hour), part)));
    fc.assert(
      fc.property(ofOneHour, (instants) => {
        assert.deepEqual(
          instants.map((instant) => instantFromPostgres(text(instant))),
          instants,
        );
      }),
    );
  });

  it('survive being written as ISO 8601 and read again', () => {
    fc.assert(fc.property(anyInstant, (instant) => assert.equal(parseInstant(isoFromInstant(instant)), instant)));
    assert.equal(isoFromInstant(at('2026-10-31T10:00:00.000001+01:00')), '2026-10-31T09:00:00.000001Z');
    assert.equal(isoFromInstant(at('2026-10-31T10:00Z')), '2026-10-31T10:00:00.000Z');
    assert.equal(isoFromInstant(BEGIN_OF_TIME), '-004713-11-24T00:00:00.000Z');
    assert.equal(isoFromInstant(addTime(END_OF_TIME, -1n)), '+294276-12-31T23:59:59.999999Z');
    for (const text of ['+012026-10-31T10:00:00Z', ' 012026-10-31T10:00:00Z', '12026-10-31T10:00:00Z'])
      assert.equal(isoFromInstant(at(text)), '+012026-10-31T10:00:00.000Z');
  });

  it('are refused where they are none', () => {
    for (const text of ['infinity', '-infinity', '2026-10-31 10:00:00', '2026-10-31T10:00:00Z', ''])
      assert.throws(() => instantFromPostgres(text), RangeError, text);
    for (const text of [
      '2026-02-30T10:00:00Z',
      '2026-10-31T25:00:00Z',
      '2026-10-31T10:00:00',
      '2026-10-31T10:00:00.1234567Z',
      '2026-10-31 10:00:00Z',
      '-004713-11-23T23:59:59Z',
      '+294277-01-01T00:00:00Z',
      '-4000-01-01T00:00:00Z',
      '-0044-03-15T12:00:00Z',
      '2026-10-31T10:60:00Z',
      '2026-10-31T10:00:00+01:60',
      'now',
    ])
      assert.equal(parseInstant(text), null, text);
    for (const text of [
      '2026-02-29',
      '2026-13-01',
      '2026-1-1',
      '26-10-31',
      '-004713-11-23',
      '+294277-01-01',
      '2026-10-31T',
    ])
      assert.equal(parseDay(text), null, text);
    assert.equal(parseDay('2028-02-29'), '2028-02-29');
  });

  it('fall into the UTC hour that began before them', () => {
    fc.assert(
      fc.property(anyInstant, (instant) => {
        const hour = startOfHour(instant);
        assert.ok(hour <= instant && instant < hour + HOUR);
        assert.match(isoFromInstant(hour), /:00:00\.000Z$/);
      }),
    );
  });
});

describe('business days', () => {
  it('hold each of their instants, and follow each other without gap or overlap', () => {
    fc.assert(
      fc.property(fc.oneof(knownInstant, ancientInstant, futureInstant), fc.constantFrom(...ZONES), (instant, zone) => {
        const day = dayOf(instant, zone);
        assert.ok(startOfDay(day, zone) <= instant && instant < endOfDay(day, zone));
        assert.equal(dayOf(startOfDay(day, zone), zone), day);
        assert.equal(dayOf(addTime(startOfDay(day, zone), -1n), zone), addDays(day, -1));
        assert.equal(endOfDay(day, zone), startOfDay(addDays(day, 1), zone));
      }),
    );
  });

  /** The days that PostgreSQL sees instants in. */
  async function daysInPostgres(instants: Instant[], zone: string): Promise<string[]> {
    const { rows } = await databases().workflows.raw<{ rows: { day: string }[] }>(
      `SELECT to_char(iso::timestamptz AT TIME ZONE zone, 'YYYY-MM-DD BC') AS day
         FROM unnest(?::text[]) WITH ORDINALITY AS given (iso, position), (VALUES (?)) AS business (zone)
        ORDER BY position`,
      [instants.map(postgresFromInstant), zone],
    );
    return rows.map(({ day }) => dayFromPostgres(day));
  }

  it('are the days that PostgreSQL sees, from their first instant on', async () => {
    // The day of the last one had two midnights in Lisbon: it begins with the first.
    const instants = [
      ...fc.sample(fc.oneof(knownInstant, ancientInstant, futureInstant), 400),
      parseInstant('1976-09-26T12:00:00Z') as Instant,
    ];
    for (const zone of ZONES) {
      const days = instants.map((instant) => dayOf(instant, zone));
      const starts = days.map((day) => startOfDay(day, zone));
      assert.deepEqual(await daysInPostgres(instants, zone), days, zone);
      assert.deepEqual(await daysInPostgres(starts, zone), days, zone);
      const before = starts.map((start) => addTime(start, -1n));
      assert.deepEqual(
        await daysInPostgres(before, zone),
        days.map((day) => addDays(day, -1)),
        zone,
      );
    }
  });

  it('have 23, 25, 23.5 and 24.5 hours where clocks change, also at midnight', () => {
    const hours = (day: string, zone: string) =>
      Number(endOfDay(dayFromIso(day), zone) - startOfDay(dayFromIso(day), zone)) / Number(HOUR);
    assert.equal(hours('2026-03-29', 'Europe/Lisbon'), 23);
    assert.equal(hours('2026-10-25', 'Europe/Lisbon'), 25);
    assert.equal(hours('2026-10-26', 'Europe/Lisbon'), 24);
    assert.equal(hours('2026-10-04', 'Australia/Lord_Howe'), 23.5);
    assert.equal(hours('2026-04-05', 'Australia/Lord_Howe'), 24.5);
    assert.equal(hours('2018-11-04', 'America/Sao_Paulo'), 23);
    assert.equal(isoFromInstant(startOfDay(dayFromIso('2018-11-04'), 'America/Sao_Paulo')), '2018-11-04T03:00:00.000Z');
  });

  it('are counted across months, years and leap days', () => {
    assert.equal(addDays(dayFromIso('2026-12-31'), 1), '2027-01-01');
    assert.equal(addDays(dayFromIso('2028-03-01'), -1), '2028-02-29');
    assert.equal(addDays(dayFromIso('2026-03-28'), 2), '2026-03-30');
    assert.equal(addDays(dayFromIso('0000-12-31'), 1), '0001-01-01');
    assert.equal(addDays(dayFromIso('0000-01-01'), -1), '-000001-12-31');
    assert.equal(addDays(dayFromIso('9999-12-31'), 1), '+010000-01-01');
    const days = ['-004713-11-24', '-000001-12-31', '0000-01-01', '2026-10-31', '+010000-01-01', '+294276-12-31'];
    assert.deepEqual(days.toSorted().sort(compareDays), days);
    for (const day of days) assert.equal(dayFromPostgres(postgresFromDay(dayFromIso(day))), day);
  });

  it('move, and clocks are ahead of UTC, as time zones have it, also in the days around which clocks change', () => {
    // At a minute past the hour, by half an hour, by a whole day, twice within weeks.
    const zones = ['America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca', 'Europe/Lisbon'];
    const day = Number(DAY_OF_24_HOURS / 1_000n);
    const changes = zones.flatMap((zone) => {
      const all: [zone: string, milliseconds: number][] = [];
      let at = Temporal.Instant.from('2009-01-01T00:00:00Z').toZonedDateTimeISO(zone).getTimeZoneTransition('next');
      for (; at && all.length < 12; at = at.getTimeZoneTransition('next')) all.push([zone, at.epochMilliseconds]);
      return all;
    });
    const around = fc.integer({ min: -2 * day, max: 2 * day });
    const days = fc.constantFrom(-365, -28, -7, -1, 0, 1, 7, 30);
    fc.assert(
      fc.property(fc.constantFrom(...changes), around, days, fc.boolean(), ([zone, change], away, days, isThere) => {
        // What moves to the change, or away from it.
        const milliseconds = change + away - (isThere ? days * day : 0);
        const asked = Temporal.Instant.fromEpochMilliseconds(milliseconds).toZonedDateTimeISO(zone);
        const instant = instantFromMilliseconds(milliseconds);
        assert.equal(shiftInstant(instant, { days }, zone), BigInt(asked.add({ days }).epochMilliseconds) * 1_000n);
        assert.equal(offsetAt(instant, zone), BigInt(asked.offsetNanoseconds) / 1_000n);
      }),
      { numRuns: 3_000 },
    );
  });

  it('reach to the ends of time, and move by days and years anywhere in it', () => {
    assert.equal(startOfDay(dayFromIso('-004713-11-24'), 'Europe/Lisbon'), BEGIN_OF_TIME);
    assert.equal(dayOf(BEGIN_OF_TIME, 'Europe/Lisbon'), '-004713-11-24');
    assert.equal(endOfDay(dayFromIso('+294276-12-31'), 'Asia/Kolkata'), END_OF_TIME);
    assert.equal(dayOf(addTime(END_OF_TIME, -1n), 'Asia/Kolkata'), '+294276-12-31');
    assert.equal(isoFromInstant(startOfDay(dayFromIso('0001-01-01'), 'Europe/Lisbon')), '0001-01-01T00:36:45.000Z');
    const far = at('+200000-07-01T12:34:56.789012Z');
    assert.equal(isoFromInstant(shiftInstant(far, { years: -199_999 }, 'UTC')), '0001-07-01T12:34:56.789012Z');
    assert.equal(isoFromInstant(shiftInstant(far, { days: 92 }, 'Europe/Lisbon')), '+200000-10-01T12:34:56.789012Z');
    assert.equal(isoFromInstant(shiftInstant(far, { days: 180 }, 'Europe/Lisbon')), '+200000-12-28T13:34:56.789012Z');
  });
});
