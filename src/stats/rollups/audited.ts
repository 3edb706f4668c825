import type { Format } from '../../units/format.ts';
import type { Coverage } from './coverage.ts';

/** Until when every change of older records is in, and when that was looked at last, for people; null where no audit has gone round yet. */
export function auditedText({ auditedUntil, auditEndedAt }: Coverage, format: Format): string | null {
  if (auditedUntil === null) return null;
  const until = `changes to older records are in until ${format.minute(auditedUntil)}`;
  return auditEndedAt === null ? until : `${until}, as last checked ${format.minute(auditEndedAt)}`;
}
