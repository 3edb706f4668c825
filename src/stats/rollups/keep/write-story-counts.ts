import type { Knex } from 'knex';
import type { Scope } from './story-hours.ts';

/** How many stories more or fewer, by scope, hour or day, and previous hour. */
export type Counts<At> = Map<Scope, Map<At, Map<number, number>>>;

export function addCount<At>(counts: Counts<At>, scope: Scope, at: At, previous: number, by: number): void {
  const ofScope = counts.get(scope) ?? new Map<At, Map<number, number>>();
  const ofTime = ofScope.get(at) ?? new Map<number, number>();
  counts.set(scope, ofScope);
  ofScope.set(at, ofTime);
  ofTime.set(previous, (ofTime.get(previous) ?? 0) + by);
}

/** The least number stands for never. */
export const NEVER = '-9223372036854775808';

/** So many rows are changed by one statement. */
const ROWS_A_WRITE = 5_000;

/** A row of counts: by previous hour how many stories more or fewer. */
type CountsRow = { at: string; isNew: boolean; scope: Scope; counts: [previous: number, stories: number][] };

export async function writeCounts<At>(
  transaction: Knex,
  size: 'hour' | 'day',
  counts: Counts<At>,
  timeOf: (at: At) => { at: string; isNew: boolean },
): Promise<void> {
  const rows: CountsRow[] = [];
  for (const [scope, byTime] of counts) {
    for (const [at, byPrevious] of byTime) {
      const changed = [...byPrevious].filter(([, by]) => by !== 0);
      if (changed.length > 0) rows.push({ ...timeOf(at), scope, counts: changed.sort(([a], [b]) => (a < b ? -1 : 1)) });
    }
  }
  const write = async (some: CountsRow[], sql: string, storiesOf: (counts: CountsRow['counts']) => number[]) => {
    for (let first = 0; first < some.length; first += ROWS_A_WRITE) {
      const few = some.slice(first, first + ROWS_A_WRITE);
      await transaction.raw(sql, [
        few.map(({ at }) => at),
        few.map(({ scope }) => scope.within),
        few.map(({ scope }) => scope.action),
        few.map(({ scope }) => scope.model),
        few.map(({ counts }) => `{${counts.map(([hour]) => (hour === Number.NEGATIVE_INFINITY ? NEVER : hour))}}`),
        few.map(({ counts }) => `{${storiesOf(counts)}}`),
      ]);
    }
  };
  await write(
    rows.filter(({ isNew }) => isNew),
    insertingSql(size),
    upTo,
  );
  await write(
    rows.filter(({ isNew }) => !isNew),
    addingSql(size),
    (counts) => counts.map(([, stories]) => stories),
  );
}

function upTo(counts: CountsRow['counts']): number[] {
  let sum = 0;
  return counts.map(([, stories]) => {
    sum += stories;
    return sum;
  });
}

const TABLES = { hour: ['story_hours', 'timestamptz'], day: ['story_days', 'date'] } as const;

function insertingSql(size: 'hour' | 'day'): string {
  const [table, type] = TABLES[size];
  return `
    INSERT INTO ${table} (${size}, within, action, model, previous_hours, stories_up_to)
    SELECT ${size}, within, action, model, previous::bigint[], up_to::bigint[]
      FROM unnest(?::${type}[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[]) AS cell (${size}, within, action, model, previous, up_to)`;
}

/** Adds to what is kept; a row of which nothing is left goes. Rows go by their number, which is sorted faster than their names. */
function addingSql(size: 'hour' | 'day'): string {
  const [table, type] = TABLES[size];
  return `
    WITH cell AS MATERIALIZED (
      SELECT * FROM unnest(?::${type}[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
        WITH ORDINALITY AS cell (${size}, within, action, model, previous, stories, number)
    ), summed AS (
      SELECT number, previous, sum(stories) AS stories
        FROM (SELECT number, one.previous, one.stories
                FROM cell CROSS JOIN LATERAL unnest(cell.previous::bigint[], cell.stories::bigint[]) AS one (previous, stories)
              UNION ALL
              SELECT number, one.previous, one.up_to - lag(one.up_to, 1, 0::bigint) OVER (PARTITION BY number ORDER BY one.previous)
                FROM cell JOIN ${table} AS kept USING (within, model, ${size}, action)
               CROSS JOIN LATERAL unnest(previous_hours, stories_up_to) AS one (previous, up_to)) AS change
       GROUP BY number, previous HAVING sum(stories) <> 0
    ), running AS (
      SELECT number, previous, sum(stories) OVER (PARTITION BY number ORDER BY previous)::bigint AS up_to FROM summed
    ), written AS (
      INSERT INTO ${table} (${size}, within, action, model, previous_hours, stories_up_to)
      SELECT ${size}, within, action, model, previous_hours, stories_up_to
        FROM cell JOIN (SELECT number, array_agg(previous ORDER BY previous) AS previous_hours,
                               array_agg(up_to ORDER BY previous) AS stories_up_to
                          FROM running GROUP BY number) AS now USING (number)
          ON CONFLICT (within, model, ${size}, action)
          DO UPDATE SET previous_hours = excluded.previous_hours, stories_up_to = excluded.stories_up_to
    )
    DELETE FROM ${table} AS kept USING cell
     WHERE kept.within = cell.within AND kept.model = cell.model AND kept.${size} = cell.${size} AND kept.action = cell.action
       AND NOT EXISTS (SELECT FROM running WHERE running.number = cell.number)`;
}
