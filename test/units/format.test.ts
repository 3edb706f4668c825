import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dayFromIso } from '../../src/units/calendar.ts';
import { createFormat } from '../../src/units/format.ts';
import { microEuros } from '../../src/units/money.ts';
import { type Instant, parseInstant } from '../../src/units/time.ts';

const lisbon = createFormat('en-GB', 'Europe/Lisbon');
const at = (iso: string) => parseInstant(iso) as Instant;

describe('format', () => {
  it('prints euros with as many decimals as they need', () => {
    assert.equal(lisbon.euros(microEuros(4213)), '€0.004213');
    assert.equal(lisbon.euros(microEuros(1)), '€0.000001');
    assert.equal(lisbon.euros(microEuros(0)), '€0.00');
    assert.equal(lisbon.euros(microEuros(250_000)), '€0.25');
    assert.equal(lisbon.euros(microEuros(999_999)), '€0.999999');
    assert.equal(lisbon.euros(microEuros(1_506_995_366)), '€1,507.00');
    assert.equal(lisbon.euros(microEuros(-4213)), '−€0.004213');
    assert.equal(lisbon.exactEuros(microEuros(1_506_995_366)), '€1,506.995366');
  });

  it('says euros as people do: cents, of less than a euro three digits, and a difference as the larger of two', () => {
    const said = (micro: number) => lisbon.spokenEuros(microEuros(micro));
    assert.deepEqual([1_137_458, 421_337, 32_010, 4_213, 1, 0].map(said), [
      ...['€1.14', '€0.421', '€0.0320', '€0.00421', '€0.000001', '€0.00'],
    ]);
    const change = (now: number, before: number) =>
      lisbon.eurosCompared(microEuros(now), microEuros(before)).change(microEuros(now - before));
    assert.equal(change(707_690_000, 707_993_124), '−€0.30');
    assert.equal(change(1_131_234, 1_373_692), '−€0.24');
    assert.equal(change(32_010, 37_844), '−€0.0058');
    assert.equal(change(5_000_001, 5_000_000), '<+€0.01');
  });

  it('never prints an amount below a euro as another one, nor a larger one off by more than half a cent', () => {
    const read = (text: string) => Math.round(Number(text.replace('−', '-').replace(/[€,]/g, '')) * 1_000_000);
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 999_999 }), (micro) =>
        assert.equal(read(lisbon.euros(microEuros(micro))), micro),
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1_000_000, max: 1_000_000_000_000 }), (micro) =>
        assert.ok(Math.abs(read(lisbon.euros(microEuros(micro))) - micro) <= 5_000),
      ),
    );
  });

  it('prints the numbers of an axis with the same decimals, those that one of them needs', () => {
    const axis = (...ticks: number[]) => lisbon.axisEuros(ticks.map(microEuros));
    assert.deepEqual(axis(1_500_000, 1_000_000, 500_000, 0), ['€1.50', '€1.00', '€0.50', '€0.00']);
    assert.deepEqual(axis(1_200_000_000, 600_000_000, 0), ['€1,200', '€600', '€0']);
    assert.deepEqual(axis(3_000, 2_000, 1_000, 0, -1_000), ['€0.003', '€0.002', '€0.001', '€0.000', '−€0.001']);
    assert.deepEqual(axis(2, 1, 0), ['€0.000002', '€0.000001', '€0.000000']);
    assert.deepEqual(axis(200_000_000_000, 100_000_000_000, 0), ['€200k', '€100k', '€0']);
  });

  it('gives zero no sign, and rounds what is owed as what is paid', () => {
    assert.equal(lisbon.euros(microEuros(-0.4)), '€0.00');
    assert.equal(lisbon.exactEuros(microEuros(-0.4)), '€0.000000');
    assert.equal(lisbon.share(-1, 1_000_000), '0.0%');
    for (const half of [0.5, 1.5, 2.5]) {
      assert.equal(lisbon.euros(microEuros(-half)), `−${lisbon.euros(microEuros(half))}`);
      assert.equal(lisbon.exactEuros(microEuros(-half)), `−${lisbon.exactEuros(microEuros(half))}`);
    }
  });

  it('knows no share of nothing, of less, or of a hundredth of the part', () => {
    const shares = [
      [1, 4],
      [-1, 4],
      [5, 4],
      [1, 0],
      [1, -4],
      [-4, -4],
      [100, 1],
      [-100, 1],
    ].map(([a = 0, b = 0]) => lisbon.share(a, b));
    assert.deepEqual(shares, ['25.0%', '−25.0%', '125.0%', '–', '–', '–', '–', '–']);
    assert.deepEqual(
      [lisbon.shareChange(1, -2), lisbon.shareChange(-1, -2), lisbon.shareChange(-1, 2)],
      ['', '', '−150.0%'],
    );
  });

  it('follows the locale', () => {
    const portuguese = createFormat('pt-PT', 'Europe/Lisbon');
    assert.equal(portuguese.euros(microEuros(4213)).replace(/\s/g, ' '), '0,004213 €');
    assert.equal(portuguese.integer(1_234_567).replace(/\s/g, ' '), '1 234 567');
  });

  it('prints a share of nothing as a dash', () => {
    assert.equal(lisbon.share(0, 0), '–');
    assert.equal(lisbon.share(0, 5), '0.0%');
    assert.equal(lisbon.share(1, 3), '33.3%');
    assert.equal(lisbon.share(5, 5), '100.0%');
  });

  it('prints times in business time and says which that is', () => {
    const summer = at('2026-10-24T23:30:00.999999Z');
    assert.match(lisbon.instant(summer), /^25 Oct 2026, 00:30:00$/);
    assert.equal(lisbon.zone(summer), 'Europe/Lisbon, UTC+01:00');
    assert.equal(lisbon.zone(at('2026-10-25T01:00:00Z')), 'Europe/Lisbon, UTC+00:00');
    const kolkata = createFormat('en-GB', 'Asia/Kolkata');
    assert.equal(kolkata.timeOfDay(summer), '05:00');
    assert.equal(kolkata.zone(summer), 'Asia/Kolkata, UTC+05:30');
  });

  it('prints a day as that day in every zone', () => {
    for (const zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago']) {
      const format = createFormat('en-GB', zone);
      assert.match(format.longDay(dayFromIso('2026-10-25')), /^Sun,? 25 Oct 2026$/);
      assert.equal(format.shortDay(dayFromIso('2026-10-25')), '25 Oct');
      assert.equal(format.month(dayFromIso('2026-10-01')), 'Oct 2026');
    }
  });
});
