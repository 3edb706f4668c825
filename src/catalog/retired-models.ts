import type { Day } from '../units/calendar.ts';

/** From which day on a maker answers no calls of some models, announced or past; and who says so. */
export type Retirement = { models: string[]; from: Day; source: string };

const OPENAI = 'developers.openai.com/api/docs/deprecations';

/**
 * What makers have said of the end of models, by names without a date (`gpt-5` for gpt-5-2025-08-07 as well). One without a source is not
 * here.
 */
export const RETIREMENTS: Retirement[] = [
  {
    models: ['dall-e-2', 'dall-e-3'],
    from: '2026-05-12' as Day,
    source:
      'dev.to/flarecanary, of OpenAI’s announcement; developers.openai.com/api/docs/models/dall-e-3 says that it is shut down',
  },
  {
    models: ['claude-sonnet-4', 'claude-opus-4'],
    from: '2026-06-15' as Day,
    source: 'platform.claude.com/docs/en/release-notes/overview',
  },
  {
    models: [
      ...['imagen-4.0', 'imagen-4.0-generate-001', 'imagen-4.0-fast-generate-001'],
      'imagen-4.0-ultra-generate-001',
    ],
    from: '2026-08-17' as Day,
    source: 'ai.google.dev/gemini-api/docs/pricing, as flatkey.ai read it on 17 June 2026',
  },
  {
    models: ['gpt-4-turbo', 'gpt-4', 'gpt-3.5-turbo', 'gpt-image-1', 'o1', 'o3-mini', 'o4-mini'],
    from: '2026-10-23' as Day,
    source: `${OPENAI}, as dev.to/importstatic read it on 15 October 2026`,
  },
  { models: ['gpt-image-1-mini', 'gpt-image-1.5', 'chatgpt-image-latest'], from: '2026-12-01' as Day, source: OPENAI },
  {
    models: ['gemini-2.5-pro', 'gemini-2.5-flash'],
    from: '2026-12-01' as Day,
    source: 'ai.google.dev/gemini-api/docs/deprecations, as aideprecations.com read it on 10 November 2026',
  },
  { models: ['gpt-5', 'gpt-5-mini', 'gpt-5-nano'], from: '2026-12-11' as Day, source: OPENAI },
  {
    models: ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-4.1-mini'],
    from: '2027-01-14' as Day,
    source: `${OPENAI}, as dev.to/max_bob read it on 27 October 2026`,
  },
];
