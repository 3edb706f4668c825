import assert from 'node:assert/strict';
import { isoFromInstant, now } from '../../src/units/time.ts';
import type { Client } from './client.ts';
import { databases } from './databases.ts';

/** An alert of a rule, as if it had fired just now; resolves with its id. */
export async function insertAlert(ruleId: string, more: Record<string, unknown> = {}): Promise<string> {
  const at = isoFromInstant(now());
  const [row] = await databases()
    .backoffice('alerts')
    .insert({
      ...{
        alert_id: crypto.randomUUID(),
        rule_id: ruleId,
        subject: '',
        late: false,
        state: 'firing',
        level: 'critical',
      },
      ...{ since: at, value: 3, worst: 3, window_from: at, window_to: at },
      asked: JSON.stringify({ type: 'silence', fields: { hours: 3 }, filter: '' }),
      ...more,
    })
    .returning<{ alert_id: string }[]>('alert_id');
  return row?.alert_id ?? '';
}

async function insertProposal(): Promise<string> {
  const price = { model: 'x', from_day: '2026-12-01', currency: 'EUR', per_image: 2 };
  const [row] = await databases()
    .backoffice('price_proposals')
    .insert({ ...price, of_list: false, proposed_by: 'ana.sousa@mythoria.pt' })
    .returning<{ id: string }[]>('id');
  return row?.id ?? '';
}

/** One of each thing that people make, for whoever asks for every page: its id by the word in its address. */
export async function oneOfEach(client: Client): Promise<Record<string, string>> {
  const make = async (path: string, body: object): Promise<string> => {
    const answer = await client.json('post', path, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.id;
  };
  const rules = await make('/api/alerts/rules', { name: 'x', type: 'silence', hours: 3 });
  return {
    budgets: await make('/api/budgets', { name: 'x', amount: 1, per: 'week' }),
    channels: await make('/api/alerts/channels', { name: 'x', type: 'email', to: ['x@example.com'] }),
    rules,
    notes: await make('/api/notes', { text: 'x', first: '2026-11-14' }),
    prices: await make('/api/prices', { model: 'x', from: '2026-01-01', currency: 'EUR', perImage: 1 }),
    proposals: await insertProposal(),
    views: await make('/api/views', { name: 'x', address: '/ai-usage?period=7d' }),
    alerts: await insertAlert(rules),
  };
}
