import type { Knex } from 'knex';
import { providerOf } from '../../catalog/models.ts';
import { queryOfFilter } from '../../query/filter-text.ts';
import type { GivenFilters } from '../../query/filters/registry.ts';
import { NOTES_PATH } from '../../query/paths.ts';
import type { UsageQuery } from '../../query/query.ts';
import { BadInput } from '../../units/failures/bad-input.ts';
import type { Format } from '../../units/format.ts';
import { endOfDay, type Instant, isOfNoTime, startOfDay } from '../../units/time.ts';
import { type DayNote, readNotes } from './notes.ts';

/** More lines than these leave nothing of a chart to see. */
export const MOST_ON_A_CHART = 20;

type Filters = Pick<GivenFilters, 'models' | 'notModels' | 'actions' | 'notActions' | 'providers' | 'author' | 'story'>;

/** Whether one of some values (none: any) is let through. */
const some = (values: readonly string[], lets: (value: string) => boolean) => values.length === 0 || values.some(lets);
const isOneOf = (values: readonly string[]) => (value: string) => values.length === 0 || values.includes(value);

const isSame = (one: string | null, other: string | null) => one === null || other === null || one === other;

/** Whether a view with some filters could hold calls that a note is about. */
function couldHold(view: Filters, note: Filters): boolean {
  const isShown = isOneOf(view.models);
  const ofShown = isOneOf(view.providers);
  return (
    some(note.models, (m) => isShown(m) && !view.notModels.includes(m) && ofShown(providerOf(m))) &&
    some(note.providers, (p) => ofShown(p) && some(view.models, (m) => providerOf(m) === p)) &&
    some(note.actions, (a) => isOneOf(view.actions)(a) && !view.notActions.includes(a)) &&
    isSame(view.author, note.author) &&
    isSame(view.story, note.story)
  );
}

/** The calls that a note is about; null where its filter is no longer understood. */
export function callsOf(filter: string, format: Pick<Format, 'timeZone'>, at: Instant): UsageQuery | null {
  try {
    return queryOfFilter(filter, format, at);
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    return null;
  }
}

/** "14 Nov 2026", "1 Nov 2026 – 5 Nov 2026". */
export const daysText = ({ first, last }: Pick<DayNote, 'first' | 'last'>, { mediumDay }: Format): string =>
  first === last ? mediumDay(first) : `${mediumDay(first)} – ${mediumDay(last)}`;

/** The notes on days of a query's window whose calls it could hold, the latest first. */
export async function readNotesOf(backoffice: Knex, query: UsageQuery, format: Format): Promise<DayNote[]> {
  const { window, asOf } = query;
  if (isOfNoTime(window)) return [];
  const isHeld = ({ first, last }: DayNote) =>
    startOfDay(first, format.timeZone) < window.to &&
    (window.from === null || endOfDay(last, format.timeZone) > window.from);
  return (await readNotes(backoffice)).filter((note) => {
    const calls = isHeld(note) ? callsOf(note.filter, format, asOf) : null;
    return calls !== null && couldHold(query, calls);
  });
}

/** A note as it is listed below a chart: what it says, and of which days and whose it is. */
export type NoteLine = { label: string; href: string; text: string };

export const noteLine = (note: DayNote, format: Format): NoteLine => ({
  ...{ label: note.text, href: `${NOTES_PATH}/${note.id}` },
  text: `${daysText(note, format)}, by ${note.changed?.by ?? note.writer}`,
});

/** What is said where there are more than a chart marks. */
export function moreNotes(notes: DayNote[], format: Format): NoteLine[] {
  const more = notes.length - MOST_ON_A_CHART;
  if (more <= 0) return [];
  const label = `${format.integer(more)} earlier ${more === 1 ? 'note' : 'notes'}`;
  return [{ label, href: NOTES_PATH, text: 'not marked' }];
}

/** What is listed below a chart that holds some notes. */
export const noteLines = (notes: DayNote[], format: Format): NoteLine[] => [
  ...notes.slice(0, MOST_ON_A_CHART).map((note) => noteLine(note, format)),
  ...moreNotes(notes, format),
];
