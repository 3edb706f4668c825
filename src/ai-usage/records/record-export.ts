import type { NameDatabases } from '../../catalog/known-names.ts';
import { readNames } from '../../catalog/names.ts';
import type { ExportColumn } from '../../export/table.ts';
import type { Prompt } from '../../stats/records/prompts.ts';
import type { RecordStream } from '../../stats/records/record-stream.ts';
import { authorOf, type RecordTexts, recordOfTexts, storyOf } from '../../stats/records/record-texts.ts';
import type { UsageRecord } from '../../stats/records/records.ts';
import { inFile } from '../../tables/table.ts';
import type { Value } from '../../tables/values.ts';
import { RECORD_COLUMNS, type RecordColumn } from './record-columns.ts';

/** Names of the authors and stories of the records so far; null where nobody knows one, so that it is not asked for again. */
export type NamesSoFar = { authors: Map<string, string | null>; stories: Map<string, string | null> };
type Besides = NamesSoFar & { prompts: Map<string, Prompt> };
export type FileColumn = Pick<RecordColumn, 'name' | 'label' | 'kind'> & {
  value: (record: UsageRecord, besides: Besides) => Value;
};

const PROMPT: FileColumn = {
  ...{ name: 'prompt', label: 'Prompt', kind: 'json' },
  value: ({ tokenUsageId }, { prompts }) => prompts.get(tokenUsageId) ?? null,
};

export const columnsFor = (withPrompts: boolean, besides: RecordColumn[]): FileColumn[] => [
  ...RECORD_COLUMNS.filter(({ only }) => only !== 'page'),
  ...besides,
  ...(withPrompts ? [PROMPT] : []),
];

/** The columns of a file of records; the prompt, which may hold what an author told, only for whom it was asked. */
export function recordExportColumns(withPrompts: boolean, besides: RecordColumn[]): ExportColumn[] {
  return columnsFor(withPrompts, besides).map(({ name, label, kind }) => ({ name, label, kind }));
}

/**
 * Records and rows are made so many at a time: they take several times the memory of their texts, and what lives when the garbage
 * collector comes by is copied.
 */
const AT_A_TIME = 100;
/** Records of one story are near each other in time, so names are known again and again; with more than these, all are forgotten. */
const MOST_NAMES_KEPT = 20_000;

/** Records as rows of an export. A name that nobody knows is empty: its id stands beside it. */
export async function* recordRows(
  databases: NameDatabases,
  { batches, prompts }: Pick<RecordStream, 'batches' | 'prompts'>,
  withPrompts: boolean,
  besides: RecordColumn[],
): AsyncGenerator<Value[][]> {
  const columns = columnsFor(withPrompts, besides);
  const noPrompts = new Map<string, Prompt>();
  for await (const { some, names } of named(databases, batches)) {
    const records = some.map(recordOfTexts);
    const known: Besides = {
      ...names,
      prompts: withPrompts ? await prompts(records.map(({ tokenUsageId }) => tokenUsageId)) : noPrompts,
    };
    yield records.map((record) => {
      const row: Value[] = [];
      for (const { kind, value } of columns) row.push(inFile(kind, value(record, known)));
      return row;
    });
  }
}

/** A few records at a time, once the names of their batch are known. */
export async function* named(
  databases: NameDatabases,
  batches: AsyncIterable<RecordTexts[]>,
): AsyncGenerator<{ some: RecordTexts[]; names: NamesSoFar }> {
  const names: NamesSoFar = { authors: new Map(), stories: new Map() };
  for await (const batch of batches) {
    await learnNames(databases, names, batch);
    for (let first = 0; first < batch.length; first += AT_A_TIME)
      yield { some: batch.slice(first, first + AT_A_TIME), names };
  }
}

/** Asks for the names of a batch that are not known yet. */
async function learnNames(databases: NameDatabases, names: NamesSoFar, batch: RecordTexts[]): Promise<void> {
  for (const known of [names.authors, names.stories]) if (known.size > MOST_NAMES_KEPT) known.clear();
  const authors = unknownOf(batch, authorOf, names.authors);
  const stories = unknownOf(batch, storyOf, names.stories);
  if (authors.length === 0 && stories.length === 0) return;
  const found = await readNames(databases, { authors, stories }, { keep: false });
  for (const id of authors) names.authors.set(id, found.authors.get(id) ?? null);
  for (const id of stories) names.stories.set(id, found.stories.get(id) ?? null);
}

/** The ids of a batch whose names have not been asked for. */
function unknownOf(
  batch: RecordTexts[],
  idOf: (texts: RecordTexts) => string,
  known: Map<string, string | null>,
): string[] {
  const unknown = new Set<string>();
  for (const texts of batch) {
    const id = idOf(texts);
    if (!known.has(id)) unknown.add(id);
  }
  return [...unknown];
}
