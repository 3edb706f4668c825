import type { Knex } from 'knex';
import type { Person } from './person.ts';

/** Writes down that a person did something worth remembering: `action` to `subject` (an id), now. */
export async function writeAuditLog(
  backoffice: Knex,
  { sub, email }: Person,
  action: string,
  subject: string,
): Promise<void> {
  await backoffice('audit_log').insert({ sub, email, action, subject });
}
