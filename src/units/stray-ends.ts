/** Without the space around it. Invisible characters are space as well: a byte order mark comes with a file. */
export const trimmed = (text = '') => text.replace(/^[\s\u200b\u2060\ufeff]+|[\s\u200b\u2060\ufeff]+$/g, '');

/** What no setting ends in on purpose: an escape that nobody has read, quotes around the value, the end of a line of code. */
const ACCIDENTAL_END = /\\[nrt]$|^(["'`]).*\1$|["'`;]$/s;

/** What of a setting looks accidental at its ends, a line each, without repeating the value. */
export function strayEnds(name: string, value = ''): string[] {
  const used = trimmed(value);
  if (used === '') return [];
  const around = used === value ? [] : [`${name} has a line break or space around its value, which is left out`];
  const end = ACCIDENTAL_END.test(used)
    ? [`${name} ends in a quotation mark, a semicolon or a written-out line break, which is taken as part of it`]
    : [];
  return [...around, ...end];
}
