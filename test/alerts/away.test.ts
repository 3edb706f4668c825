import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { evaluateRules } from '../../src/alerts/round/round.ts';
import { messageWords } from '../../src/alerts/round/wording.ts';
import { startOfMinute } from '../../src/alerts/rules/windows.ts';
import { openDatabase } from '../../src/db/connect.ts';
import { migrateBackoffice } from '../../src/db/migrate.ts';
import { createWorkflowsTables } from '../../src/demo/source-tables.ts';
import { isUnavailable } from '../../src/units/failures/unavailable.ts';
import { createFormat } from '../../src/units/format.ts';
import {
  addTime,
  dayOf,
  type Instant,
  isoFromInstant,
  MINUTE,
  now,
  postgresFromInstant,
} from '../../src/units/time.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Client, signedIn } from '../support/client.ts';
import { held } from '../support/held.ts';
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts';
import { openPage, textOf } from '../support/page.ts';
import { emptied, insertUsage } from '../support/usage.ts';

const RULES = [
  { name: 'The third', type: 'threshold', measure: 'requests', window: 'month', critical: 3 },
  { name: 'The fifth', type: 'threshold', measure: 'requests', window: 'week', warning: 5, critical: 6 },
  { name: 'New', type: 'new', what: 'model' },
];

/** Forty minutes ago, or a few where a day began in between: weeks and months count from there. */
function beginWithinADay(): Instant {
  const minutesAgo = (minutes: bigint) => addTime(startOfMinute(now()), -minutes * MINUTE);
  const dayAgo = (minutes: bigint) => dayOf(minutesAgo(minutes), 'Europe/Lisbon');
  return minutesAgo(dayAgo(51n) === dayAgo(26n) ? 40n : 14n);
}

describe('a database that is away for ten minutes', function () {
  this.timeout(120_000);
  const servers: Partial<Record<'workflows' | 'backoffice', OwnPostgres>> = {};
  const opened: Knex[] = [];
  let workflows: Knex;
  let backoffice: Knex;
  let app: RunningApp;
  let ana: Client;

  before(async function () {
    for (const name of ['workflows', 'backoffice'] as const) servers[name] = await startOwnPostgres(this);
    const [source, own] = [servers.workflows?.url ?? '', servers.backoffice?.url ?? ''];
    workflows = openDatabase(source, { maxConnections: 2 });
    backoffice = openDatabase(own, { maxConnections: 2 });
    opened.push(workflows, backoffice);
    await migrateBackoffice(backoffice);
    await createWorkflowsTables(workflows);
    app = await startApp({ urls: { workflows: source, backoffice: own } });
    ana = await signedIn(app.origin);
  });
  beforeEach(async () => {
    await workflows.raw(emptied('token_usage_tracking'));
    const tables = [
      'alert_events',
      'alerts',
      'reached_windows',
      'rule_standings',
      'alert_rules',
      'deliveries',
      'channels',
    ];
    await backoffice.raw(emptied(...tables));
  });
  after(async () => {
    await app?.close();
    for (const one of opened) await one.destroy();
    for (const server of Object.values(servers)) await server.remove();
  });

  /** Rounds of the job as of an instant, until one goes through: the first after a restart may meet what has ended. */
  const evaluate = async (at: Instant, rounds = 1): Promise<{ evaluated: number; failed: number }> => {
    const { databases, reader, config } = app;
    const { locale, timeZone, appUrl } = config;
    const words = messageWords({ format: createFormat(locale, timeZone), appUrl });
    try {
      return await evaluateRules({ databases, reader, timeZone, words, mailsTo: () => false }, at, { looksBack: true });
    } catch (error) {
      assert.ok(isUnavailable(error), String(error));
      if (rounds === 1) throw error;
      return evaluate(at, rounds - 1);
    }
  };

  for (const away of [['workflows'], ['backoffice'], ['workflows', 'backoffice']] as const)
    it(`is caught up with, each rule as of its minute, and nothing is doubled: ${away.join(' and ')}`, async () => {
      const begin = beginWithinADay();
      const at = (minutes: number) => addTime(begin, BigInt(minutes) * MINUTE);
      const to = ['ana@mythoria.pt'];
      const { body: channel } = await ana.json('post', '/api/alerts/channels', { name: 'Finance', type: 'email', to });
      await insertUsage([{ at: addTime(begin, -10n * MINUTE), model: 'gpt-5' }], workflows);
      for (const rule of RULES) {
        const made = await ana.json('post', '/api/alerts/rules', { ...rule, channels: [channel.id] });
        assert.equal(made.status, 201);
      }
      await backoffice('rule_standings').update({
        ...{ evaluated_until: postgresFromInstant(begin), began_at: postgresFromInstant(begin) },
        standing: backoffice.raw(`jsonb_set(standing, '{began}', to_jsonb(?::text))`, [isoFromInstant(begin)]),
      });
      assert.deepEqual(await evaluate(at(1)), { evaluated: 3, failed: 0 });

      for (const name of away) await servers[name]?.stop();
      for (let minute = 2; minute <= 11; minute++) await assert.rejects(evaluate(at(minute)));
      for (const name of away) await servers[name]?.start();
      const calls = [3, 4, 5, 8].map((minute, i) => ({
        at: addTime(at(minute), 1n),
        model: i === 3 ? 'gpt-6' : 'gpt-5',
      }));
      await insertUsage(calls, workflows);

      const behind = textOf((await openPage(ana, '/alerts')).querySelector('.notice'));
      assert.match(
        behind,
        /^Rules were last checked as of .*, (1[3-9]|39|4\d) mins.* ago\. What has happened since is not told yet/,
      );
      assert.deepEqual(await evaluate(at(12), 5), { evaluated: 3, failed: 0 });
      await Promise.all([evaluate(at(12)), evaluate(at(12)), evaluate(at(13))]);
      const { body } = await ana.json('get', '/api/alerts');
      const found: { rule: string; since: string; state: string }[] = body.alerts;
      assert.deepEqual(found.map(({ rule, since, state }) => `${rule} ${since} ${state}`).sort(), [
        `New ${isoFromInstant(at(9))} firing`,
        `The fifth ${isoFromInstant(at(9))} firing`,
        `The third ${isoFromInstant(at(5))} firing`,
      ]);
      assert.equal((await backoffice('deliveries')).length, 3, 'each is told once');
      assert.deepEqual(await backoffice('alert_events').pluck('kind'), ['fired', 'fired', 'fired']);
      const strips: string[] = await backoffice('rule_standings').pluck('strip');
      assert.deepEqual(
        strips.map((strip) => strip.length).sort(),
        [13, 13, 13],
        'every minute was evaluated, and once',
      );
      const fault = `${away.map((name) => `${name}_db`).join(' and ')} away for ten minutes while rules are evaluated`;
      held(import.meta.filename, { fault, requests: 10, errors: 10, healedMs: null, losses: 0 });
    });
});
