import { z } from 'zod';
import { dayOf, instantAt, SECOND } from '../../units/time.ts';
import type { CostsApi, Pages } from './fetch-bill.ts';
import { type Charge, decimalOf } from './line-of.ts';
import type { TokensOfItem } from './tokens.ts';

const COSTS_PAGE = z.object({
  data: z.array(
    z.object({
      start_time: z.number().int(),
      end_time: z.number().int(),
      results: z.array(
        z.object({
          amount: z.object({ value: z.union([z.number(), z.string()]), currency: z.string() }),
          line_item: z.string().nullish(),
          project_id: z.string().nullish(),
        }),
      ),
    }),
  ),
  has_more: z.boolean(),
  next_page: z.string().nullish(),
});

const atSecond = (seconds: number) => instantAt(BigInt(seconds) * SECOND);
const secondsOf = (instant: bigint) => String(instant / SECOND);

const count = z.number().int().min(0);
const USAGE_PAGE = z.object({
  data: z.array(
    z.object({
      start_time: z.number().int(),
      results: z.array(
        z.object({
          input_tokens: count,
          input_cached_tokens: count.nullish(),
          output_tokens: count,
          model: z.string().nullish(),
          project_id: z.string().nullish(),
          batch: z.boolean().nullish(),
        }),
      ),
    }),
  ),
  has_more: z.boolean(),
  next_page: z.string().nullish(),
});

type Window = { from: bigint; to: bigint };

const address = (path: string, { from, to }: Window, groups: string[], page: string | null): string => {
  const asked: [string, string][] = [
    ['start_time', secondsOf(from)],
    ['end_time', secondsOf(to)],
    ['bucket_width', '1d'],
    ...groups.map((group): [string, string] => ['group_by', group]),
    ['limit', '31'],
    ...(page === null ? [] : [['page', page] as [string, string]]),
  ];
  return `/v1/organization/${path}?${new URLSearchParams(asked)}`;
};

const dayAt = (seconds: number) => dayOf(atSecond(seconds), 'UTC');

/** "Costs" of https://platform.openai.com/docs/api-reference/usage/costs: a bucket a day of UTC, amounts in dollars as JSON numbers. */
const COSTS: Pages<Charge> = {
  address: (window, page) => address('costs', window, ['line_item', 'project_id'], page),
  read: (body) => {
    const page = COSTS_PAGE.safeParse(body);
    if (!page.success) return null;
    return {
      next: page.data.has_more ? (page.data.next_page ?? null) : null,
      found: page.data.data.flatMap(({ start_time, results }) =>
        results.map(({ amount, line_item, project_id }) => ({
          ...{ day: dayAt(start_time), item: line_item ?? null, project: project_id ?? null },
          ...{ amount: decimalOf(amount.value), currency: amount.currency, kind: null },
        })),
      ),
    };
  },
};

/** "Completions" of the usage API: tokens in with those that were cached, which are an item of their own on the bill. */
const USAGE: Pages<TokensOfItem> = {
  address: (window, page) => address('usage/completions', window, ['model', 'project_id', 'batch'], page),
  read: (body) => {
    const page = USAGE_PAGE.safeParse(body);
    if (!page.success) return null;
    return {
      next: page.data.has_more ? (page.data.next_page ?? null) : null,
      found: page.data.data.flatMap(({ start_time, results }) =>
        results.flatMap(({ model, batch, project_id, input_tokens, input_cached_tokens, output_tokens }) => {
          if (!model) return [];
          const cached = Math.min(input_cached_tokens ?? 0, input_tokens);
          const parts = { input: input_tokens - cached, 'cached input': cached, output: output_tokens };
          return Object.entries(parts).map(([part, tokens]) => ({
            ...{ day: dayAt(start_time), project: project_id ?? null, tokens },
            item: `${model}${batch ? ' batch' : ''}, ${part}`,
          }));
        }),
      ),
    };
  },
};

export const OPENAI: CostsApi = {
  provider: 'OpenAI',
  name: 'OpenAI costs API',
  base: 'https://api.openai.com',
  headers: (key) => ({ Authorization: `Bearer ${key}` }),
  costs: COSTS,
  usage: USAGE,
};
