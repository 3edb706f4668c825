import type { NameDatabases } from '../../catalog/known-names.ts';
import { providerOf } from '../../catalog/models.ts';
import { remembered } from '../../export/remembered.ts';
import type { CsvLines, CsvWriters } from '../../export/table.ts';
import type { RecordStream } from '../../stats/records/record-stream.ts';
import {
  type PrintedRecord,
  printedRecordOf,
  type RecordTexts,
  recordOfTexts,
} from '../../stats/records/record-texts.ts';
import { inFile } from '../../tables/table.ts';
import { hasWord, isLarge } from '../../tables/values.ts';
import { costFromNumeric, NO_NUMBER } from '../../units/money.ts';
import { isTime, NO_TIME, timeFromPostgres } from '../../units/time.ts';
import { labelOf, type RecordColumn } from './record-columns.ts';
import { columnsFor, type FileColumn, type NamesSoFar, named } from './record-export.ts';

type WriteField = (record: PrintedRecord, names: NamesSoFar, texts: RecordTexts) => string;

/**
 * What columns of a record are in CSV, made from what PostgreSQL prints: big integers and lists of values for a million records take longer
 * than reading them. By the names of record-columns.ts; a column that is not among these is written from its value.
 */
function fieldWriters(write: CsvWriters): Partial<Record<string, WriteField>> {
  const name = (known: string | null | undefined) => (known === null || known === undefined ? '' : write.text(known));
  const label = remembered((action) => write.text(labelOf(action)));
  const provider = remembered((model) => write.text(providerOf(model)));
  const time = write.dialect === 'rfc4180' ? isoOfPrinted : () => null;
  const decimals = write.dialect === 'rfc4180' ? sixDecimals : () => null;
  return {
    createdAt: ({ createdAt }) => time(createdAt) ?? timeIn(write, createdAt),
    author: ({ authorId }, { authors }) => name(authors.get(authorId)),
    story: ({ storyId }, { stories }) => name(stories.get(storyId)),
    actionLabel: ({ action }) => label(action),
    aiModel: ({ aiModel }) => write.text(aiModel),
    provider: ({ aiModel }) => provider(aiModel),
    inputTokens: ({ inputTokens }) => inputTokens,
    outputTokens: ({ outputTokens }) => outputTokens,
    totalTokens: ({ inputTokens, outputTokens }) => String(Number(inputTokens) + Number(outputTokens)),
    estimatedCostInEuros: ({ estimatedCostInEuros }) =>
      decimals(estimatedCostInEuros) ?? costIn(write, estimatedCostInEuros),
    tokenUsageId: ({ tokenUsageId }) => tokenUsageId,
    authorId: ({ authorId }) => authorId,
    storyId: ({ storyId }) => storyId,
    action: ({ action }) => write.text(action),
  };
}

/** A column's field from its value, which the writer of CSV would make of it. */
function fromValue(write: CsvWriters, { name, kind, value }: FileColumn): WriteField {
  const prompts = new Map();
  return (_record, names, texts) => {
    const one = inFile(kind, value(recordOfTexts(texts), { ...names, prompts }));
    if (one === null) return '';
    if (isLarge(one)) throw new TypeError(`a line does not hold ${name}, which comes in pieces`);
    return hasWord(kind, one) ? write.text(one) : write[kind](one);
  };
}

/** Records without their prompts as lines of CSV. */
export function recordLines(
  databases: NameDatabases,
  { batches }: Pick<RecordStream, 'batches'>,
  besides: RecordColumn[],
): (write: CsvWriters) => AsyncGenerator<CsvLines> {
  return async function* (write) {
    const writers = fieldWriters(write);
    const fields = columnsFor(false, besides).map((column) => writers[column.name] ?? fromValue(write, column));
    for await (const { some, names } of named(databases, batches)) {
      let text = '';
      for (const texts of some) {
        const record = printedRecordOf(texts);
        for (let i = 0; i < fields.length; i++) {
          if (i > 0) text += write.separator;
          text += (fields[i] as WriteField)(record, names, texts);
        }
        text += write.lineEnd;
      }
      yield { rows: some.length, text };
    }
  };
}

const timeIn = (write: CsvWriters, printed: string): string => {
  const at = timeFromPostgres(printed);
  return isTime(at) ? write.instant(at) : NO_TIME;
};

const costIn = (write: CsvWriters, printed: string): string => {
  const cost = costFromNumeric(printed);
  return cost === null ? NO_NUMBER : write.euros(cost);
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

/** "0.086030" as it is; null for any other form. */
function sixDecimals(text: string): string | null {
  return text.length < 16 && text.charCodeAt(text.length - 7) === 46 ? text : null;
}
