import { z } from 'zod';
import type { Kind } from '../../stats/bills/bill-lines.ts';
import { dayOf, type Instant, isoFromInstant, parseInstant } from '../../units/time.ts';
import type { CostsApi, Pages } from './fetch-bill.ts';
import { type Charge, decimalOf, hundredthOf } from './line-of.ts';
import type { TokensOfItem } from './tokens.ts';

const RESULT = z.object({
  amount: z.string(),
  currency: z.string(),
  cost_type: z.string().nullish(),
  description: z.string().nullish(),
  model: z.string().nullish(),
  service_tier: z.string().nullish(),
  token_type: z.string().nullish(),
  context_window: z.string().nullish(),
  workspace_id: z.string().nullish(),
});
const COSTS_PAGE = z.object({
  data: z.array(
    z.object({
      starting_at: z.string().refine((text) => parseInstant(text) !== null),
      results: z.array(RESULT),
    }),
  ),
  has_more: z.boolean(),
  next_page: z.string().nullish(),
});

const SHORT_CONTEXT = '0-200k';

/** "claude-sonnet-4-5, output tokens, batch". */
function itemOf({
  model,
  token_type,
  service_tier,
  context_window,
  description,
  cost_type,
}: Partial<z.infer<typeof RESULT>>) {
  if (!model) return description ?? cost_type ?? null;
  return [
    model,
    token_type?.replaceAll(/[_.]/g, ' '),
    service_tier === 'standard' ? null : service_tier,
    context_window === SHORT_CONTEXT ? null : context_window,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Cached input is what was read from the cache: writing it costs more than input, and is no discount. */
function kindOf({ service_tier, token_type }: z.infer<typeof RESULT>): Kind | null {
  if (service_tier === 'batch') return 'batch';
  if (token_type === null || token_type === undefined) return null;
  return token_type.includes('cache_read') ? 'cached' : 'usage';
}

const count = z.number().int().min(0).nullish();
const USAGE_PAGE = z.object({
  data: z.array(
    z.object({
      starting_at: z.string().refine((text) => parseInstant(text) !== null),
      results: z.array(
        z.object({
          uncached_input_tokens: count,
          cache_read_input_tokens: count,
          cache_creation: z.object({ ephemeral_1h_input_tokens: count, ephemeral_5m_input_tokens: count }).nullish(),
          output_tokens: count,
          model: z.string().nullish(),
          service_tier: z.string().nullish(),
          context_window: z.string().nullish(),
          workspace_id: z.string().nullish(),
        }),
      ),
    }),
  ),
  has_more: z.boolean(),
  next_page: z.string().nullish(),
});

type Window = { from: Instant; to: Instant };

const address = (path: string, { from, to }: Window, groups: string[], page: string | null): string => {
  const asked: [string, string][] = [
    ['starting_at', isoFromInstant(from).replace('.000Z', 'Z')],
    ['ending_at', isoFromInstant(to).replace('.000Z', 'Z')],
    ['bucket_width', '1d'],
    ...groups.map((group): [string, string] => ['group_by[]', group]),
    ['limit', '31'],
    ...(page === null ? [] : [['page', page] as [string, string]]),
  ];
  return `/v1/organizations/${path}?${new URLSearchParams(asked)}`;
};

const dayAt = (text: string) => dayOf(parseInstant(text) as Instant, 'UTC');

/**
 * "Cost report" of https://platform.claude.com/docs/en/api/admin/cost_report: a bucket a day of UTC, amounts in cents as decimals in text. Without
 * Priority Tier, which it leaves out.
 */
const COSTS: Pages<Charge> = {
  address: (window, page) => address('cost_report', window, ['workspace_id', 'description'], page),
  read: (body) => {
    const page = COSTS_PAGE.safeParse(body);
    if (!page.success) return null;
    return {
      next: page.data.has_more ? (page.data.next_page ?? null) : null,
      found: page.data.data.flatMap(({ starting_at, results }) =>
        results.map((result) => ({
          day: dayAt(starting_at),
          ...{ item: itemOf(result), project: result.workspace_id ?? null, kind: kindOf(result) },
          ...{ amount: hundredthOf(decimalOf(result.amount)), currency: result.currency },
        })),
      ),
    };
  },
};

/** "Usage report for the Messages API": tokens by what the cost report calls its items by. */
const USAGE: Pages<TokensOfItem> = {
  address: (window, page) =>
    address('usage_report/messages', window, ['model', 'workspace_id', 'service_tier', 'context_window'], page),
  read: (body) => {
    const page = USAGE_PAGE.safeParse(body);
    if (!page.success) return null;
    return {
      next: page.data.has_more ? (page.data.next_page ?? null) : null,
      found: page.data.data.flatMap(({ starting_at, results }) =>
        results.flatMap(({ cache_creation, workspace_id, model, service_tier, context_window, ...result }) => {
          const parts = {
            uncached_input_tokens: result.uncached_input_tokens,
            cache_read_input_tokens: result.cache_read_input_tokens,
            'cache_creation.ephemeral_1h_input_tokens': cache_creation?.ephemeral_1h_input_tokens,
            'cache_creation.ephemeral_5m_input_tokens': cache_creation?.ephemeral_5m_input_tokens,
            output_tokens: result.output_tokens,
          };
          return Object.entries(parts).flatMap(([token_type, tokens]) => {
            const item = itemOf({ model, token_type, service_tier, context_window });
            if (!model || item === null || !tokens) return [];
            return [{ day: dayAt(starting_at), project: workspace_id ?? null, item, tokens }];
          });
        }),
      ),
    };
  },
};

export const ANTHROPIC: CostsApi = {
  provider: 'Anthropic',
  name: 'Anthropic cost report',
  base: 'https://api.anthropic.com',
  headers: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  costs: COSTS,
  usage: USAGE,
};
