/** Read as no name at all, as another name, or as a folder of an address. */
const UNCLEAR = /^\s*$|^\.{1,2}$|^".*"$/s;

/** What pages call a sum of the others, or of all. */
const OF_A_PAGE = /^(?:total|(?:\S+ )?other(?: .*)?)$/is;

/** A character that nobody sees, or sees as a space, and a backslash. PostgreSQL takes any but U+0000. */
const MAYBE_UNSEEN = /(?!\0)[\p{Cc}\p{Cf}\p{Z}\u115f\u1160\u2800\u3164\uffa0\\]/u;

/** Such a one where it is unseen: a single space between words is seen, and a backslash unless it begins what is written for one. */
const UNSEEN = /^ | $|(?<= ) |(?![ \0])[\p{Cc}\p{Cf}\p{Z}\u115f\u1160\u2800\u3164\uffa0]|\\(?=u\{[0-9a-f]+\})/gu;

/**
 * The name of a model or an action as addresses, forms, commands and pages write it: itself, but in quotes where it would
 * not be seen, or would be taken for something else, and there with its unseen characters by number. So `""` is the one of
 * empty text, which means "any" everywhere, `"a \u{20}b"` has two spaces, which a page shows as one, and a name that has
 * quotes of its own gets further ones: no two names are written alike, nor look alike for their spaces.
 */
export function written(name: string): string {
  const seen = name.replace(UNSEEN, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
  return seen !== name || UNCLEAR.test(name) || OF_A_PAGE.test(name) ? `"${seen}"` : name;
}

/** The name that is written so. A name that needs no quotes may be in some, and one that needs them without. */
export function nameWritten(text: string): string {
  if (!/^".*"$/s.test(text)) return text;
  return text.slice(1, -1).replace(/\\u\{([0-9a-f]{1,5})\}/g, (inText, hex: string) => {
    const one = String.fromCodePoint(Number.parseInt(hex, 16));
    return MAYBE_UNSEEN.test(one) ? one : inText;
  });
}
