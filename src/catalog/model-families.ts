/** What a model makes, or does with what it is given; `speech` speaks (and may listen), `transcription` only writes down. */
export type ModelKind =
  | 'text'
  | 'image'
  | 'video'
  | 'speech'
  | 'music'
  | 'transcription'
  | 'embedding'
  | 'rerank'
  | 'moderation'
  | 'tool';

export type Family = {
  family: string;
  kind: ModelKind;
  /**
   * How its names begin, as a regular expression in lower case, spaces and underscores written as hyphens. `#` is a
   * version that may be written onto the word (`llama`, `llama3`, `llama3.1`); after it a word ends. With a slash: how
   * they begin where the namespace is part of what they are known by.
   */
  name: string;
  /**
   * Weights that anybody may train further and name after these. Only names made of these words, sizes, versions and
   * `COMMON_WORDS` are the provider's own; `mistral-7b-openorca` is somebody else's.
   */
  openWords?: string;
  /** Made of other makers' weights, and named after them as well. */
  derived?: true;
};

export type Provider = {
  provider: string;
  /** Namespaces: the part before a slash (`google/…`) or a point (`amazon.…`). */
  spaces: string;
  /**
   * Other makers' models are called through this provider's protocol under its name (`openai/our-proxy`): the namespace
   * alone says nothing.
   */
  protocol?: true;
  /** Words in the name of another provider's model that make it nobody's: `claude-gpt-4`. */
  brands: string;
  families: Family[];
};

/**
 * Who makes which models: the one place to add another. A provider is who made the weights that were asked, never the
 * gateway that passed the question on; of a distillation, who trained it.
 */
export const PROVIDERS: Provider[] = [
  {
    provider: 'OpenAI',
    spaces: 'openai openai-community',
    protocol: true,
    brands: 'gpt chatgpt',
    families: [
      { family: 'gpt-oss', kind: 'text', name: 'gpt-oss', openWords: 'safeguard' },
      { family: 'GPT Image', kind: 'image', name: '(?:chat)?gpt-image' },
      { family: 'GPT Audio', kind: 'speech', name: 'gpt-(?:audio|realtime)' },
      { family: 'GPT', kind: 'text', name: 'gpt-?(?:\\d{1,2}|\\d\\.\\d+)[ov]?|gpt-chat|chatgpt(?:-?\\d[.\\d]*o?)?' },
      {
        family: 'o',
        kind: 'text',
        name: 'o[134](?=$|[:@(]|-(?:mini|pro|preview|deep|low|medium|high|latest|v?\\d|\\())',
      },
      { family: 'Codex', kind: 'text', name: 'codex(?=$|[:@]|-(?:mini|max|latest))|code-cushman' },
      { family: 'Computer use', kind: 'text', name: 'computer-use-preview' },
      { family: 'DALL·E', kind: 'image', name: 'dall[-·]?e(?=$|[:@]|-?\\d)#' },
      { family: 'TTS', kind: 'speech', name: 'tts-\\d(?:-hd)?' },
      { family: 'Whisper', kind: 'transcription', name: 'whisper', openWords: 'en' },
      { family: 'Sora', kind: 'video', name: 'sora(?=$|[:@]|-?\\d)#' },
      {
        family: 'Text embedding',
        kind: 'embedding',
        name: 'text-embedding-(?:ada|3)|(?:text|code)-(?:similarity|search)-(?:ada|babbage|curie|davinci)',
      },
      {
        family: 'Moderation',
        kind: 'moderation',
        name: 'omni-moderation|text-moderation(?=$|[:@]|-(?:latest|stable|\\d))',
      },
      { family: 'CLIP', kind: 'embedding', name: 'clip-vit-(?:base|large)-patch\\d+' },
      {
        family: 'GPT-3',
        kind: 'text',
        name: '(?:text|code)-(?:ada|babbage|curie|davinci)|(?:ada|babbage|curie|davinci)(?=$|[:@]|-00\\d|-instruct)',
      },
      { family: 'Container', kind: 'tool', name: '(?:openai|azure)/container' },
    ],
  },
  {
    provider: 'Google',
    spaces: 'google google-deepmind gemini palm',
    brands: 'gemini palm',
    families: [
      { family: 'Gemini', kind: 'text', name: 'gemini#' },
      { family: 'Nano Banana', kind: 'image', name: 'nano-?banana#' },
      { family: 'LearnLM', kind: 'text', name: 'learnlm' },
      { family: 'EmbeddingGemma', kind: 'embedding', name: 'embeddinggemma', openWords: '' },
      { family: 'ShieldGemma', kind: 'moderation', name: 'shieldgemma', openWords: '' },
      {
        family: 'Gemma',
        kind: 'text',
        name: '(?:code|data|func|function|med|pali|recurrent|t5|translate|tx|vault)?gemma#n?',
        openWords: '3n code med mix aps',
      },
      { family: 'MedLM', kind: 'text', name: 'medlm|med-palm#' },
      {
        family: 'PaLM',
        kind: 'text',
        name: 'palm-?2|(?:text|chat|code|codechat)-bison(?:-?32k)?|(?:code|text)-(?:gecko|unicorn)',
      },
      {
        family: 'Text embedding',
        kind: 'embedding',
        name: [
          'text-embedding-(?:00\\d|large-exp|preview)',
          'text-multilingual-embedding',
          '(?:textembedding|embedding)-gecko|multimodalembedding|embedding-001',
        ].join('|'),
      },
      { family: 'Imagen', kind: 'image', name: 'imagen#|imagegeneration|imagetext' },
      {
        family: 'Virtual Try-On',
        kind: 'image',
        name: 'virtual-try-on(?=$|[:@]|-(?:\\d|preview))|image-product-recontext',
      },
      { family: 'Veo', kind: 'video', name: 'veo(?=$|[:@]|-?\\d)#' },
      { family: 'Lyria', kind: 'music', name: 'lyria#' },
      { family: 'Chirp', kind: 'transcription', name: 'chirp(?=$|[:@]|-[23])' },
      { family: 'Deep Research', kind: 'text', name: 'deep-research-(?:pro|max)' },
      { family: 'AQA', kind: 'text', name: 'aqa(?=$|[:@])' },
      { family: 'Flan', kind: 'text', name: 'flan-(?:t5|ul2)', openWords: 'xxl' },
    ],
  },
  {
    provider: 'Anthropic',
    spaces: 'anthropic',
    protocol: true,
    brands: 'claude',
    families: [{ family: 'Claude', kind: 'text', name: 'claude#' }],
  },
  {
    provider: 'Mistral AI',
    spaces: 'mistral mistralai mistral-ai codestral',
    brands: 'mistral mixtral',
    families: [
      {
        family: 'Mistral',
        kind: 'text',
        name: '(?:open-)?mi[sx]tral#',
        openWords: 'nemo saba ocr document ai embed moderation code next creative',
      },
      { family: 'Ministral', kind: 'text', name: 'ministral#', openWords: '' },
      { family: 'Codestral', kind: 'text', name: '(?:open-)?codestral#', openWords: 'mamba embed' },
      { family: 'Devstral', kind: 'text', name: '(?:labs-)?devstral#', openWords: '' },
      { family: 'Magistral', kind: 'text', name: 'magistral#', openWords: '' },
      { family: 'Mathstral', kind: 'text', name: 'mathstral#', openWords: '' },
      { family: 'Pixtral', kind: 'text', name: 'pixtral#', openWords: '' },
      { family: 'Voxtral', kind: 'speech', name: 'voxtral#', openWords: 'tts realtime transcribe' },
    ],
  },
  {
    provider: 'Meta',
    spaces: 'meta meta-llama codellama facebook',
    brands: 'llama codellama',
    families: [
      {
        family: 'Llama',
        kind: 'text',
        name: '(?:meta-)?(?:code-?)?llama#',
        openWords: 'guard prompt scout maverick python',
      },
      { family: 'Llama Guard', kind: 'moderation', name: 'llamaguard#', openWords: '' },
    ],
  },
  {
    provider: 'DeepSeek',
    spaces: 'deepseek deepseek-ai',
    brands: 'deepseek',
    families: [
      { family: 'DeepSeek', kind: 'text', name: 'deepseek/[rv]\\d[.\\d]*' },
      {
        family: 'DeepSeek',
        kind: 'text',
        name: 'deepseek#',
        openWords: 'coder reasoner llm moe math prover ocr terminus speciale zero distill llama llama3 qwen qwen3 vl2',
      },
    ],
  },
  {
    provider: 'Alibaba',
    spaces: 'alibaba qwen dashscope alibaba-nlp',
    brands: 'qwen codeqwen qwq',
    families: [
      {
        family: 'Qwen',
        kind: 'text',
        name: '(?:code-?)?qwen#',
        openWords:
          'coder next omni math embedding reranker guard image edit mt asr tts realtime audio ocr doc deep research',
      },
      { family: 'QwQ', kind: 'text', name: 'q[wv]q', openWords: '' },
      { family: 'Wan', kind: 'video', name: 'wanx?-?\\d(?:\\.\\d)?' },
      { family: 'Tongyi', kind: 'text', name: 'tongyi' },
      { family: 'Text embedding', kind: 'embedding', name: 'text-embedding-v\\d' },
    ],
  },
  {
    provider: 'xAI',
    spaces: 'xai x-ai',
    brands: 'grok',
    families: [{ family: 'Grok', kind: 'text', name: 'grok#' }],
  },
  {
    provider: 'Amazon',
    spaces: 'amazon amazon-nova',
    brands: 'titan',
    families: [
      { family: 'Nova Canvas', kind: 'image', name: 'nova-canvas' },
      { family: 'Nova Reel', kind: 'video', name: 'nova-reel' },
      { family: 'Nova', kind: 'text', name: 'nova-(?:2-)?(?:micro|lite|pro|premier|omni|sonic|multimodal)' },
      { family: 'Titan', kind: 'text', name: 'titan-(?:text|embed|image|multimodal|tg1)' },
      { family: 'Rerank', kind: 'rerank', name: 'amazon/rerank' },
    ],
  },
  {
    provider: 'Cohere',
    spaces: 'cohere cohere-chat coherelabs cohereforai',
    brands: 'cohere',
    families: [
      {
        family: 'Command',
        kind: 'text',
        name: 'command(?=$|[:@]|-(?:light|nightly|text|latest|a|r|r7b|r-plus)(?:$|[^a-z0-9]))',
      },
      { family: 'Command', kind: 'text', name: 'command-r7b' },
      { family: 'Aya', kind: 'text', name: '(?:c4ai-)?aya-(?:expanse|vision)|c4ai-command' },
      { family: 'Embed', kind: 'embedding', name: 'embed-(?:english|multilingual|v-?\\d)' },
      { family: 'Rerank', kind: 'rerank', name: 'rerank-(?:english|multilingual|v\\d)' },
    ],
  },
  {
    provider: 'Black Forest Labs',
    spaces: 'black-forest-labs bfl',
    brands: 'flux',
    families: [
      {
        family: 'FLUX',
        kind: 'image',
        name: 'flux#',
        openWords: 'schnell dev kontext fill canny depth redux krea klein flex raw',
      },
    ],
  },
  {
    provider: 'Stability AI',
    spaces: 'stability stabilityai stability-ai',
    brands: 'sdxl stablelm',
    families: [
      {
        family: 'Stable Diffusion',
        kind: 'image',
        name: 'stable-diffusion#|sd(?:xl|3)#',
        openWords: 'inpainting img2img refiner v35',
      },
      { family: 'Stable Image', kind: 'image', name: 'stable-image' },
      { family: 'Stable Audio', kind: 'music', name: 'stable-audio' },
      { family: 'Stable Video', kind: 'video', name: 'stable-video' },
      { family: 'Stable LM', kind: 'text', name: 'stablelm#|stable-(?:code|beluga)#' },
      { family: 'Stable Image', kind: 'image', name: 'stability/stable' },
    ],
  },
  {
    provider: 'ElevenLabs',
    spaces: 'elevenlabs',
    brands: 'elevenlabs',
    families: [
      { family: 'Eleven', kind: 'speech', name: 'eleven-(?:multilingual|turbo|flash|monolingual|english|v\\d)' },
      { family: 'Scribe', kind: 'transcription', name: 'scribe-v\\d' },
    ],
  },
  {
    provider: 'Microsoft',
    spaces: 'microsoft',
    brands: 'wizardlm',
    families: [
      { family: 'Phi', kind: 'text', name: 'phi-?\\d(?:\\.\\d)?' },
      { family: 'WizardLM', kind: 'text', name: 'wizardlm-2' },
      { family: 'MAI', kind: 'text', name: 'mai-(?:ds|\\d|voice|image)', derived: true },
    ],
  },
  {
    provider: 'NVIDIA',
    spaces: 'nvidia',
    brands: 'nemotron',
    families: [
      { family: 'Nemotron', kind: 'text', name: '(?:llama-[\\d.]+-)?nemotron#', derived: true },
      { family: 'NV-Embed', kind: 'embedding', name: 'nv-embed(?:qa)?' },
    ],
  },
  {
    provider: 'AI21 Labs',
    spaces: 'ai21 ai21labs',
    brands: 'jamba',
    families: [
      { family: 'Jamba', kind: 'text', name: 'jamba#' },
      { family: 'Jurassic', kind: 'text', name: 'j2-(?:light|mid|ultra|jumbo|grande)' },
    ],
  },
  {
    provider: 'Moonshot AI',
    spaces: 'moonshot moonshotai',
    brands: 'kimi moonshot',
    families: [
      { family: 'Kimi', kind: 'text', name: 'kimi(?=$|[:@]|-(?:k\\d|vl|dev|latest|thinking|linear))|moonshot-v\\d' },
    ],
  },
  {
    provider: 'Z.ai',
    spaces: 'zai z-ai zai-org thudm zhipuai',
    brands: 'glm chatglm',
    families: [
      { family: 'GLM', kind: 'text', name: '(?:chat)?glm-?\\d(?:\\.\\d)?v?' },
      { family: 'GLM', kind: 'text', name: 'glm-\\dp\\d' },
      { family: 'CogView', kind: 'image', name: 'cogview#' },
      { family: 'CogVideoX', kind: 'video', name: 'cogvideox?#' },
    ],
  },
  {
    provider: 'MiniMax',
    spaces: 'minimax minimaxai',
    brands: 'minimax',
    families: [
      { family: 'MiniMax', kind: 'text', name: 'minimax-(?:m|text-)\\d[.\\d]*' },
      { family: 'MiniMax', kind: 'text', name: 'abab\\d[.\\d]*' },
    ],
  },
  {
    provider: 'Perplexity',
    spaces: 'perplexity perplexity-ai',
    brands: 'sonar',
    families: [
      {
        family: 'Sonar',
        kind: 'text',
        name: 'sonar(?=$|[:@]|-(?:pro|reasoning|deep|small|medium|large))|llama-[\\d.]+-sonar',
      },
      { family: 'R1 1776', kind: 'text', name: 'r1-1776' },
      { family: 'pplx', kind: 'text', name: 'pplx-\\d+b' },
    ],
  },
  {
    provider: 'IBM',
    spaces: 'ibm ibm-granite',
    brands: 'granite',
    families: [{ family: 'Granite', kind: 'text', name: 'granite(?=$|[:@]|\\d|[-:](?:\\d|code|embedding|guardian))#' }],
  },
  {
    provider: 'Nous Research',
    spaces: 'nousresearch',
    brands: 'hermes deephermes',
    families: [{ family: 'Hermes', kind: 'text', name: '(?:nous-|deep)hermes|hermes-[234]', derived: true }],
  },
  {
    provider: 'Databricks',
    spaces: '',
    brands: 'dbrx',
    families: [
      { family: 'DBRX', kind: 'text', name: 'dbrx' },
      { family: 'MPT', kind: 'text', name: 'mpt-(?:7|30)b(?=$|[:@]|-(?:instruct|chat|storywriter))' },
    ],
  },
  {
    provider: 'Snowflake',
    spaces: '',
    brands: '',
    families: [{ family: 'Arctic', kind: 'text', name: 'snowflake-arctic' }],
  },
  {
    provider: 'Writer',
    spaces: 'writer',
    brands: 'palmyra',
    families: [{ family: 'Palmyra', kind: 'text', name: 'palmyra(?=-)' }],
  },
  {
    provider: 'Voyage AI',
    spaces: 'voyage voyageai',
    brands: 'voyage',
    families: [
      { family: 'Rerank', kind: 'rerank', name: 'voyage/rerank' },
      {
        family: 'Voyage',
        kind: 'embedding',
        name: 'voyage-(?:\\d+|large|code|lite|law|finance|multilingual|multimodal|context)',
      },
    ],
  },
  {
    provider: 'Jina AI',
    spaces: 'jina jinaai jina-ai',
    brands: 'jina',
    families: [
      { family: 'Jina', kind: 'embedding', name: 'jina-(?:embeddings?|clip|colbert)' },
      { family: 'Jina', kind: 'rerank', name: 'jina-reranker' },
    ],
  },
  {
    provider: 'Deepgram',
    spaces: 'deepgram',
    brands: 'deepgram',
    families: [
      { family: 'Nova', kind: 'transcription', name: 'deepgram/(?:nova|base|enhanced|flux)' },
      { family: 'Aura', kind: 'speech', name: 'deepgram/aura' },
    ],
  },
  {
    provider: 'ByteDance',
    spaces: 'bytedance bytedance-seed',
    brands: 'doubao seedream seedance',
    families: [
      { family: 'Doubao', kind: 'text', name: 'doubao' },
      { family: 'Seed', kind: 'text', name: 'seed-(?:oss|[12]\\.\\d)' },
      { family: 'Seedream', kind: 'image', name: 'seedream#' },
      { family: 'Seedance', kind: 'video', name: 'seedance#' },
    ],
  },
  {
    provider: 'Inworld',
    spaces: 'inworld',
    brands: 'inworld',
    families: [{ family: 'TTS', kind: 'speech', name: 'inworld/(?:inworld-)?tts' }],
  },
];
