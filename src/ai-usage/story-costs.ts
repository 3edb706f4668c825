import { exactInteger } from '../units/integer.ts';
import { type MicroEuros, microEurosFromNumeric } from '../units/money.ts';
import type { Window } from '../units/time.ts';
import { type UsageFilter, whereUsage } from './filter.ts';
import type { UsageSource } from './source.ts';
import { SUM_RAW, type SumRow, type Sums, sumsOf } from './sums.ts';

/** A story and what its records in a window add up to. */
export type StoryCost = Sums & { story: string; author: string };

/**
 * What the stories of a window cost, each by its records there. Half of the stories cost at most `median`, nine in ten at
 * most `p90` (both are the cost of a story, null without stories); `cheaper` cost less than the cost asked about.
 */
export type StoryCosts = {
  stories: number;
  total: Sums;
  median: MicroEuros | null;
  p90: MicroEuros | null;
  cheaper: number;
  /** The most expensive ones, highest first. */
  top: StoryCost[];
};

type Asked = { most: number; cost: MicroEuros };

type Row = SumRow & {
  stories: string;
  median: string | null;
  p90: string | null;
  cheaper: string;
  total: SumRow;
  story: string | null;
  author: string;
};

/** Every statement about the cost of stories in a window comes from here. `cost` is the one that `cheaper` counts against. */
export async function readStoryCosts(
  { workflows }: UsageSource,
  window: Window,
  filter: UsageFilter,
  { most, cost }: Asked,
): Promise<StoryCosts> {
  const perStory = workflows('token_usage_tracking')
    .select(workflows.raw(`story_id AS story, min(author_id::text) AS author, ${SUM_RAW}`))
    .modify(whereUsage, window, filter)
    .groupBy('story_id');
  const { rows } = await workflows.raw<{ rows: Row[] }>(
    `WITH per_story AS MATERIALIZED (?),
     summary AS (
       SELECT count(*) AS stories,
              percentile_disc(0.5) WITHIN GROUP (ORDER BY cost)::text AS median,
              percentile_disc(0.9) WITHIN GROUP (ORDER BY cost)::text AS p90,
              count(*) FILTER (WHERE cost < ?::numeric / 1000000) AS cheaper,
              json_build_object('requests', coalesce(sum(requests), 0)::text, 'input', coalesce(sum(input), 0)::text,
                'output', coalesce(sum(output), 0)::text, 'cost', coalesce(sum(cost), 0)::text) AS total
         FROM per_story
     ),
     top AS (SELECT * FROM per_story ORDER BY cost DESC, requests DESC, story LIMIT ?)
     SELECT * FROM summary LEFT JOIN top ON true ORDER BY cost DESC, requests DESC, story`,
    [perStory, cost, most],
  );
  const [first] = rows as [Row];
  const euros = (text: string | null) => (text === null ? null : microEurosFromNumeric(text));
  return {
    stories: exactInteger(first.stories),
    total: sumsOf(first.total),
    median: euros(first.median),
    p90: euros(first.p90),
    cheaper: exactInteger(first.cheaper),
    top: rows.flatMap(({ story, author, ...sums }) => (story === null ? [] : [{ story, author, ...sumsOf(sums) }])),
  };
}
