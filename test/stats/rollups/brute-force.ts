import type { Knex } from 'knex';
import type { UsageFilter } from '../../../src/query/filter.ts';
import { EVERYTHING } from '../../../src/query/filters/registry.ts';
import type { UsageStats } from '../../../src/stats/stats.ts';
import type { Sums } from '../../../src/stats/sums.ts';
import { dayFromPostgres } from '../../../src/units/calendar.ts';
import { microEurosFromNumeric } from '../../../src/units/money.ts';
import { postgresFromInstant, type Window } from '../../../src/units/time.ts';
import { plainWhere } from '../../support/filters.ts';

export const NO_FILTER: UsageFilter = EVERYTHING;

/** Sums by the simplest SQL there is, sharing nothing with the code under test: what every answer must equal. */
function bruteSums(workflows: Knex, window: Window, filter: UsageFilter) {
  const conditions = ['created_at < ?'];
  const bindings: Knex.RawBinding[] = [postgresFromInstant(window.to)];
  if (window.from !== null) {
    conditions.push('created_at >= ?');
    bindings.push(postgresFromInstant(window.from));
  }
  const { sql, bindings: ofFilter } = plainWhere(filter);
  conditions.push(sql);
  bindings.push(...ofFilter);
  return async (key: string, group: string) => {
    const { rows } = await workflows.raw(
      `SELECT ${key} AS key, count(*)::int AS requests, coalesce(sum(input_tokens), 0)::int AS "inputTokens",
              coalesce(sum(output_tokens), 0)::int AS "outputTokens", coalesce(sum(estimated_cost_in_euros) FILTER (WHERE estimated_cost_in_euros < 'NaN'), 0) AS cost,
              count(*) FILTER (WHERE NOT estimated_cost_in_euros < 'NaN')::int AS "noNumber",
              count(DISTINCT story_id)::int AS stories
         FROM token_usage_tracking WHERE ${conditions.join(' AND ')} ${group}`,
      bindings,
    );
    return (
      rows as {
        key: string;
        requests: number;
        inputTokens: number;
        outputTokens: number;
        cost: string;
        stories: number;
        noNumber: number;
      }[]
    ).map(({ key: value, cost, stories, noNumber, ...sums }) => ({
      value,
      stories,
      noNumber,
      sums: { ...sums, cost: microEurosFromNumeric(cost) },
    }));
  };
}

/** What stories or authors cost, by id. */
export async function bruteForceBy(
  workflows: Knex,
  window: Window,
  filter: UsageFilter,
  by: 'story' | 'author',
): Promise<Map<string, Sums>> {
  const rows = await bruteSums(workflows, window, filter)(`${by}_id`, 'GROUP BY 1');
  return new Map(rows.map(({ value, sums }) => [value, sums]));
}

/** What each weekday and hour of the business clock costs, Monday first. */
export async function bruteForceWeek(
  workflows: Knex,
  window: Window,
  filter: UsageFilter,
  timeZone: string,
): Promise<number[][]> {
  const select = bruteSums(workflows, window, filter);
  const hours = await select(`to_char(created_at AT TIME ZONE '${timeZone}', 'ID HH24')`, 'GROUP BY 1');
  const week = Array.from({ length: 7 }, () => Array<number>(24).fill(0));
  for (const { value, sums } of hours) {
    const [weekday, hour] = value.split(' ').map(Number) as [number, number];
    (week[weekday - 1] as number[])[hour] = sums.cost;
  }
  return week;
}

/** The ids of a window's records in order of time, latest first. */
export async function bruteForceIds(workflows: Knex, window: Window, filter: UsageFilter): Promise<string[]> {
  const select = bruteSums(workflows, window, filter);
  const rows = await select('token_usage_id', 'GROUP BY 1 ORDER BY min(created_at) DESC, 1 DESC');
  return rows.map(({ value }) => value);
}

export async function bruteForce(
  workflows: Knex,
  window: Window,
  filter: UsageFilter,
  timeZone: string,
): Promise<Omit<UsageStats, 'cells'>> {
  const select = bruteSums(workflows, window, filter);
  const [total] = await select(`''`, '');
  const models = await select('ai_model', 'GROUP BY 1');
  const actions = await select('action::text', 'GROUP BY 1');
  const days = await select(
    `to_char(created_at AT TIME ZONE '${timeZone}', 'YYYY-MM-DD BC')`,
    'GROUP BY 1 ORDER BY min(created_at)',
  );
  const byCost = <T extends { value: string; sums: { cost: number; requests: number } }>(a: T, b: T) =>
    b.sums.cost - a.sums.cost || b.sums.requests - a.sums.requests || (a.value < b.value ? -1 : 1);
  if (!total) throw new Error('an aggregate without GROUP BY has a row');
  return {
    total: { ...total.sums, stories: total.stories },
    models: models.sort(byCost).map(({ value, sums }) => ({ ...sums, model: value })),
    actions: actions.sort(byCost).map(({ value, sums, stories }) => ({ ...sums, action: value, stories })),
    noNumber: total.noNumber,
    buckets: days.map(({ value, sums }) => ({ ...sums, bucket: dayFromPostgres(value) })),
  };
}
