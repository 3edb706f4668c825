import type { UsageQuery } from '../../query/query.ts';
import type { DayNote } from '../../stats/notes/notes.ts';
import { daysText, MOST_ON_A_CHART, moreNotes, noteLine } from '../../stats/notes/notes-of.ts';
import type { Format } from '../../units/format.ts';
import { type Instant, startOfDay } from '../../units/time.ts';
import type { ChartNote } from '../chart/usage-over-time.ts';

/** Notes as a chart marks them, at the first and the last of their days, and lists them below. */
export function notesOnChart(notes: DayNote[], { window }: Pick<UsageQuery, 'window'>, format: Format): ChartNote[] {
  const shown = notes.slice(0, MOST_ON_A_CHART).map((note): ChartNote => {
    const text = `Note, ${daysText(note, format)}: ${note.text}`;
    const begin = startOfDay(note.first, format.timeZone);
    const end = startOfDay(note.last, format.timeZone);
    const isBefore = window.from !== null && begin < window.from;
    const ends = [isBefore ? (window.from as Instant) : begin, ...(end > begin ? [end] : [])];
    return {
      ...{ ...noteLine(note, format), ofDays: true },
      marks: ends
        .filter((at) => (window.from === null || at >= window.from) && at < window.to)
        .map((at) => ({ at, text })),
    };
  });
  return [...shown, ...moreNotes(notes, format).map((line): ChartNote => ({ ...line, ofDays: true, marks: [] }))];
}
