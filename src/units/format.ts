import type { Plain } from './brand.ts';
import { dateFormats } from './format-dates.ts';
import { decimalsOf, type MicroEuros, nearestMicro } from './money.ts';
import { DAY_OF_24_HOURS, HOUR, type Instant, isoFromInstant, type Length, MINUTE, offsetAt, SECOND } from './time.ts';

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

type NumberFormat = ReturnType<typeof numberFormat>;

/** A formatter of numbers whose minus is one (−), and no hyphen, which some locales write. */
function numberFormat(locale: string, options: Intl.NumberFormatOptions = {}) {
  const { format } = new Intl.NumberFormat(locale, options);
  return { format: (number: number | bigint) => format(number).replace('-', '−') };
}

/** How numbers and times are printed: one set of functions for every view, made once from locale and time zone. */
export type Format = ReturnType<typeof createFormat>;

/**
 * Euros print with two decimals from one euro up and for whole cents, and with all six below, so that €0.004213 is not
 * €0.00 and a column of small amounts stays aligned. Times are business time.
 */
export function createFormat(locale: string, timeZone: string) {
  const inEuros = { style: 'currency', currency: 'EUR', ...UNSIGNED_ZERO } as const;
  const whole = numberFormat(locale, inEuros);
  const exact = numberFormat(locale, { ...inEuros, minimumFractionDigits: 6 });
  const compact = numberFormat(locale, { ...inEuros, notation: 'compact' });
  const integer = numberFormat(locale);
  const short = numberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const rough = numberFormat(locale, { notation: 'compact', maximumSignificantDigits: 2, ...UNSIGNED_ZERO });
  const share = numberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    ...UNSIGNED_ZERO,
  });
  const decimal = numberFormat(locale, { maximumFractionDigits: 9 });
  const rateIn = (currency: 'EUR' | 'USD') =>
    numberFormat(locale, {
      ...({ style: 'currency', currency, currencyDisplay: 'narrowSymbol' } as const),
      ...{ minimumFractionDigits: 2, maximumFractionDigits: 9 },
    });
  const rate = { EUR: rateIn('EUR'), USD: rateIn('USD') };
  const percent = numberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const signed = { signDisplay: 'exceptZero' } as const;
  const integerChange = numberFormat(locale, signed);
  const shareChange = numberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    ...signed,
  });
  const weekday = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' });
  const { ofInstant, ofDay } = dateFormats(locale, timeZone);
  const dateTime = ofInstant({ dateStyle: 'medium', timeStyle: 'medium' });
  const compactTime = ofInstant({ dateStyle: 'short', timeStyle: 'medium' });
  const minute = ofInstant({ dateStyle: 'medium', timeStyle: 'short' });
  const time = ofInstant({ hour: '2-digit', minute: '2-digit' });
  const longDay = ofDay({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  const shortDay = ofDay({ day: 'numeric', month: 'short' });
  const mediumDay = ofDay({ day: 'numeric', month: 'short', year: 'numeric' });
  const month = ofDay({ month: 'short', year: 'numeric' });
  const longMonth = ofDay({ month: 'long', year: 'numeric' });
  const year = ofDay({ year: 'numeric' });
  const unit = (name: 'day' | 'hour' | 'minute' | 'second') =>
    numberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 0 });
  const units = [
    { length: DAY_OF_24_HOURS, unit: unit('day') },
    { length: HOUR, unit: unit('hour') },
    { length: MINUTE, unit: unit('minute') },
    { length: SECOND, unit: unit('second') },
  ];
  const sizes = (['kilobyte', 'megabyte', 'gigabyte'] as const).map((name) =>
    numberFormat(locale, { style: 'unit', unit: name, maximumSignificantDigits: 2 }),
  );

  const euros = (micro: MicroEuros) => {
    const rounded = nearestMicro(micro);
    const twoDecimals = Math.abs(rounded) >= 1_000_000 || rounded % 10_000 === 0;
    return (twoDecimals ? whole : exact).format(rounded / 1_000_000);
  };
  const columns = new Map<string, NumberFormat>();
  const inColumn = (decimals: number, isChange: boolean) => {
    const key = `${decimals}${isChange}`;
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const made = columns.get(key) ?? numberFormat(locale, { ...inEuros, ...(isChange ? signed : {}), ...digits });
    columns.set(key, made);
    return made;
  };
  const withDecimals = (micro: MicroEuros, decimals: number, isChange: boolean) => {
    const rounded = nearestMicro(micro);
    const least = 10 ** (6 - decimals);
    const { format } = inColumn(decimals, isChange);
    if (rounded === 0 || Math.abs(rounded) >= least / 2) return format(rounded / 1_000_000);
    return `${rounded < 0 ? '>' : '<'}${format((Math.sign(rounded) * least) / 1_000_000)}`;
  };
  const eurosBeside = (amounts: MicroEuros[]) => {
    const decimals = decimalsOf(amounts);
    return {
      euros: (micro: MicroEuros) => withDecimals(micro, decimals, false),
      change: (micro: MicroEuros) => withDecimals(micro, decimals, true),
    };
  };
  const utcOffset = (instant: Instant) => `UTC${offsetText(offsetAt(instant, timeZone))}`;

  return {
    locale,
    timeZone,
    /** Micro-euros, a fraction of one (an average) included. */
    euros,
    /** All six decimals, for a tooltip or a sum that must be compared digit by digit. */
    exactEuros: (micro: MicroEuros) => exact.format(nearestMicro(micro) / 1_000_000),
    /**
     * Prints euros, and differences of such with their sign ("+€1.20"), all with the decimals that `amounts` need, which are read together; what is
     * not nothing is never printed as nothing: "<€0.01".
     */
    eurosBeside,
    /** The same of two and their difference: the decimals that the larger needs. */
    eurosCompared: (now: MicroEuros, before: MicroEuros) =>
      eurosBeside([Math.abs(now) > Math.abs(before) ? now : before]),
    /** As people say an amount: cents, and of less than a euro three digits. */
    spokenEuros: (micro: MicroEuros) => withDecimals(micro, decimalsOf([micro]), false),
    /** The numbers of an axis, all with the decimals that one of them needs. */
    axisEuros: (ticks: MicroEuros[]) => {
      const most = Math.max(...ticks.map(Math.abs));
      if (most >= 100_000_000_000) return ticks.map((micro) => compact.format(micro / 1_000_000));
      const needed = [0, 1, 2, 3, 4, 5, 6].find((digits) =>
        ticks.every((micro) => Math.round(micro) % 10 ** (6 - digits) === 0),
      );
      const digits = needed === 1 ? 2 : (needed ?? 6);
      const onAxis = numberFormat(locale, {
        ...inEuros,
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });
      return ticks.map((micro) => onAxis.format(micro / 1_000_000));
    },
    /** A figure among many that are all euros: two digits and no sign of the currency. */
    bareEuros: (micro: MicroEuros) => rough.format(micro / 1_000_000),
    /** "08" for the hour that begins at 08:00. */
    clockHour: (hour: Plain<number>) => String(hour).padStart(2, '0'),
    /** To the cent, where many small figures stand for a drawing; below a cent all six decimals. */
    roundEuros: (micro: MicroEuros) =>
      (micro === 0 || Math.abs(micro) >= 10_000 ? whole : exact).format(micro / 1_000_000),
    integerChange: (count: Plain<number>) => integerChange.format(count),
    /** By how much `now` differs from `before`: "+5.2%"; from nothing, or less, there is no percentage, and it is empty. */
    shareChange: (now: number, before: number) => (before <= 0 ? '' : shareChange.format(now / before - 1)),
    /** How much more or less, of 1: "+5.2%"; a dash where `share` has one. */
    signedShare: (share: Plain<number>) => (hasShares(share, 1) ? shareChange.format(share) : '–'),
    /** A price with all its decimals, two at least: "$1.25", "€0.0125". */
    rate: (amount: Plain<number>, currency: 'EUR' | 'USD') => rate[currency].format(amount),
    /** A number with all its decimals, at most nine. */
    decimal: (number: Plain<number>) => decimal.format(number),
    integer: (count: Plain<number>) => integer.format(count),
    /** To two digits, where many small figures stand for a drawing. */
    roundInteger: (count: Plain<number>) => rough.format(count),
    shortInteger: (count: Plain<number>) => short.format(count),
    /** A share from 0 to 1 in whole percent. */
    percent: (share: Plain<number>) => percent.format(share),
    /** part ÷ whole as a percentage, a dash where that says nothing. */
    share: (part: number, total: number) => (hasShares(part, total) ? share.format(part / total) : '–'),
    instant: dateTime,
    /** For a column of many. */
    shortInstant: compactTime,
    minute,
    timeOfDay: time,
    iso: isoFromInstant,
    /** "Mon" for 1 to "Sun" for 7. */
    weekday: (number: number) => weekday.format(new Date(Date.UTC(2024, 0, number, 12))),
    longDay,
    mediumDay,
    shortDay,
    month,
    longMonth,
    year,
    /** How long something took, in microseconds: "1 hr 12 mins", its two largest units; whole seconds, rounded down. */
    duration: (length: Length) => {
      const largest = Math.max(
        0,
        units.findIndex((one) => length >= one.length),
      );
      const start = length < SECOND ? units.length - 1 : largest;
      let rest = length;
      const parts: string[] = [];
      for (const one of units.slice(start, start + 2)) {
        const count = rest / one.length;
        rest -= count * one.length;
        if (count > 0n || parts.length === 0) parts.push(one.unit.format(count));
      }
      return parts.join(' ');
    },
    /** "Europe/Lisbon, UTC+01:00": the offset at that instant. */
    zone: (instant: Instant) => `${timeZone}, ${utcOffset(instant)}`,
    /** "UTC+01:00" at that instant. */
    utcOffset,
    /** A size to expect, in two digits: "190 MB"; at least a kilobyte. */
    bytes: (count: Plain<number>) => {
      const thousands = Math.min(2, Math.max(0, Math.floor(Math.log10(Math.max(count, 1)) / 3) - 1));
      return sizes[thousands]?.format(Math.max(1, count / 1000 ** (thousands + 1))) ?? '';
    },
    /** The first group of a uuid: enough to tell rows apart, short enough for a table. */
    shortId: (uuid: string) => uuid.slice(0, 8),
  };
}

/** "+01:00"; before clocks were set by zones with its seconds, "−00:36:45". */
function offsetText(offset: bigint): string {
  const length = offset < 0n ? -offset : offset;
  const parts = [length / HOUR, (length / MINUTE) % 60n, (length / SECOND) % 60n];
  const digits = parts.map((part) => String(part).padStart(2, '0'));
  return (offset < 0n ? '−' : '+') + (parts[2] === 0n ? digits.slice(0, 2) : digits).join(':');
}
