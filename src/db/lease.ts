import type { Knex } from 'knex';

/**
 * Takes a lease, or keeps it, for so many seconds by the database's clock; false while somebody else holds it. It only saves work:
 * a process that stands still holds a lease that another has taken meanwhile.
 */
export async function takeLease(backoffice: Knex, name: string, holder: string, seconds: number): Promise<boolean> {
  const { rows } = await backoffice.raw<{ rows: unknown[] }>(
    `INSERT INTO job_leases AS lease (name, holder, until) VALUES (:name, :holder, now() + :seconds * interval '1 second')
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
      WHERE lease.holder = excluded.holder OR lease.until < now()
     RETURNING name`,
    { name, holder, seconds },
  );
  return rows.length > 0;
}

/** Whether somebody else holds a lease. Only reads: whoever waits for one writes nothing. */
export async function isLeasedToAnother(backoffice: Knex, name: string, holder: string): Promise<boolean> {
  const { rows } = await backoffice.raw<{ rows: unknown[] }>(
    'SELECT FROM job_leases WHERE name = ? AND holder <> ? AND until >= now()',
    [name, holder],
  );
  return rows.length > 0;
}
