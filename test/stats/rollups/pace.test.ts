import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { createPace } from '../../../src/measuring/pace.ts';
import { readCoverage } from '../../../src/stats/rollups/coverage.ts';
import { addTime, HOUR, now, startOfHour } from '../../../src/units/time.ts';
import { type RunningApp, startApp } from '../../support/app.ts';
import { databases } from '../../support/databases.ts';
import { keepRollups } from '../../support/keeping.ts';
import { memoryLog } from '../../support/log.ts';
import { needsServer } from '../../support/skip.ts';
import { until } from '../../support/until.ts';
import { insertUsage, resetRollups, resetUsage } from '../../support/usage.ts';
import { coverWith, endAll, makeSource, startOn, state, swap } from './sources.ts';

const HOUR_MS = 3_600_000;

describe('the pace of ticks', () => {
  it('is a fiftieth of the source, at most a minute; an audit has what ticks leave of it', () => {
    let at = 0;
    const pace = createPace(() => at);
    const waited = (isDue: () => boolean): number => {
      const from = at;
      while (!isDue()) at += 10;
      return at - from;
    };
    assert.ok(pace.isTickDue() && pace.isAuditDue(), 'both are due at once');
    pace.ticked(73);
    pace.audited(150);
    assert.equal(waited(pace.isTickDue), 3_650);
    assert.equal(waited(pace.isAuditDue), 3_700);
    // A tick of 73 ms every five seconds, as far as there is room for an audit beside them.
    at = 0;
    pace.audited(150);
    let took = 150;
    for (; !pace.isAuditDue(); at += 5_000) {
      pace.ticked(73);
      took += 73;
    }
    assert.ok(took / at <= 1 / 50 && at < 35_000, `${took} ms in ${at}`);
    pace.ticked(20_000);
    assert.equal(waited(pace.isTickDue), 60_000);
  });
});

describe('ticks of a process', function () {
  this.timeout(240_000);

  beforeEach(async function () {
    needsServer(this);
    await resetUsage();
  });
  afterEach(async () => {
    await endAll();
    await resetUsage();
  });

  /** When each tick of an app began to compare, for so long as it takes to see `count` of them. */
  async function begins(app: RunningApp, count: number): Promise<number[]> {
    const seen: number[] = [];
    // What a comparison of a stretch of hours begins with, looks excepted.
    const note = ({ sql }: { sql: string }) => {
      if (/^select "created_at" from "token_usage_tracking".* offset /.test(sql)) seen.push(performance.now());
    };
    app.databases.workflows.on('query', note);
    const log = pino({ level: 'silent' });
    const options = { replicas: false, everyMs: 20, lookMs: HOUR_MS, origin: app.rollupsOrigin };
    const keeping = keepRollups(app.databases, 'Europe/Lisbon', log, options);
    try {
      await until(() => seen.length >= count, `${count} ticks`, 60_000);
    } finally {
      await keeping.stop();
      app.databases.workflows.off('query', note);
    }
    return seen;
  }

  it('begin when the rollups are built, which tells how much is done, how fast, and when all will be', async () => {
    const hours = 400;
    const begin = startOfHour(addTime(now(), -BigInt(hours) * HOUR));
    await insertUsage(
      Array.from({ length: 2 * hours }, (_, i) => ({ at: addTime(begin, (BigInt(i) * HOUR) / 2n) })),
      databases().workflows,
    );
    await resetRollups();
    const { log, entries } = memoryLog();
    const keeping = keepRollups(databases(), 'Europe/Lisbon', log, { replicas: false, everyMs: 20 });
    const told = () => entries().filter(({ message }) => message === 'rollups: backfill');
    try {
      await until(() => told().some(({ percent }) => percent === 100), entries, 60_000);
    } finally {
      await keeping.stop();
    }
    const last = told().at(-1);
    const { coveredUntil } = await readCoverage(databases().backoffice);
    const covered = Number(((coveredUntil ?? begin) - begin) / (HOUR / 2n));
    assert.equal(last?.records, covered);
    assert.ok(Number(last?.recordsASecond) > 0);
    const endsIn = Date.parse(String(last?.endsAt)) - Number(now() / 1000n);
    assert.ok(endsIn < 1_000 && endsIn > -120_000, `${endsIn} ms`);
  });

  it('come further apart where the source takes longer', async () => {
    const source = await makeSource(30);
    await coverWith(source);
    const app = await startApp({ urls: { workflows: source.url } });
    try {
      const quick = await begins(app, 6);
      // Whoever asks waits a tenth of a second.
      await source.database.raw(`
        ALTER TABLE token_usage_tracking RENAME TO usage_quick;
        CREATE VIEW token_usage_tracking AS
          SELECT usage_quick.* FROM usage_quick, (SELECT pg_sleep(0.1) OFFSET 0) AS slow`);
      const slow = await begins(app, 4);
      const most = (times: number[]) => Math.max(...times.slice(1).map((time, i) => time - (times[i] as number)));
      assert.ok(most(slow) >= 5_000, `${most(slow)} ms`);
      assert.ok(most(quick) < most(slow), `${most(quick)} ms`);
    } finally {
      await app.close();
    }
  });

  it('write nothing where the address has come to lead to another database since it was looked at', async () => {
    const [source, other] = [await makeSource(30), await makeSource(50)];
    await coverWith(source);
    const app = await startOn(source);
    app.tick({ lookMs: HOUR_MS });
    await until(async () => (await state()).confirmed !== 'null', 'it has looked and ticked', 90_000);
    const before = await state();
    await swap(source, other);
    await until(() => app.said(/another source/) > 0, app.entries, 90_000);
    await sleep(500);
    assert.equal((await state()).content, before.content);
    assert.equal(await app.requests(), 50);
  });
});
