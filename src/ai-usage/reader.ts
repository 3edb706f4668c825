import type { Databases } from '../db/connect.ts';
import { inTurn } from '../db/in-turn.ts';
import type { MicroEuros } from '../units/money.ts';
import { now } from '../units/time.ts';
import { readDimensions } from './dimensions.ts';
import { filterOf, matchesOf } from './filter.ts';
import { noMemory } from './memory.ts';
import { findByName } from './names.ts';
import { sameUrl, type UsageQuery } from './query.ts';
import { type RecordPage, readRecordPage } from './record-pages.ts';
import type { Reuse } from './reuse.ts';
import type { Coverage } from './rollups/coverage.ts';
import { builtShare, openSource } from './source.ts';
import { type BucketSize, readStats, type UsageStats } from './stats.ts';
import { readStory, type Story } from './story.ts';
import { readStoryCosts, type StoryCosts } from './story-costs.ts';

/** What a person should know of how their search was understood. */
export type SearchNotes = { cut: boolean; namesAvailable: boolean };

/** An answer and the query as it was answered: up to five seconds ago, when it is reused, and `query.asOf` says so. */
export type Answer<T> = {
  query: UsageQuery;
  coverage: Coverage;
  /** The share of time that rollups cover while they are being built, null when they are. */
  built: number | null;
  search: SearchNotes;
  value: T;
};

export type UsageReader = ReturnType<typeof createUsageReader>;

const NO_DIMENSIONS = { models: [], actions: [] };
const NO_NAMES = { authors: [], stories: [], cut: false, available: true };

/** Reads statistics and records of a query; identical questions share one answer. */
export function createUsageReader({
  databases,
  timeZone,
  reuse,
}: {
  databases: Databases;
  timeZone: string;
  reuse: Reuse;
}) {
  const { workflows } = databases;
  const memory = noMemory();
  const source = () => reuse('source', () => openSource(databases, timeZone, memory));
  const dimensions = () => reuse('dimensions', () => readDimensions(workflows));

  /** Opens the source and turns the query's words into ids and known names. */
  const prepare = async (query: UsageQuery) => {
    const [opened, known, names] = await Promise.all([
      source(),
      // Only a filter by action or a search has to know them.
      query.search === null && query.actions.length === 0 ? NO_DIMENSIONS : dimensions(),
      query.search === null ? NO_NAMES : findByName(databases, query.search),
    ]);
    const matches = query.search === null ? null : matchesOf(query.search, known, names);
    const search = { cut: names.cut, namesAvailable: names.available };
    const about = { query, coverage: opened.coverage, built: builtShare(opened.source, now()), search };
    return { source: opened.source, filter: filterOf(query, known, matches), about };
  };

  return {
    dimensions,

    /** A query as the database understands it, for those who read the records themselves. */
    prepare,

    stats: (query: UsageQuery, size: BucketSize): Promise<Answer<UsageStats>> =>
      reuse(`stats by ${size} ${sameUrl('', query)}`, async () => {
        const { source, filter, about } = await prepare(query);
        return { ...about, value: await readStats(source, query.window, filter, size) };
      }),

    /** The same statistics twice: as the page reads them, and from raw rows alone, which may take a minute. Never reused. */
    tieOut: async (query: UsageQuery): Promise<Answer<{ kept: UsageStats; raw: UsageStats }>> => {
      const { source, filter, about } = await prepare(query);
      const value = await workflows.transaction(
        async (snapshot) => {
          await snapshot.raw(`SET LOCAL statement_timeout = '60s'`);
          // With no memory of raw rows: both readings see them as they are in the snapshot.
          const { contentVersion, days, hours } = source.memory;
          const fresh = {
            ...source,
            workflows: inTurn(snapshot),
            memory: { ...noMemory(), contentVersion, days, hours },
          };
          const kept = await readStats(fresh, query.window, filter, 'day');
          const raw = await readStats({ ...fresh, coveredUntil: null }, query.window, filter, 'day');
          return { kept, raw };
        },
        { isolationLevel: 'repeatable read', readOnly: true },
      );
      return { ...about, value };
    },

    records: (query: UsageQuery): Promise<Answer<RecordPage>> =>
      reuse(`records ${sameUrl('', query)}`, async () => {
        const { source, filter, about } = await prepare(query);
        return { ...about, value: await readRecordPage(source, query.window, filter, query) };
      }),

    /** The most expensive stories of a query, and how many stories cost less than `cost`. */
    storyCosts: (query: UsageQuery, asked: { most: number; cost: MicroEuros }): Promise<Answer<StoryCosts>> =>
      reuse(`story costs ${asked.most} ${asked.cost} ${sameUrl('', query)}`, async () => {
        const { source, filter, about } = await prepare(query);
        return { ...about, value: await readStoryCosts(source, query.window, filter, asked) };
      }),

    /** The one story that a query names. */
    story: (query: UsageQuery): Promise<Answer<Story>> =>
      reuse(`story ${sameUrl('', query)}`, async () => {
        const { source, filter, about } = await prepare(query);
        return { ...about, value: await readStory(source.workflows, query.window, filter) };
      }),
  };
}
