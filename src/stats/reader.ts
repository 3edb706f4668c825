import { findByName, type NameMatches, NO_NAME_MATCHES } from '../catalog/find-names.ts';
import type { Databases } from '../db/connect.ts';
import { named } from '../measuring/account.ts';
import { readDimensions } from '../query/dimensions.ts';
import { filterOf, inWords, type UsageFilter } from '../query/filter.ts';
import { sameUrl, type UsageQuery } from '../query/query.ts';
import { DEFAULT_VIEW } from '../query/view.ts';
import { handled } from '../units/promises/handled.ts';
import type { Instant } from '../units/time.ts';
import type { UsageAnswers } from './answers.ts';
import { readPivot } from './explore/pivot.ts';
import { readWeek } from './explore/week.ts';
import { type PriceList, pricesOf } from './pricing/price-list.ts';
import { readRepricedStats } from './pricing/repriced.ts';
import { readRepricedSums } from './pricing/repriced-sums.ts';
import { type OddTimes, readOddTimes } from './records/odd-values.ts';
import { momentsOf, readRecords } from './records/record-pages.ts';
import { RollupsChanged } from './rollups/coverage.ts';
import type { Mend } from './rollups/keep/mend.ts';
import { readEarliest } from './rollups/source-hours.ts';
import { readTwice } from './snapshot.ts';
import {
  type Answer,
  createOpenings,
  type OneState,
  type OpenedFrom,
  type OpenedSource,
  type UsageSource,
} from './source.ts';
import { costsOfDays, readDailyCosts, readStats, type UsageStats } from './stats.ts';
import { readDayCosts } from './stories/day-costs.ts';
import { readStory } from './stories/story.ts';
import { readSpread, readStoryCosts } from './stories/story-costs.ts';
import { readSumsOf, readTop } from './stories/top.ts';
import { readUnitCosts } from './stories/unit-costs.ts';
import { sameFigures } from './tie-out.ts';

export type UsageReader = UsageAnswers & {
  /**
   * Several answers of one state of the rollups, for a page or a file: where they have changed meanwhile, all are read again.
   * Rows that no rollup holds are of the moment in which each answer reads them.
   */
  ofOneState: <T>(read: (reader: UsageReader) => Promise<T>) => Promise<T>;
  /**
   * Many questions about one state, which `read` asks of the engine itself; the rows around the rollups are read anew, once for all
   * of them. It runs again where the rollups have changed meanwhile.
   */
  together: <T>(read: (state: OneState) => Promise<T>) => Promise<T>;
  dimensions: () => ReturnType<typeof readDimensions>;
  /** What calls cost by the prices as they are now. */
  prices: () => Promise<PriceList>;
  /** Whether statistics are answered: what they need of the rollups is in memory, or has been within the last minute. */
  isAnswering: () => Promise<boolean>;
  /** For whoever meets records that the rollups may not know. */
  mend: Mend;
  /** A query as the database understands it, for those who read the records themselves. */
  prepare: (query: UsageQuery) => Promise<{ source: UsageSource; filter: UsageFilter }>;
  /** When the first record of all was made; null without any. */
  earliest: () => Promise<Instant | null>;
  /** Records whose time cannot be right. */
  oddTimes: (at: Instant) => Promise<OddTimes>;
  /**
   * The same statistics twice: as the page reads them, and from raw rows alone, which may take a minute, on a connection of
   * its own pool. When `gone` aborts, the database stops. Never reused.
   */
  tieOut: (query: UsageQuery, gone: AbortSignal) => Promise<Answer<{ kept: UsageStats; raw: UsageStats }>>;
};

/** The rollups change a few times a second at most. */
const MOST_READINGS = 5;
/** How a view shows its numbers does not change them. */
const keyOf = (query: UsageQuery) => sameUrl('', { ...query, ...DEFAULT_VIEW });

type Read<T> = (source: UsageSource, filter: UsageFilter) => Promise<T>;

/** Reads statistics and records of a query; identical questions share one answer. */
export function createUsageReader(from: OpenedFrom & { databases: Databases }): UsageReader {
  const { databases, timeZone, reuse, mend } = from;
  const { workflows } = databases;
  const { current, renewed, isOutdated, readSound, newest, isAnswering } = createOpenings(from);
  const dimensions = () => reuse('dimensions', () => named('dimensions', () => readDimensions(workflows)));
  const readPrices = pricesOf(databases.backoffice);
  const prices = () => named('prices', readPrices);

  /** Turns the query's words into ids and known names. */
  const prepare = async (query: UsageQuery, opening: OpenedSource | Promise<OpenedSource> = handled(current())) => {
    const found: NameMatches[] = [];
    const findNames = async (text: string) => {
      const names = await findByName(databases, text);
      found.push(names);
      return names;
    };
    const [opened, filter] = await Promise.all([
      opening,
      filterOf(query, { dimensions, findByName: findNames, timeZone }),
    ]);
    const { cut, available, gathered } = found[0] ?? NO_NAME_MATCHES;
    const search = { cut, namesAvailable: available, namesGathered: gathered };
    const { source, coverage, built, isOfSource } = opened;
    return { source, filter, about: { query, coverage, built, isOfSource, search } };
  };

  const readPrepared = async <T>(query: UsageQuery, opened: OpenedSource, read: Read<T>): Promise<Answer<T>> => {
    const { source, filter, about } = await prepare(query, opened);
    try {
      return { ...about, value: await readSound(source, (sound) => read(sound, filter)) };
    } catch (error) {
      throw inWords(error, filter);
    }
  };

  /** Reads with what is open, and again where the rollups have changed meanwhile. */
  const untilUnchanged = async <T>(first: Promise<OpenedSource>, read: (opened: OpenedSource) => Promise<T>) => {
    let opened = await first;
    for (let again = 0; ; again++) {
      try {
        return await read(opened);
      } catch (error) {
        if (!(error instanceof RollupsChanged) || again === MOST_READINGS) throw error;
        opened = await renewed(opened);
      }
    }
  };

  const answersOf = (opening: Promise<OpenedSource>): UsageAnswers => {
    /** What a query means once for all who ask it, each with their own view. `of` tells questions of a name apart. */
    const answer = async <T>(name: string, of: string, query: UsageQuery, read: Read<T>): Promise<Answer<T>> => {
      const answered = await untilUnchanged(opening, (opened) =>
        reuse(`${opened.number} ${name} ${of} ${keyOf(query)}`, async () => {
          try {
            return await named(name, () => readPrepared(query, opened, read));
          } finally {
            opened.asked = null;
          }
        }),
      );
      const { asOf, window } = answered.query;
      return { ...answered, query: { ...query, asOf, window } };
    };

    /** The same with the price list, or null where the query asks for recorded costs. */
    const answerBy = async <T>(
      name: string,
      of: string,
      query: UsageQuery,
      read: (...of: [UsageSource, UsageFilter, PriceList | null]) => Promise<T>,
    ) => {
      const list = query.cost === 'repriced' ? await prices() : null;
      return answer(name, `${of} ${list?.version}`, query, (source, filter) => read(source, filter, list));
    };

    const repriced: UsageAnswers['repriced'] = async (query, size, by = (list) => list) => {
      const list = by(await prices());
      return answer('repriced', `${size} ${list.version}`, query, (source, filter) =>
        readRepricedStats(source, query.window, filter, size, list),
      );
    };

    return {
      recent: async (query) => {
        const { asOf, window } = await reuse(`${newest()} asked ${keyOf(query)}`, async () => query);
        return { ...query, asOf, window };
      },
      stats: (query, size) =>
        query.cost === 'repriced'
          ? repriced(query, size)
          : answer('stats', size, query, (source, filter) => readStats(source, query.window, filter, size)),
      repriced,
      dailyCosts: (query) =>
        query.cost === 'repriced'
          ? repriced(query, 'day').then((answered) => ({ ...answered, value: costsOfDays(answered.value) }))
          : answer('daily costs', '', query, (source, filter) => readDailyCosts(source, query.window, filter)),
      week: (query) => answerBy('week', '', query, (of, filter, list) => readWeek(of, query.window, filter, list)),
      pivot: (query, asked) =>
        answerBy('pivot', JSON.stringify(asked), query, (source, filter, list) =>
          readPivot(source, query.window, filter, asked, list),
        ),
      top: (query, by, most) =>
        answer('top', `${most} by ${by} ${query.rankBy} ${query.rankOrder}`, query, (source, filter) =>
          readTop(source, query.window, filter, by, most, query),
        ),
      sumsOf: (query, by, keys) =>
        answer('sums', `by ${by} of ${keys}`, query, (of, filter) => readSumsOf(of, query.window, filter, by, keys)),
      dayCostsOf: (query, by, keys) =>
        answer('by day', `${by} of ${keys}`, query, (of, filter) => readDayCosts(of, query.window, filter, by, keys)),
      repricedOf: async (query, by, ids) => {
        const list = await prices();
        return answer('repriced sums', `${list.version} by ${by} of ${ids}`, query, (source, filter) =>
          readRepricedSums(source, query.window, filter, { by, ids }, list),
        );
      },
      records: (query) =>
        answerBy('records', '', query, async (source, filter, list) => {
          const read = (of: UsageSource) => readRecords(of, query.window, filter, query, list);
          let [page, opened] = [await read(source), await opening];
          for (let again = 0; page.uncounted === null && again < MOST_READINGS; again++) {
            opened = await renewed(opened);
            page = await readSound(opened.source, read);
          }
          const seen = momentsOf(page);
          if (seen.length > 0) mend(seen, query.window);
          return page;
        }),
      storyCosts: (query, asked) =>
        answer('story costs', `${asked.most} ${asked.besides?.story} ${asked.besides?.cost}`, query, (source, filter) =>
          readStoryCosts(source, query.window, filter, asked),
        ),
      unitCosts: (query) =>
        answerBy('unit costs', '', query, (of, filter, list) => readUnitCosts(of, query.window, filter, list)),
      storySpread: (query, besides) =>
        answerBy('spread', `${besides?.story} ${besides?.cost}`, query, (source, filter, list) =>
          readSpread(source, query.window, filter, besides, list),
        ),
      story: (query) => answerBy('story', '', query, (of, filter, list) => readStory(of, query.window, filter, list)),
    };
  };

  /** The same where nothing else is read beside it. */
  const alone =
    <Args extends unknown[], T>(ask: (answers: UsageAnswers) => (...args: Args) => Promise<T>) =>
    (...args: Args) =>
      ofOneState((answers) => ask(answers)(...args));

  const ofOneState: UsageReader['ofOneState'] = async (read) => {
    let opening = handled(current());
    for (let again = 0; ; again++) {
      const within: UsageReader = { ...reader, ...answersOf(opening), ofOneState: (inner) => inner(within) };
      const value = await read(within);
      const opened = await opening.catch(() => null);
      if (opened === null || again === MOST_READINGS || !(await isOutdated(opened))) return value;
      opening = handled(renewed(opened));
    }
  };

  const reader: UsageReader = {
    ofOneState,
    recent: alone(({ recent }) => recent),
    ...{ stats: alone(({ stats }) => stats), repriced: alone(({ repriced }) => repriced) },
    dailyCosts: alone(({ dailyCosts }) => dailyCosts),
    ...{ week: alone(({ week }) => week), pivot: alone(({ pivot }) => pivot), top: alone(({ top }) => top) },
    sumsOf: alone(({ sumsOf }) => sumsOf),
    ...{ dayCostsOf: alone(({ dayCostsOf }) => dayCostsOf), repricedOf: alone(({ repricedOf }) => repricedOf) },
    ...{ records: alone(({ records }) => records), storyCosts: alone(({ storyCosts }) => storyCosts) },
    unitCosts: alone(({ unitCosts }) => unitCosts),
    ...{ story: alone(({ story }) => story), storySpread: alone(({ storySpread }) => storySpread) },
    together: (read) =>
      untilUnchanged(handled(current()), (opened) =>
        readSound({ ...opened.source, endsRead: new Map() }, (source) =>
          read({
            source,
            prices,
            filterOf: (query) =>
              filterOf(query, { dimensions, findByName: (text) => findByName(databases, text), timeZone }),
          }),
        ),
      ),
    dimensions,
    prices,
    mend,
    prepare,
    earliest: () => reuse('earliest', () => readEarliest(workflows)),
    oddTimes: (at) => reuse('odd times', () => readOddTimes(workflows, at, timeZone)),
    isAnswering,
    tieOut: (query, gone) =>
      untilUnchanged(handled(current()), (opened) =>
        readPrepared(query, opened, async (source, filter) => {
          const both = await readTwice(databases, source, query.window, filter, gone);
          if (!sameFigures(both.kept, both.raw)) mend([query.window]);
          return both;
        }),
      ),
  };
  return reader;
}
