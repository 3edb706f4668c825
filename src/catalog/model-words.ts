import type { ModelKind } from './model-families.ts';

/** Words that say a model is somebody's own work on another one's, or only made to look like it. */
export const WORKS_OF_OTHERS = [
  'alpaca vicuna orca openorca dolphin uncensored abliterated derestricted merge merged clone cloned replica pytorch',
  'finetune finetuned tuned retrained fork forked mod modded modified hacked jailbroken custom customized unofficial community',
  'like alike style styled inspired compatible based imitation mimic lookalike knockoff fake mock mocked dummy stub emulator',
].join(' ');
/** Whoever is named behind these made it. */
export const MADE_BY = 'by from';

/** Words that a provider or a gateway puts behind any name: variants, formats, sizes, ways of serving. */
export const COMMON_WORDS = [
  'base chat instruct inst it pt hf exp experimental preview latest free beta thinking reasoning non fast turbo lite mini',
  'nano tiny small medium large max plus pro flash ultra long extended standard high low instant versatile online text',
  'vision vl multimodal lora awq gptq gguf ggml mlx onnx bnb qat quantized dynamic k m s l xl maas tee cloud eco tput',
  'reference ref specdec nitro floor exacto batch serverless throughput hd',
].join(' ');

/** Parts of a path behind a name: `fal-ai/veo3/image-to-video`. */
export const TASK_WORDS = 'text to image video audio speech edit master byok fill schnell dev kontext';

/** In front of a name, with a hyphen or a colon: `azure-gpt-4o`, `google-vertex:gemini-2.5-pro`. */
export const GATEWAYS = [
  'azure azure-openai azure-ai bedrock aws-bedrock vertex vertex-ai google-vertex google-gla databricks snowflake',
  'openrouter groq together together-ai fireworks copilot github-copilot replicate ollama litellm parasail hf',
].join(' ');

/** In front of a name, with a point: `eu.anthropic.claude-…`. */
export const REGIONS = 'us eu ap apac jp au ca sa me af global us-gov';

/** Words that say what kind a model of a family of texts is; the first that a name has counts. */
export const KIND_WORDS: [ModelKind, string][] = [
  ['embedding', 'embed embedding embeddings'],
  ['rerank', 'rerank reranker'],
  ['moderation', 'guard moderation'],
  ['transcription', 'transcribe asr stt'],
  ['speech', 'tts audio realtime live sonic voice'],
  ['video', 'video'],
  ['image', 'image'],
];
