import { z } from 'zod';
import { dayOf, instantAt, SECOND } from '../../units/time.ts';
import type { CostsApi } from './fetch-bill.ts';
import { decimalOf } from './line-of.ts';

const PAGE = z.object({
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

/** "Costs" of https://platform.openai.com/docs/api-reference/usage/costs: a bucket a day of UTC, amounts in dollars as JSON numbers. */
export const OPENAI: CostsApi = {
  provider: 'OpenAI',
  name: 'OpenAI costs API',
  base: 'https://api.openai.com',
  headers: (key) => ({ Authorization: `Bearer ${key}` }),
  address: ({ from, to }, page) => {
    const asked: [string, string][] = [
      ['start_time', secondsOf(from)],
      ['end_time', secondsOf(to)],
      ['bucket_width', '1d'],
      ['group_by', 'line_item'],
      ['group_by', 'project_id'],
      ['limit', '31'],
      ...(page === null ? [] : [['page', page] as [string, string]]),
    ];
    return `/v1/organization/costs?${new URLSearchParams(asked)}`;
  },
  read: (body) => {
    const page = PAGE.safeParse(body);
    if (!page.success) return null;
    return {
      next: page.data.has_more ? (page.data.next_page ?? null) : null,
      charges: page.data.data.flatMap(({ start_time, results }) =>
        results.map(({ amount, line_item, project_id }) => ({
          ...{ day: dayOf(atSecond(start_time), 'UTC'), item: line_item ?? null, project: project_id ?? null },
          ...{ amount: decimalOf(amount.value), currency: amount.currency, kind: null },
        })),
      ),
    };
  },
};
