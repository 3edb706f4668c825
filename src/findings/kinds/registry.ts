import type { Kind } from '../finding.ts';
import { BILLED_NOT_RECORDED } from './billed-not-recorded.ts';
import { EMPTY_DAYS } from './empty-days.ts';
import { GONE } from './gone.ts';
import { IMPOSSIBLE_TOKENS } from './impossible-tokens.ts';
import { PRICE_JUMPS } from './price-jumps.ts';
import { REPEATED_PROMPTS } from './repeated-prompts.ts';
import { UNPRICED } from './unpriced.ts';

/** Every kind of findings, in the order of the page: another one is a file beside this and a line here. */
export const KINDS: readonly Kind[] = [
  UNPRICED,
  BILLED_NOT_RECORDED,
  PRICE_JUMPS,
  IMPOSSIBLE_TOKENS,
  REPEATED_PROMPTS,
  GONE,
  EMPTY_DAYS,
];
