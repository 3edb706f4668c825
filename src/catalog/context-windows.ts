import { calcPrice } from '@pydantic/genai-prices';
import { modelInfo, UNKNOWN_PROVIDER } from './models.ts';

/** Who says how many tokens a model takes at once. */
export const CONTEXT_SOURCE = '@pydantic/genai-prices';

/** How many tokens a model takes at once, as the list of its maker's models says; null where that says nothing. */
export function contextWindow(model: string): number | null {
  const { provider } = modelInfo(model);
  if (provider === UNKNOWN_PROVIDER) return null;
  const listed = calcPrice({ input_tokens: 1, output_tokens: 1 }, model);
  // A gateway may sell another model under that name.
  if (listed?.provider.name !== provider) return null;
  return listed.model.context_window ?? null;
}
