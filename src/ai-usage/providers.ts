export const UNKNOWN_PROVIDER = 'Unknown';

/** Provider by the beginning of a model's name (domain.md); the writer records names it does not know at €0. */
const PREFIXES: [string, RegExp][] = [
  ['OpenAI', /^(gpt|dall-e|tts-|o1|o3|o4|whisper)/i],
  ['Google', /^(gemini|imagen|veo|lyria)/i],
  ['Anthropic', /^claude/i],
];

export function providerOf(model: string): string {
  return PREFIXES.find(([, prefix]) => prefix.test(model))?.[0] ?? UNKNOWN_PROVIDER;
}
