import type { NameDatabases } from '../../catalog/known-names.ts';
import { readNames } from '../../catalog/names.ts';
import type { ExportColumn } from '../../export/table.ts';
import type { Prompt } from '../../stats/records/prompts.ts';
import type { RecordStream } from '../../stats/records/record-stream.ts';
import { authorOf, recordOfText, storyOf } from '../../stats/records/record-text.ts';
import type { UsageRecord } from '../../stats/records/records.ts';
import { inFile } from '../../tables/table.ts';
import type { Value } from '../../tables/values.ts';
import { type NamesOfRecord, RECORD_COLUMNS, type RecordColumn } from './record-columns.ts';

export type FileColumn = Pick<RecordColumn, 'name' | 'label' | 'kind'> & {
  value: (record: UsageRecord, besides: NamesOfRecord & { prompt: Prompt | null }) => Value;
};

const PROMPT: FileColumn = {
  ...{ name: 'prompt', label: 'Prompt', kind: 'json' },
  value: (_record, { prompt }) => prompt,
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
  const namesOf = namesOfBatches(databases, (name) => name);
  for await (const batch of batches) {
    const { authors, stories } = await namesOf(batch);
    for (let first = 0; first < batch.length; first += AT_A_TIME) {
      const records = batch.slice(first, first + AT_A_TIME).map(recordOfText);
      const asked = withPrompts ? await prompts(records.map(({ tokenUsageId }) => tokenUsageId)) : noPrompts;
      yield records.map((record, i) => {
        const author = authors[first + i]?.made ?? null;
        const story = stories[first + i]?.made ?? null;
        const besides = { author, story, prompt: asked.get(record.tokenUsageId) ?? null };
        const row: Value[] = [];
        for (const { kind, value } of columns) row.push(inFile(kind, value(record, besides)));
        return row;
      });
    }
  }
}

/** What is made of a name; shared by all records that have it. */
type Made<Name> = { made: Name };

/**
 * What `make` makes of the names of the author and the story of each record of a batch, null where nobody knows one; those that no
 * batch before it had are asked for.
 */
export function namesOfBatches<Name>(
  databases: NameDatabases,
  make: (name: string | null) => Name,
): (batch: string[]) => Promise<{ authors: Made<Name>[]; stories: Made<Name>[] }> {
  const nobody = make(null);
  const authors = namesSoFar(authorOf, nobody);
  const stories = namesSoFar(storyOf, nobody);
  return async (batch) => {
    const [ofAuthors, ofStories] = [authors(batch), stories(batch)];
    const asked = { authors: [...ofAuthors.unknown.keys()], stories: [...ofStories.unknown.keys()] };
    if (asked.authors.length > 0 || asked.stories.length > 0) {
      const found = await readNames(databases, asked, { keep: false });
      for (const [id, name] of ofAuthors.unknown) name.made = make(found.authors.get(id) ?? null);
      for (const [id, name] of ofStories.unknown) name.made = make(found.stories.get(id) ?? null);
    }
    return { authors: ofAuthors.names, stories: ofStories.names };
  };
}

/** The names of a batch, and which of them no batch before it had. */
function namesSoFar<Name>(idOf: (text: string) => string, nobody: Name) {
  const known = new Map<string, Made<Name>>();
  return (batch: string[]) => {
    if (known.size > MOST_NAMES_KEPT) known.clear();
    const unknown = new Map<string, Made<Name>>();
    const names = batch.map((text) => {
      const id = idOf(text);
      const found = known.get(id);
      if (found !== undefined) return found;
      const name = { made: nobody };
      known.set(id, name);
      unknown.set(id, name);
      return name;
    });
    return { names, unknown };
  };
}
