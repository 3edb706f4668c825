import type { ServerResponse } from 'node:http';
import { importBill } from '../../src/bills/changes.ts';
import { type CostsApi, fetchBill } from '../../src/bills/providers/fetch-bill.ts';
import { systemLookup } from '../../src/delivery/targets.ts';
import type { Month } from '../../src/units/calendar.ts';
import { instantFromMilliseconds } from '../../src/units/time.ts';
import { enterRate } from './bills.ts';
import { databases } from './databases.ts';
import { type Sink, startSink } from './sink.ts';
import { resetUsage } from './usage.ts';

export const at = (text: string) => instantFromMilliseconds(Date.parse(text));
export const OCTOBER = '2026-10' as Month;
export const KEY = 'sk-admin-very-secret';
const WHO = { sub: 'test', email: 'test' };
const DAY_SECONDS = 86_400;

type Cost = { day: string; item: string | null; value: number | string; project?: string };

/** Days of OpenAI's costs. */
export const openAi = (costs: Cost[]) =>
  [...new Set(costs.map(({ day }) => day))].map((day) => {
    const start_time = Date.parse(day) / 1_000;
    const results = costs
      .filter((cost) => cost.day === day)
      .map(({ item, value, project = 'proj_a' }) => ({
        ...{ object: 'organization.costs.result', amount: { value, currency: 'usd' } },
        ...{ line_item: item, project_id: project },
      }));
    return { object: 'bucket', start_time, end_time: start_time + DAY_SECONDS, results };
  });

/** What stands in for the APIs of OpenAI and Anthropic in a describe, anew for each test. */
export function fakeCostsApi() {
  const fake = {
    api: null as unknown as Sink,
    waits: [] as number[],
    /** What the API does before it answers as it is asked, a request each. */
    disturbances: [] as ((res: ServerResponse) => void)[],
    /** The same where it is asked of usage. */
    ofUsage: [] as ((res: ServerResponse) => void)[],
    /** Its clock; null for none. */
    clock: null as string | null,
  };

  before(async () => {
    fake.api = await startSink();
  });
  beforeEach(async () => {
    await resetUsage();
    await enterRate('2026-01-01', 1.25);
    fake.api.received.length = 0;
    Object.assign(fake, { waits: [], disturbances: [], ofUsage: [], clock: null });
  });
  after(async () => {
    await fake.api.close();
    await resetUsage();
  });

  /** Answers with pages of some days each; what it is asked of usage with `used`. */
  const serve = (costs: object[], perPage = 31, used: object[] = []): void => {
    fake.api.answer((res) => {
      const url = new URL(fake.api.received.at(-1)?.url ?? '', 'http://x');
      const isOfUsage = url.pathname.includes('/usage');
      const disturb = (isOfUsage ? fake.ofUsage : fake.disturbances).shift();
      if (disturb) return disturb(res);
      const buckets = isOfUsage ? used : costs;
      const from = Number(url.searchParams.get('page')?.slice(5) ?? 0);
      const next = from + perPage;
      const has_more = next < buckets.length;
      if (fake.clock !== null) res.setHeader('Date', new Date(fake.clock).toUTCString());
      res.setHeader('Content-Type', 'application/json');
      res.end(
        JSON.stringify({
          ...{ object: 'page', data: buckets.slice(from, next) },
          ...{ has_more, next_page: has_more ? `page_${next}` : null },
        }),
      );
    });
  };
  const fetched = (of: CostsApi, month = OCTOBER, now = '2026-11-30T12:00Z') => {
    const asking = {
      rules: { allowedHosts: [fake.api.host], lookup: systemLookup },
      wait: async (ms: number) => void fake.waits.push(ms),
    };
    return fetchBill(of, { month, key: KEY, at: at(now), base: `http://${fake.api.host}` }, asking);
  };
  const keep = async (of: CostsApi, month = OCTOBER, now = '2026-11-30T12:00Z') =>
    importBill(databases().backoffice, WHO, await fetched(of, month, now), { source: of.name, columns: null });
  const kept = async () =>
    (
      await databases()
        .backoffice('bill_lines')
        .orderBy('id')
        .select('first_day', 'item', 'project', 'kind', 'amount', 'currency')
    ).map((line) => Object.values(line).join(' | '));
  return Object.assign(fake, { serve, fetched, keep, kept });
}
