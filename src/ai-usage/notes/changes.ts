import type { Knex } from 'knex';
import { type Actor, auditedChange, auditedOnce } from '../../db/audit-log.ts';
import { NOTES_PATH } from '../../query/paths.ts';
import { changeNote, type DayNote, deleteNote, MOST_NOTES, makeNote, type NoteTerms } from '../../stats/notes/notes.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import { NotFound } from '../../units/failures/not-found.ts';
import { checkStamp, stamped } from '../../units/input/stamp.ts';

/** Whoever deletes it at the same time may be before this. */
const GONE = 'There is no such note. It may have been deleted.';

const termsOf = ({ first, last, text, filter }: NoteTerms): NoteTerms => ({ first, last, text, filter });
const pathOf = (id: string) => `${NOTES_PATH}/${id}`;

const inDetail = ({ first, last, text, filter }: NoteTerms) =>
  `${first === last ? first : `${first} to ${last}`}: ${text}; ${filter === '' ? 'all calls' : filter}`;

/** Where the form of a note is sent to: it says what it was filled with. */
export const changeAction = (note: DayNote): string => stamped(pathOf(note.id), termsOf(note));

/** What people do with notes, each written down with who did. */
export function noteChanges(backoffice: Knex) {
  const made = async (transaction: Knex, who: Actor, terms: NoteTerms): Promise<string> => {
    const id = await makeNote(transaction, who, terms);
    if (id !== null) return id;
    throw new BadInput([{ parameter: 'text', message: `is one too many: there are ${MOST_NOTES} notes already` }]);
  };
  return {
    /** Once, however often its form is sent. */
    makeByForm: (who: Actor, terms: NoteTerms): Promise<string> =>
      auditedOnce(backoffice, who, { action: 'write note', details: inDetail(terms) }, async (transaction) =>
        pathOf(await made(transaction, who, terms)),
      ),
    make: (who: Actor, terms: NoteTerms): Promise<string> =>
      auditedChange(backoffice, who, 'write note', async (transaction) => {
        const id = await made(transaction, who, terms);
        return { value: id, subject: pathOf(id), details: inDetail(terms) };
      }),
    /** `was`: what its form was filled with, if it is of a form. */
    change: (who: Actor, { id }: DayNote, terms: NoteTerms, was?: unknown) =>
      auditedChange(backoffice, who, 'change note', async (transaction) => {
        const before = await changeNote(transaction, id, terms, who.email);
        if (before === null) throw new NotFound(GONE);
        checkStamp(was, termsOf(before));
        return { value: undefined, subject: pathOf(id), details: inDetail(terms) };
      }),
    remove: (who: Actor, note: DayNote) =>
      auditedChange(backoffice, who, 'delete note', async (transaction) => {
        if (!(await deleteNote(transaction, note.id))) throw new NotFound(GONE);
        return { value: undefined, subject: pathOf(note.id), details: inDetail(note) };
      }),
  };
}
