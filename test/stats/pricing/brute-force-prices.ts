import type { UsageFilter } from '../../../src/query/filter.ts';
import { postgresFromInstant, type Window } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { plainWhere } from '../../support/filters.ts';
import { ZONE } from '../rollups/histories.ts';

/** What every call of a window costs, by PostgreSQL's own arithmetic on its numeric, and which have no price. */
export async function bruteForcePrices(window: Window, wanted: UsageFilter) {
  const { sql, bindings } = plainWhere(wanted);
  const { workflows, backoffice } = databases();
  const { rows: calls } = await workflows.raw(
    `SELECT ai_model AS model, action::text, story_id AS story, author_id AS author, input_tokens AS input, output_tokens AS output, (created_at AT TIME ZONE '${ZONE}')::date::text AS day,
            extract(isodow FROM created_at AT TIME ZONE '${ZONE}') || ' ' || extract(hour FROM created_at AT TIME ZONE '${ZONE}') AS clock
       FROM token_usage_tracking WHERE created_at < ? AND (created_at >= ?::timestamptz OR ?::text IS NULL) AND ${sql}`,
    [
      postgresFromInstant(window.to),
      ...Array(2).fill(window.from === null ? null : postgresFromInstant(window.from)),
      ...bindings,
    ],
  );
  // gpt-5 is nearer than gpt*, that than *-4.*, that than *; an action than all of them.
  const { rows: costs } = await backoffice.raw(
    `WITH calls AS (
       SELECT row_number() OVER () AS number, one.*
         FROM jsonb_to_recordset(?::jsonb) AS one (model text, action text, story text, author text, input int, output int, day date, clock text)
     ), found AS (
       SELECT calls.*, based.*,
              (SELECT per_euro FROM exchange_rates WHERE exchange_rates.day <= calls.day AND currency = 'USD' ORDER BY exchange_rates.day DESC LIMIT 1) AS per_euro
         FROM calls LEFT JOIN LATERAL (
           SELECT model AS of_model, action AS of_action FROM prices
            WHERE calls.model LIKE replace(prices.model, '*', '%') AND (prices.action IS NULL OR prices.action = calls.action)
              AND from_day <= calls.day AND above_input_tokens = 0
            ORDER BY (prices.model = calls.model) DESC, length(replace(prices.model, '*', '')) DESC, prices.action IS NULL LIMIT 1
         ) AS based ON true
     ), tiers AS (
       SELECT DISTINCT ON (number, above_input_tokens) found.*, prices.above_input_tokens, currency, input_per_million, output_per_million, per_image, per_thousand_characters, output_tokens_per_image
         FROM found JOIN prices ON prices.model = of_model AND prices.action IS NOT DISTINCT FROM of_action AND from_day <= day
        ORDER BY number, above_input_tokens, from_day DESC
     ), exact AS (
       SELECT DISTINCT ON (number) *, (SELECT bool_or(other.currency = 'USD') FROM tiers AS other WHERE other.number = tiers.number) AS foreign_money,
              input * input_per_million + output * output_per_million + input * per_thousand_characters * 1000
                + per_image * 1000000 * CASE WHEN output_tokens_per_image IS NULL THEN 1 ELSE greatest(1, floor(output::numeric / output_tokens_per_image + 0.5)) END AS micro
         FROM tiers WHERE input > above_input_tokens OR above_input_tokens = 0
        ORDER BY number, above_input_tokens DESC
     )
     SELECT found.number, found.model, found.action, found.story, found.author, found.day::text, found.clock,
            CASE WHEN foreign_money AND found.per_euro IS NULL THEN NULL
                 WHEN currency = 'EUR' THEN floor(micro + 0.5)
                 ELSE div(2 * micro * 1000000000 * 100000000 + found.per_euro * 1000000000 * 100000000, 2 * found.per_euro * 1000000000 * 100000000) END AS cost
       FROM found LEFT JOIN exact USING (number)`,
    [JSON.stringify(calls)],
  );
  const sums = (key: string) => {
    const map = new Map<string, number>();
    for (const row of costs) map.set(row[key], (map.get(row[key]) ?? 0) + Number(row.cost ?? 0));
    return map;
  };
  const without = costs.filter(({ cost }: { cost: string | null }) => cost === null);
  /** The cost, also day by day, and the number of the calls of each that have a price. */
  const priced = (key: string) => {
    const map = new Map<string, { cost: number; requests: number; days: Map<string, number> }>();
    for (const row of costs.filter(({ cost }: { cost: string | null }) => cost !== null)) {
      const known = map.get(row[key]) ?? { cost: 0, requests: 0, days: new Map() };
      known.days.set(row.day, (known.days.get(row.day) ?? 0) + Number(row.cost));
      map.set(row[key], { ...known, cost: known.cost + Number(row.cost), requests: known.requests + 1 });
    }
    return map;
  };
  return {
    stories: priced('story'),
    authors: priced('author'),
    models: sums('model'),
    actions: sums('action'),
    days: sums('day'),
    /** By weekday and hour, Monday being 1. */
    clock: sums('clock'),
    requests: costs.length,
    unpriced: without.length,
  };
}
