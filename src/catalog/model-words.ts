import type { ModelKind } from './model-families.ts';

/** Words that a provider or a gateway puts behind any name: variants, formats, sizes, ways of serving. */
export const COMMON_WORDS = [
  'base chat instruct inst it pt hf exp experimental preview latest free beta thinking reasoning non fast turbo lite mini',
  'nano tiny small medium large max plus pro flash ultra long extended standard high low instant versatile online text',
  'vision vl multimodal lora awq gptq gguf ggml mlx onnx bnb qat quantized dynamic k m s l xl maas tee cloud eco tput',
  'reference ref specdec nitro floor exacto batch serverless throughput hd',
].join(' ');

/**
 * Words that the makers of models of closed weights put behind names of theirs, all of them together: whose word it is
 * tells the beginning of the name. Any other word may be a customer's: `gpt-5-acme`.
 */
export const VARIANT_WORDS = [
  'search codex api classic copilot o diarize translate deep research think deepthink deepresearch computer use auto minimal',
  'xhigh heavy multi agent cyber security haiku opus sonnet mythos thought robotics er native dialog live customtools gemma',
  'generation generate capability generator clip safety off recitation bison codechat gecko multilingual english code coder',
  'distill llama qwen reasoner terminus speciale prover zero air airx x flashx highspeed lightning express premier light',
  'nightly r a h micro imagine creative core diffusion upscale inpaint outpaint zephyr advanced huge med medical fin law finance',
  'phonecall conversationalai meeting voicemail general character embed sft dpo super moe hybrid',
  't2v i2v v2v r2v s2v t2i i2i res alpha output seed intents stable inference doc edit multi context g s',
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
