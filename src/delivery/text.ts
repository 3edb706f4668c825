/** Control characters, line breaks among them, and what turns a line around. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;

/** A text as one line that nothing can be smuggled into: what is left out of it leaves a space. */
export const oneLine = (text: string): string => text.replace(UNFIT, ' ').trim();

/** At most so many characters; what is cut ends in "…". */
export function cut(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

const ESCAPED: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A text as HTML, in an attribute too. */
export const html = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? character);
