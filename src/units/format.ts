import { Temporal } from 'temporal-polyfill';
import { type MicroEuros, nearestMicro } from './money.ts';
import { type Day, type Instant, isoFromInstant } from './time.ts';

/**
 * Whether a part has a share of a total: refunds can leave a total of nothing, of less, or of so little that its parts are
 * many times as much.
 */
export function hasShares(part: number, total: number): boolean {
  return total > 0 && Math.abs(part) <= MOST_TIMES * total;
}
const MOST_TIMES = 10;

/** What rounds to nothing is not less than nothing. */
const UNSIGNED_ZERO = { signDisplay: 'negative' } as const;

/** How numbers and times are printed: one set of functions for every view, made once from locale and time zone. */
export type Format = ReturnType<typeof createFormat>;

/**
 * Euros print with two decimals from one euro up and for whole cents, and with all six below, so that €0.004213 is not
 * €0.00 and a column of small amounts stays aligned. Times are business time.
 */
export function createFormat(locale: string, timeZone: string) {
  const inEuros = { style: 'currency', currency: 'EUR', ...UNSIGNED_ZERO } as const;
  const whole = new Intl.NumberFormat(locale, inEuros);
  const exact = new Intl.NumberFormat(locale, { ...inEuros, minimumFractionDigits: 6 });
  const compact = new Intl.NumberFormat(locale, { ...inEuros, notation: 'compact' });
  const integer = new Intl.NumberFormat(locale);
  const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const rough = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 2, ...UNSIGNED_ZERO });
  const share = new Intl.NumberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    ...UNSIGNED_ZERO,
  });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const signed = { signDisplay: 'exceptZero' } as const;
  const wholeChange = new Intl.NumberFormat(locale, { style: 'currency', currency: 'EUR', ...signed });
  const exactChange = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'EUR',
    minimumFractionDigits: 6,
    ...signed,
  });
  const integerChange = new Intl.NumberFormat(locale, signed);
  const shareChange = new Intl.NumberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    ...signed,
  });
  const weekday = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone });
  const compactTime = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'medium', timeZone });
  const minute = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone });
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone });
  const longDay = new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  const shortDay = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const month = new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric', timeZone: 'UTC' });
  const longMonth = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' });
  const unit = (name: 'day' | 'hour' | 'minute' | 'second') =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 0 });
  const units = [
    { length: 86_400_000_000, unit: unit('day') },
    { length: 3_600_000_000, unit: unit('hour') },
    { length: 60_000_000, unit: unit('minute') },
    { length: 1_000_000, unit: unit('second') },
  ];
  const sizes = (['kilobyte', 'megabyte', 'gigabyte'] as const).map(
    (name) => new Intl.NumberFormat(locale, { style: 'unit', unit: name, maximumSignificantDigits: 2 }),
  );
  const utcNoon = (day: Day) => new Date(`${day}T12:00:00Z`);
  const date = (instant: Instant) => new Date(Math.floor(instant / 1000));

  const money = (two: Intl.NumberFormat, six: Intl.NumberFormat) => (micro: MicroEuros) => {
    const rounded = nearestMicro(micro);
    const twoDecimals = Math.abs(rounded) >= 1_000_000 || rounded % 10_000 === 0;
    return (twoDecimals ? two : six).format(rounded / 1_000_000);
  };
  const euros = money(whole, exact);

  return {
    timeZone,
    /** Micro-euros, a fraction of one (an average) included. */
    euros,
    /** All six decimals, for a tooltip or a sum that must be compared digit by digit. */
    exactEuros: (micro: MicroEuros) => exact.format(nearestMicro(micro) / 1_000_000),
    /** For the axis of a chart. */
    shortEuros: (micro: MicroEuros) =>
      Math.abs(micro) >= 1_000_000_000 ? compact.format(micro / 1_000_000) : euros(micro),
    /** A figure among many that are all euros: two digits and no sign of the currency. */
    bareEuros: (micro: MicroEuros) => rough.format(micro / 1_000_000),
    /** "08" for the hour that begins at 08:00. */
    clockHour: (hour: number) => String(hour).padStart(2, '0'),
    /** To the cent, where many small figures stand for a drawing; below a cent all six decimals. */
    roundEuros: (micro: MicroEuros) =>
      (micro === 0 || Math.abs(micro) >= 10_000 ? whole : exact).format(micro / 1_000_000),
    /** A difference with its sign: "+€1.20". */
    eurosChange: money(wholeChange, exactChange),
    integerChange: (count: number) => integerChange.format(count),
    /** By how much `now` differs from `before`: "+5.2%"; from nothing, or less, there is no percentage, and it is empty. */
    shareChange: (now: number, before: number) => (before <= 0 ? '' : shareChange.format(now / before - 1)),
    integer: (count: number) => integer.format(count),
    /** To two digits, where many small figures stand for a drawing. */
    roundInteger: (count: number) => rough.format(count),
    shortInteger: (count: number) => short.format(count),
    /** A share from 0 to 1 in whole percent. */
    percent: (share: number) => percent.format(share),
    /** part ÷ whole as a percentage, a dash where that says nothing. */
    share: (part: number, total: number) => (hasShares(part, total) ? share.format(part / total) : '–'),
    instant: (instant: Instant) => dateTime.format(date(instant)),
    /** For a column of many. */
    shortInstant: (instant: Instant) => compactTime.format(date(instant)),
    minute: (instant: Instant) => minute.format(date(instant)),
    timeOfDay: (instant: Instant) => time.format(date(instant)),
    iso: isoFromInstant,
    /** "Mon" for 1 to "Sun" for 7. */
    weekday: (number: number) => weekday.format(new Date(Date.UTC(2024, 0, number, 12))),
    longDay: (day: Day) => longDay.format(utcNoon(day)),
    shortDay: (day: Day) => shortDay.format(utcNoon(day)),
    month: (firstDay: Day) => month.format(utcNoon(firstDay)),
    longMonth: (firstDay: Day) => longMonth.format(utcNoon(firstDay)),
    /** How long something took, in microseconds: "1 hr 12 mins", its two largest units; whole seconds, rounded down. */
    duration: (length: number) => {
      const largest = Math.max(
        0,
        units.findIndex((one) => length >= one.length),
      );
      const start = length < 1_000_000 ? units.length - 1 : largest;
      let rest = length;
      const parts: string[] = [];
      for (const one of units.slice(start, start + 2)) {
        const count = Math.floor(rest / one.length);
        rest -= count * one.length;
        if (count > 0 || parts.length === 0) parts.push(one.unit.format(count));
      }
      return parts.join(' ');
    },
    /** "Europe/Lisbon, UTC+0": the offset at that instant. */
    zone: (instant: Instant) => {
      const offset = Temporal.Instant.fromEpochMilliseconds(Math.floor(instant / 1000)).toZonedDateTimeISO(
        timeZone,
      ).offset;
      return `${timeZone}, UTC${offset}`;
    },
    /** A size to expect, in two digits: "190 MB"; at least a kilobyte. */
    bytes: (count: number) => {
      const thousands = Math.min(2, Math.max(0, Math.floor(Math.log10(Math.max(count, 1)) / 3) - 1));
      return sizes[thousands]?.format(Math.max(1, count / 1000 ** (thousands + 1))) ?? '';
    },
    /** The first group of a uuid: enough to tell rows apart, short enough for a table. */
    shortId: (uuid: string) => uuid.slice(0, 8),
  };
}
