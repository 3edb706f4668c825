/** Read as no name at all, as another name, or as a folder of an address. */
const UNCLEAR = /^\s*$|^\.{1,2}$|^".*"$/s;

/** What pages call a sum of the others, or of all. */
const OF_A_PAGE = /^(?:total|(?:\S+ )?other(?: .*)?)$/is;

/**
 * The name of a model or an action as addresses, forms, commands and pages write it: itself, but in quotes where it would
 * not be seen, or would be taken for something else. So `""` is the one of empty text, which means "any" everywhere, and a
 * name that has quotes of its own gets further ones: no two names are written alike.
 */
export function written(name: string): string {
  return UNCLEAR.test(name) || OF_A_PAGE.test(name) ? `"${name}"` : name;
}

/** The name that is written so. A name that needs no quotes may be in some, and one that needs them without. */
export function nameWritten(text: string): string {
  return /^".*"$/s.test(text) ? text.slice(1, -1) : text;
}
