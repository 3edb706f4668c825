import { BREAKDOWNS_BESIDE, COMPARISONS, DEFAULT_VIEW, STACKS } from '../../src/query/view.ts';
import {
  addTime,
  DAY_OF_24_HOURS,
  HOUR,
  isoFromInstant,
  MINUTE,
  now,
  postgresFromInstant,
  startOfHour,
} from '../../src/units/time.ts';
import { BILL_PAGES, fillBills } from './bills.ts';
import { databases } from './databases.ts';
import { FINDING_PAGES, fillFindings } from './findings.ts';
import { fillPrices, PRICE_PAGES } from './prices.ts';
import { fillProcess } from './processes.ts';
import { fillTokens } from './tokens.ts';
import { insertUsage, resetUsage, type UsageRow } from './usage.ts';
import { fillNotes, fillViews, NOTE, OLD_VIEW, VIEW } from './views-and-notes.ts';

export const AUTHOR = '0b7c5a5e-98f1-4c3f-9a8e-1d2c3b4a5f60';
export const STORY = '5d1c0f7b-2a64-4e0b-8f3d-9b7a6c5e4d30';
const BUDGET = '8c4f0d1e-6b7a-4d5c-9e2f-3a1b0c9d8e7f';
const MAIL_CHANNEL = '1d2c3b4a-5f60-4c3f-9a8e-98f10b7c5a5e';
const RULE = '3f5e41ca-8b7d-4f1c-9a4e-6e2d1a8c9b05';
const QUIET_RULE = '4a6f52db-9c8e-4a2d-8b5f-7f3e2b9d0c16';
const ALERT = '5b7a63ec-0d9f-4b3e-9c6a-8a4f3c0e1d27';
const WEBHOOK = '2e4d30b9-7a6c-4e0b-8f3d-5d1c0f7b2a64';
/** As long as the columns are, and without a space where a line could break. */
const LONG_NAME = 'Inês<b>Duarte</b>'.padEnd(120, 'MWx');
const LONG_TITLE = 'A menina que guardava todas as marés do Atlântico dentro de uma caixa de fósforos, '.padEnd(
  255,
  'efarol',
);

/**
 * A story of ten calls, one of them twice; the same author's other stories; models without price or provider; and `more`.
 * Resolves with the id of a record.
 */
export async function fillPages(more: Partial<UsageRow>[] = []): Promise<string> {
  await resetUsage();
  const hoursAgo = (hours: number) => now() - BigInt(Math.round(hours * Number(HOUR)));
  const [record] = await insertUsage([
    ...Array.from({ length: 10 }, (_, i) => ({
      story: STORY,
      author: AUTHOR,
      action: ['story_outline', 'chapter_writing', 'image_generation'][Math.floor(i / 4)] as string,
      model: i % 2 === 0 ? 'gpt-5' : 'gpt-image-1',
      input: 1000 + 10 * Math.floor(i / 4),
      cost: 20_000 + 37 * i,
      at: hoursAgo(20 - i / 10),
    })),
    ...Array.from({ length: 60 }, (_, i) => ({
      model: 'gemini-2.5-pro',
      author: AUTHOR,
      cost: 1_000_000 + 1_013 * ((i * 7) % 60),
      at: hoursAgo(12.5 + 24 * i),
    })),
    ...Array.from({ length: 20 }, (_, i) => ({ model: 'mystery-1', cost: 0, at: hoursAgo(0.25 + i / 2) })),
    ...more,
  ]);
  const { mythoria } = databases();
  await mythoria('authors').insert({ author_id: AUTHOR, display_name: LONG_NAME, email: 'i@example.com' });
  await mythoria('stories').insert({ story_id: STORY, title: LONG_TITLE, author_id: AUTHOR });
  await databases()
    .backoffice('audit_log')
    .insert([
      { sub: '101', email: 'ana.sousa@mythoria.pt', action: 'open prompt', subject: record?.id },
      {
        sub: '101',
        email: 'ana.sousa@mythoria.pt',
        action: 'export',
        subject: '/ai-usage/records.xlsx?model=gpt-5&asOf=2026-11-22T11%3A04%3A12.000Z',
        details:
          'Calls whose model is gpt-5; 23 Oct 2026, 12:04 – 22 Nov 2026, 11:04 (Europe/Lisbon, UTC+00:00); 1,234 rows, €12.345678',
        rows: 1234,
      },
      {
        sub: '102',
        email: `${'rui'.padEnd(60, '.costa')}@caravanconcierge.com`,
        action: 'export broken off',
        subject: '/ai-usage/records.csv?period=all',
        details:
          'All calls; Everything until 22 Nov 2026, 11:04 (Europe/Lisbon, UTC+00:00); 1,000,000 rows, €45,079.621262',
        rows: 120000,
      },
    ]);
  const budget = {
    budget_id: BUDGET,
    name: LONG_NAME.slice(0, 100),
    per: 'month',
    filter: `author=${AUTHOR}`,
    owner: 'x',
  };
  await databases().backoffice('budgets').insert(budget).onConflict('budget_id').ignore();
  const amount = { budget_id: BUDGET, valid_from: '-infinity', amount: 42 };
  await databases().backoffice('budget_amounts').insert(amount).onConflict(['budget_id', 'valid_from']).ignore();
  await fillChannels();
  await fillAlerts();
  await fillTokens([AUTHOR, STORY], LONG_NAME.slice(0, 100));
  await fillViews(LONG_NAME.slice(0, 100), AUTHOR);
  await fillNotes(LONG_TITLE.slice(0, 200));
  await fillPrices(LONG_NAME.slice(0, 100));
  await fillBills();
  await fillFindings(LONG_TITLE.slice(0, 300));
  await fillProcess(STORY);
  return record?.id ?? '';
}

/** A channel of each type, one of them with messages that were sent, wait and could not be delivered. */
async function fillChannels(): Promise<void> {
  const { backoffice } = databases();
  const owner = 'ana.sousa@mythoria.pt';
  const shared = { owner, recipients: [], url: null, format: null, secret: null };
  const to = ['ana.sousa@mythoria.pt', `${'on-call'.padEnd(60, '-x')}@${'alerts.'.repeat(20)}example.com`];
  const channels = [
    { ...shared, channel_id: MAIL_CHANNEL, name: LONG_NAME.slice(0, 100), type: 'email', recipients: to },
    {
      ...{ ...shared, channel_id: WEBHOOK, name: 'Hook', type: 'webhook', secret: 's'.repeat(43) },
      ...{ url: `https://hooks.example/${'x'.repeat(300)}`, format: 'json' },
    },
  ];
  await backoffice('channels').insert(channels).onConflict('channel_id').ignore();
  const at = backoffice.fn.now();
  const message = JSON.stringify({ subject: `€48.20 since midnight, usually €16: ${LONG_TITLE}` });
  const deliveries = ['sent', 'waiting', 'dead'].map((state, i) => ({
    ...{ event_id: MAIL_CHANNEL.replace(/.$/, `${i}`), thread_id: STORY, channel_id: WEBHOOK, message, state },
    ...{ attempts: i, made_at: at, due_at: at, dies_at: at, ended_at: state === 'waiting' ? null : at },
    answer: i === 0 ? '' : `500 Internal Server Error: ${'x'.repeat(400)}`,
  }));
  await backoffice('deliveries').insert(deliveries).onConflict(['event_id', 'channel_id']).ignore();
}

/** Rules that fire, cannot be evaluated and are calm, with alerts of both kinds: open and ended. */
async function fillAlerts(): Promise<void> {
  const { backoffice } = databases();
  const rule = { type: 'threshold', filter: '', owner: 'ana.sousa@mythoria.pt', channels: [MAIL_CHANNEL] };
  const fields = (critical: number) =>
    JSON.stringify({ measure: 'cost', window: 'day', warning: critical / 2, critical });
  await backoffice('alert_rules')
    .insert([
      { ...rule, rule_id: RULE, name: LONG_NAME.slice(0, 100), filter: `author=${AUTHOR}`, fields: fields(1) },
      { ...rule, rule_id: QUIET_RULE, name: 'Month', channels: [], fields: fields(1000) },
    ])
    .onConflict('rule_id')
    .ignore();
  const at = (minutes: number) => postgresFromInstant(addTime(startOfHour(now()), -BigInt(minutes) * MINUTE));
  const standing = JSON.stringify({ began: isoFromInstant(now()), learning: false, known: [], subjects: [] });
  const stands = {
    revision: 1,
    began_at: at(9000),
    standing,
    took_ms: 12.4,
    evaluated_at: at(0),
    evaluated_until: at(0),
  };
  await backoffice('rule_standings')
    .insert([
      { ...stands, rule_id: RULE, state: 'firing', value: 1_234_567, strip: 'o'.repeat(900) + 'f'.repeat(240) },
      {
        ...{
          ...stands,
          rule_id: QUIET_RULE,
          state: 'error',
          value: 48_200_000,
          strip: `${'l'.repeat(300)}  ${'o'.repeat(400)}`,
        },
        ...{ error: 'its budget has been deleted', error_since: at(10) },
      },
    ])
    .onConflict('rule_id')
    .ignore();
  const alert = {
    ...{ rule_id: RULE, subject: '', late: false, level: 'critical', level_value: 500_000, usual: 300_000 },
    ...{ value: 1_234_567, worst: 2_234_567 },
    asked: JSON.stringify({ type: 'threshold', fields: JSON.parse(fields(1)), filter: `author=${AUTHOR}` }),
  };
  await backoffice('alerts')
    .insert([
      {
        ...{ ...alert, alert_id: ALERT, state: 'firing', since: at(240), window_from: at(600), window_to: at(-840) },
        ...{ acknowledged_at: at(100), acknowledged_by: `${'ana'.padEnd(60, '.sousa')}@mythoria.pt` },
      },
      {
        ...{ ...alert, alert_id: ALERT.replace(/.$/, '8'), state: 'resolved', since: at(9000), until: at(7000) },
        ...{
          subject: LONG_NAME.slice(0, 100),
          window_from: at(9600),
          window_to: at(8160),
          feedback: 'noise',
          late: true,
        },
      },
    ])
    .onConflict('alert_id')
    .ignore();
  await backoffice('alert_events')
    .insert([
      { event_id: ALERT, alert_id: ALERT, at: at(240), kind: 'fired', level: 'critical', value: 1_234_567 },
      {
        ...{ event_id: ALERT.replace(/.$/, '1'), alert_id: ALERT, at: at(100), kind: 'acknowledged' },
        ...{ email: 'ana.sousa@mythoria.pt', note: LONG_TITLE },
      },
    ])
    .onConflict('event_id')
    .ignore();
}

const REHEARSED = 'type=threshold&name=Today&measure=cost&window=day&warning=1&critical=2&evaluations=2';

/** The overview with each of its further breakdowns, all bars and comparisons among them. */
const overviews = Object.fromEntries(
  BREAKDOWNS_BESIDE.filter((breakdown) => breakdown !== DEFAULT_VIEW.breakdown).map((breakdown, i) => [
    `overview-${breakdown}`,
    `/ai-usage?period=30d&by=${STACKS[i % STACKS.length]}&compare=${COMPARISONS[i % COMPARISONS.length]}&breakdown=${breakdown}`,
  ]),
);

// Of two weeks ago: one that has just begun holds next to nothing.
const month = isoFromInstant(addTime(now(), -14n * DAY_OF_24_HOURS)).slice(0, 7);

/** Every page, by the name of its pictures; `{record}` is the id of one. */
export const PAGES: Record<string, string> = {
  'sign-in': '/sign-in?returnTo=%2Fai-usage',
  overview: '/ai-usage?period=90d',
  hours: '/ai-usage?period=1d',
  'overview-table': '/ai-usage?period=7d&by=action&show=table&rankBy=requests&debug=1',
  ...overviews,
  models: '/ai-usage/models?period=90d',
  actions: '/ai-usage/actions?period=90d',
  providers: '/ai-usage/providers?period=90d&compare=none',
  authors: '/ai-usage/authors?period=90d',
  stories: '/ai-usage/stories?period=90d&rankBy=requests',
  explore: '/ai-usage/explore?period=90d',
  'explore-days': '/ai-usage/explore?period=90d&rows=day&columns=weekday&measure=costPerRequest&pageSize=25',
  repriced: '/ai-usage/repriced?period=90d',
  'what-if': '/what-if?period=90d',
  'unit-costs': '/ai-usage/unit-costs?period=90d',
  records: '/ai-usage/records?period=90d&pageSize=25&model=gpt-5&model=gemini-2.5-pro&search=Duarte',
  empty: '/ai-usage/records?model=no-such-model',
  recomputed: '/ai-usage/tie-out?period=90d',
  record: '/ai-usage/records/{record}',
  prompt: '/ai-usage/records/{record}/prompt',
  story: `/ai-usage/stories/${STORY}`,
  'story-unknown': '/ai-usage/stories/6f9619ff-8b86-4011-b42d-00c04fc964ff',
  author: `/ai-usage/authors/${AUTHOR}?period=90d`,
  model: '/ai-usage/models/gpt-5?action=chapter_writing',
  'model-unknown': '/ai-usage/models/no-such-model',
  action: '/ai-usage/actions/chapter_writing',
  statement: `/ai-usage/statement?month=${month}`,
  views: '/views',
  view: `/views/${VIEW}`,
  'view-old': `/views/${OLD_VIEW}`,
  'view-form': `/views/new?address=${encodeURIComponent('/ai-usage?period=2026-10&asOf=2026-11-01T00:00:00Z')}`,
  notes: '/ai-usage/notes',
  note: `/ai-usage/notes/${NOTE}`,
  'note-form': '/ai-usage/notes/new?filter=model%3Dgpt-5',
  budgets: '/budgets',
  budget: `/budgets/${BUDGET}`,
  'budget-form': '/budgets/new?filter=model%3Dgpt-5',
  ...PRICE_PAGES,
  rates: '/rates',
  ...BILL_PAGES,
  ...FINDING_PAGES,
  alerts: '/alerts',
  alert: `/alerts/${ALERT}`,
  'alert-late': `/alerts/${ALERT.replace(/.$/, '8')}`,
  rules: '/alerts/rules',
  rule: `/alerts/rules/${RULE}`,
  'rule-form': `/alerts/rules/new?${REHEARSED}`,
  'rule-form-unusual': '/alerts/rules/new?type=unusual',
  rehearsal: `/alerts/rules/rehearsal?${REHEARSED}`,
  channels: '/alerts/channels',
  channel: `/alerts/channels/${MAIL_CHANNEL}`,
  'channel-webhook': `/alerts/channels/${WEBHOOK}`,
  'channel-form': '/alerts/channels/new?type=email',
  'channel-form-webhook': '/alerts/channels/new?type=webhook',
  account: '/account',
  tokens: '/account/tokens',
  'tokens-everyone': '/account/tokens/everyone',
  sessions: '/account/sessions',
  'sessions-everyone': '/account/sessions/everyone',
  audit: '/audit',
  system: '/system',
  'audit-empty': '/audit?person=nobody@mythoria.pt',
  'not-found': '/no/such/page',
  'bad-request': '/ai-usage?period=2d&pageSize=abc',
};
