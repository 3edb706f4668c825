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

/** The words of a search, folded, in any order; none that is a part of another. */
export function wordsOf(search: string): string[] {
  const words = [...new Set(fold(search).split(' '))].filter((word) => word !== '');
  return words.filter((word) => !words.some((other) => other !== word && other.includes(word)));
}

/** Whether a folded text has every word somewhere. Without words it has none: nothing was asked. */
export function hasWords(folded: string, words: string[]): boolean {
  return words.length > 0 && words.every((word) => folded.includes(word));
}

/** What stands before a word of a name that is not its first: João d'Orey, Brontë-Hughes. */
export const BEFORE_WORDS = [' ', '-', "'"];

/** Too short to be looked for within the words of a million names, where it would be found everywhere. */
export const isShort = (word: string) => /^[a-z0-9]{1,2}$/.test(word);

/** Whether a folded name has every word: the short ones at the beginning of a word of its own, "zé" not in "luzes". */
export function nameHas(folded: string, words: string[]): boolean {
  return (
    words.length > 0 &&
    words.every((word) =>
      isShort(word)
        ? folded.startsWith(word) || BEFORE_WORDS.some((before) => folded.includes(before + word))
        : folded.includes(word),
    )
  );
}
