import { RECORDS_PATH } from '../../query/paths.ts';
import type { Format } from '../../units/format.ts';
import { conversationOf, type Turn } from './conversation.ts';
import { foldedJson, type Part } from './folded-json.ts';
import type { PromptExcerpt } from './prompt-excerpt.ts';

/** What a page shows, in characters. */
const MOST_SHOWN = 200_000;

/** A prompt ready to print; `about` says how large it is and how much of it is shown, `turns` what people say in it, where it is a conversation. */
export type PromptView = {
  turns: Turn[] | null;
  parts: Part[];
  about: string;
  href: string;
};

export function promptView(id: string, excerpt: PromptExcerpt, format: Format): PromptView {
  const { parts, cut } = foldedJson(excerpt, MOST_SHOWN, format);
  const size = excerpt.size < 1000 ? `${excerpt.size} bytes` : format.bytes(excerpt.size);
  const folded = parts.some((part) => 'folded' in part) ? '. What nobody reads is folded' : '';
  return {
    turns: conversationOf(excerpt),
    parts,
    about: `${size} in all${cut ? ', of which the beginning is shown' : ''}${folded}.`,
    href: `${RECORDS_PATH}/${id}/prompt.json`,
  };
}
