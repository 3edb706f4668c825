import { hasWord, type LargeJson, type NamedAmounts, type Value, type ValueKind } from '../tables/values.ts';
import { compareDays, type Day, dayFromIso, dayNumber, firstDayOf, type Month } from '../units/calendar.ts';
import { DAY_OF_24_HOURS, type Instant, isoFromInstant, startOfDay } from '../units/time.ts';
import type { LocalTimes } from './local-time.ts';
import { partsJson } from './parts.ts';
import { plainNumber } from './plain-number.ts';
import type { ExportColumn, Manifest } from './table.ts';

/** What Excel holds on one sheet, the heading included. */
export const MOST_SHEET_ROWS = 1_048_576;
export const MOST_CELL_CHARACTERS = 32_767;
/** Excel counts days from the last of 1899; it has no dates before and after these years, and is wrong about the first two months. */
const UNIX_EPOCH_IN_EXCEL = 25_569;
const FIRST_DAY_IN_EXCEL = dayFromIso('1900-03-01');
const END_OF_DAYS_IN_EXCEL = dayFromIso('+010000-01-01');
const FIRST_IN_EXCEL: Instant = startOfDay(FIRST_DAY_IN_EXCEL, 'UTC');
const END_IN_EXCEL: Instant = startOfDay(END_OF_DAYS_IN_EXCEL, 'UTC');

/** Styles by their place in `STYLES`. Text has the number format of text, so that it stays text when somebody edits its cell. */
const STYLE: Record<ValueKind | 'heading', number> = {
  text: 8,
  uuid: 8,
  json: 8,
  parts: 8,
  heading: 1,
  integer: 2,
  boolean: 0,
  euros: 3,
  ratio: 4,
  decimal: 0,
  seconds: 2,
  instant: 5,
  day: 6,
  month: 7,
};

export const STYLES = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="5"><numFmt numFmtId="164" formatCode="[$€-2]\\ #,##0.000000"/><numFmt numFmtId="165" formatCode="0.0%"/><numFmt numFmtId="166" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="167" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="168" formatCode="yyyy\\-mm"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="9"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="3" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="167" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="168" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Characters that XML has no place for are written as Excel does: _x0007_; text that only looks so keeps its look. */
function xmlText(text: string): string {
  if (!/[&<>"\p{Cc}\p{Cs}\ufffe\uffff]|_x[0-9A-Fa-f]{4}_/u.test(text)) return text;
  return text
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(/[&<>"]/g, (character) => ENTITIES[character] as string)
    .replace(/\p{Surrogate}|[\ufffe\uffff]/gu, '\ufffd')
    .replace(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the very characters that XML refuses
      /[\0-\x08\x0b-\x1f]/g,
      (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
    );
}

/** Text as a cell can hold it, saying so where it had to be cut. The cell is of type text: nothing in it is run. */
function cellText(text: string): string {
  if (text.length <= MOST_CELL_CHARACTERS) return text;
  return cut(text, text.length);
}

function cut(start: string, length: number): string {
  const note = ` … [cut: ${length} characters, a cell holds ${MOST_CELL_CHARACTERS}]`;
  return start.slice(0, MOST_CELL_CHARACTERS - note.length) + note;
}

/** The same for text that comes in pieces, of which no more is kept than a cell holds. */
export async function largeCellText({ pieces }: LargeJson): Promise<string> {
  let start = '';
  let length = 0;
  for await (const piece of pieces()) {
    length += piece.length;
    if (start.length <= MOST_CELL_CHARACTERS) start += piece.slice(0, MOST_CELL_CHARACTERS + 1);
  }
  return length <= MOST_CELL_CHARACTERS ? start : cut(start, length);
}

/** "A" for 0, "AA" for 26. */
function columnLetters(index: number): string {
  const rest = index % 26;
  return (index >= 26 ? columnLetters(Math.floor(index / 26) - 1) : '') + String.fromCharCode(65 + rest);
}

const inline = (reference: string, style: number, text: string) => {
  const space = /^\s|\s$|\n/.test(text) ? ' xml:space="preserve"' : '';
  return `<c r="${reference}" s="${style}" t="inlineStr"><is><t${space}>${xmlText(text)}</t></is></c>`;
};

type WriteCell = (reference: string, value: Value) => string;

/** A writer of cells of a kind; instants become what a clock of the business time zone shows, as text where Excel has no date for it, or one for two. */
function cellWriter(kind: ValueKind, local: LocalTimes): WriteCell {
  const style = STYLE[kind];
  const number = (toNumber: (value: number) => number): WriteCell => {
    return (reference, value) => `<c r="${reference}" s="${style}"><v>${plainNumber(toNumber(Number(value)))}</v></c>`;
  };
  if (kind === 'text' || kind === 'json') {
    return (reference, value) => inline(reference, style, cellText(String(value)));
  }
  if (kind === 'parts')
    return (reference, value) => inline(reference, style, cellText(partsJson(value as NamedAmounts)));
  if (kind === 'boolean')
    return (reference, value) => `<c r="${reference}" s="${style}" t="b"><v>${value ? 1 : 0}</v></c>`;
  if (kind === 'day' || kind === 'month') {
    return (reference, value) => {
      const day = kind === 'day' ? (value as Day) : firstDayOf(value as Month);
      const inExcel = compareDays(day, FIRST_DAY_IN_EXCEL) >= 0 && compareDays(day, END_OF_DAYS_IN_EXCEL) < 0;
      if (!inExcel) return inline(reference, STYLE.text, String(value));
      return `<c r="${reference}" s="${style}"><v>${dayNumber(day) + UNIX_EPOCH_IN_EXCEL}</v></c>`;
    };
  }
  if (kind === 'uuid') {
    return (reference, value) => `<c r="${reference}" s="${style}" t="inlineStr"><is><t>${value}</t></is></c>`;
  }
  if (kind === 'euros') return number((micro) => micro / 1_000_000);
  if (kind === 'instant') {
    return (reference, value) => {
      const shifted = local.shifted(value as Instant);
      if (shifted < FIRST_IN_EXCEL || shifted >= END_IN_EXCEL || local.isTwice(value as Instant))
        return inline(reference, STYLE.text, local.text(value as Instant));
      return `<c r="${reference}" s="${style}"><v>${Number(shifted) / Number(DAY_OF_24_HOURS) + UNIX_EPOCH_IN_EXCEL}</v></c>`;
    };
  }
  return number((value) => value);
}

/** A writer of the rows of a sheet: values and the number of the row, from 1. */
export function rowWriter(columns: ExportColumn[], local: LocalTimes) {
  const letters = columns.map((_, i) => columnLetters(i));
  const writers = columns.map(({ kind }): WriteCell => {
    const write = cellWriter(kind, local);
    return (reference, value) =>
      hasWord(kind, value) ? inline(reference, STYLE.text, value) : write(reference, value);
  });
  return (values: Value[], number: number): string => {
    let xml = `<row r="${number}">`;
    for (let i = 0; i < writers.length; i++) {
      const value = values[i];
      if (value !== null && value !== undefined) xml += (writers[i] as WriteCell)(letters[i] + String(number), value);
    }
    return `${xml}</row>`;
  };
}

export function headingRow(labels: string[]): string {
  return `<row r="1">${labels.map((label, i) => inline(`${columnLetters(i)}1`, STYLE.heading, cellText(label))).join('')}</row>`;
}

const WIDTHS: Record<ValueKind, number> = {
  text: 26,
  uuid: 38,
  json: 60,
  integer: 12,
  euros: 16,
  ratio: 10,
  decimal: 12,
  seconds: 12,
  instant: 20,
  boolean: 10,
  day: 12,
  month: 10,
  parts: 40,
};
const ID_WIDTH = 38;

/** Everything of a sheet before its rows: the heading stays in view, and columns are as wide as what they hold. */
export function sheetBegin(columns: ExportColumn[]): string {
  const widths = columns.map(({ name, kind }) => (name.endsWith('Id') ? ID_WIDTH : WIDTHS[kind]));
  const cols = widths.map((width, i) => `<col min="${i + 1}" max="${i + 1}" width="${width}" customWidth="1"/>`);
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${cols.join('')}</cols><sheetData>`;
}

/** Everything after its rows: the arrows that filter. */
export function sheetEnd(columns: ExportColumn[], rows: number): string {
  return `</sheetData><autoFilter ref="A1:${columnLetters(columns.length - 1)}${rows}"/></worksheet>`;
}

const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

const AUTHOR = 'Mythoria Admin · AI usage';

/** The parts that say which sheets there are, in the order of their tabs, the first being sheet1.xml; and whose file it is, of when. */
export function workbookParts(sheets: string[], { title, asOf }: Manifest): Record<string, string> {
  const type = (part: string, kind: string) =>
    `<Override PartName="${part}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${kind}+xml"/>`;
  const names = sheets.map((name, i) => `<sheet name="${xmlText(name)}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`);
  const relations = sheets.map(
    (_, i) => `<Relationship Id="rId${i + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${i + 1}.xml"/>`,
  );
  return {
    'xl/workbook.xml': `${XML}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${OFFICE}"><bookViews><workbookView/></bookViews><sheets>${names.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${XML}<Relationships xmlns="${PACKAGE}/relationships">${relations.join('')}<Relationship Id="rId${sheets.length + 1}" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
    '_rels/.rels': `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/><Relationship Id="rId2" Type="${PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`,
    'docProps/core.xml': `${XML}<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>${xmlText(title)}</dc:title><dc:creator>${AUTHOR}</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">${isoFromInstant(asOf).slice(0, 19)}Z</dcterms:created></cp:coreProperties>`,
    '[Content_Types].xml': `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>${type('/xl/workbook.xml', 'sheet.main')}${type('/xl/styles.xml', 'styles')}${sheets.map((_, i) => type(`/xl/worksheets/sheet${i + 1}.xml`, 'worksheet')).join('')}</Types>`,
  };
}
