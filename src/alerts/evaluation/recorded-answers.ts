import { providerOf } from '../../catalog/models.ts';
import type { UsageFilter } from '../../query/filter.ts';
import type { PriceList } from '../../stats/pricing/price-list.ts';
import { readRepricedStats } from '../../stats/pricing/repriced.ts';
import { readRepricedMinutes } from '../../stats/pricing/repriced-minutes.ts';
import { type FirstVisits, readFirstVisits, readMinutes, type TimedSums } from '../../stats/records/minutes.ts';
import { wholeHoursSince } from '../../stats/rollups/segments.ts';
import type { UsageSource } from '../../stats/source.ts';
import { readCells } from '../../stats/stats.ts';
import { type Sums, sumOf } from '../../stats/sums.ts';
import { compareDays, type Day } from '../../units/calendar.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import type { MicroEuros } from '../../units/money.ts';
import {
  addDays,
  addTime,
  compareInstants,
  dayOf,
  END_OF_TIME,
  earliest,
  endOfDay,
  HOUR,
  type Instant,
  latest,
  MINUTE,
  startOfDay,
  startOfHourNumber,
} from '../../units/time.ts';
import type { Answerer, Answers, Question, Recording } from '../rules/questions.ts';
import { runningWindow, type Span, startOfMinute, type WindowSize } from '../rules/windows.ts';
import { unpriced } from './live-answers.ts';
import type { EvaluatedRule } from './replay.ts';
import { beginOf, nextOf, type Series, seriesOf, sumsWithin } from './series.ts';

/** The longest silence that a rule waits for, and an hour: nothing else looks back to a minute before it is first evaluated. */
const MINUTES_BEFORE = 169n * HOUR;

/**
 * Answers the questions of one rule about a long time from one reading: minutes for a rule that looks at each of them, hours before
 * that and for other rules. The same answers as the engine gives one by one.
 * `from`: how far back it may be asked; `begin`: the first instant as of which it is evaluated; `list`: whose prices count, null where recorded
 * costs do.
 */
export async function recordedAnswers(
  source: UsageSource,
  filter: UsageFilter,
  { from, begin, to }: { from: Instant; begin: Instant; to: Instant },
  { type, fields }: EvaluatedRule,
  list: PriceList | null,
): Promise<{ ask: Answerer; quietUntil: (at: Instant) => Instant }> {
  const recording: Recording = { minutes: false, by: null, unpriced: false, stories: null, ...type.recording(fields) };
  const { workflows, timeZone } = source;
  const only = recording.unpriced ? unpriced(filter) : filter;
  const wholeHours = wholeHoursSince(timeZone) !== null;
  const minutesFrom =
    !wholeHours || recording.minutes
      ? from
      : type.every === 'hour'
        ? to
        : latest(from, startOfDay(dayOf(addTime(begin, -MINUTES_BEFORE), timeZone), timeZone));
  const byMinute = (window: Span) =>
    list === null
      ? readMinutes(workflows, window, only, recording.by)
      : readRepricedMinutes(source, window, only, recording.by, list);
  const [hours, minutes, visits] = await Promise.all([
    from < minutesFrom ? readHours(source, { from, to: minutesFrom }, only, recording.by, list) : [],
    minutesFrom < to ? byMinute({ from: minutesFrom, to }) : [],
    recording.stories === null ? null : readVisits(source, { from: begin, to }, filter, recording.stories),
  ]);
  return answersFrom([...hours, ...minutes], visits, timeZone);
}

/** The sums of whole hours, in order of time. */
async function readHours(
  source: UsageSource,
  window: Span,
  filter: UsageFilter,
  by: Recording['by'],
  list: PriceList | null,
): Promise<TimedSums[]> {
  const cells =
    list === null
      ? await readCells(source, window, filter, 'hour')
      : (await readRepricedStats(source, window, filter, 'hour', list)).cells;
  return cells
    .map((cell) => ({ at: startOfHourNumber(Number(cell.bucket)), key: by === null ? '' : cell[by], sums: cell }))
    .sort((a, b) => compareInstants(a.at, b.at));
}

type Visits = { bounds: Instant[]; firsts: Map<number, FirstVisits[]> };

async function readVisits(
  { workflows, timeZone }: UsageSource,
  { from, to }: Span,
  filter: UsageFilter,
  size: WindowSize,
): Promise<Visits> {
  const bounds = [runningWindow(size, addTime(from, 1n), timeZone).from];
  for (let last = bounds[0] as Instant; last < to; ) {
    last = runningWindow(size, addTime(last, 1n), timeZone).to;
    bounds.push(last);
  }
  const firsts = await readFirstVisits(workflows, bounds, filter);
  return { bounds, firsts: groupedBy(firsts, ({ window }) => window) };
}

function answersFrom(buckets: TimedSums[], visits: Visits | null, timeZone: string) {
  const all = seriesOf(buckets);
  const byKey = new Map([...groupedBy(buckets, ({ key }) => key)].map(([key, own]) => [key, seriesOf(own)]));
  const days = daysOf(all, timeZone);
  const daysOfKeys = new Map<Series, ReturnType<typeof daysOf>>();
  const answer = (question: Question): Answers[Question['ask']] => {
    switch (question.ask) {
      case 'sums':
        return sumsWithin(all, question);
      case 'stories':
        return { sums: sumsWithin(all, question), stories: storiesWithin(visits, question) };
      case 'subjects':
        return subjectsWithin(byKey, question, question.by === 'provider' ? providerOf : (key) => key);
      case 'days': {
        const costs = new Map<Day, MicroEuros>();
        for (const [day, { cost }] of days(question)) costs.set(day, cost);
        return costs;
      }
      case 'days of models':
        return new Map(
          [...byKey].flatMap(([model, series]) => {
            const own = daysOfKeys.get(series) ?? daysOf(series, timeZone);
            daysOfKeys.set(series, own);
            const sums = own(question).map(([, one]) => one);
            return sums.length === 0 ? [] : [[model, sums] as const];
          }),
        );
    }
  };
  return {
    ask: async <Q extends Question>(question: Q) => answer(question) as Answers[Q['ask']],
    // A bucket that begins in a minute is seen at the end of that minute.
    quietUntil: (at: Instant) => {
      const next = nextOf(all, at);
      return next === null ? END_OF_TIME : addTime(startOfMinute(next), MINUTE);
    },
  };
}

function subjectsWithin(byKey: Map<string, Series>, span: Span, subjectOf: (key: string) => string): Map<string, Sums> {
  const subjects = new Map<string, Sums>();
  for (const [key, series] of byKey) {
    const sums = sumsWithin(series, span);
    if (sums.requests === 0) continue;
    const before = subjects.get(subjectOf(key));
    subjects.set(subjectOf(key), before ? sumOf([before, sums]) : sums);
  }
  return subjects;
}

function storiesWithin(visits: Visits | null, { from, to }: Span): number {
  const firsts = visits?.firsts.get(visits.bounds.indexOf(from)) ?? [];
  return firsts.filter(({ at }) => at < to).reduce((sum, { stories }) => sum + stories, 0);
}

/** The sums of the business days of a stretch that have calls; those of whole days are added up once. */
function daysOf(series: Series, timeZone: string): (span: Span) => [Day, Sums][] {
  const whole = new Map<Day, Sums>();
  return ({ from, to }) => {
    const begin = beginOf(series);
    const found: [Day, Sums][] = [];
    if (begin === null) return found;
    const last = dayOf(addTime(to, -1n), timeZone);
    for (let day = dayOf(latest(from, begin), timeZone); compareDays(day, last) <= 0; day = addDays(day, 1)) {
      const span = { from: latest(from, startOfDay(day, timeZone)), to: earliest(to, endOfDay(day, timeZone)) };
      const isWhole = span.from === startOfDay(day, timeZone) && span.to === endOfDay(day, timeZone);
      const sums = (isWhole ? whole.get(day) : undefined) ?? sumsWithin(series, span);
      if (isWhole) whole.set(day, sums);
      if (sums.requests > 0) found.push([day, sums]);
    }
    return found;
  };
}
