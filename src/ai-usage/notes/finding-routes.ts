import type { Request } from 'express';
import type { Knex } from 'knex';
import { personOf } from '../../auth/access/caller.ts';
import { NOTES_PATH } from '../../query/paths.ts';
import { type DayNote, readNote } from '../../stats/notes/notes.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import { isUuid } from '../../units/uuid.ts';
import { Refused } from '../../web/errors.ts';
import { mayChange } from './notes-page.ts';

/** Whether whoever asks may change a note. */
export const mayAsk = (req: Request, note: DayNote): boolean =>
  mayChange(note, personOf(req).sub, req.caller?.isAdmin ?? false);

/** The note that a path names. @throws NotFound */
export async function findNote(backoffice: Knex, req: Request): Promise<DayNote> {
  const id = String(req.params.id);
  const note = isUuid(id) ? await readNote(backoffice, id) : null;
  if (note === null) throw new NotFound('There is no such note. It may have been deleted.');
  return note;
}

/** The same to change it. @throws Refused where that is for somebody else */
export async function findToChange(backoffice: Knex, req: Request): Promise<DayNote> {
  const note = await findNote(backoffice, req);
  if (mayAsk(req, note)) return note;
  const wayOut = { label: 'All notes', href: NOTES_PATH };
  throw new Refused(`Only ${note.writer}, who wrote this note, or an admin may change it.`, wayOut);
}
