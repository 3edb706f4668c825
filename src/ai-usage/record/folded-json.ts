import type { Format } from '../../units/format.ts';

/** Text as it stands in the JSON, or in its place what was folded there: "image/png, 3.2 MB". */
export type Part = { text: string } | { folded: string };

/**
 * JSON text or its beginning. Each NUL in it, which JSON text never holds, stands for as many bytes of an unbroken run of
 * letters and digits as `gaps` says, in order. `cut`: more follows.
 */
export type JsonExcerpt = { text: string; gaps: number[]; cut: boolean };

const INDENT = '    ';
/** Deeper than this nobody reads, and the indentation would be larger than what it indents. */
const MOST_LEVELS = 20;
/** Words are shorter; what has a gap is longer than it looks. */
const PLAIN = '[A-Za-z0-9+/=_-]';
const OF_RUN = String.raw`[A-Za-z0-9+/=_\0-]`;
const LINE_BREAK = String.raw`(?:\\r)?\\n`;
/** Lines of a picture as mail writes it, 76 characters each; of one with a gap there is less to see. */
const WITH_GAP = String.raw`${PLAIN}*\0${OF_RUN}*`;
const A_LINE = `(?:${OF_RUN}{60,}|${WITH_GAP})`;
const LAST_LINE = `(?:${LINE_BREAK}${OF_RUN}+)?(?:${LINE_BREAK})?`;
/** A gap may hold all of the lines but one. */
const IN_LINES = [
  `${A_LINE}(?:${LINE_BREAK}${A_LINE}){4,}`,
  `(?:${PLAIN}{60,}${LINE_BREAK})+${WITH_GAP}(?:${LINE_BREAK}${A_LINE})*`,
  `${WITH_GAP}(?:${LINE_BREAK}${A_LINE})+`,
].map((lines) => lines + LAST_LINE);
const IN_ONE = String.raw`${OF_RUN}{400,}|${PLAIN}{0,399}\0${OF_RUN}*`;
/** Not from the n of a line break on. */
const A_RUN = new RegExp(
  String.raw`(?<!\\)(data:([\w.+-]{1,50}\/[\w.+-]{1,50});base64,)?(?:${IN_LINES.join('|')}|${IN_ONE})`,
  'g',
);
const WHOLE_LINE = new RegExp(String.raw`(?:^|\\n)(${PLAIN}{60,})(${LINE_BREAK})`);
/** As much as is shown of what nobody knows. */
const GLIMPSE = new RegExp(`^${PLAIN}{0,40}`);
const CLOSING = { '{': '}', '[': ']' };

/**
 * JSON indented for people, without parsing it: names, strings and numbers as they are written, at most `most` characters
 * of it. Pictures and what is nested too deeply are folded; `cut` says whether the end is missing.
 */
export function foldedJson(
  { text, gaps, cut }: JsonExcerpt,
  most: number,
  format: Pick<Format, 'bytes' | 'integer'>,
): { parts: Part[]; cut: boolean } {
  const parts: Part[] = [];
  let written = 0;
  let line = '';
  let gap = 0;
  const write = (more: string) => {
    line += more;
    written += more.length;
  };
  const fold = (folded: string) => {
    if (line !== '') parts.push({ text: line });
    line = '';
    parts.push({ folded });
    written += folded.length;
  };
  /** How many bytes a part of the text stands for; each part is asked for once, in order. */
  const lengthOf = (part: string): number => {
    let length = Buffer.byteLength(part);
    for (let at = part.indexOf('\0'); at !== -1; at = part.indexOf('\0', at + 1)) length += (gaps[gap++] ?? 0) - 1;
    return length;
  };
  const over = (end: number) => (cut && end === text.length ? 'over ' : '');
  const writeToken = (start: number, end: number) => {
    const token = text.slice(start, end);
    let done = 0;
    for (const [run, prefix = '', named] of token.matchAll(A_RUN)) {
      const found = token.indexOf(run, done);
      write(token.slice(done, found));
      done = found + run.length;
      const body = run.slice(prefix.length);
      const kind = named ?? kindOf(body);
      const length = lengthOf(body);
      if (kind === null) {
        const [glimpse = ''] = GLIMPSE.exec(body) ?? [];
        write(glimpse);
        fold(`… ${over(start + done)}${format.integer(length - glimpse.length)} more characters`);
      } else {
        const [, line = '1', lineBreak = ''] = WHOLE_LINE.exec(body) ?? [];
        const base64 = (length * line.length) / (line.length + lineBreak.length);
        fold(`${kind}, ${over(start + done)}${format.bytes((base64 * 3) / 4)}`);
      }
    }
    write(token.slice(done));
  };

  let depth = 0;
  let at = 0;
  const newLine = () => write(`\n${INDENT.repeat(depth)}`);
  while (at < text.length && written < most) {
    const character = text[at] as string;
    if (character === '{' || character === '[') {
      const start = at;
      at += 1;
      write(character);
      if (text[at] === CLOSING[character]) {
        write(CLOSING[character]);
        at += 1;
      } else if (depth === MOST_LEVELS) {
        const inside = insideOf(text, start);
        const levels = `${format.integer(inside.levels)} more ${inside.levels === 1 ? 'level' : 'levels'}`;
        fold(`${over(inside.end)}${levels}, ${format.bytes(lengthOf(text.slice(at, inside.end)))}`);
        at = inside.end;
        if (at < text.length) write(text[at++] as string);
      } else {
        depth += 1;
        newLine();
      }
    } else if (character === '}' || character === ']') {
      depth -= 1;
      newLine();
      write(character);
      at += 1;
    } else if (character === ',') {
      write(character);
      newLine();
      at += 1;
    } else if (character === ':') {
      write(': ');
      at += 1;
    } else if (character === ' ') {
      at += 1;
    } else {
      const end = character === '"' ? endOfString(text, at) : endOfWord(text, at);
      writeToken(at, end);
      at = end;
    }
  }
  if (line !== '') parts.push({ text: line });
  return { parts, cut: cut || at < text.length };
}

/** Behind the closing quote of the string that begins at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function endOfWord(text: string, start: number): number {
  let at = start;
  while (at < text.length && !',:{}[]" '.includes(text[at] as string)) at += 1;
  return at;
}

/** Of the array or object that begins at `start`: where its closing bracket is, and how deeply it is nested, itself included. */
function insideOf(text: string, start: number): { end: number; levels: number } {
  let depth = 0;
  let levels = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '{' || character === '[') levels = Math.max(levels, ++depth);
    else if ((character === '}' || character === ']') && --depth === 0) return { end: at, levels };
  }
  return { end: text.length, levels };
}

const SIGNATURES: [RegExp, string][] = [
  [/^\x89PNG/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8/, 'image/gif'],
  [/^RIFF.{4}WEBP/s, 'image/webp'],
  [/^RIFF.{4}WAVE/s, 'audio/wav'],
  [/^(?:ID3|\xff\xfb)/, 'audio/mpeg'],
  [/^OggS/, 'audio/ogg'],
  [/^%PDF/, 'application/pdf'],
];

/** What a file in base64 is, by its first bytes; null where it is none that requests carry. */
function kindOf(base64: string): string | null {
  const head = Buffer.from(base64.slice(0, 16), 'base64').toString('latin1');
  return SIGNATURES.find(([signature]) => signature.test(head))?.[1] ?? null;
}
