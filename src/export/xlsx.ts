import { Readable } from 'node:stream';
import ZipStream from 'zip-stream';
import { isLarge, type Value, type ValueKind } from '../tables/values.ts';
import { type LocalTimes, localTimes } from './local-time.ts';
import {
  headingRow,
  largeCellText,
  MOST_SHEET_ROWS,
  rowWriter,
  STYLES,
  sheetBegin,
  sheetEnd,
  workbookParts,
} from './sheet-xml.ts';
import type { ExportColumn, ExportFile, ExportTable, Manifest } from './table.ts';

/** Half of the time of the default level 6, and files a third larger. */
const DEFLATE_LEVEL = 1;

/**
 * A workbook: a sheet a table, further ones where a table is longer than a sheet holds, and on the last one what it is about:
 * programs read the first. The directory of the archive comes last, so a part of the file opens nowhere.
 */
export async function* xlsx({ manifest, tables }: ExportFile): AsyncGenerator<Buffer> {
  const local = localTimes(manifest.timeZone);
  const zip = new ZipStream({ level: DEFLATE_LEVEL });
  const addAll = async () => {
    const names: string[] = [];
    const addSheet = async (name: string, xml: AsyncIterable<string> | Iterable<string>) => {
      names.push(name);
      await add(zip, `xl/worksheets/sheet${names.length}.xml`, xml);
    };
    await add(zip, 'xl/styles.xml', [STYLES]);
    for (const table of tables) {
      const rows = rowReader(table.batches);
      for (let number = 1; number === 1 || (await rows.hasMore()); number++) {
        await addSheet(tabName(table.title, number), sheetXml(table, rows, manifest.timeZone, local));
      }
    }
    await addSheet('About', [aboutSheet(manifest, local)]);
    for (const [name, xml] of Object.entries(workbookParts(names, manifest))) await add(zip, name, [xml]);
    zip.finalize();
  };
  addAll().catch((error) => zip.destroy(error));
  try {
    for await (const chunk of zip) yield chunk as Buffer;
  } finally {
    zip.destroy();
  }
}

function add(zip: ZipStream, name: string, xml: AsyncIterable<string> | Iterable<string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const content = Readable.from(xml, { objectMode: false }).once('error', reject);
    zip.entry(content, { name }, (error) => (error ? reject(error) : resolve()));
  });
}

/** A name as a tab can have it: at most 31 characters, none that references need; with its number from the second on. */
function tabName(title: string, number: number): string {
  const suffix = number === 1 ? '' : ` (${number})`;
  return title.replace(/[[\]:*?/\\']/g, ' ').slice(0, 31 - suffix.length) + suffix;
}

type RowReader = { take: (most: number) => Promise<Value[][]>; hasMore: () => Promise<boolean> };

/** Batches of rows, cut where a sheet is full. */
function rowReader(batches: ExportTable['batches']): RowReader {
  const iterator = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  let rows: Value[][] = [];
  let used = 0;
  const hasMore = async (): Promise<boolean> => {
    while (used === rows.length) {
      const { done, value } = await iterator.next();
      if (done) return false;
      rows = value;
      used = 0;
    }
    return true;
  };
  const take = async (most: number): Promise<Value[][]> => {
    if (!(await hasMore())) return [];
    const taken = rows.slice(used, used + most);
    used += taken.length;
    return taken;
  };
  return { take, hasMore };
}

async function* sheetXml({ columns }: ExportTable, rows: RowReader, timeZone: string, local: LocalTimes) {
  const labels = columns.map(({ label, kind }) => (kind === 'instant' ? `${label} (${timeZone})` : label));
  const row = rowWriter(columns, local);
  yield sheetBegin(columns) + headingRow(labels);
  let number = 1;
  while (number < MOST_SHEET_ROWS) {
    const taken = await rows.take(MOST_SHEET_ROWS - number);
    if (taken.length === 0) break;
    let xml = '';
    for (const values of taken) {
      number += 1;
      xml += row(values.some(isLarge) ? await held(values) : values, number);
    }
    yield xml;
  }
  yield sheetEnd(columns, number);
}

/** Named one by one in the sheet that says what a file is about. */
const MOST_MODELS = 50;

/** A row with of each value as much as a cell holds. */
function held(values: Value[]): Promise<Value[]> {
  return Promise.all(values.map((value) => (isLarge(value) ? largeCellText(value) : value)));
}

type AboutLine = [what: string, kind: ValueKind, value: Value];

const unpricedLines = ({ requests, models }: NonNullable<Manifest['unpriced']>): AboutLine[] => [
  ['Calls without a price, in no cost', 'integer', requests],
  ['Models of these', 'text', models.slice(0, MOST_MODELS).join(', ') + (models.length > MOST_MODELS ? ' …' : '')],
];

function aboutSheet(
  { title, filters, from, to, timeZone, asOf, rows, cost, unpriced, order, notes = [] }: Manifest,
  local: LocalTimes,
): string {
  const lines: AboutLine[] = [
    ['What', 'text', title],
    ['Filters', 'text', filters],
    from === null ? ['From', 'text', 'the first record'] : ['From', 'instant', from],
    ['To, that instant not included', 'instant', to],
    ['As of, nothing newer is counted', 'instant', asOf],
    ['Time zone', 'text', timeZone],
    ['Rows', 'integer', rows],
    ...(cost === null ? [] : [['Total cost', 'euros', cost] as AboutLine]),
    ...(unpriced === undefined || unpriced.requests === 0 ? [] : unpricedLines(unpriced)),
    ...(order === undefined ? [] : [['In the order of', 'text', order] as AboutLine]),
    ...notes.map(
      ({ first, last, text, filter, writer }): AboutLine => [
        `Note, ${first === last ? first : `${first} to ${last}`}${filter === '' ? '' : `, ${filter}`}`,
        'text',
        `${text} (${writer})`,
      ],
    ),
  ];
  const what: ExportColumn = { name: 'whatId', label: 'About this file', kind: 'text' };
  const value = (kind: ValueKind): ExportColumn => ({ name: 'valueId', label: '', kind });
  const written = lines.map(([name, kind, shown], i) => rowWriter([what, value(kind)], local)([name, shown], i + 2));
  const columns = [what, value('text')];
  const labels = columns.map(({ label }) => label);
  return sheetBegin(columns) + headingRow(labels) + written.join('') + sheetEnd(columns, lines.length + 1);
}
