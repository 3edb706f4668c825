/** A price that `@pydantic/genai-prices` does not have, in dollars, and where somebody read it. */
type OurPrice = {
  models: string[];
  perImage?: string;
  perThousandCharacters?: string;
  source: string;
};

const IMAGEN = 'ai.google.dev/gemini-api/docs/pricing, as searchroost.com/blog/imagen-family read it on 3 March 2026';
const SPEECH = 'developers.openai.com/api/docs/models/tts-1, read in November 2026';

/**
 * What the list lacks, each with its source. Not here, for want of words for it: videos by the second (veo), recordings by the hour
 * (whisper-1).
 */
export const OUR_PRICES: OurPrice[] = [
  { models: ['tts-1'], perThousandCharacters: '0.015', source: `$15 per million characters: ${SPEECH}` },
  { models: ['tts-1-hd'], perThousandCharacters: '0.03', source: `$30 per million characters: ${SPEECH}` },
  {
    models: ['dall-e-3'],
    perImage: '0.04',
    source:
      'Standard, 1024 × 1024; larger or HD images cost up to $0.12: openai.com/pricing, as github.com/kevinhermawan/Canvas (model-info.json) read it on 25 December 2023',
  },
  { models: ['imagen-4.0', 'imagen-4.0-generate-001'], perImage: '0.04', source: `Imagen 4 Standard: ${IMAGEN}` },
  { models: ['imagen-4.0-fast-generate-001'], perImage: '0.02', source: `Imagen 4 Fast: ${IMAGEN}` },
  { models: ['imagen-4.0-ultra-generate-001'], perImage: '0.06', source: `Imagen 4 Ultra: ${IMAGEN}` },
];
