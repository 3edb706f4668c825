import type { UsageQuery } from '../query/query.ts';
import type { Pivot, PivotAsked } from './explore/pivot.ts';
import type { Week } from './explore/week.ts';
import type { DailyCosts } from './forecast.ts';
import type { PriceList } from './pricing/price-list.ts';
import type { RepricedStats } from './pricing/repriced.ts';
import type { RepricedSums } from './pricing/repriced-sums.ts';
import type { RecordPage } from './records/record-pages.ts';
import type { Answer } from './source.ts';
import type { BucketSize, UsageStats } from './stats.ts';
import type { DayCosts } from './stories/day-costs.ts';
import type { PricedStory, Story } from './stories/story.ts';
import type { Besides, Spread, StoryCosts, StoryCostsAsked } from './stories/story-costs.ts';
import type { TopBy } from './stories/story-sums.ts';
import type { Top } from './stories/top.ts';
import type { UnitCosts } from './stories/unit-costs.ts';
import type { Sums } from './sums.ts';

type OtherPrices = (list: PriceList) => PriceList;

/** What is answered from an opened source. What many ask at once, or within seconds, is computed once. */
export type UsageAnswers = {
  /** The query as of the instant at which others asked the same within the last seconds. */
  recent: (query: UsageQuery) => Promise<UsageQuery>;
  /** By the costs that the query asks for. */
  stats: (query: UsageQuery, size: BucketSize) => Promise<Answer<UsageStats | RepricedStats>>;
  /** The same by the price list, or one that is made of it, whatever the query asks for. */
  repriced: (query: UsageQuery, size: BucketSize, by?: OtherPrices) => Promise<Answer<RepricedStats>>;
  /** What each business day cost, and each hour of the week, by the costs that the query asks for. */
  dailyCosts: (query: UsageQuery) => Promise<Answer<DailyCosts>>;
  week: (query: UsageQuery) => Promise<Answer<Week>>;
  /** What two axes have against each other, by the costs that the query asks for. */
  pivot: (query: UsageQuery, asked: PivotAsked) => Promise<Answer<Pivot>>;
  /** The first authors or stories by the query's rank, as recorded. */
  top: (query: UsageQuery, by: TopBy, most: number) => Promise<Answer<Top>>;
  /** What some authors or stories add up to, as recorded. */
  sumsOf: (query: UsageQuery, by: TopBy, keys: string[]) => Promise<Answer<Map<string, Sums>>>;
  /** What some authors or stories cost day by day. */
  dayCostsOf: (query: UsageQuery, by: TopBy, keys: string[]) => Promise<Answer<DayCosts | null>>;
  /** What some of them cost by the price list, whatever the query asks for: of MOST_CALLS_PRICED calls at most. */
  repricedOf: (query: UsageQuery, by: TopBy, keys: string[]) => Promise<Answer<Map<string, RepricedSums>>>;
  /** By the costs that the query asks for, where it is sorted by them. */
  records: (query: UsageQuery) => Promise<Answer<RecordPage>>;
  /** The most expensive stories of a query, and how many stories cost less than `cost`. */
  storyCosts: (query: UsageQuery, asked: StoryCostsAsked) => Promise<Answer<StoryCosts>>;
  /** By the costs that the query asks for, as what follows: how the costs of stories lie (besides one's), and the one story that it names. */
  unitCosts: (query: UsageQuery) => Promise<Answer<UnitCosts>>;
  storySpread: (query: UsageQuery, besides: Besides | null) => Promise<Answer<Spread>>;
  story: (query: UsageQuery) => Promise<Answer<Story | PricedStory>>;
};
