import { setTimeout } from 'node:timers/promises';
import { findByName, type NameMatches, NO_NAME_MATCHES } from '../catalog/find-names.ts';
import type { Databases } from '../db/connect.ts';
import { readDimensions } from '../query/dimensions.ts';
import { countedRaw, filterOf, type UsageFilter } from '../query/filter.ts';
import { sameUrl, type UsageQuery } from '../query/query.ts';
import { DEFAULT_VIEW } from '../query/view.ts';
import { reasonOf } from '../units/failures/reason.ts';
import { TooMuchToCount } from '../units/failures/too-much-to-count.ts';
import { NoNumber } from '../units/money.ts';
import { handled } from '../units/promises/handled.ts';
import { addTime, type Instant, isTime, now } from '../units/time.ts';
import type { DailyCosts } from './forecast.ts';
import { noMemory } from './memory.ts';
import { type OddTimes, readOddTimes } from './odd-values.ts';
import { type RecordPage, readRecords } from './records/record-pages.ts';
import type { Reuse } from './reuse.ts';
import { type Coverage, RollupsChanged } from './rollups/coverage.ts';
import type { Mend } from './rollups/keep/mend.ts';
import { distrustNoNumbers } from './rollups/keep/no-number.ts';
import type { Origin } from './rollups/keep/origin.ts';
import { readEarliest } from './rollups/source-hours.ts';
import { openSnapshot } from './snapshot.ts';
import { builtShare, openSource, type UsageSource } from './source.ts';
import { type BucketSize, readDailyCosts, readStats, type UsageStats } from './stats.ts';
import { readStory, type Story } from './stories/story.ts';
import { readStoryCosts, type StoryCosts, type StoryCostsAsked } from './stories/story-costs.ts';
import type { TopBy } from './stories/story-sums.ts';
import { readSumsOf, readTop, type Top } from './stories/top.ts';
import type { Sums } from './sums.ts';
import { sameFigures } from './tie-out.ts';
import { readWeek, type Week } from './week.ts';

/** What a person should know of how their search was understood. */
type SearchNotes = { cut: boolean; namesAvailable: boolean; namesGathered: boolean };

/** An answer and the query as it was answered: up to five seconds ago, when it is reused, and `query.asOf` says so. */
export type Answer<T> = {
  query: UsageQuery;
  coverage: Coverage;
  /** The share of time that rollups cover while they are being built, null when they are. */
  built: number | null;
  /** Whether the rollups are of the source; otherwise they are not read. */
  isOfSource: boolean;
  search: SearchNotes;
  value: T;
};

export type UsageReader = ReturnType<typeof createUsageReader>;

/** While the rollups change: they do so a few times a second at most. */
const MOST_READINGS = 5;
/** For /readyz: a moment in which they are not to be had takes no replica out of a balancer. */
const LOOKED_FOR_MS = 2_000;
const ANSWERING_FOR_MS = 60_000;
/** How a view shows its numbers does not change them. */
const keyOf = (query: UsageQuery) => sameUrl('', { ...query, ...DEFAULT_VIEW });

/** What ended for want of time, where that lies in what is asked: PostgreSQL's code for it is that of whatever is cancelled. */
function inWords(error: unknown, filter: UsageFilter): unknown {
  const counts = countedRaw(filter);
  if (counts === null || (error as { code?: unknown } | null)?.code !== '57014') return error;
  return new TooMuchToCount(
    `${counts.charAt(0).toUpperCase()}${counts.slice(1)} are counted from the records themselves, and in this period there are too ` +
      'many to be counted in time. Choose a shorter period, or take that filter away.',
  );
}

/** Reads statistics and records of a query; identical questions share one answer. */
export function createUsageReader({
  databases,
  timeZone,
  reuse,
  mend,
  origin,
  log,
}: {
  databases: Databases;
  timeZone: string;
  reuse: Reuse;
  mend: Mend;
  origin: Origin;
  log: { warn: (line: string) => void };
}) {
  const { workflows } = databases;
  const memory = noMemory();
  let openedAt = Number.NEGATIVE_INFINITY;
  let repairing = false;
  const distrust = async () => {
    try {
      const hours = await distrustNoNumbers(databases.backoffice);
      log.warn(
        `The rollups held costs that are no number: ${hours.length} hours are computed again, and read raw until then`,
      );
      mend(hours);
    } catch (error) {
      log.warn(`The rollups hold costs that are no number, and are read raw: ${reasonOf(error)}`);
    }
    repairing = false;
  };
  /** Has what the rollups hold of no number computed again, in the background. */
  const repair = () => {
    if (repairing) return;
    repairing = true;
    handled(distrust());
  };
  const readSound = async <T>(source: UsageSource, read: (source: UsageSource) => Promise<T>): Promise<T> => {
    try {
      return await read(source);
    } catch (error) {
      if (!(error instanceof NoNumber) || source.coveredUntil === null) throw error;
      repair();
      return read({ ...source, coveredUntil: null });
    }
  };
  const open = async () => {
    const opened = await openSource(databases, timeZone, memory);
    if (!opened.sound) repair();
    const isOfSource = await origin.fits(opened.coverage);
    openedAt = performance.now();
    if (isOfSource) return { ...opened, isOfSource };
    // Raw rows in memory may be of either source.
    memory.contentVersion = null;
    return { ...opened, isOfSource, source: { ...opened.source, coveredUntil: null } };
  };
  const source = () => reuse('source', open);
  const dimensions = () => reuse('dimensions', () => readDimensions(workflows));

  /** Opens the source and turns the query's words into ids and known names. */
  const prepare = async (query: UsageQuery, from = source) => {
    const found: NameMatches[] = [];
    const findNames = async (text: string) => {
      const names = await findByName(databases, text);
      found.push(names);
      return names;
    };
    const [opened, filter] = await Promise.all([
      from(),
      filterOf(query, { dimensions, findByName: findNames, timeZone }),
    ]);
    const { cut, available, gathered } = found[0] ?? NO_NAME_MATCHES;
    const search = { cut, namesAvailable: available, namesGathered: gathered };
    const about = {
      query,
      coverage: opened.coverage,
      built: builtShare(opened.source, now()),
      isOfSource: opened.isOfSource,
      search,
    };
    return { source: opened.source, filter, about };
  };

  /** Reads with what is open, and again where the rollups have changed meanwhile. */
  const readPrepared = async <T>(
    query: UsageQuery,
    read: (source: UsageSource, filter: UsageFilter) => Promise<T>,
  ): Promise<Answer<T>> => {
    for (let again = 0; ; again++) {
      const { source: opened, filter, about } = await prepare(query, again === 0 ? source : open);
      try {
        return { ...about, value: await readSound(opened, (sound) => read(sound, filter)) };
      } catch (error) {
        if (!(error instanceof RollupsChanged) || again === MOST_READINGS) throw inWords(error, filter);
      }
    }
  };

  /** What a query means once for all who ask it at once; each gets it with the view that they asked for. */
  const answer = async <T>(
    name: string,
    query: UsageQuery,
    read: (source: UsageSource, filter: UsageFilter) => Promise<T>,
  ): Promise<Answer<T>> => {
    const answered = await reuse(`${name} ${keyOf(query)}`, () => readPrepared(query, read));
    const { asOf, window } = answered.query;
    return { ...answered, query: { ...query, asOf, window } };
  };

  return {
    dimensions,

    /**
     * Whether statistics are answered: what they need of the rollups is in memory, or has been within the last minute. Waits two
     * seconds at most, so that nobody who only asks is kept by a database that is slow.
     */
    isAnswering: async (): Promise<boolean> => {
      const opening = source().then(
        () => {},
        () => {},
      );
      await Promise.race([opening, setTimeout(LOOKED_FOR_MS, null, { ref: false })]);
      return performance.now() - openedAt < ANSWERING_FOR_MS;
    },

    /** For whoever meets records that the rollups may not know. */
    mend,

    /** A query as the database understands it, for those who read the records themselves. */
    prepare,

    /** The query as of the instant at which others asked the same within the last seconds. */
    recent: async (query: UsageQuery): Promise<UsageQuery> => {
      const { asOf, window } = await reuse(`asked ${keyOf(query)}`, async () => query);
      return { ...query, asOf, window };
    },

    /** When the first record of all was made; null without any. */
    earliest: (): Promise<Instant | null> => reuse('earliest', () => readEarliest(workflows)),

    /** Records whose time cannot be right. */
    oddTimes: (at: Instant): Promise<OddTimes> => reuse('odd times', () => readOddTimes(workflows, at, timeZone)),

    stats: (query: UsageQuery, size: BucketSize): Promise<Answer<UsageStats>> =>
      answer(`stats by ${size}`, query, (source, filter) => readStats(source, query.window, filter, size)),

    /** What each business day cost. */
    dailyCosts: (query: UsageQuery): Promise<Answer<DailyCosts>> =>
      answer('daily costs', query, (source, filter) => readDailyCosts(source, query.window, filter)),

    week: (query: UsageQuery): Promise<Answer<Week>> =>
      answer('week', query, (source, filter) => readWeek(source, query.window, filter)),

    /** The first authors or stories by the query's rank. */
    top: (query: UsageQuery, by: TopBy, most: number): Promise<Answer<Top>> =>
      answer(`top ${most} by ${by} ${query.rankBy} ${query.rankOrder}`, query, (source, filter) =>
        readTop(source, query.window, filter, by, most, query),
      ),

    /** What some authors or stories add up to. */
    sumsOf: (query: UsageQuery, by: TopBy, keys: string[]): Promise<Answer<Map<string, Sums>>> =>
      answer(`sums by ${by} of ${keys}`, query, (source, filter) => readSumsOf(source, query.window, filter, by, keys)),

    /**
     * The same statistics twice: as the page reads them, and from raw rows alone, which may take a minute, on a connection of
     * its own pool. When `gone` aborts, the database stops. Never reused.
     */
    tieOut: (query: UsageQuery, gone: AbortSignal): Promise<Answer<{ kept: UsageStats; raw: UsageStats }>> =>
      readPrepared(query, async (source, filter) => {
        const { transaction, begin, close } = await openSnapshot(databases, databases.recomputing, gone);
        try {
          // With no memory of raw rows: both readings see them as they are in the snapshot.
          const { contentVersion, days, hours, storyDays, storyCells, storyHours, storyCounts } = source.memory;
          const fresh = {
            ...source,
            workflows: transaction,
            memory: { ...noMemory(), contentVersion, days, hours, storyDays, storyCells, storyHours, storyCounts },
          };
          const kept = await begin(handled(readStats(fresh, query.window, filter, 'day')));
          const raw = await begin(handled(readStats({ ...fresh, coveredUntil: null }, query.window, filter, 'day')));
          if (!sameFigures(kept, raw)) mend([query.window]);
          return { kept, raw };
        } finally {
          await close();
        }
      }),

    records: (query: UsageQuery): Promise<Answer<RecordPage>> =>
      answer('records', query, async (source, filter) => {
        let page = await readRecords(source, query.window, filter, query);
        for (let again = 0; page.uncounted === null && again < MOST_READINGS; again++) {
          const { source: newer } = await open();
          page = await readSound(newer, (of) => readRecords(of, query.window, filter, query));
        }
        const seen = page.records
          .filter(({ createdAt }) => isTime(createdAt))
          .map(({ createdAt }) => ({ from: createdAt, to: addTime(createdAt, 1n) }));
        if (seen.length > 0) mend(seen, query.window);
        return page;
      }),

    /** The most expensive stories of a query, and how many stories cost less than `cost`. */
    storyCosts: (query: UsageQuery, asked: StoryCostsAsked): Promise<Answer<StoryCosts>> =>
      answer(`story costs ${asked.most} ${asked.besides?.story} ${asked.besides?.cost}`, query, (source, filter) =>
        readStoryCosts(source, query.window, filter, asked),
      ),

    /** The one story that a query names. */
    story: (query: UsageQuery): Promise<Answer<Story>> =>
      answer('story', query, (source, filter) => readStory(source.workflows, query.window, filter)),
  };
}
