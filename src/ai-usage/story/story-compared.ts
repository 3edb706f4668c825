import { RECORDS_PATH } from '../../query/paths.ts';
import { type UsageQuery, usageUrl, type ViewLinks } from '../../query/query.ts';
import { STACKS } from '../../query/view.ts';
import type { UsageReader } from '../../stats/reader.ts';
import type { Format } from '../../units/format.ts';
import { type ComparisonBar, comparisonBar } from '../breakdowns/compare.ts';
import { readCompared } from '../breakdowns/counted.ts';
import { type WhyPanel, whyPanel } from '../breakdowns/why-panel.ts';
import { bucketSizeOf } from '../chart/buckets.ts';
import { type ChartNote, type UsageOverTime, usageOverTime } from '../chart/usage-over-time.ts';

/** What a story had in a period, beside what it had in another; `usage` is null where it had nothing in it. */
export type StoryCompared = {
  comparison: ComparisonBar | null;
  usage: UsageOverTime | null;
  why: WhyPanel | null;
};

type Asked = { path: string; query: UsageQuery; ofStory: UsageQuery; noted: Promise<readonly ChartNote[]> };

/** `query` is that of the page, `ofStory` the same of the story's records only, `noted` what the chart is marked with. */
export async function storyCompared(
  reader: UsageReader,
  { path, query, ofStory, noted }: Asked,
  format: Format,
): Promise<StoryCompared> {
  const size = bucketSizeOf(ofStory);
  const [{ value: stats }, compared, earliest] = await Promise.all([
    reader.stats(ofStory, size),
    readCompared(reader, ofStory, size, format.timeZone),
    reader.earliest(),
  ]);
  const links: ViewLinks = {
    // The address says which story it is: a filter by it would say it twice.
    here: (change) => usageUrl(path, query, change),
    records: (change) => usageUrl(RECORDS_PATH, ofStory, change),
  };
  const options = {
    links,
    query: ofStory,
    size,
    by: query.by,
    stacks: STACKS,
    notes: await noted,
    daysBefore: new Map(),
    format,
  };
  const isEmpty = stats.total.requests === 0;
  return {
    comparison: comparisonBar(ofStory, earliest, links, format),
    usage: isEmpty ? null : usageOverTime(stats, compared, options),
    why: isEmpty ? null : whyPanel({ stats, compared }, { query: ofStory, links }, format),
  };
}
