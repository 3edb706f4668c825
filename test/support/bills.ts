import assert from 'node:assert/strict';
import type { Client } from './client.ts';
import { databases } from './databases.ts';
import { assertDescribed } from './openapi.ts';

const month = new Date().toISOString().slice(0, 7);

export const BILL_PAGES = {
  bills: '/bills',
  bill: `/bills/OpenAI?month=${month}`,
  'bill-none': `/bills/Mistral%20AI?month=${month}`,
  'bill-form': '/bills/new',
  'bills-import': '/bills/import?provider=Google',
};

/** A bill of OpenAI of this month with lines of all kinds, one of them corrected, and a long one. */
export async function fillBills(): Promise<void> {
  const { backoffice } = databases();
  const [made] = await backoffice('bill_imports')
    .insert({ provider: 'OpenAI', source: `${'costs'.padEnd(90, '-x')}.csv`, imported_by: 'ana.sousa@mythoria.pt' })
    .returning('id');
  const line = {
    import_id: made.id,
    provider: 'OpenAI',
    first_day: `${month}-01`,
    last_day: `${month}-01`,
    currency: 'USD',
  };
  await backoffice('bill_lines').insert([
    { ...line, item: 'gpt-5, input', kind: 'usage', amount: '1.25' },
    { ...line, item: 'gpt-5, input', kind: 'usage', amount: '1.5', project: '', quantity: 1_000_000 },
    { ...line, item: 'gpt-5, cached input', kind: 'cached', amount: '0.125', quantity: 1_000_000 },
    {
      ...line,
      item: 'gpt-4o-mini, output',
      kind: 'usage',
      amount: '123.456789012345',
      project: 'proj_'.padEnd(120, 'x'),
    },
    { ...line, item: 'VAT', kind: 'tax', amount: '12.3', currency: 'EUR' },
    { ...line, item: 'Grant', kind: 'credit', amount: '-5' },
    { ...line, item: `Web search ${'x'.repeat(280)}`, kind: 'other', amount: '0.01' },
  ]);
}

/** Enters a line as a person does; what is left out is of a usage of OpenAI in dollars. */
export async function enterLine(client: Client, fields: Record<string, string>): Promise<void> {
  const answer = await client.submit('/bills', {
    ...{ provider: 'OpenAI', currency: 'USD', kind: 'usage', project: '', quantity: '' },
    ...fields,
  });
  assert.equal(answer.status, 303, answer.text.slice(0, 2_000));
}

type Rungs = Record<string, number>;
/** The JSON of a ladder. */
type BillJson = {
  billed: number | null;
  rungs: { rung: string; amount: number; about: string }[];
  models: ({ model: string | null } & Rungs)[];
  days: ({ day: string } & Rungs)[];
};

export const micro = (euros: number): number => Math.round(euros * 1_000_000);

/** OpenAI's bill of October 2026 as programs read it. */
export async function openLadder(client: Client): Promise<BillJson> {
  const answer = await client.get('/api/bills/OpenAI?month=2026-10', { Accept: 'application/json' });
  assertDescribed('/api/bills/{provider}', answer);
  return answer.body;
}

/** Its rungs in micro-euros. */
export const rungsIn = ({ rungs }: BillJson): Record<string, number> =>
  Object.fromEntries(rungs.map(({ rung, amount }) => [rung, micro(amount)]));

/** From a day on a euro is so many dollars. */
export const enterRate = (day: string, perEuro: number | string) =>
  databases().backoffice('exchange_rates').insert({ day, currency: 'USD', per_euro: perEuro, imported_by: 'test' });
