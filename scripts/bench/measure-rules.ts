import { pino } from 'pino';
import { rehearse } from '../../src/alerts/evaluation/rehearse.ts';
import { evaluateRules } from '../../src/alerts/round/round.ts';
import { messageWords } from '../../src/alerts/round/wording.ts';
import { RULE_TYPE_NAMES, ruleTypeOf } from '../../src/alerts/rules/registry.ts';
import { MOST_RULES, makeRule, type RuleTerms } from '../../src/alerts/store/rules.ts';
import { readConfig } from '../../src/config.ts';
import { closeDatabases, openDatabases } from '../../src/db/connect.ts';
import { createMetrics } from '../../src/measuring/metrics.ts';
import { readDimensions } from '../../src/query/dimensions.ts';
import { openReader } from '../../src/stats/open-reader.ts';
import { createOrigin } from '../../src/stats/rollups/keep/origin.ts';
import { createFormat } from '../../src/units/format.ts';
import { now } from '../../src/units/time.ts';
import { line, ms, quantile } from './print.ts';
import type { Served } from './served.ts';

const TIME_ZONE = 'Europe/Lisbon';
const ROUNDS = 10;

/** What each type is asked, so that it fires seldom: alerts are not what is measured. */
const FIELDS: Partial<Record<(typeof RULE_TYPE_NAMES)[number], object[]>> = {
  threshold: (['hour', 'day', 'week', 'month'] as const).flatMap((window) =>
    ['cost', 'requests', 'costPerRequest'].map((measure) => ({ measure, window, critical: 1_000_000_000 })),
  ),
  unusual: ['hour', 'day'].map((window) => ({ window, minEuros: 1_000_000 })),
  silence: [{ hours: 3 }],
  price: [{ percent: 1000 }],
  new: [{ what: 'action' }],
};

const REHEARSALS = 3;
const REHEARSED: [(typeof RULE_TYPE_NAMES)[number], object][] = [
  ['threshold', { measure: 'cost', window: 'hour', critical: 5 }],
  ['threshold', { measure: 'cost', window: 'month', critical: 5 }],
  ['threshold', { measure: 'costPerStory', window: 'day', critical: 5 }],
  ['unusual', { window: 'hour' }],
  ['unusual', { window: 'day' }],
  ['new', { what: 'model' }],
  ['unpriced', { minTokens: 1 }],
  ['silence', { hours: 3 }],
  ['price', { percent: 20 }],
];

/** As many rules as there may be: every type that rollups answer, over all calls, each model, each action, and each of both. */
function rulesOf({ models, actions }: { models: string[]; actions: string[] }): RuleTerms[] {
  const query = (parameters: [string, string][]) => new URLSearchParams(parameters).toString();
  const filters = [
    '',
    ...models.map((model) => query([['model', model]])),
    ...actions.map((action) => query([['action', action]])),
    ...models.flatMap((model) =>
      actions.map((action) =>
        query([
          ['model', model],
          ['action', action],
        ]),
      ),
    ),
  ];
  const kinds = RULE_TYPE_NAMES.flatMap((type) => (FIELDS[type] ?? []).map((fields) => ({ type, fields })));
  return Array.from({ length: MOST_RULES }, (_, i) => {
    const { type, fields } = kinds[i % kinds.length] as (typeof kinds)[number];
    return {
      ...{ name: `Rule ${i}`, type, filter: filters[i % filters.length] as string },
      fields: ruleTypeOf(type).schema.parse(fields) as Record<string, unknown>,
      ...{ evaluations: 1, remindHours: null, channels: [], muted: false },
    };
  });
}

/** A minute's evaluation of as many rules as there may be, by a process that has just started and by one that goes on. */
export async function measureRules({ url, backoffice }: Served): Promise<void> {
  const databases = openDatabases({ workflows: url, backoffice, mythoria: null });
  const log = pino({ level: 'warn' });
  const origin = createOrigin(databases, log);
  const isStopping = () => false;
  const reader = openReader({
    databases,
    timeZone: TIME_ZONE,
    memoryBytes: readConfig({}).memoryBytes,
    log,
    origin,
    reuseForMs: 5_000,
    isStopping,
    metrics: createMetrics(),
  });
  const words = messageWords({ format: createFormat('en-GB', TIME_ZONE), appUrl: new URL('http://localhost:3000') });
  const rules = rulesOf(await readDimensions(databases.workflows));
  const known = (await readDimensions(databases.workflows)).actions;
  await databases.backoffice.raw('TRUNCATE alert_events, alerts, reached_windows, rule_standings, alert_rules CASCADE');
  await databases.backoffice.transaction(async (transaction) => {
    for (const terms of rules) await makeRule(transaction, terms, 'bench@mythoria.pt', known, now());
  });
  let queries = 0;
  databases.workflows.on('query', () => {
    queries += 1;
  });
  const times: number[] = [];
  const asked: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    await databases.backoffice.raw(
      `UPDATE rule_standings SET evaluated_until = date_trunc('minute', now()) - interval '1 minute'`,
    );
    queries = 0;
    const begun = performance.now();
    const { failed } = await evaluateRules(
      { databases, reader, timeZone: TIME_ZONE, words, mailsTo: () => false },
      now(),
      {
        looksBack: true,
      },
    );
    if (failed > 0) throw new Error(`${failed} rules could not be evaluated`);
    times.push(performance.now() - begun);
    asked.push(queries);
  }
  const [first, ...next] = times as [number, ...number[]];
  console.log(
    `\nA minute's evaluation of ${rules.length} rules: ${ms(first)} ms at first, then ${ms(quantile(next, 0.5))} ms (p95 ${ms(quantile(next, 0.95))} ms), ` +
      `with ${asked[0]} and ${quantile(asked.slice(1), 0.5)} queries of the source`,
  );
  console.log('\nRehearsals of ninety days over all calls\n');
  line(['rule', 'p50 ms', 'first ms']);
  line(['---', '---:', '---:']);
  for (const [type, fields] of REHEARSED) {
    const rule = {
      type,
      fields: ruleTypeOf(type).schema.parse(fields),
      evaluations: 1,
      filter: '',
      budget: null,
      leftOut: [],
    };
    const took: number[] = [];
    for (let round = 0; round < REHEARSALS; round++) {
      const begun = performance.now();
      await rehearse(
        reader,
        databases.workflows,
        { ...rule, fields: rule.fields as Record<string, unknown> },
        now(),
        TIME_ZONE,
      );
      took.push(performance.now() - begun);
    }
    line([`${type} ${Object.values(fields).join(' ')}`, ms(quantile(took, 0.5)), ms(took[0] as number)]);
  }
  await closeDatabases(databases);
}
