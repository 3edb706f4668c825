import { RECORDS_PATH } from '../../query/paths.ts';
import type { Format } from '../../units/format.ts';
import { foldedJson, type Part } from './folded-json.ts';
import type { PromptExcerpt } from './prompt-excerpt.ts';

/** What a page shows, in characters. */
const MOST_SHOWN = 200_000;

/** A prompt ready to print; `about` says how large it is and how much of it is shown. */
export type PromptView = { parts: Part[]; about: string; href: string };

export function promptView(id: string, excerpt: PromptExcerpt, format: Format): PromptView {
  const { parts, cut } = foldedJson(excerpt, MOST_SHOWN, format);
  const size = excerpt.size < 1000 ? `${excerpt.size} bytes` : format.bytes(excerpt.size);
  const folded = parts.some((part) => 'folded' in part) ? '. What nobody reads is folded' : '';
  return {
    parts,
    about: `${size} in all${cut ? ', of which the beginning is shown' : ''}${folded}.`,
    href: `${RECORDS_PATH}/${id}/prompt.json`,
  };
}
