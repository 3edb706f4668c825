import { z } from 'zod';
import type { JsonExcerpt } from './folded-json.ts';

/** What somebody says in a prompt. */
export type Turn = { role: string; text: string };

const PICTURE = '[picture]';
/** A part of a message, as the providers write them: text under a name of theirs, or something else. */
const part = z.union([
  z.string(),
  z.looseObject({ text: z.string() }).transform(({ text }) => text),
  z.looseObject({ content: z.string() }).transform(({ content }) => content),
  z.looseObject({}).transform(() => PICTURE),
]);
const content = z.union([z.string(), z.array(part).transform((parts) => parts.join('\n'))]);
const message = z.union([
  z.looseObject({ role: z.string(), content }).transform(({ role, content }): Turn => ({ role, text: content })),
  z
    .looseObject({ role: z.string().default('user'), parts: z.array(part) })
    .transform(({ role, parts }): Turn => ({ role, text: parts.join('\n') })),
]);
const system = z
  .union([content, z.looseObject({ parts: z.array(part) }).transform(({ parts }) => parts.join('\n'))])
  .transform((text): Turn => ({ role: 'system', text }));
const turns = z.array(message).min(1);

/** Where the providers' prompts have their messages: OpenAI and Anthropic, OpenAI's newer, Google; a text alone. */
const prompt = z.union([
  z
    .looseObject({ system: system.optional(), messages: turns })
    .transform(({ system, messages }) => [system, ...messages]),
  z
    .looseObject({ instructions: system.optional(), input: turns })
    .transform(({ instructions, input }) => [instructions, ...input]),
  z
    .looseObject({ systemInstruction: system.optional(), contents: turns })
    .transform(({ systemInstruction, contents }) => [systemInstruction, ...contents]),
  z.looseObject({ prompt: z.string() }).transform(({ prompt }) => [{ role: 'prompt', text: prompt }]),
]);

/** Stands in the place of what was passed over; no text has it. */
const PASSED_OVER = '\ufffe';
/** Longer is nobody's text. */
const RUN =
  /(?:data:[\w.+-]+\/[\w.+-]+;base64,)?(?:[A-Za-z0-9+/=_\ufffe-]{400,}|[A-Za-z0-9+/=_-]*\ufffe[A-Za-z0-9+/=_\ufffe-]*)/g;

/**
 * What of a prompt is text, as a conversation; null where it is none, or is not shown as a whole. Texts alone are taken out of it: no number
 * that a double does not hold is ever printed from here.
 */
export function conversationOf({ text, gaps, cut }: JsonExcerpt): Turn[] | null {
  if (cut) return null;
  try {
    // What was passed over lies within a text.
    const read = prompt.safeParse(JSON.parse(gaps.length > 0 ? text.replaceAll('\0', PASSED_OVER) : text));
    if (!read.success) return null;
    return read.data.flatMap((turn) =>
      turn === undefined ? [] : [{ ...turn, text: turn.text.replace(RUN, PICTURE) }],
    );
  } catch {
    return null;
  }
}
