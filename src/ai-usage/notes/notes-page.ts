import type { NameDatabases } from '../../catalog/known-names.ts';
import { NO_NAMES, readNames } from '../../catalog/names.ts';
import { namedIn } from '../../query/filters/registry.ts';
import { filterSentence } from '../../query/filters/words.ts';
import { NOTES_PATH } from '../../query/paths.ts';
import type { DayNote } from '../../stats/notes/notes.ts';
import { callsOf, daysText } from '../../stats/notes/notes-of.ts';
import type { ParameterProblem } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { type DateField, dateField } from '../../units/input/date-field.ts';
import { type FormField, otherProblems, problemOf } from '../../units/input/form-field.ts';
import { type Instant, isoFromInstant } from '../../units/time.ts';

/** A note as its page and the list show it. */
export type NoteLine = { text: string; days: string; calls: string; who: string; href: string; overview: string };

/** Which calls each of some notes is about, as a sentence. */
export async function callsInWords(
  notes: DayNote[],
  { databases, format }: { databases: NameDatabases; format: Format },
  at: Instant,
): Promise<string[]> {
  const queries = notes.map(({ filter }) => callsOf(filter, format, at));
  const named = queries.flatMap((query) => (query === null ? [] : namedIn(query)));
  const ids = {
    authors: [...new Set(named.flatMap(({ authors }) => authors))],
    stories: [...new Set(named.flatMap(({ stories }) => stories))],
  };
  const isNamed = ids.authors.length + ids.stories.length > 0;
  const names = isNamed ? await readNames(databases, ids) : NO_NAMES;
  return queries.map((query, i) =>
    query === null ? `${notes[i]?.filter}, which is no longer understood` : filterSentence(query, names, format),
  );
}

export function noteLine(note: DayNote, calls: string, format: Format): NoteLine {
  const { id, first, last, filter, writer, writtenAt, changed } = note;
  const days = new URLSearchParams({ from: first, to: last });
  return {
    text: note.text,
    days: daysText(note, format),
    calls,
    who:
      `${writer}, ${format.minute(writtenAt)}` +
      (changed === null ? '' : `; changed by ${changed.by}, ${format.minute(changed.at)}`),
    href: `${NOTES_PATH}/${id}`,
    overview: `/ai-usage?${[days, filter].filter(Boolean).join('&')}`,
  };
}

/** A note is everybody's to read, and changed by whoever wrote it, or by an admin. */
export const mayChange = ({ person }: DayNote, sub: string, isAdmin: boolean): boolean => isAdmin || person === sub;

/** The form of a note, ready to print: what was entered stays, and each field says what is wrong with it. */
export type NoteForm = {
  action: string;
  saves: string;
  text: FormField;
  first: FormField & DateField;
  last: FormField & DateField;
  filter: FormField;
  others: string[];
};

type Asked = { action: string; saves: string; values: Record<string, unknown>; problems: ParameterProblem[] };

export function noteForm({ action, saves, values, problems }: Asked): NoteForm {
  const of = (name: string): FormField => ({
    value: typeof values[name] === 'string' ? values[name] : '',
    problem: problemOf(problems, name),
  });
  const day = (name: string) => ({ ...of(name), ...dateField(of(name).value) });
  return {
    ...{ action, saves, text: of('text'), first: day('first'), last: day('last'), filter: of('filter') },
    others: otherProblems(problems, ['text', 'first', 'last', 'filter']),
  };
}

/** A note as programs read it (docs/openapi.yaml). */
export function noteJson(note: DayNote, calls: string, sub: string) {
  const { id, first, last, text, filter, person, writer, writtenAt, changed } = note;
  return {
    ...{ id, first, last, text, filter, calls, writer, own: person === sub },
    writtenAt: isoFromInstant(writtenAt),
    ...{ changedAt: changed && isoFromInstant(changed.at), changedBy: changed?.by ?? null },
  };
}
