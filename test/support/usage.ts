import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { refreshNames } from '../../src/catalog/refresh-names.ts';
import { auditAll } from '../../src/stats/rollups/keep/tick.ts';
import { eurosText, microEuros } from '../../src/units/money.ts';
import { addTime, instantAt, now, postgresFromInstant } from '../../src/units/time.ts';
import { databases, databasesAsRead } from './databases.ts';

/** A row of token_usage_tracking in our units. */
export type UsageRow = {
  id: string;
  author: string;
  story: string;
  action: string;
  model: string;
  input: number;
  output: number;
  /** micro-euros; NaN as the column holds it */
  cost: number;
  /** microseconds, as of an Instant */
  at: bigint;
  prompt: unknown;
};

export function usageRow(row: Partial<UsageRow> = {}): UsageRow {
  return {
    id: randomUUID(),
    author: randomUUID(),
    story: randomUUID(),
    action: 'chapter_writing',
    model: 'gpt-5',
    input: 1000,
    output: 500,
    cost: 12_345,
    at: addTime(now(), -3_600_000_000n),
    prompt: { messages: [{ role: 'user', content: 'Era uma vez' }] },
    ...row,
  };
}

export async function insertUsage(
  rows: Partial<UsageRow>[],
  workflows: Knex = databases().workflows,
): Promise<UsageRow[]> {
  const complete = rows.map(usageRow);
  for (let i = 0; i < complete.length; i += 1000) {
    await workflows('token_usage_tracking').insert(
      complete.slice(i, i + 1000).map((row) => ({
        token_usage_id: row.id,
        author_id: row.author,
        story_id: row.story,
        action: row.action as 'test',
        ai_model: row.model,
        input_tokens: row.input,
        output_tokens: row.output,
        estimated_cost_in_euros: Number.isNaN(row.cost) ? 'NaN' : eurosText(microEuros(row.cost)),
        input_prompt_json: JSON.stringify(row.prompt),
        created_at: postgresFromInstant(instantAt(row.at)),
      })),
    );
  }
  return complete;
}

const LOCK_NOT_AVAILABLE = '55P03';

/** Brings the rollups up to what the source holds now, as the running program does within two hours. */
export async function coverUsage(timeZone = 'Europe/Lisbon'): Promise<void> {
  for (let again = 0; ; again++) {
    try {
      return await auditAll(databasesAsRead(), timeZone, now());
    } catch (error) {
      // A closed app may still be writing what it met: on a busy machine for longer than a lock is waited for.
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || again === 5) throw error;
    }
  }
}

/** Brings the known names up to what mythoria_db holds now, as the running program does at every tick. */
export async function gatherNames(): Promise<void> {
  await refreshNames(databases());
}

/** From here on a table's files are worth making anew. */
const LARGE_BYTES = 1_000_000;

/**
 * SQL that empties tables, with the lock and the waiting of TRUNCATE. That makes every
 * file of a table and of its indexes anew, which takes fifty times as long as deleting what a test has inserted.
 */
export const emptied = (...tables: string[]): string => `
  DO $$
  DECLARE one regclass;
  BEGIN
    LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE;
    FOREACH one IN ARRAY '{${tables.join()}}'::regclass[] LOOP
      IF pg_total_relation_size(one) > ${LARGE_BYTES} THEN EXECUTE format('TRUNCATE %s', one);
      ELSE EXECUTE format('DELETE FROM %s', one);
      END IF;
    END LOOP;
  END $$;`;

const ROLLUPS = [
  ...['usage_hours', 'usage_days', 'usage_hours_of_stories', 'story_hours', 'story_days'],
  ...[
    'story_visits',
    'usage_kinds',
    'packed_days',
    'day_tokens',
    'story_numbers',
    'author_numbers',
    'rollup_days',
    'hour_fingerprints',
    'grown_hours',
  ],
];

/** The state first, as whoever writes rollups takes it: two that take the same in another order lock each other out. */
const WITHOUT_ROLLUPS = `
  UPDATE rollup_state SET version = version + 1, content_version = version + 1, time_zone = NULL, days_from = NULL, covered_until = NULL, audit_began_at = NULL, audit_position = NULL, audited_until = NULL, audit_ended_at = NULL, confirmed_at = NULL, confirmed_by = NULL;
  ${emptied(...ROLLUPS)}`;

/** As if rollups had never been built. */
export async function resetRollups(): Promise<void> {
  await databases().backoffice.raw(WITHOUT_ROLLUPS);
}

/** Empties the source, then the rollups and the names; each describe begins with what it inserts. */
export async function resetUsage(): Promise<void> {
  const { workflows, backoffice, mythoria } = databases();
  await Promise.all([workflows.raw(emptied('token_usage_tracking')), mythoria.raw(emptied('stories', 'authors'))]);
  const ours = emptied(
    'known_names',
    'name_blocks',
    'name_state',
    'day_notes',
    'prices',
    'price_proposals',
    'exchange_rates',
    ...['bill_lines', 'bill_imports', 'bill_mappings'],
    'finding_days',
    'finding_looks',
    'finding_explanations',
  );
  await backoffice.raw(`${WITHOUT_ROLLUPS} ${ours}`);
}
