import { z } from 'zod';
import { AUDITED_ACTIONS, type AuditQuery } from '../db/audit-log.ts';
import { compareDays, type Day } from '../units/calendar.ts';
import { BadInput, takenOnce } from '../units/failures/bad-input.ts';
import { endOfDay, parseDay, startOfDay } from '../units/time.ts';

/** What the page of the audit log is asked for; `from` and `to` are business days, both included. */
export type AskedAuditLog = AuditQuery & { from: Day | ''; to: Day | '' };

const day = z
  .string()
  .transform((text, { addIssue }) => {
    const day = parseDay(text);
    if (day === null) addIssue('takes a day, such as 2026-10-31');
    return day ?? z.NEVER;
  })
  .optional();

const schema = z.object({
  person: z.string('takes an email address').max(320, 'takes an email address').optional(),
  kind: z.enum(AUDITED_ACTIONS, `takes ${AUDITED_ACTIONS.join(', ')}`).optional(),
  from: day,
  to: day,
  before: z
    .string()
    .regex(/^[1-9]\d{0,17}$/, 'takes the number of a line')
    .optional(),
});

export const AUDIT_PARAMETERS = Object.keys(schema.shape);

export const AUDIT_PATH = '/audit';

/** The page of the same person, kind and days, with an extension that of its file; older lines only `before` one. */
export function auditUrl(
  { email, action, from, to }: AskedAuditLog,
  extension = '',
  before: string | null = null,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ person: email, kind: action, from, to, before })) {
    if (value) parameters.append(name, value);
  }
  const search = parameters.toString();
  return AUDIT_PATH + extension + (search ? `?${search}` : '');
}

/** @throws BadInput with every parameter that is wrong and what it takes */
export function parseAuditQuery(parameters: Record<string, unknown>, timeZone: string): AskedAuditLog {
  const parsed = schema.safeParse(takenOnce(parameters, AUDIT_PARAMETERS));
  if (!parsed.success) {
    throw new BadInput(parsed.error.issues.map(({ path, message }) => ({ parameter: String(path[0]), message })));
  }
  const { person = null, kind = null, from = '', to = '', before = null } = parsed.data;
  if (person?.includes('\0')) throw new BadInput([{ parameter: 'person', message: 'takes an email address' }]);
  if (from !== '' && to !== '' && compareDays(from, to) > 0) {
    throw new BadInput([{ parameter: 'from', message: `must not be after to (${to})` }]);
  }
  const window = {
    from: from === '' ? null : startOfDay(from, timeZone),
    to: to === '' ? null : endOfDay(to, timeZone),
  };
  return { email: person, action: kind, window, before, from, to };
}
