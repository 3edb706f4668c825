import type { Knex } from 'knex';
import { COST_OF_ROW } from '../../db/row-sql.ts';
import { rollupPasses, type UsageFilter } from '../../query/filter.ts';
import { groupedBy } from '../../units/grouped-by.ts';
import { costFromNumeric } from '../../units/money.ts';
import { type Instant, instantFromPostgres, postgresFromInstant, startOfHour, type Window } from '../../units/time.ts';
import { readEnds, type WindowParts, windowPartsOf } from '../parts.ts';
import { hourOf } from '../rollups/source-hours.ts';
import type { UsageSource } from '../source.ts';
import { addTo, noSums, restOf, type SumRow, type Sums, sumsOf } from '../sums.ts';
import type { RecordRow } from './records.ts';

/**
 * A record of a list, and what its kin have together: the records of its story, author, action, model and hour, itself among
 * them, as the same statement saw them. That is as finely as rollups tell records apart.
 */
export type ListedRow = RecordRow & {
  kin_requests: string;
  kin_input: string;
  kin_output: string;
  kin_cost: string;
};

type Kin = { hour: Instant; action: string; model: string; story: string; author: string };

const keyOf = ({ hour, action, model, story, author }: Kin) => [hour, action, model, story, author].join('\0');

/** Rows with their kin within a window: a story's rows at a time, by an index. The end of an hour may be the end of time. */
export function withKin(workflows: Knex, rows: Knex.QueryBuilder, { from, to }: Window): Knex.QueryBuilder {
  const hour = hourOf('listed.created_at');
  return workflows
    .withMaterialized('listed', rows)
    .from('listed')
    .joinRaw(
      `CROSS JOIN LATERAL (
         SELECT count(*) AS kin_requests, sum(kin.input_tokens) AS kin_input, sum(kin.output_tokens) AS kin_output,
                coalesce(sum(${COST_OF_ROW}), 0) AS kin_cost
           FROM token_usage_tracking AS kin
          WHERE kin.story_id = listed.story_id AND kin.author_id = listed.author_id
            AND kin.action = listed.action AND kin.ai_model = listed.ai_model
            AND kin.created_at >= ${hour} AND kin.created_at <= ${hour} + interval '59 minutes 59.999999 seconds'
            AND kin.created_at >= ? AND kin.created_at < ?) AS kin`,
      [from === null ? '-infinity' : postgresFromInstant(from), postgresFromInstant(to)],
    )
    .select('*');
}

const kinOf = (row: ListedRow): Kin => ({
  hour: startOfHour(instantFromPostgres(row.created_at)),
  action: row.action,
  model: row.ai_model,
  story: row.story_id,
  author: row.author_id,
});

/**
 * The ids of those records of a page that the window's sum does not count: written into hours that were added up before. Where
 * some of their kin are counted and their amounts do not tell which, all of them are named. Null when the rollups have
 * changed since `source` was opened, so that they no longer say what was counted.
 */
export async function readUncounted(
  source: UsageSource,
  window: Window,
  filter: UsageFilter,
  rows: ListedRow[],
): Promise<string[] | null> {
  const parts = windowPartsOf(source, window, filter, { days: true });
  if (parts.kept === null) return [];
  const passes = rollupPasses(parts.kept.filter);
  const isIn = (stretches: Window[], row: ListedRow) => {
    const at = instantFromPostgres(row.created_at);
    return stretches.some(({ from, to }) => (from === null || at >= from) && at < to);
  };
  // What the source itself has added up for the sum is left out.
  const bySource = parts.sql.filter(({ filter }) => filter === parts.kept?.filter).map(({ window }) => window);
  const kept = rows.filter(
    (row) =>
      passes({ action: row.action, model: row.ai_model }, instantFromPostgres(row.created_at)) && !isIn(bySource, row),
  );
  const families = [...groupedBy(kept, (row) => keyOf(kinOf(row)))].map(([key, members]) => ({ key, members }));
  const { ends } = parts.kept;
  const inEnds = families.filter(({ members: [one] }) => one && isIn(ends, one));
  const inHours = families.filter((family) => !inEnds.includes(family));
  const kin = inHours.flatMap(({ members: [one] }) => (one ? kinOf(one) : []));
  const [ofEnds, ofHours] = await Promise.all([countedInEnds(source, parts), countedInHours(source, kin)]);
  if (ofHours === null) return null;
  return [
    ...inEnds.flatMap(({ key, members }) => youngest(members, ofEnds.get(key) ?? noSums())),
    ...inHours.flatMap(({ key, members }) => youngest(members, ofHours.get(key) ?? noSums())),
  ];
}

/** The ids of those of a page's kin that are not among what was counted of all of them. */
function youngest(members: ListedRow[], counted: Sums): string[] {
  const [one] = members;
  if (!one) return [];
  const { kin_requests, kin_input, kin_output, kin_cost } = one;
  const all = sumsOf({ requests: kin_requests, input: kin_input, output: kin_output, cost: kin_cost });
  const rest = restOf(all, [counted]);
  if (rest.requests <= 0) return [];
  const alone = members.filter(
    (row) =>
      rest.requests === 1 &&
      row.input_tokens === rest.inputTokens &&
      row.output_tokens === rest.outputTokens &&
      (costFromNumeric(row.estimated_cost_in_euros) ?? 0) === rest.cost,
  );
  return (alone.length > 0 ? alone : members).map(({ token_usage_id }) => token_usage_id);
}

async function countedInEnds(source: UsageSource, parts: WindowParts): Promise<Map<string, Sums>> {
  const counted = new Map<string, Sums>();
  for (const row of await readEnds(source, parts)) {
    const key = keyOf({ hour: startOfHour(row.at), ...row.kind, story: row.story, author: row.author });
    const sums = counted.get(key) ?? noSums();
    addTo(sums, row);
    counted.set(key, sums);
  }
  return counted;
}

type KeptRow = SumRow & Omit<Kin, 'hour'> & { hour: string | null; version: string };

/** What the rollups hold of some kin; null when their content is no longer the one that the source was opened with. */
async function countedInHours({ backoffice, memory }: UsageSource, kin: Kin[]): Promise<Map<string, Sums> | null> {
  if (kin.length === 0) return new Map();
  const { rows } = await backoffice.raw<{ rows: KeptRow[] }>(
    `WITH asked AS MATERIALIZED (
       SELECT kin.*, story_numbers.number AS story_number, author_numbers.number AS author_number
         FROM unnest(?::timestamptz[], ?::text[], ?::text[], ?::uuid[], ?::uuid[]) AS kin (hour, action, model, story, author)
         JOIN story_numbers ON story_id = story JOIN author_numbers ON author_id = author
     )
     SELECT state.content_version AS version, found.*
       FROM rollup_state AS state LEFT JOIN (
              SELECT hour, action, model, story, author, one.requests, input, output, one.cost
                FROM usage_hours_of_stories AS hours
               CROSS JOIN LATERAL unnest(stories, authors, hours.requests, input_tokens, output_tokens, hours.cost)
                  AS one (story_number, author_number, requests, input, output, cost)
                JOIN asked USING (hour, action, model, story_number, author_number)
               WHERE (hour, action, model) IN (SELECT hour, action, model FROM asked)) AS found ON true`,
    [
      kin.map(({ hour }) => postgresFromInstant(hour)),
      kin.map(({ action }) => action),
      kin.map(({ model }) => model),
      kin.map(({ story }) => story),
      kin.map(({ author }) => author),
    ],
  );
  if (rows.some(({ version }) => version !== memory.contentVersion)) return null;
  return new Map(
    rows.flatMap(({ hour, version: _, action, model, story, author, ...sums }) =>
      hour === null
        ? []
        : [[keyOf({ hour: instantFromPostgres(hour), action, model, story, author }), sumsOf(sums)] as const],
    ),
  );
}
