/**
 * Letters that Unicode does not take apart into a plain one and its marks, in small, as people write them without: an
 * extract of the rule "Latin-ASCII" of the Unicode CLDR.
 */
const PLAIN: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ɖ: 'd',
  ɗ: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ɨ: 'i',
  ȷ: 'j',
  ĸ: 'q',
  ŋ: 'n',
  ɲ: 'n',
  ŧ: 't',
  ƀ: 'b',
  ɓ: 'b',
  ƈ: 'c',
  ɇ: 'e',
  ə: 'e',
  ɛ: 'e',
  ƒ: 'f',
  ǥ: 'g',
  ɠ: 'g',
  ɉ: 'j',
  ƙ: 'k',
  ƚ: 'l',
  ɔ: 'o',
  ɵ: 'o',
  ƥ: 'p',
  ɍ: 'r',
  ʉ: 'u',
  ʋ: 'v',
  ƴ: 'y',
  ɏ: 'y',
  ƶ: 'z',
  ς: 'σ',
  ґ: 'г',
};
const WITHOUT_PARTS = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'g');

/** Marks above and below letters, vowel signs of Indic scripts not among them, and what is not seen at all. */
const MARKS = /(?=\p{M})[\p{Diacritic}\p{Script=Inherited}]|\p{Default_Ignorable_Code_Point}/gu;
const ACUTE_ALONE = /[\u00b4\u1ffd]/g;
const APOSTROPHES = /[\u2018\u2019\u201b\u02b9\u02bb-\u02bd\u2032`]/g;
const QUOTES = /[\u201c-\u201f\u00ab\u00bb\u2033]/g;
const DASHES = /[\u2010-\u2015\u2212]/g;

/**
 * A text as it is compared in a search: without case, accents, Unicode form, width, and the difference between ’ and ',
 * – and -, one space and several. What two people may write for the same word becomes the same.
 */
export function fold(text: string): string {
  return (
    text
      // Before it is taken apart: ´ alone is a space with an accent.
      .replace(ACUTE_ALONE, "'")
      .normalize('NFKD')
      .toLowerCase()
      .replace(MARKS, '')
      .replace(APOSTROPHES, "'")
      .replace(QUOTES, '"')
      .replace(DASHES, '-')
      .replace(WITHOUT_PARTS, (letter) => PLAIN[letter] as string)
      // Hangul in whole syllables again, and what lower case has put together.
      .normalize('NFC')
      .replace(/\s+/g, ' ')
      .trim()
  );
}

/** What people put around a word, brackets and a comma. A % and a \ stand for themselves. */
const AROUND = /^[^\P{P}%\\]+|[^\P{P}%\\]+$/gu;

/** Without a letter or a digit, a word is exactly the signs that were typed. */
export const isOfSigns = (word: string) => !/[\p{L}\p{N}]/u.test(word);

/** A text as it was meant where it was copied with its quotes, or typed with a comma behind. Signs alone stay as they are. */
export function withoutMarksAround(text: string): string {
  const bare = text.replace(AROUND, '').trim();
  return isOfSigns(bare) ? text : bare;
}

/** The words of a search, folded, in any order, without marks around them; none that is a part of another. */
export function wordsOf(search: string): string[] {
  const typed = fold(search)
    .split(' ')
    .filter((word) => word !== '')
    .map(withoutMarksAround);
  // A dash between two words is none itself.
  const meant = typed.filter((word) => word.replace(AROUND, '') !== '');
  const words = [...new Set(meant.length > 0 ? meant : typed)];
  return words.filter((word) => !words.some((other) => other !== word && other.includes(word)));
}

/** What stands between the parts of a word, and of a key: gpt-5, chapter_writing, Ana-Maria. */
export const BETWEEN_PARTS = /(?:\s|[^\P{P}%\\])+/gu;

const spaced = (text: string) => text.replace(BETWEEN_PARTS, ' ').trim();

/** Whether a folded text has a word somewhere, with whatever between its parts. */
const includesWord = (folded: string, word: string) =>
  folded.includes(word) || (!isOfSigns(word) && spaced(folded).includes(spaced(word)));

/**
 * Whether the folded name of a model or an action has every word: as it is written, with another sign between its parts
 * (gpt_5, claude 3.5), or with none, from the beginning of a part on (gpt5, but not o3 in veo-3). Without words it has none.
 */
export function keyHas(folded: string, words: string[]): boolean {
  const parts = spaced(folded).split(' ');
  const beginnings = parts.map((_, i) => parts.slice(i).join(''));
  const joined = (word: string) => spaced(word).replaceAll(' ', '');
  const has = (word: string) =>
    includesWord(folded, word) || (!isOfSigns(word) && beginnings.some((text) => text.startsWith(joined(word))));
  return words.length > 0 && words.every(has);
}

/** Too short to be looked for within the words of a million names, where it would be found everywhere. */
export const isShort = (word: string) => /^[a-z0-9]{1,2}$/.test(word);

/** Whether a folded name has every word: the short ones at the beginning of a word of its own, "zé" not in "luzes". */
export function nameHas(folded: string, words: string[]): boolean {
  const begins = (word: string) => new RegExp(`(^|[\\s\\p{P}])${word}`, 'u').test(folded);
  return words.length > 0 && words.every((word) => (isShort(word) ? begins(word) : includesWord(folded, word)));
}
