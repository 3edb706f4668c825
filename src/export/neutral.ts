const BEGINS_FORMULA = '=+\\-@＝＋－＠';
/** What spreadsheets may drop in front of a formula, or at which they begin a cell of their own. */
const DROPPED = '\\t\\r\\n\\0';

/** Separators of no file of ours, which a reader may choose; LibreOffice proposes the tab beside the others. */
const NOBODYS = '\\t|';

/** Apostrophes in front as well, so that `'=x` and what becomes of `=x` stay two. */
const AT_THE_START = new RegExp(`^'*[${BEGINS_FORMULA}${DROPPED}]`);
/**
 * The list separator is the reader's: in a file of commas that is opened where lists have semicolons, tabs or bars, quotes are plain
 * characters wherever a cell of the file does not begin a cell of the reader's, and lines end within them. A run is matched
 * also where no formula follows it, so that a million separators are looked at once each.
 */
function within(separator: string, begin: string): RegExp {
  return new RegExp(`([${separator}${NOBODYS}\\r\\n]["${separator}${NOBODYS}${DROPPED}]*)(${begin})?`, 'g');
}

const TEXT_BEGIN = `'*[${BEGINS_FORMULA}]`;
/** JSON has no apostrophes of ours to tell from its own. */
const JSON_BEGIN = `[${BEGINS_FORMULA}]`;
const IN_TEXT = { ',': within(',', TEXT_BEGIN), ';': within(';', TEXT_BEGIN) };
const IN_JSON = { ',': within(',', JSON_BEGIN), ';': within(';', JSON_BEGIN) };

export type Separator = keyof typeof IN_TEXT;

const plainWithin = (text: string, within: RegExp, plain: (begin: string) => string): string =>
  text.replace(within, (all: string, before: string, begin?: string) =>
    begin === undefined ? all : before + plain(begin),
  );

/**
 * Text that a spreadsheet would run as a formula, made plain by an apostrophe in front: at its start, and within it behind
 * line ends and the list separator `other` than the file's. Where apostrophes stand there already it is one more, so that
 * different texts stay different: one apostrophe less is what was meant. All other text as it is.
 */
export function neutral(text: string, other: Separator): string {
  return plainWithin(AT_THE_START.test(text) ? `'${text}` : text, IN_TEXT[other], (begin) => `'${begin}`);
}

const escaped = (begin: string) => `\\u${begin.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The same for JSON, which stays what it means: within its strings there is an escape for every character. */
export function neutralJson(json: string, other: Separator): string {
  return plainWithin(AT_THE_START.test(json) ? `'${json}` : json, IN_JSON[other], escaped);
}

/** The same for JSON that comes in pieces: a formula may begin in another piece than what is in front of it. */
export async function* neutralJsonPieces(pieces: AsyncIterable<string>, other: Separator): AsyncGenerator<string> {
  let first = true;
  let open = false;
  for await (const piece of pieces) {
    const apostrophe = first && AT_THE_START.test(piece) ? "'" : '';
    // What the piece before it left open is as good as one separator.
    const text = (open ? other : '') + piece;
    yield apostrophe + plainWithin(text, IN_JSON[other], escaped).slice(open ? 1 : 0);
    open = endsOpen(text, other);
    first = false;
  }
}

/** Whether a formula could begin right behind a text. */
function endsOpen(text: string, other: Separator): boolean {
  for (let i = text.length - 1; i >= 0; i--) {
    const character = text[i] as string;
    if (character === other || '\t|\r\n'.includes(character)) return true;
    if (!'"\0'.includes(character)) return false;
  }
  return false;
}
