import { z } from 'zod';
import type { Kind } from '../../stats/bills/bill-lines.ts';
import { dayOf, type Instant, isoFromInstant, parseInstant } from '../../units/time.ts';
import type { CostsApi } from './fetch-bill.ts';
import { decimalOf, hundredthOf } from './line-of.ts';

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
const PAGE = z.object({
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
function itemOf({ model, token_type, service_tier, context_window, description, cost_type }: z.infer<typeof RESULT>) {
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

/**
 * "Cost report" of https://platform.claude.com/docs/en/api/admin/cost_report: a bucket a day of UTC, amounts in cents as decimals in text. Without
 * Priority Tier, which it leaves out.
 */
export const ANTHROPIC: CostsApi = {
  provider: 'Anthropic',
  name: 'Anthropic cost report',
  base: 'https://api.anthropic.com',
  headers: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
  address: ({ from, to }, page) => {
    const asked: [string, string][] = [
      ['starting_at', isoFromInstant(from).replace('.000Z', 'Z')],
      ['ending_at', isoFromInstant(to).replace('.000Z', 'Z')],
      ['bucket_width', '1d'],
      ['group_by[]', 'workspace_id'],
      ['group_by[]', 'description'],
      ['limit', '31'],
      ...(page === null ? [] : [['page', page] as [string, string]]),
    ];
    return `/v1/organizations/cost_report?${new URLSearchParams(asked)}`;
  },
  read: (body) => {
    const page = PAGE.safeParse(body);
    if (!page.success) return null;
    return {
      next: page.data.has_more ? (page.data.next_page ?? null) : null,
      charges: page.data.data.flatMap(({ starting_at, results }) =>
        results.map((result) => ({
          day: dayOf(parseInstant(starting_at) as Instant, 'UTC'),
          ...{ item: itemOf(result), project: result.workspace_id ?? null, kind: kindOf(result) },
          ...{ amount: hundredthOf(decimalOf(result.amount)), currency: result.currency },
        })),
      ),
    };
  },
};
