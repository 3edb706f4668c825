import { statfs } from 'node:fs/promises';
import type { Knex } from 'knex';

const LEAST_FREE = 1_000_000_000;

const megabytes = (bytes: number) => `${Math.round(bytes / 1_000_000)} MB`;

/** Whether the disk that a folder is on has room; null where the system does not say. */
export async function roomOf(folder: string): Promise<{ enough: boolean; text: string } | null> {
  const found = await statfs(folder).catch(() => null);
  // Of what is no disk, such as /proc.
  if (found === null || found.blocks === 0) return null;
  const free = found.bavail * found.bsize;
  return { enough: free >= LEAST_FREE, text: `${megabytes(free)} are free` };
}

/** How large a database is, and where its server keeps it; null where the role may not know. */
export async function placeOf(database: Knex): Promise<{ size: string; folder: string | null }> {
  const { rows } = await database.raw<{ rows: [{ size: string; folder: string | null }] }>(
    `SELECT pg_database_size(current_database()) AS size,
            CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END AS folder`,
  );
  const [{ size, folder }] = rows;
  return { size: megabytes(Number(size)), folder };
}
