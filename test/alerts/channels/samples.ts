import type { Message } from '../../../src/delivery/message.ts';
import type { Lookup } from '../../../src/delivery/targets.ts';

export const API = '/api/alerts/channels';
export const TEAM = { name: 'Team', type: 'email', to: ['ana@mythoria.pt', 'oncall@example.com'] };
export const HOOK = { name: 'Hook', type: 'webhook', url: 'https://hooks.example/x?key=1', format: 'json' };
export const SLACK = {
  name: 'Slack',
  type: 'webhook',
  url: 'https://hooks.slack.example/services/T0/B0/secret',
  format: 'slack',
};

export const MESSAGE: Message = {
  ...{ subject: 'Too <much>', level: 'critical', facts: [], paragraphs: [], links: [], data: {} },
};

export const lookup: Lookup = async (host) => {
  if (host === 'inside.example' || host === 'localhost') return [{ address: '127.0.0.1', family: 4 }];
  if (host.endsWith('.example')) return [{ address: '93.184.215.14', family: 4 }];
  throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
};
