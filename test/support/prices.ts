import assert from 'node:assert/strict';
import type { Client } from './client.ts';
import { databases } from './databases.ts';
import { columnOf, openPage, tableOf } from './page.ts';

const PRICE = '9e1f07a2-3b4c-4d5e-8f60-1a2b3c4d5e6f';
const PROPOSAL = PRICE.replace(/.$/, '7');

export const PRICE_PAGES = {
  prices: '/prices',
  price: `/prices/${PRICE}`,
  'price-withdrawn': `/prices/${PRICE.replace(/.$/, '9')}`,
  'price-form': '/prices/new?model=mystery-1',
  'prices-import': '/prices/import',
  'prices-proposed': '/prices/proposals',
  'price-proposed': `/prices/proposals/${PROPOSAL}`,
  'prices-dismissed': '/prices/proposals/dismissed',
  'price-dismissed': `/prices/proposals/${PROPOSAL.replace(/.$/, '6')}`,
};

/** Of tokens, images and characters, in both currencies, before, now, to come and withdrawn. */
export async function fillPrices(longName: string): Promise<void> {
  const price = { currency: 'USD', created_by: `${'ana'.padEnd(60, '.sousa')}@mythoria.pt`, from_day: '2026-01-01' };
  const tokens = { ...price, input_per_million: 1.25, output_per_million: 10 };
  const gone = { withdrawn_at: '2026-11-01T10:00:00Z', withdrawn_by: 'rui.costa@caravanconcierge.com' };
  const all = [
    {
      ...{ ...tokens, id: PRICE, model: 'gpt-5', cached_input_per_million: 0.125 },
      source: `https://openai.com/${'x'.repeat(200)}`,
    },
    { ...tokens, id: PRICE.replace(/.$/, '9'), model: 'gpt-5', input_per_million: 1250, ...gone },
    { ...tokens, model: 'gpt-5', from_day: '2025-08-07', input_per_million: 1.5 },
    { ...tokens, model: 'gpt-5', from_day: '2036-01-01', output_per_million: 8.5 },
    { ...tokens, model: 'gpt-5', above_input_tokens: 200_000, input_per_million: 2.5 },
    { ...price, model: 'gpt-image-1', action: 'image_edit', per_image: 0.0425, output_tokens_per_image: 1056 },
    { ...tokens, model: 'gemini-*', currency: 'EUR', input_per_million: 1.2345 },
    { ...price, model: longName, currency: 'EUR', per_thousand_characters: 0.015123456, from_day: '2036-01-01' },
  ];
  const rows = all.map((row) => ({ id: crypto.randomUUID(), ...row }));
  await databases().backoffice('prices').insert(rows);
  const proposal = { currency: 'USD', from_day: '2026-12-01', of_list: true, proposed_by: price.created_by };
  const effect = {
    ...{ effect_month: '2026-10-01', effect_at: '2026-11-30T00:40:00Z', effect_difference: '-12.345678' },
    ...{ effect_newly_priced: 1_234_567, effect_without_rate: 0 },
  };
  const source = 'genai-prices 0.1.8 of 23 September 2026, for gpt-5: https://developers.openai.com/api/docs/pricing';
  const proposals = [
    {
      ...{ ...proposal, ...effect, source, id: PROPOSAL, model: 'gpt-5' },
      input_per_million: 1.2,
      output_per_million: 10,
    },
    { ...{ ...proposal, source, model: 'tts-1' }, per_thousand_characters: 0.015 },
    {
      ...{ ...proposal, source: null, model: longName, of_list: false },
      above_input_tokens: 200_000,
      input_per_million: 1,
      output_per_million: 2,
    },
  ];
  await databases()
    .backoffice('price_proposals')
    .insert(proposals.map((row) => ({ id: crypto.randomUUID(), ...row })));
  await databases()
    .backoffice('price_proposals')
    .insert({
      ...{ ...proposal, source, id: PROPOSAL.replace(/.$/, '6'), model: longName },
      ...{ input_per_million: 1, output_per_million: 2, answer: 'dismissed' },
      ...{ answered_at: '2026-11-29T10:00:00Z', answered_by: price.created_by },
    });
  await databases().backoffice.raw(
    `INSERT INTO exchange_rates (day, currency, per_euro, source, imported_by)
     SELECT day, 'USD', 1.13607, 'eurofxref-hist.csv', 'ana.sousa@mythoria.pt'
       FROM generate_series('2026-01-01'::date, '2026-11-27', '1 day') AS day WHERE extract(isodow FROM day) < 6 AND extract(day FROM day) <> 15`,
  );
}

/** Enters a price as a program does; returns its id. */
export async function enterPrice(client: Client, body: object): Promise<string> {
  const answer = await client.json('post', '/api/prices', body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.id;
}

/** The proposals that the page of prices shows. */
export async function openProposals(client: Client): Promise<{ model: string; href: string }[]> {
  const page = await openPage(client, '/prices');
  if (!page.querySelector('.proposals')) return [];
  const table = tableOf(page, 'Proposed prices');
  return columnOf(table, 'Model').map(({ text, href }) => ({ model: text, href: href ?? '' }));
}
