import assert from 'node:assert/strict';
import { auditAll, tick } from '../../../src/stats/rollups/keep/tick.ts';
import { addTime, HOUR, type Instant, MINUTE, parseInstant, SECOND } from '../../../src/units/time.ts';
import { databases } from '../../support/databases.ts';
import { insertUsage, resetUsage } from '../../support/usage.ts';

const ZONE = 'Europe/Lisbon';
const AT = parseInstant('2026-11-02T10:20:30Z') as Instant;

describe('ticks that find nothing', () => {
  before(async () => {
    await resetUsage();
    await insertUsage(Array.from({ length: 200 }, (_, i) => ({ at: addTime(AT, -BigInt(i) * 5n * HOUR - 1n) })));
    await auditAll(databases(), ZONE, AT);
  });
  after(resetUsage);

  const state = async () => {
    const { rows } = await databases().backoffice.raw(
      `SELECT xmin::text AS written, version, content_version AS content, audited_until AS audited,
              pg_relation_size('rollup_state')::int AS bytes FROM rollup_state`,
    );
    return rows[0];
  };

  it('write nothing every five seconds', async () => {
    const before = await state();
    for (let i = 1; i < 12; i++) await tick(databases(), ZONE, addTime(AT, BigInt(i) * 5n * SECOND));
    assert.deepEqual(await state(), before);
  });

  it('write once a minute that all was compared, in the same row again: memory and table stay as they are', async () => {
    const before = await state();
    for (let i = 1; i <= 200; i++) await tick(databases(), ZONE, addTime(AT, (BigInt(i) * MINUTE) / 10n));
    const { written, audited, bytes, ...after } = await state();
    assert.ok(written !== before.written && audited !== before.audited);
    assert.deepEqual(after, { version: before.version, content: before.content });
    assert.ok(bytes <= 3 * 8_192, `${bytes} bytes`);
  });
});
