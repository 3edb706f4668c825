import { databases } from './databases.ts';

export type AuditLine = {
  sub: string;
  email: string;
  action: string;
  subject: string;
  details: string;
  rows: string | null;
  happened_at: string;
};

let since = '0';

/** From now on only younger lines count: the audit log cannot be emptied. */
export async function forgetAudit(): Promise<void> {
  const [newest] = await databases().backoffice('audit_log').max('audit_id');
  since = newest?.max ?? '0';
}

export const auditLines = (): Promise<AuditLine[]> =>
  databases().backoffice('audit_log').where('audit_id', '>', since).orderBy('audit_id');
