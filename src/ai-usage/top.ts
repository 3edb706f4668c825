import { exactInteger } from '../units/integer.ts';
import type { Window } from '../units/time.ts';
import { type UsageFilter, whereUsage } from './filter.ts';
import type { UsageSource } from './source.ts';
import { restOf, SUM_RAW, type SumRow, type Sums, sumsOf } from './sums.ts';
import type { Rank, RankOrder } from './view.ts';

export type TopBy = 'author' | 'story';

/** The first authors or stories of a window by a figure, all others as one, and how many there are. */
export type Top = {
  rows: (Sums & { key: string })[];
  other: Sums;
  /** Different ones, the shown included. */
  count: number;
};

export type TopSort = { rankBy: Rank; rankOrder: RankOrder };

const COLUMNS = { author: 'author_id', story: 'story_id' } as const;

const RANK_SQL: Record<Rank, string> = {
  cost: 'cost',
  requests: 'requests',
  inputTokens: 'input',
  outputTokens: 'output',
};

type Row = SumRow & { count: string; total: SumRow; key: string | null };

/** At most `most` rows, in the order of a rank, then by cost and requests, highest first, then by id. */
export async function readTop(
  { workflows }: UsageSource,
  window: Window,
  filter: UsageFilter,
  by: TopBy,
  most: number,
  { rankBy, rankOrder }: TopSort,
): Promise<Top> {
  const each = workflows('token_usage_tracking')
    .select(workflows.raw(`${COLUMNS[by]} AS key, ${SUM_RAW}`))
    .modify(whereUsage, window, filter)
    .groupBy(COLUMNS[by]);
  const order = `${RANK_SQL[rankBy]} ${rankOrder}, cost DESC, requests DESC, key`;
  const { rows } = await workflows.raw<{ rows: Row[] }>(
    `WITH each AS MATERIALIZED (?),
     whole AS (
       SELECT count(*) AS count,
              json_build_object('requests', coalesce(sum(requests), 0)::text, 'input', coalesce(sum(input), 0)::text,
                'output', coalesce(sum(output), 0)::text, 'cost', coalesce(sum(cost), 0)::text) AS total
         FROM each
     ),
     top AS (SELECT * FROM each ORDER BY ${order} LIMIT ?)
     SELECT * FROM whole LEFT JOIN top ON true ORDER BY ${order}`,
    [each, most],
  );
  const [first] = rows as [Row];
  const shown = rows.flatMap(({ key, ...sums }) => (key === null ? [] : [{ key, ...sumsOf(sums) }]));
  return { rows: shown, other: restOf(sumsOf(first.total), shown), count: exactInteger(first.count) };
}

/** What some authors or stories add up to in a window; those without records there are left out. */
export async function readSumsOf(
  { workflows }: UsageSource,
  window: Window,
  filter: UsageFilter,
  by: TopBy,
  keys: string[],
): Promise<Map<string, Sums>> {
  if (keys.length === 0) return new Map();
  const rows = await workflows('token_usage_tracking')
    .select(workflows.raw(`${COLUMNS[by]} AS key, ${SUM_RAW}`))
    .modify(whereUsage, window, filter)
    .whereRaw(`${COLUMNS[by]} = ANY(?::uuid[])`, [keys])
    .groupBy(COLUMNS[by]);
  return new Map((rows as (SumRow & { key: string })[]).map(({ key, ...sums }) => [key, sumsOf(sums)]));
}
