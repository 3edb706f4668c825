import type { Knex } from 'knex';
import { type Day, dayFromPostgres, postgresFromDay } from '../../units/calendar.ts';
import { type Instant, timeFromPostgres } from '../../units/time.ts';

/** What somebody said of business days, both included; `filter` is the query string of the calls that it is about, empty for all. */
export type DayNote = {
  id: string;
  first: Day;
  last: Day;
  text: string;
  filter: string;
  /** Google's `sub` of whoever wrote it, and their address. */
  person: string;
  writer: string;
  writtenAt: Instant;
  changed: { at: Instant; by: string } | null;
};

/** What somebody asks a note to be. */
export type NoteTerms = Pick<DayNote, 'first' | 'last' | 'text' | 'filter'>;

/** What a page lists, and what is read for a chart. */
export const MOST_NOTES = 500;

type Row = {
  note_id: string;
  first: string;
  last: string;
  text: string;
  filter: string;
  person: string;
  writer: string;
  written_at: string;
  changed_at: string | null;
  changed_by: string | null;
};
const COLUMNS: (keyof Row)[] = [
  ...(['note_id', 'first', 'last', 'text', 'filter'] as const),
  ...(['person', 'writer', 'written_at', 'changed_at', 'changed_by'] as const),
];

const noteOf = ({ note_id, first, last, written_at, changed_at, changed_by, ...row }: Row): DayNote => ({
  ...{ id: note_id, first: dayFromPostgres(first), last: dayFromPostgres(last), ...row },
  writtenAt: timeFromPostgres(written_at),
  changed: changed_at === null ? null : { at: timeFromPostgres(changed_at), by: changed_by ?? '' },
});

/** All there are, the latest days first. */
export async function readNotes(database: Knex): Promise<DayNote[]> {
  const rows = await database('day_notes')
    .orderByRaw('first DESC, last DESC, note_id')
    .limit(MOST_NOTES)
    .select<Row[]>(...COLUMNS);
  return rows.map(noteOf);
}

/** Null where there is none. */
export async function readNote(database: Knex, id: string): Promise<DayNote | null> {
  const row = await database('day_notes')
    .where('note_id', id)
    .first<Row | undefined>(...COLUMNS);
  return row ? noteOf(row) : null;
}

const columnsOf = ({ first, last, text, filter }: NoteTerms) => ({
  ...{ first: postgresFromDay(first), last: postgresFromDay(last), text, filter },
});

/** Null where there are as many as there may be. */
export async function makeNote(
  transaction: Knex,
  { sub, email }: { sub: string; email: string },
  terms: NoteTerms,
): Promise<string | null> {
  // Whoever writes one at the same time counts after this one.
  await transaction.raw('LOCK TABLE day_notes IN SHARE ROW EXCLUSIVE MODE');
  const count = await transaction('day_notes').count('* AS count').first();
  if (Number(count?.count) >= MOST_NOTES) return null;
  const [made] = await transaction('day_notes')
    .insert({ ...columnsOf(terms), person: sub, writer: email })
    .returning<{ note_id: string }[]>('note_id');
  return made?.note_id as string;
}

/** Returns it as it was, null where there is none any more. */
export async function changeNote(transaction: Knex, id: string, terms: NoteTerms, by: string): Promise<DayNote | null> {
  await transaction('day_notes').where('note_id', id).forUpdate().first('note_id');
  const before = await readNote(transaction, id);
  await transaction('day_notes')
    .where('note_id', id)
    .update({ ...columnsOf(terms), changed_at: transaction.fn.now(), changed_by: by });
  return before;
}

/** False where there is none any more. */
export async function deleteNote(transaction: Knex, id: string): Promise<boolean> {
  return (await transaction('day_notes').where('note_id', id).delete()) > 0;
}
