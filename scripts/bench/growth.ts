import type { Knex } from 'knex';
import { openDatabase } from '../../src/db/connect.ts';

/** What the largest tables of a database take, with their indexes, in MB and rows as last analysed; the largest first. */
export async function tableSizes(url: string): Promise<{ name: string; rows: number; mb: number }[]> {
  const database = openDatabase(url, { maxConnections: 1, unhurried: true });
  await database.raw('ANALYZE');
  const { rows } = await database.raw<{ rows: { name: string; rows: number; mb: number }[] }>(`
    SELECT relname AS name, greatest(reltuples, 0)::float8 AS rows, pg_total_relation_size(oid) / 1e6::float8 AS mb
      FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_total_relation_size(oid) > 1e6
     ORDER BY mb DESC`);
  await database.destroy();
  return rows;
}

/** Deletes the newest row that is at least so many hours old, as an erased account would. */
export async function deleteOne(workflows: Knex, hoursAgo: number): Promise<void> {
  await workflows.raw(
    `DELETE FROM token_usage_tracking WHERE token_usage_id =
      (SELECT token_usage_id FROM token_usage_tracking WHERE created_at < now() - make_interval(hours => ?) ORDER BY created_at DESC LIMIT 1)`,
    [hoursAgo],
  );
}
