import type { NameDatabases } from '../../catalog/known-names.ts';
import { providerOf } from '../../catalog/models.ts';
import type { CsvLines, CsvWriters } from '../../export/table.ts';
import type { RecordStream } from '../../stats/records/record-stream.ts';
import { type PrintedRecord, printedRecordOf, RUNS, recordOfText } from '../../stats/records/record-text.ts';
import { inFile } from '../../tables/table.ts';
import { hasWord, isLarge } from '../../tables/values.ts';
import { remembered } from '../../units/remembered.ts';
import { isTime, NO_TIME, timeFromPostgres } from '../../units/time.ts';
import { labelOf, type RecordColumn } from './record-columns.ts';
import { columnsFor, type FileColumn, namesOfBatches } from './record-export.ts';

/** A record, and what is already as CSV has it: names, and what its action and its model are called. */
type Written = {
  text: string;
  printed: PrintedRecord;
  author: Name;
  story: Name;
  action: { label: string; id: string };
  model: { name: string; provider: string };
};
/** `name` of an author or a story, null where nobody knows one, and as CSV has it. */
type Name = { name: string | null; written: string };
const NOBODY: Name = { name: null, written: '' };
type WriteField = (record: Written) => string;

/** A million lines are made of few pieces each, which the garbage collector follows while they are not one text yet. */
const AT_A_TIME = 100;

/**
 * What columns of a record are in CSV, made from what PostgreSQL prints: big integers and lists of values for a million records take longer
 * than reading them. By the names of record-columns.ts; a column that is not among these is written from its value.
 */
function fieldWriters(write: CsvWriters): Partial<Record<string, WriteField>> {
  const time = write.dialect === 'rfc4180' ? isoOfPrinted : () => null;
  return {
    createdAt: ({ printed }) => time(printed.createdAt) ?? timeIn(write, printed.createdAt),
    author: ({ author }) => author.written,
    story: ({ story }) => story.written,
    actionLabel: ({ action }) => action.label,
    aiModel: ({ model }) => model.name,
    provider: ({ model }) => model.provider,
    action: ({ action }) => action.id,
  };
}

/** A column's field from its value, which the writer of CSV would make of it. */
function fromValue(write: CsvWriters, { name, kind, value }: FileColumn): WriteField {
  return ({ text, author, story }) => {
    const one = inFile(kind, value(recordOfText(text), { author: author.name, story: story.name, prompt: null }));
    if (one === null) return '';
    if (isLarge(one)) throw new TypeError(`a line does not hold ${name}, which comes in pieces`);
    return hasWord(kind, one) ? write.text(one) : write[kind](one);
  };
}

/** The fields of columns; columns that are a run in this order are one field. */
function fieldsOf(columns: FileColumn[], write: CsvWriters): WriteField[] {
  const writers = fieldWriters(write);
  const fields: WriteField[] = [];
  for (let i = 0; i < columns.length; ) {
    const run = write.dialect === 'rfc4180' ? RUN_NAMES.find((name) => beginsRun(columns.slice(i), name)) : undefined;
    const each = columns
      .slice(i, i + (run ? RUNS[run].length : 1))
      .map((one) => writers[one.name] ?? fromValue(write, one));
    const apart: WriteField = (record) => each.map((field) => field(record)).join(write.separator);
    if (run === undefined) fields.push(...each);
    else if (run === 'ids') fields.push(({ printed }) => printed.ids);
    else fields.push((record) => (hasSixDecimals(record.printed.numbers) ? record.printed.numbers : apart(record)));
    i += each.length;
  }
  return fields;
}

const RUN_NAMES = Object.keys(RUNS) as (keyof typeof RUNS)[];
const beginsRun = (columns: FileColumn[], run: keyof typeof RUNS) =>
  RUNS[run].every((name, i) => columns[i]?.name === name);

/** Records without their prompts as lines of CSV. */
export function recordLines(
  databases: NameDatabases,
  { batches }: Pick<RecordStream, 'batches'>,
  besides: RecordColumn[],
): (write: CsvWriters) => AsyncGenerator<CsvLines> {
  return async function* (write) {
    const fields = fieldsOf(columnsFor(false, besides), write);
    const ends = fields.map((_, i) => (i < fields.length - 1 ? write.separator : write.lineEnd));
    const namesOf = namesOfBatches<Name>(databases, (name) =>
      name === null ? NOBODY : { name, written: write.text(name) },
    );
    const actionOf = remembered((id: string) => ({ label: write.text(labelOf(id)), id: write.text(id) }));
    const modelOf = remembered((name: string) => ({ name: write.text(name), provider: write.text(providerOf(name)) }));
    for await (const batch of batches) {
      const { authors, stories } = await namesOf(batch);
      for (let first = 0; first < batch.length; first += AT_A_TIME) {
        const end = Math.min(first + AT_A_TIME, batch.length);
        const pieces: string[] = [];
        for (let i = first; i < end; i++) {
          const text = batch[i] as string;
          const printed = printedRecordOf(text);
          const [author, story] = [authors[i]?.made ?? NOBODY, stories[i]?.made ?? NOBODY];
          const record = {
            text,
            printed,
            author,
            story,
            action: actionOf(printed.action),
            model: modelOf(printed.aiModel),
          };
          for (let j = 0; j < fields.length; j++) pieces.push((fields[j] as WriteField)(record), ends[j] as string);
        }
        yield { rows: end - first, text: pieces.join('') };
      }
    }
  };
}

const timeIn = (write: CsvWriters, printed: string): string => {
  const at = timeFromPostgres(printed);
  return isTime(at) ? write.instant(at) : NO_TIME;
};

const TO_THE_SECOND = '2026-10-31 10:44:41'.length;
const ZONE = '+00';

/** "2026-10-31 10:44:41.84+00" as "2026-10-31T10:44:41.840Z", six decimals where three do not hold it; null for any other form. */
function isoOfPrinted(text: string): string | null {
  const decimals = text.length - TO_THE_SECOND - ZONE.length - 1;
  if (decimals > 6 || decimals === 0 || text.charCodeAt(10) !== 32 || !text.endsWith(ZONE)) return null;
  const fraction = decimals < 0 ? '' : text.slice(TO_THE_SECOND + 1, TO_THE_SECOND + 1 + decimals);
  return `${text.slice(0, 10)}T${text.slice(11, TO_THE_SECOND)}.${fraction.padEnd(decimals > 3 ? 6 : 3, '0')}Z`;
}

/** Whether numbers end in a cost as it is written, "0.086030": no word, and no other number of decimals. */
const hasSixDecimals = (numbers: string): boolean => numbers.charCodeAt(numbers.length - 7) === 46;
