const BEGINS_FORMULA = '=+\\-@＝＋－＠';
/** What spreadsheets may drop in front of a formula, or at which they begin a cell of their own. */
const DROPPED = '\\t\\r\\n\\0';

const AT_THE_START = new RegExp(`^[${BEGINS_FORMULA}${DROPPED}]`);
/**
 * The list separator is the reader's: in a file of commas that is opened where lists have semicolons, quotes are plain
 * characters wherever a cell of the file does not begin a cell of the reader's, and lines end within them.
 */
const WITHIN = { ',': within(','), ';': within(';') };

function within(separator: string): RegExp {
  return new RegExp(`([${separator}\\r\\n]["${separator}${DROPPED}]*)([${BEGINS_FORMULA}])`, 'g');
}

export type Separator = keyof typeof WITHIN;

/**
 * Text that a spreadsheet would run as a formula, made plain by an apostrophe in front: at its start, and within it behind
 * line ends and the list separator `other` than the file's. All other text as it is.
 */
export function neutral(text: string, other: Separator): string {
  return (AT_THE_START.test(text) ? `'${text}` : text).replace(WITHIN[other], "$1'$2");
}

/** The same for JSON, which stays what it means: within its strings there is an escape for every character. */
export function neutralJson(json: string, other: Separator): string {
  const escaped = (_: string, before: string, [character = '']: string) =>
    `${before}\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return (AT_THE_START.test(json) ? `'${json}` : json).replace(WITHIN[other], escaped);
}
